"""Service health: how the prediction services answer, by the standard HTTP series."""

from __future__ import annotations

from modelvane.config import Config
from modelvane.dashboards import choices, states
from modelvane.dashboards.model import Dashboard, Kind, Panel, Query, Row
from modelvane.dashboards.promql import bound, mean, quantile, rates, selector, share
from modelvane.dashboards.units import Unit

REQUESTS = "http_requests_total"
SECONDS = "http_request_duration_seconds"
ERRORS_FROM = 0.01
"""The share of 5xx answers that is coloured as too many."""

_JOB = {"job": "~$job"}
_IDLE = "nothing was asked in that time"
_NO_PROCESS = "only services on Linux, of one process or by `instrument`, show it"


def dashboard(config: Config) -> Dashboard | None:
    """Give the dashboard; ``None`` where the config has no prediction services."""
    if not config.services():
        return None
    return Dashboard(
        uid=choices.HEALTH,
        title="Service health",
        description="How the prediction services answer: requests, latency, errors, resources, and which model.",
        variables=(choices.job(config), choices.VERSION),
        annotations=(choices.ALERTS, choices.deployments(choices.jobs_of(config))),
        rows=(
            Row("Up", _up()),
            Row("Latency", _latency(config)),
            Row("Requests", _requests()),
            Row("Errors", _errors()),
            Row("Resources", _resources()),
            Row("By model version", _versions()),
        ),
    )


def slow_share(config: Config) -> tuple[Query, ...]:
    """Give the share of answers within each service's own bound, one query per service."""
    return tuple(
        Query(
            expression=_within(each.job, each.slow_seconds),
            legend=f"{{{{job}}}} within {each.slow_seconds * 1000:g} ms",
            empty=_IDLE,
        )
        for each in config.services()
    )


def _within(job: str, seconds: float) -> str:
    fast = rates(f"{SECONDS}_bucket", "job", job="~$job", job_=job, le=f"~{bound(seconds)}")
    return f"{fast} / ({rates(f'{SECONDS}_count', 'job', job='~$job', job_=job)} > 0)"


def _up() -> tuple[Panel, ...]:
    up = selector("up", **_JOB)
    return (
        Panel(
            title="Up",
            description="Whether Prometheus reached the service at the last scrape.",
            kind=Kind.NUMBER,
            queries=(Query(expression=up, legend="{{job}}"),),
            states=states.UP,
            width=4,
            height=6,
        ),
        *(
            Panel(
                title=f"Uptime over {words}",
                description=f"Share of the scrapes of {words} that the service answered.",
                kind=Kind.NUMBER,
                queries=(Query(expression=f"avg_over_time({up}[{window}])", legend="{{job}}"),),
                unit=Unit.RATIO,
                steps=states.at_least(0.99),
                width=4,
                height=6,
            )
            for words, window in (("1 day", "1d"), ("30 days", "30d"))
        ),
        Panel(
            title="Running for",
            description="Time since the process started.",
            kind=Kind.NUMBER,
            queries=(
                Query(
                    expression=f"time() - max by (job) ({selector('process_start_time_seconds', **_JOB)})",
                    legend="{{job}}",
                    empty=_NO_PROCESS,
                ),
            ),
            unit=Unit.SECONDS,
            width=4,
            height=6,
        ),
        Panel(
            title="Model",
            description="Which model answers, when it was trained, and the reference that it is compared with.",
            kind=Kind.TABLE,
            queries=(
                Query(
                    expression=f"count by (job, name, version, trained, reference) "
                    f"({selector('model_info', **_JOB, version='~$version')})",
                    legend="Instances",
                    empty="the service does not say which model it has",
                ),
            ),
            unit=Unit.COUNT,
            width=8,
            height=6,
        ),
    )


def _latency(config: Config) -> tuple[Panel, ...]:
    bounds = sorted({each.slow_seconds for each in config.services()})
    said = " and ".join(f"{seconds * 1000:g} ms" for seconds in bounds)
    return (
        Panel(
            title="Response time",
            description="Mean time from a request's arrival to the end of its answer.",
            queries=(Query(expression=mean(SECONDS, "job", **_JOB), legend="{{job}}", empty=_IDLE),),
            unit=Unit.SECONDS,
            minimum=0.0,
            steps=states.at_most(max(bounds)),
        ),
        Panel(
            title="Latency: p50, p90, p99",
            description="Half, nine tenths and 99 of 100 requests are answered faster. Interpolated within the "
            "histogram's buckets.",
            queries=tuple(
                Query(
                    expression=quantile(level, SECONDS, "job", **_JOB),
                    legend=f"{{{{job}}}} p{level * 100:g}",
                    empty=_IDLE,
                )
                for level in (0.5, 0.9, 0.99)
            ),
            unit=Unit.SECONDS,
            minimum=0.0,
        ),
        Panel(
            title=f"Share answered within {said}",
            description="Share of requests that the service's own limit of slowness holds for "
            "(`prediction_services.<name>.slow_seconds`).",
            queries=slow_share(config),
            unit=Unit.RATIO,
            maximum=1.0,
            steps=states.at_least(0.99),
        ),
        Panel(
            title="p99 by handler",
            description="99 of 100 requests to the route are answered faster.",
            queries=(
                Query(
                    expression=quantile(0.99, SECONDS, "job, handler", **_JOB),
                    legend="{{job}} {{handler}}",
                    empty=_IDLE,
                ),
            ),
            unit=Unit.SECONDS,
            minimum=0.0,
        ),
        *(
            Panel(
                title=f"Mean size of {words}",
                description="Bytes of the body.",
                queries=(
                    Query(
                        expression=mean(f"http_{part}_size_bytes", "job, handler", **_JOB),
                        legend="{{job}} {{handler}}",
                        empty=_IDLE,
                    ),
                ),
                unit=Unit.BYTES,
                minimum=0.0,
            )
            for words, part in (("requests", "request"), ("responses", "response"))
        ),
    )


