"""What a prediction service is asked, what goes wrong, what it uses, and all of it by model version."""

from __future__ import annotations

from modelvane.dashboards import states
from modelvane.dashboards.model import Kind, Panel, Query
from modelvane.dashboards.promql import rates, selector, share
from modelvane.dashboards.units import Unit

REQUESTS = "http_requests_total"
SECONDS = "http_request_duration_seconds"
ERRORS_FROM = 0.01
"""The share of 5xx answers that is coloured as too many."""

JOB = {"job": "~$job"}
IDLE = "nothing was asked in that time"
NO_PROCESS = "only services on Linux, of one process or by `instrument`, show it"


def requests() -> tuple[Panel, ...]:
    """Give the panels of what is asked."""
    asked = selector(REQUESTS, **JOB)
    return (
        *(
            Panel(
                title=f"Requests per minute by {label}",
                description="Answered requests; health routes and `/metrics` are not counted.",
                queries=(
                    Query(
                        expression=f"60 * {rates(REQUESTS, f'job, {label}', **JOB)}",
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
                    expression=f"sum by (job) ({selector('http_requests_inprogress', **JOB)})",
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


def errors() -> tuple[Panel, ...]:
    """Give the panels of what went wrong."""
    return (
        *(
            Panel(
                title=f"Share of {digit}xx",
                description=f"{words} / all answers.",
                queries=(
                    Query(
                        expression=share(REQUESTS, "job", {"status": f"~{digit}.."}, **JOB),
                        legend="{{job}}",
                        empty=IDLE,
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
                    expression=f"60 * {rates('http_exceptions_total', 'job, handler, exception', **JOB)}",
                    legend="{{job}} {{handler}} {{exception}}",
                    empty="no route raised anything",
                ),
            ),
            unit=Unit.PER_MINUTE,
            minimum=0.0,
        ),
        Panel(
            title="Lost rows per minute",
            description="Predictions that the service's clients did not deliver to the monitor: dropped because the "
            "queue was full, or rejected for good.",
            queries=(
                Query(
                    expression=f"60 * {rates('modelvane_client_lost_rows_total', 'job, dataset, outcome', **JOB)}",
                    legend="{{job}} {{dataset}} {{outcome}}",
                    empty="the service has no client in its process",
                ),
            ),
            unit=Unit.PER_MINUTE,
            minimum=0.0,
        ),
    )


def resources() -> tuple[Panel, ...]:
    """Give the panels of what the processes use."""
    facts = (
        (
            "CPU",
            "Cores that the service's processes use.",
            rates("process_cpu_seconds_total", "job", **JOB),
            Unit.RATIO,
        ),
        (
            "Memory",
            "Resident memory of the service's processes.",
            f"sum by (job) ({selector('process_resident_memory_bytes', **JOB)})",
            Unit.BYTES,
        ),
        (
            "Open files",
            "File descriptors of the service's processes.",
            f"sum by (job) ({selector('process_open_fds', **JOB)})",
            Unit.COUNT,
        ),
    )
    return tuple(
        Panel(
            title=title,
            description=description,
            queries=(Query(expression=expression, legend="{{job}}", empty=NO_PROCESS),),
            unit=unit,
            minimum=0.0,
        )
        for title, description, expression, unit in facts
    )


def versions() -> tuple[Panel, ...]:
    """Give the panels of each model version."""
    # the version is a label of model_info alone: it is joined to whatever the same instance counted
    identity = f"on (job, instance) group_left (version) {selector('model_info', **JOB, version='~$version')}"
    labels = "job, version"

    def per_version(counter: str, by: str, **more: str) -> str:
        grown = f"rate({selector(counter, **JOB, **more)}[$__rate_interval])"
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
