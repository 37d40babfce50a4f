"""Versions of a model side by side: rows of the performance dashboard, where a dataset has them."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from modelvane.config import Config
from modelvane.dashboards.measures import grouped, measures_of, panel
from modelvane.dashboards.model import Row
from modelvane.findings import Family
from modelvane.schema import Task
from modelvane.statistics.versions import CLASSES, ERRORS

_NAMES = {
    Task.REGRESSION: [each.name for each in ERRORS],
    Task.CLASSIFICATION: [each.name for each in CLASSES],
}


def rows(config: Config) -> Iterator[Row]:
    """Give what the versions of each task's models lost; nothing where no dataset has a champion."""
    tasks = {each.column_mapping.task for each in config.datasets.values() if each.versions is not None}
    asked = [task for task in _NAMES if {task, None} & tasks]
    if not asked:
        return
    names = tuple(name for task in asked for name in _NAMES[task])
    measures = [
        each for each in measures_of(Family.VERSIONS) if each.name.startswith(names) or each.unit == "rows"
    ]
    empty = "only datasets with versions have it, once labels come"
    panels = (panel(title, members, config, empty=empty) for title, members in grouped(measures))
    # a difference may be negative, and a decision is
    yield Row("Versions", tuple(replace(each, minimum=None) for each in panels))