def _requests() -> tuple[Panel, ...]:
    asked = selector(REQUESTS, **_JOB)
    return (
        *(
            Panel(
                title=f"Requests per minute by {label}",
                description="Answered requests; health routes and `/metrics` are not counted.",
                queries=(
                    Query(
                        expression=f"60 * {rates(REQUESTS, f'job, {label}', **_JOB)}",
                        legend=f"{{{{job}}}} {{{{{label}}}}}",
                    ),
                ),
                unit=Unit.PER_MINUTE,
                minimum=0.0,
            )
            for label in ("handler", "status")
        ),
        Panel(
            title="In progress",
            description="Requests that are being answered.",
            queries=(
                Query(
                    expression=f"sum by (job) ({selector('http_requests_inprogress', **_JOB)})",
                    legend="{{job}}",
                ),
            ),
            unit=Unit.COUNT,
            minimum=0.0,
        ),
        Panel(
            title="Most used handler",
            description="The route that answered most in the time that is shown, and how often.",
            kind=Kind.NUMBER,
            queries=(
                Query(
                    expression=f"topk by (job) (1, sum by (job, handler) (increase({asked}[$__range])))",
                    legend="{{job}} {{handler}}",
                ),
            ),
            unit=Unit.COUNT,
        ),
        Panel(
            title="Requests per handler",
            description="In the time that is shown.",
            kind=Kind.BARS,
            queries=(
                Query(
                    expression=f"sort_desc(sum by (job, handler) (increase({asked}[$__range])))",
                    legend="{{job}} {{handler}}",
                ),
            ),
            unit=Unit.COUNT,
            minimum=0.0,
        ),
    )


def _errors() -> tuple[Panel, ...]:
    return (
        *(
            Panel(
                title=f"Share of {digit}xx",
                description=f"{words} / all answers.",
                queries=(
                    Query(
                        expression=share(REQUESTS, "job", {"status": f"~{digit}.."}, **_JOB),
                        legend="{{job}}",
                        empty=_IDLE,
                    ),
                ),
                unit=Unit.RATIO,
                minimum=0.0,
                steps=states.at_most(ERRORS_FROM),
            )
            for digit, words in (
                (4, "Requests that were refused: unknown, malformed, not allowed"),
                (5, "Requests on which the service failed"),
            )
        ),
        Panel(
            title="Exceptions per minute",
            description="Exceptions that nothing handled, by class.",
            queries=(
                Query(
                    expression=f"60 * {rates('http_exceptions_total', 'job, handler, exception', **_JOB)}",
                    legend="{{job}} {{handler}} {{exception}}",
                    empty="no route raised anything",
                ),
            ),
            unit=Unit.PER_MINUTE,
            minimum=0.0,
        ),
    )


def _resources() -> tuple[Panel, ...]:
    facts = (
        (
            "CPU",
            "Cores that the service's processes use.",
            rates("process_cpu_seconds_total", "job", **_JOB),
            Unit.RATIO,
        ),
        (
            "Memory",
            "Resident memory of the service's processes.",
            f"sum by (job) ({selector('process_resident_memory_bytes', **_JOB)})",
            Unit.BYTES,
        ),
        (
            "Open files",
            "File descriptors of the service's processes.",
            f"sum by (job) ({selector('process_open_fds', **_JOB)})",
            Unit.COUNT,
        ),
    )
    return tuple(
        Panel(
            title=title,
            description=description,
            queries=(Query(expression=expression, legend="{{job}}", empty=_NO_PROCESS),),
            unit=unit,
            minimum=0.0,
        )
        for title, description, expression, unit in facts
    )


def _versions() -> tuple[Panel, ...]:
    # the version is a label of model_info alone: it is joined to whatever the same instance counted
    identity = (
        f"on (job, instance) group_left (version) {selector('model_info', **_JOB, version='~$version')}"
    )
    labels = "job, version"

    def per_version(counter: str, by: str, **more: str) -> str:
        grown = f"rate({selector(counter, **_JOB, **more)}[$__rate_interval])"
        return f"sum by ({by}) ({grown} * {identity})"

    whole = per_version(REQUESTS, labels)
    failed = per_version(REQUESTS, labels, status="~5..")
    slow = per_version(f"{SECONDS}_bucket", f"{labels}, le")
    facts = (
        ("Requests per minute", "Answered requests.", f"60 * {whole}", Unit.PER_MINUTE),
        (
            "p99",
            "99 of 100 requests are answered faster.",
            f"histogram_quantile(0.99, {slow})",
            Unit.SECONDS,
        ),
        (
            "Share of 5xx",
            "Requests on which the service failed / all answers.",
            f"({failed} or 0 * {whole}) / ({whole} > 0)",
            Unit.RATIO,
        ),
    )
    return tuple(
        Panel(
            title=f"{title} by model version",
            description=f"{description} Of the instances that have the model.",
            queries=(
                Query(
                    expression=expression,
                    legend="{{job}} {{version}}",
                    empty="nothing was asked, or the service does not say which model it has",
                ),
            ),
            unit=unit,
            minimum=0.0,
        )
        for title, description, expression, unit in facts
    )
