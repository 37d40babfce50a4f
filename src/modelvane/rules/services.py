"""Rules of prediction services, from the series that `modelvane.client` shows for them."""

from __future__ import annotations

from collections.abc import Iterator

from modelvane.config import Config, PredictionService
from modelvane.exposition.labels import bounded
from modelvane.periods import length_of
from modelvane.rules.links import Panel, address, evidence, period
from modelvane.rules.making import Maker
from modelvane.rules.promql import any_of, duration, number, selector, verbatim
from modelvane.rules.rule import Alert, Group, Recording

_REQUESTS = "modelvane:http_requests:increase"
_RATE = "modelvane:http_requests:rate"
_ERRORS = "modelvane:http_request_errors:ratio"
_P99 = "modelvane:http_request_duration_seconds:p99"
_PERCENT = "{{ $value | humanizePercentage }}"
_LOST = "modelvane_client_lost_rows_total"
_DATASET, _JOB, _OUTCOME = (f"{{{{ $labels.{name} }}}}" for name in ("dataset", "job", "outcome"))
_A_SECOND = 10.0


def service_rules(config: Config) -> Iterator[Group]:
    """Give the rules of all prediction services; none where the config has no services."""
    services = config.services()
    if services:
        alerts = [alert for service in services for alert in _alerts(config, service)]
        yield Group("modelvane-services", tuple(_recordings(config)), (*alerts, *_losing(config)))


def _recordings(config: Config) -> Iterator[Recording]:
    jobs = f"job=~{any_of(each.job for each in config.services())}"
    over = duration(length_of(config.alerts.over))
    rate = f"sum by (job) (rate(http_requests_total{{{jobs}}}[{over}]))"
    failed = f'sum by (job) (rate(http_requests_total{{{jobs},status=~"5.."}}[{over}]))'
    buckets = f"sum by (job, le) (rate(http_request_duration_seconds_bucket{{{jobs}}}[{over}]))"
    yield Recording(_RATE, rate, f"Requests per second, over {over}.")
    yield Recording(
        _REQUESTS, f"sum by (job) (increase(http_requests_total{{{jobs}}}[{over}]))", f"Requests of {over}."
    )
    yield Recording(
        _ERRORS,
        f"({failed} or 0 * {_RATE}) / ({_RATE} > 0)",
        f"Share of requests answered with 5xx, over {over}; none where nobody asks.",
    )
    yield Recording(
        _P99,
        f"histogram_quantile(0.99, {buckets}) >= 0",
        f"Seconds within which 99 of 100 requests are answered, over {over}; none where nobody asks.",
    )


def _alerts(config: Config, service: PredictionService) -> Iterator[Alert]:
    beside = {"evidence": evidence(config, service.datasets[0])} if len(service.datasets) == 1 else {}

    def maker(panel: Panel) -> Maker:
        links = {"panel": address(config, panel, job=service.job), **beside}
        return Maker(config, config.alerts, {"service": bounded(service.name)}, links)

    yield from _down(maker(Panel.SERVICE_UP), service)
    yield from _errors(maker(Panel.SERVICE_ERRORS), service)
    yield from _slow(maker(Panel.SERVICE_LATENCY), service)


def services_are_well(config: Config) -> tuple[str, ...]:
    """Give the series that are 1 while all services are up."""
    return tuple(map(_instance_up, config.services()))


def _instance_up(service: PredictionService) -> str:
    return selector("up", job=service.job, instance=service.target)


def _down(maker: Maker, service: PredictionService) -> Iterator[Alert]:
    up = selector("up", job=service.job)
    instance = _instance_up(service)
    steps = maker.steps("ServiceDown")
    there = {"job": service.job, "instance": service.target}
    instance_or_target = (
        f"{{{{ with $labels.instance }}}}{{{{ . }}}}{{{{ else }}}}{service.target}{{{{ end }}}}"
    )
    said = {**_said(service), instance_or_target: service.target}
    yield from maker.alert(
        "ServiceDown",
        f"{up} == 0 or absent({up})",
        (
            steps.fires("An instance cannot be scraped", {instance: steps.steady(0)}, there, said),
            steps.fires("Prometheus has no such target", {}, {"job": service.job}, said, without=[instance]),
            steps.silent("All is well", {instance: steps.steady(1)}),
            steps.silent("One scrape failed, as at a restart", {instance: steps.once(0, 1)}),
        ),
        summary=f"{verbatim(service.name)} is down",
        description=f"Prometheus cannot scrape {verbatim(service.name)} at {instance_or_target}.",
    )


