"""Where panels stand on Grafana's grid of 24 columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from modelvane.dashboards.model import Dashboard, Panel, Row

COLUMNS = 24
_HEADING = 1


class Place(NamedTuple):
    """A rectangle of cells."""

    x: int
    y: int
    width: int
    height: int


def placed(dashboard: Dashboard) -> Iterator[tuple[Place, Row | Panel]]:
    """Give the headings and the panels in reading order, each with its place."""
    top = 0
    for row in dashboard.rows:
        yield Place(0, top, COLUMNS, _HEADING), row
        top += _HEADING
        for line in _lines(row.panels):
            left = 0
            for panel in line:
                yield Place(left, top, panel.width, panel.height), panel
                left += panel.width
            top += max(panel.height for panel in line)


def _lines(panels: Iterable[Panel]) -> Iterator[list[Panel]]:
    line: list[Panel] = []
    for panel in panels:
        # the repetitions of a panel fill the whole width, and would cover what stands beside it
        is_full = line and (
            panel.repeat or line[-1].repeat or sum(each.width for each in line) + panel.width > COLUMNS
        )
        if is_full:
            yield line
            line = []
        line.append(panel)
    if line:
        yield line
