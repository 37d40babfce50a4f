"""The monitor itself: does it take rows in, keep up, and show all that it found."""

from __future__ import annotations

from modelvane.config import Config
from modelvane.config.prediction_services import MONITOR_JOB
from modelvane.dashboards import choices, states
from modelvane.dashboards.model import Annotation, Colour, Dashboard, Kind, Panel, Part, Query, Row
from modelvane.dashboards.promql import RATE
from modelvane.dashboards.units import Unit, unit_of
from modelvane.exposition.collector import BUDGET, DROPPED, EXPOSED, LIMIT
from modelvane.exposition.entry import Series
from modelvane.exposition.observed_series import OBSERVED, WINDOW_END, WINDOW_START

_KNOWN = {each.name: each for each in (*OBSERVED, *BUDGET)}
_NEVER = "it has not happened"
_UP = f'up{{job="{MONITOR_JOB}"}}'
_STARTED = "modelvane_service_start_time_seconds"


def dashboard(config: Config) -> Dashboard:
    """Give the dashboard."""
    has_rows = any(not section.window.seconds for section in config.datasets.values())
    has_seconds = any(section.window.seconds for section in config.datasets.values())
    return Dashboard(
        uid=choices.MONITOR,
        title="Monitor itself",
        description="Does modelvane take rows in, keep up with them, and show all that it found.",
        annotations=(
            choices.ALERTS,
            Annotation(
                name="Starts",
                expression=f"{_STARTED} > time() - 60",
                title="The monitor started",
                text="",
                colour=Colour.PLAIN,
            ),
        ),
        rows=(
            Row("Up", _up()),
            Row(
                "Taken in",
                (
                    _rate("Rows per second", "modelvane_ingest_rows_total"),
                    _rate(
                        "Refused rows per second", "modelvane_ingest_rejected_rows_total", "reason", _NEVER
                    ),
                    _rate("Repeated rows per second", "modelvane_ingest_duplicate_rows_total"),
                    _rate("Labels per second", "modelvane_ingest_labels_total", "outcome", "no labels came"),
                    _plain("Label lag", "modelvane_ingest_label_lag_seconds", empty="no labels came"),
                    _plain(
                        "Time since the last row",
                        "modelvane_ingest_last_row_age_seconds",
                        empty="no row came",
                    ),
                    _plain(
                        "Time since the last label",
                        "modelvane_ingest_last_label_age_seconds",
                        empty="no labels came",
                    ),
                ),
            ),
            Row(
                "Evaluations",
                (
                    Panel(
                        title="Findings",
                        description=_KNOWN["modelvane_service_evaluation_up"].help,
                        kind=Kind.STATES,
                        queries=(Query(expression="modelvane_service_evaluation_up", legend="{{dataset}}"),),
                        states=states.GIVEN,
                    ),
                    _mean("Mean evaluation", "modelvane_service_evaluation_seconds"),
                    _plain("Last evaluation", "modelvane_service_last_evaluation_seconds"),
                    *((_plain("Rows of a window", "modelvane_service_window_rows"),) if has_rows else ()),
                    *(
                        (_plain("Length of a window", "modelvane_service_window_seconds"),)
                        if has_seconds
                        else ()
                    ),
                    _plain("Labelled rows", "modelvane_service_labelled_rows"),
                    *_event_time(),
                    Panel(
                        title="References",
                        description=_KNOWN["modelvane_reference_info"].help,
                        kind=Kind.TABLE,
                        queries=(
                            Query(
                                expression="count by (dataset, digest, rows) (modelvane_reference_info)",
                                legend="Monitors",
                            ),
                        ),
                        unit=Unit.COUNT,
                        width=16,
                    ),
                ),
            ),
            Row(
                "The log",
                (
                    _plain("Rows that wait", "modelvane_service_queue_rows"),
                    _plain("Bytes that wait", "modelvane_service_queue_bytes"),
                    _mean("Mean transaction", "modelvane_service_commit_seconds"),
                    _plain("Last transaction", "modelvane_service_last_commit_seconds"),
                    _rate("Failed transactions per second", "modelvane_service_commit_failures_total"),
                    _plain("Rows in the log", "modelvane_service_log_rows"),
                    _plain(
                        "Size of the log", "modelvane_service_log_bytes", empty="the store does not tell it"
                    ),
                ),
            ),
            Row("Events", _events()),
            Row("The scrape", _scrape()),
        ),
    )