def _errors(maker: Maker, service: PredictionService) -> Iterator[Alert]:
    alerts, steps = maker.alerts, maker.steps("ServiceErrors")
    requests = _enough(maker)
    part = (1 + alerts.errors) / 2

    def answered(share: float, a_second: float = requests) -> dict[str, str]:
        by_status = {"200": a_second * (1 - share), "500": a_second * share}
        return {
            selector(
                "http_requests_total", job=service.job, handler="/predict", method="POST", status=status
            ): steps.rising(count)
            for status, count in by_status.items()
        }

    ok, failed = answered(0.0)
    yield from maker.alert(
        "ServiceErrors",
        f"{selector(_ERRORS, job=service.job)} > {number(alerts.errors)}\n{_judged(maker, service)}",
        (
            steps.fires(
                "Too many requests fail",
                answered(part),
                {"job": service.job},
                {_PERCENT: f"{100 * part:.4g}%", **_said(service)},
            ),
            steps.silent("Some requests fail, as many as may", answered(alerts.errors / 2)),
            steps.silent(
                "Of the few requests since the start all fail", answered(1.0, _too_few(maker, requests))
            ),
            steps.silent(
                "Nobody asks, and one request failed long ago", {ok: steps.steady(0), failed: steps.steady(1)}
            ),
            steps.silent(
                "The service starts again, without failing",
                {ok: steps.reset(requests), failed: steps.steady(0)},
            ),
        ),
        summary=f"{verbatim(service.name)} fails",
        description=f"{_PERCENT} of the requests to {verbatim(service.name)} within {duration(maker.over)} were "
        f"answered with 5xx; up to {100 * alerts.errors:.4g}% may be.",
    )


def _slow(maker: Maker, service: PredictionService) -> Iterator[Alert]:
    steps, limit, requests = maker.steps("ServiceSlow"), service.slow_seconds, _enough(maker)

    def answered(a_second: float, within: float) -> dict[str, str]:
        bounds = {number(limit): limit, number(2 * limit): 2 * limit, "+Inf": 3 * limit}
        labels = {"job": service.job, "handler": "/predict", "method": "POST", "status": "200"}
        return {selector("http_requests_total", **labels): steps.rising(a_second)} | {
            selector("http_request_duration_seconds_bucket", **labels, le=le): steps.rising(
                a_second if bound >= within else 0
            )
            for le, bound in bounds.items()
        }

    yield from maker.alert(
        "ServiceSlow",
        # a quantile is never above the highest bound, which may be the limit
        f"{selector(_P99, job=service.job)} >= {number(limit)}\n{_judged(maker, service)}",
        (
            steps.fires(
                "Answers take too long", answered(requests, 2 * limit), {"job": service.job}, _said(service)
            ),
            steps.fires(
                "Answers take longer than the highest bound of the histogram",
                {
                    series: values
                    for series, values in answered(requests, 3 * limit).items()
                    if f'le="{number(2 * limit)}"' not in series
                },
                {"job": service.job},
                _said(service),
            ),
            steps.silent("Answers are quick", answered(requests, limit)),
            steps.silent(
                "The few requests since the start are slow", answered(_too_few(maker, requests), 2 * limit)
            ),
            steps.silent("Nobody asks", answered(0, limit)),
        ),
        summary=f"{verbatim(service.name)} is slow",
        description=f"One of 100 requests to {verbatim(service.name)} within {duration(maker.over)} took "
        f"{number(limit)} s or longer.",
    )


def _losing(config: Config) -> Iterator[Alert]:
    maker = Maker(config, config.alerts, {"reason": "client"}, {"panel": address(config, Panel.LOST_ROWS)})
    steps, over = maker.steps("MonitorDropping"), duration(maker.over)
    service = config.services()[0]
    labels = {"dataset": "trips", "outcome": "dropped"}
    lost = selector(_LOST, job=service.job, **labels)
    jobs = any_of(each.job for each in config.services())
    yield from maker.alert(
        "MonitorDropping",
        f"sum by (job, dataset, outcome) (increase({_LOST}{{job=~{jobs}}}[{over}])) > 0",
        (
            steps.fires(
                "A client's queue is full",
                {lost: steps.rising(1)},
                {"job": service.job, **labels},
                {_DATASET: "trips", _JOB: service.job, _OUTCOME: "dropped"},
            ),
            steps.silent("Nothing is lost", {lost: steps.steady(0)}),
            steps.silent("The service starts again", {lost: steps.reset(0)}),
        ),
        summary=f"{_DATASET}: rows are lost before they are sent",
        description=f"The client in {_JOB} lost rows of {_DATASET} within {over}: {_OUTCOME}.",
    )


def _judged(maker: Maker, service: PredictionService) -> str:
    return f"and {selector(_REQUESTS, job=service.job)} >= {maker.alerts.requests}"


def _enough(maker: Maker) -> float:
    """Give requests per second of which there are more than enough to judge a service."""
    return max(_A_SECOND, 2 * maker.alerts.requests / maker.over)


def _too_few(maker: Maker, enough: float) -> float:
    return min(enough, maker.alerts.requests / maker.over / 2)


def _said(service: PredictionService) -> dict[str, str]:
    return {period(service.datasets[0]): ""} if len(service.datasets) == 1 else {}
