"""Fairness: how differently the groups of protected columns are treated."""

from __future__ import annotations

from collections.abc import Iterator

from modelvane.config import Config
from modelvane.dashboards import choices, performance, states
from modelvane.dashboards.measures import grouped, measures_of, panel
from modelvane.dashboards.model import Dashboard, Kind, Panel, Query, Row
from modelvane.dashboards.promql import selector
from modelvane.exposition.series import FAIRNESS_ALARM
from modelvane.findings import Family
from modelvane.schema import Task
from modelvane.statistics.fairness import (
    CLASSES_BETWEEN,
    CLASSES_BY_GROUP,
    ERRORS_BETWEEN,
    ERRORS_BY_GROUP,
    GroupMeasure,
    Parity,
)

_ROWS: dict[str, tuple[Task, tuple[GroupMeasure | Parity, ...]]] = {
    "Classes between groups": (Task.CLASSIFICATION, CLASSES_BETWEEN),
    "Classes by group": (Task.CLASSIFICATION, CLASSES_BY_GROUP),
    "Errors between groups": (Task.REGRESSION, ERRORS_BETWEEN),
    "Errors by group": (Task.REGRESSION, ERRORS_BY_GROUP),
}


def dashboard(config: Config) -> Dashboard | None:
    """Give the dashboard; ``None`` where no dataset has a protected column."""
    if not any(section.fairness for section in config.datasets.values()):
        return None
    return Dashboard(
        uid=choices.FAIRNESS,
        title="Fairness",
        description="How differently the groups of protected columns are treated.",
        variables=(choices.DATASET,),
        annotations=(choices.alerts_of_dataset(), choices.references()),
        links=choices.evidence(config),
        rows=(Row("Limits", (_alarms(config),)), *_rows(config)),
    )


def _rows(config: Config) -> Iterator[Row]:
    for title, (task, told) in _ROWS.items():
        if performance.has_task(config, task):
            names = {each.name for each in told}
            measures = (each for each in measures_of(Family.FAIRNESS) if each.name in names)
            empty = f"only datasets of {task} with protected columns have it, once groups have rows enough"
            yield Row(
                title, tuple(panel(name, members, config, empty=empty) for name, members in grouped(measures))
            )


def _alarms(config: Config) -> Panel:
    return Panel(
        title="Alarms",
        description=FAIRNESS_ALARM.help,
        kind=Kind.STATES,
        queries=(
            Query(
                expression=selector(FAIRNESS_ALARM.name, dataset="$dataset"),
                legend="{{column}} {{measure}}",
                empty="the config has no limit for a measure",
            ),
        ),
        states=states.ALARM,
        links=choices.evidence(config),
    )