def _up() -> tuple[Panel, ...]:
    return (
        Panel(
            title="Up",
            description="Whether Prometheus reached the monitor at the last scrape.",
            kind=Kind.NUMBER,
            queries=(Query(expression=_UP, legend="{{instance}}"),),
            states=states.UP,
            width=4,
            height=6,
        ),
        *(
            Panel(
                title=f"Uptime over {words}",
                description=f"Share of the scrapes of {words} that the monitor answered.",
                kind=Kind.NUMBER,
                queries=(Query(expression=f"avg_over_time({_UP}[{window}])", legend="{{instance}}"),),
                unit=Unit.RATIO,
                steps=states.at_least(0.99),
                width=4,
                height=6,
            )
            for words, window in (("1 day", "1d"), ("30 days", "30d"))
        ),
        Panel(
            title="The log takes rows",
            description=_KNOWN["modelvane_service_log_up"].help,
            kind=Kind.NUMBER,
            queries=(Query(expression="modelvane_service_log_up", legend="{{instance}}"),),
            states=states.UP,
            width=4,
            height=6,
        ),
        Panel(
            title="Running for",
            description="Time since the service started.",
            kind=Kind.NUMBER,
            queries=(Query(expression=f"time() - {_STARTED}", legend="{{instance}}"),),
            unit=Unit.SECONDS,
            width=4,
            height=6,
        ),
        Panel(
            title="Version",
            description=_KNOWN["modelvane_build_info"].help,
            kind=Kind.TABLE,
            queries=(Query(expression="count by (version) (modelvane_build_info)", legend="Monitors"),),
            unit=Unit.COUNT,
            width=4,
            height=6,
        ),
    )


def _event_time() -> tuple[Panel, ...]:
    facts = (
        (
            "Time that a window spans",
            "From the event time of its oldest row to that of its newest.",
            f"{WINDOW_END.name} - {WINDOW_START.name}",
        ),
        (
            "Age of a window's newest row",
            "By event time: a replay may be years behind.",
            f"time() - {WINDOW_END.name}",
        ),
    )
    return tuple(
        Panel(
            title=title,
            description=description,
            queries=(Query(expression=expression, legend="{{dataset}}", empty="rows have no event time"),),
            unit=Unit.SECONDS,
        )
        for title, description, expression in facts
    )


def _scrape() -> tuple[Panel, ...]:
    return (
        Panel(
            title="Samples of a scrape",
            description=f"{EXPOSED.help} {LIMIT.help}",
            queries=(
                Query(expression=EXPOSED.name, legend="samples"),
                Query(expression=LIMIT.name, legend="budget", part=Part.LINE),
            ),
            unit=Unit.COUNT,
            minimum=0.0,
        ),
        Panel(
            title="Samples left out",
            description=DROPPED.help,
            queries=(Query(expression=DROPPED.name, legend="left out"),),
            unit=Unit.COUNT,
            minimum=0.0,
            steps=states.ANY_IS_BAD,
        ),
        Panel(
            title="Time of a scrape",
            description="What Prometheus waited for the answer.",
            queries=(
                Query(expression=f'scrape_duration_seconds{{job="{MONITOR_JOB}"}}', legend="{{instance}}"),
            ),
            unit=Unit.SECONDS,
            minimum=0.0,
        ),
    )


def _events() -> tuple[Panel, ...]:
    happened = "modelvane_events_total"
    switched = _KNOWN["modelvane_reference_switch_time_seconds"]
    return (
        _panel(
            "Alerts, retrains, references",
            _KNOWN[happened],
            f"sum by (dataset, kind) ({happened})",
            Unit.COUNT,
            "nothing happened",
            by="kind",
        ),
        _panel(
            "Alerts of no dataset",
            _KNOWN["modelvane_service_events_total"],
            "modelvane_service_events_total",
            Unit.COUNT,
            "nothing happened",
            by="kind",
        ),
        _panel(
            "Time since the reference was switched",
            switched,
            f"time() - {switched.name}",
            Unit.SECONDS,
            "the reference is the first",
        ),
    )


def _plain(title: str, name: str, *, empty: str = "") -> Panel:
    series = _KNOWN[name]
    return _panel(title, series, name, unit_of(series.unit) if series.unit else Unit.COUNT, empty)


def _rate(title: str, name: str, by: str = "", empty: str = "") -> Panel:
    series = _KNOWN[name]
    labels = ", ".join(series.labels) or "instance"
    expression = f"sum by ({labels}) (rate({name}[{RATE}]))"
    return _panel(title, series, expression, Unit.PER_SECOND, empty, by)


def _mean(title: str, name: str) -> Panel:
    series = _KNOWN[name]
    expression = f"rate({name}_sum[{RATE}]) / (rate({name}_count[{RATE}]) > 0)"
    return _panel(title, series, expression, Unit.SECONDS, "none in that time")


def _panel(title: str, series: Series, expression: str, unit: Unit, empty: str, by: str = "") -> Panel:
    legend = "{{dataset}}" if "dataset" in series.labels else "{{instance}}"
    return Panel(
        title=title,
        description=series.help,
        queries=(
            Query(expression=expression, legend=f"{legend} {{{{{by}}}}}" if by else legend, empty=empty),
        ),
        unit=unit,
        minimum=0.0,
    )
