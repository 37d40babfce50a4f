"""The overview: every model on one page, with links to the rest."""

from __future__ import annotations

from modelvane.config import Config
from modelvane.dashboards import choices, states
from modelvane.dashboards.model import Dashboard, Kind, Link, Panel, Query, Row
from modelvane.dashboards.promql import quantile, rates, share
from modelvane.dashboards.service_traffic import ERRORS_FROM, REQUESTS, SECONDS
from modelvane.dashboards.units import Unit

_JUDGED = 'modelvane_performance_alarm{segment=""} or modelvane_recommendation_alarm{segment=""}'
_IDLE = "nothing was asked in that time"
_NO_ALERTS = "no alert fires"


def dashboard(config: Config) -> Dashboard:
    """Give the dashboard."""
    jobs = choices.jobs_of(config)
    return Dashboard(
        uid=choices.OVERVIEW,
        title="Overview",
        description="Every model that is watched, with links down to what was found.",
        annotations=(choices.ALERTS, *((choices.deployments(jobs),) if jobs else ())),
        links=(Link("Live page", config.monitor_url),),
        rows=(
            Row("Now", tuple(_counts(jobs))),
            Row("Models", _models(config)),
            *((Row("Prediction services", _services(jobs)),) if jobs else ()),
            Row("Alerts", (_alerts(),)),
        ),
    )


def _counts(jobs: str) -> list[Panel]:
    down = f'count(up{{job=~"{jobs}"}} == 0) or vector(0)'
    facts = [
        (
            "Models",
            "Datasets that are watched.",
            "count(count by (dataset) (modelvane_ingest_rows_total))",
            (),
        ),
        (
            "Drift",
            "Datasets whose window is beyond its lines.",
            "sum(modelvane_dataset_drift) or vector(0)",
            states.ANY_IS_BAD,
        ),
        (
            "Quality",
            "Measures of quality that are above their lines.",
            'sum(modelvane_quality_alarm{segment=""}) or vector(0)',
            states.ANY_IS_BAD,
        ),
        (
            "Performance",
            "Measures of performance, and of what recommenders serve, that are beyond their limit.",
            f"sum({_JUDGED}) or vector(0)",
            states.ANY_IS_BAD,
        ),
        *([("Services down", "Prediction services out of reach.", down, states.ANY_IS_BAD)] if jobs else []),
        (
            "Alerts",
            "Alerts that fire.",
            'count(ALERTS{alertstate="firing"}) or vector(0)',
            states.ANY_IS_BAD,
        ),
    ]
    return [
        Panel(
            title=title,
            description=description,
            kind=Kind.NUMBER,
            queries=(Query(expression=expression),),
            unit=Unit.COUNT,
            steps=steps,
            width=4,
            height=4,
        )
        for title, description, expression, steps in facts
    ]


