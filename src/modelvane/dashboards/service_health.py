"""Service health: how the prediction services answer, by the standard HTTP series."""

from __future__ import annotations

from modelvane.config import Config
from modelvane.dashboards import choices, machine, service_traffic, states
from modelvane.dashboards.model import Dashboard, Kind, Panel, Query, Row
from modelvane.dashboards.promql import bound, mean, quantile, rates, selector
from modelvane.dashboards.service_traffic import IDLE, JOB, NO_PROCESS, SECONDS
from modelvane.dashboards.units import Unit


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
            Row("Requests", service_traffic.requests()),
            Row("Errors", service_traffic.errors()),
            Row("Resources", service_traffic.resources()),
            Row("By model version", service_traffic.versions()),
            Row("Machine", machine.panels()),
        ),
    )


def slow_share(config: Config) -> tuple[Query, ...]:
    """Give the share of answers within each service's own bound, one query per service."""
    return tuple(
        Query(
            expression=_within(each.job, each.slow_seconds),
            legend=f"{{{{job}}}} within {each.slow_seconds * 1000:g} ms",
            empty=IDLE,
        )
        for each in config.services()
    )


def _within(job: str, seconds: float) -> str:
    fast = rates(f"{SECONDS}_bucket", "job", job="~$job", job_=job, le=f"~{bound(seconds)}")
    return f"{fast} / ({rates(f'{SECONDS}_count', 'job', job='~$job', job_=job)} > 0)"


def _up() -> tuple[Panel, ...]:
    up = selector("up", **JOB)
    return (
        Panel(
            title="Up",
            description="Whether Prometheus reached the service at the last scrape.",
            kind=Kind.NUMBER,
            queries=(Query(expression=up, legend="{{job}}"),),
            states=states.UP,
            width=6,
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
                width=6,
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
                    expression=f"time() - max by (job) ({selector('process_start_time_seconds', **JOB)})",
                    legend="{{job}}",
                    empty=NO_PROCESS,
                ),
            ),
            unit=Unit.SECONDS,
            width=6,
            height=6,
        ),
        Panel(
            title="Model",
            description="Which model answers, when it was trained, and the reference that it is compared with.",
            kind=Kind.TABLE,
            queries=(
                Query(
                    expression=f"count by (job, name, version, trained, reference) "
                    f"({selector('model_info', **JOB, version='~$version')})",
                    legend="Instances",
                    empty="the service does not say which model it has",
                ),
            ),
            unit=Unit.COUNT,
            width=24,
            height=5,
        ),
    )


def _latency(config: Config) -> tuple[Panel, ...]:
    bounds = sorted({each.slow_seconds for each in config.services()})
    said = " and ".join(f"{seconds * 1000:g} ms" for seconds in bounds)
    return (
        Panel(
            title="Response time",
            description="Mean time from a request's arrival to the end of its answer.",
            queries=(Query(expression=mean(SECONDS, "job", **JOB), legend="{{job}}", empty=IDLE),),
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
                    expression=quantile(level, SECONDS, "job", **JOB),
                    legend=f"{{{{job}}}} p{level * 100:g}",
                    empty=IDLE,
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
                    expression=quantile(0.99, SECONDS, "job, handler", **JOB),
                    legend="{{job}} {{handler}}",
                    empty=IDLE,
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
                        expression=mean(f"http_{part}_size_bytes", "job, handler", **JOB),
                        legend="{{job}} {{handler}}",
                        empty=IDLE,
                    ),
                ),
                unit=Unit.BYTES,
                minimum=0.0,
            )
            for words, part in (("requests", "request"), ("responses", "response"))
        ),
    )
