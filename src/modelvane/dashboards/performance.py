"""Performance: predictions against the labels that came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

from modelvane.config import Config
from modelvane.dashboards import choices, concept, estimates, states, versions
from modelvane.dashboards.measures import grouped, measures_of, panel
from modelvane.dashboards.model import Dashboard, Kind, Panel, Query, Row
from modelvane.dashboards.promql import selector
from modelvane.estimates.table import ESTIMATED
from modelvane.exposition.series import PERFORMANCE_ALARM
from modelvane.findings import Family
from modelvane.measure import Measure
from modelvane.performance import STATISTICS
from modelvane.schema import Task

_KIND = {each.name: kind for kind, statistics in STATISTICS.items() for each in statistics}
_ROWS = {"regression": "Errors", "confusion": "Classes", "scores": "Probabilities"}
# ranked items have a dashboard of their own, with what was served
_TASKS: Mapping[str, Task] = {
    "regression": Task.REGRESSION,
    "confusion": Task.CLASSIFICATION,
    "scores": Task.CLASSIFICATION,
}
_LABELS = "Labels"


def dashboard(config: Config) -> Dashboard:
    """Give the dashboard: the measures of the tasks that the config names, or of all where it leaves one open."""
    return Dashboard(
        uid=choices.PERFORMANCE,
        title="Performance",
        description="Predictions against the labels that came; coverage and lag say how far to trust it.",
        variables=(choices.DATASET,),
        annotations=(
            choices.alerts_of_dataset(),
            choices.references(),
            *((choices.deployments(jobs),) if (jobs := choices.watched_jobs_of(config)) else ()),
        ),
        links=choices.evidence(config),
        rows=(*_rows(config), *concept.rows(config)),
    )


def measured(config: Config) -> Iterator[tuple[str, list[Measure], str]]:
    """Give the title of each row, its measures, and why they may have no data."""
    labelling = [each for each in measures_of(Family.PERFORMANCE) if each.name not in _KIND]
    yield _LABELS, labelling, "until labels come"
    with_kind = (each for each in measures_of(Family.PERFORMANCE) if each.name in _KIND)
    for kind, members in groupby(with_kind, lambda each: _KIND[each.name]):
        task = _TASKS.get(kind)
        if task is not None and has_task(config, task):
            yield _ROWS[kind], list(members), why_empty(config, task, kind)


def has_task(config: Config, task: Task) -> bool:
    """Whether a dataset is of that task, or may be."""
    return any(section.column_mapping.task in (None, task) for section in config.datasets.values())


def why_empty(config: Config, task: Task, kind: str) -> str:
    """Say why a measure of a task may have no data."""
    if kind == "scores":
        return "only predictions that are probabilities have it"
    is_certain = all(section.column_mapping.task is task for section in config.datasets.values())
    return "until labels come" if is_certain else f"only datasets of {task} have it"


def _rows(config: Config) -> Iterator[Row]:
    for title, measures, empty in measured(config):
        panels = [panel(name, members, config, empty=empty) for name, members in grouped(measures)]
        if title == _LABELS:
            panels.append(_alarms(config))
        yield Row(title, tuple(panels))
    yield from estimates.rows(config, [task for task in ESTIMATED if _is_estimated(config, task)])
    yield from versions.rows(config)


def _is_estimated(config: Config, task: Task) -> bool:
    learns = any(section.estimates for section in config.datasets.values())
    return has_task(config, task) and (learns or task is not Task.REGRESSION)


def _alarms(config: Config) -> Panel:
    return Panel(
        title="Alarms",
        description=PERFORMANCE_ALARM.help,
        kind=Kind.STATES,
        queries=(
            Query(
                expression=selector(PERFORMANCE_ALARM.name, dataset="$dataset", segment=""),
                legend="{{measure}}",
                empty="the config has no limit for a measure",
            ),
        ),
        states=states.ALARM,
        links=choices.evidence(config),
    )