def _models(config: Config) -> tuple[Panel, ...]:
    def to(title: str, uid: str) -> Link:
        return Link(title, f"/d/{uid}?var-dataset=${{__data.fields.dataset}}&${{__url_time_range}}")

    drift, quality = to("Drift", choices.DRIFT), to("Quality", choices.QUALITY)
    performance = to("Performance", choices.PERFORMANCE)
    by = "by (dataset)"
    live, *_ = choices.evidence(config, "${__data.fields.dataset}")
    table = Panel(
        title="Models",
        description="The last findings of each dataset. A click on a value leads to its dashboard.",
        kind=Kind.TABLE,
        queries=(
            Query(
                expression=f"max {by} (modelvane_dataset_drift)",
                legend="Drift",
                states=states.DRIFT,
                link=drift,
            ),
            Query(expression=f"max {by} (modelvane_drifted_columns)", legend="Drifted columns", link=drift),
            Query(
                expression=f'sum {by} (modelvane_quality_alarm{{segment=""}})',
                legend="Quality alarms",
                link=quality,
            ),
            Query(
                expression=f"sum {by} ({_JUDGED})",
                legend="Performance alarms",
                link=performance,
                empty="the config has no limit for a measure of performance",
            ),
            Query(
                expression=f"max {by} (modelvane_performance_label_coverage_ratio)",
                legend="Label coverage",
                unit=Unit.RATIO,
                link=performance,
                empty="until labels come",
            ),
            Query(
                expression=f"sum {by} (rate(modelvane_ingest_rows_total[$__rate_interval]))",
                legend="Rows per second",
                unit=Unit.PER_SECOND,
                link=quality,
            ),
            Query(
                expression=f"max {by} (modelvane_ingest_last_row_age_seconds)",
                legend="Last row",
                unit=Unit.SECONDS,
                link=live,
                empty="no row came",
            ),
        ),
        unit=Unit.COUNT,
        width=24,
        height=6,
    )
    return (
        table,
        Panel(
            title="Share of drifted columns",
            description="Columns above their lines / columns compared.",
            queries=(Query(expression="modelvane_drifted_columns_ratio", legend="{{dataset}}"),),
            unit=Unit.RATIO,
            minimum=0.0,
            maximum=1.0,
        ),
        Panel(
            title="Label coverage",
            description="Rows whose label is known / rows of the window.",
            queries=(
                Query(
                    expression="modelvane_performance_label_coverage_ratio",
                    legend="{{dataset}}",
                    empty="until labels come",
                ),
            ),
            unit=Unit.RATIO,
            minimum=0.0,
            maximum=1.0,
        ),
        Panel(
            title="Rows per second",
            description="Rows accepted.",
            queries=(
                Query(expression=rates("modelvane_ingest_rows_total", "dataset"), legend="{{dataset}}"),
            ),
            unit=Unit.PER_SECOND,
            minimum=0.0,
        ),
    )


def _services(jobs: str) -> tuple[Panel, ...]:
    job = {"job": f"~{jobs}"}
    requests = f"60 * {rates(REQUESTS, 'job', **job)}"
    errors = share(REQUESTS, "job", {"status": "~5.."}, **job)
    slowest = quantile(0.99, SECONDS, "job", **job)
    health = Link(
        "Service health", f"/d/{choices.HEALTH}?var-job=${{__data.fields.job}}&${{__url_time_range}}"
    )
    columns = (
        ("State", f'min by (job) (up{{job=~"{jobs}"}})', None, states.UP, ""),
        ("Requests per minute", requests, Unit.PER_MINUTE, (), ""),
        ("5xx", errors, Unit.RATIO, (), _IDLE),
        ("p99", slowest, Unit.SECONDS, (), _IDLE),
        ("Uptime over 1 day", f'avg by (job) (avg_over_time(up{{job=~"{jobs}"}}[1d]))', Unit.RATIO, (), ""),
    )
    over_time = (
        ("Requests per minute", "Answered requests.", requests, Unit.PER_MINUTE, ()),
        ("Share of 5xx", "Failed / all answers.", errors, Unit.RATIO, states.at_most(ERRORS_FROM)),
        ("p99", "99 of 100 requests are answered faster.", slowest, Unit.SECONDS, ()),
    )
    return (
        Panel(
            title="Services",
            description="How the services answer. A click on a value leads to their health.",
            kind=Kind.TABLE,
            queries=tuple(
                Query(expression=expression, legend=head, unit=unit, states=words, link=health, empty=why)
                for head, expression, unit, words, why in columns
            ),
            unit=Unit.COUNT,
            width=24,
            height=6,
        ),
        *(
            Panel(
                title=title,
                description=description,
                queries=(Query(expression=expression, legend="{{job}}", empty=_IDLE),),
                unit=unit,
                minimum=0.0,
                steps=steps,
            )
            for title, description, expression, unit, steps in over_time
        ),
    )


def _alerts() -> Panel:
    return Panel(
        title="Alerts that fire",
        description="By name, severity, dataset and service.",
        kind=Kind.TABLE,
        queries=(
            Query(
                expression='count by (alertname, severity, dataset, service) (ALERTS{alertstate="firing"})',
                legend="Alerts",
                empty=_NO_ALERTS,
            ),
        ),
        unit=Unit.COUNT,
        width=24,
        height=6,
    )
