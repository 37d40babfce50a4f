"""Lines that an edit moves: from which value on a column has changed, at a full window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from modelvane.calibration.lines import Lines
from modelvane.evaluation.drift import expected_lines
from modelvane.evaluation.round import Round
from modelvane.monitor import Monitor
from modelvane.plan.changes import Action, Change, Facts
from modelvane.rules.promql import selector


class LineKey(NamedTuple):
    """Whose lines they are."""

    dataset: str
    divergence: str
    column: str


DatasetLines: TypeAlias = Mapping[LineKey, Lines]


def lines_of(monitor: Monitor) -> Iterator[tuple[LineKey, Lines]]:
    """Give the lines of every column in a full window whose rows are like the reference's.

    A window of seconds is full with as many rows as the reference has in so many; without times, with all of its rows.
    """
    reference, settings = monitor.reference, monitor.settings
    this, rows = Round(reference, settings, {}), _rows_of_a_window(monitor)
    for column in reference.schema.measured:
        for divergence, lines in expected_lines(this, column, rows):
            yield LineKey(monitor.dataset, divergence, column.name), lines


def _rows_of_a_window(monitor: Monitor) -> int:
    window, reference = monitor.settings.window, monitor.reference
    if window.seconds is None:
        return window.rows
    first, last = reference.period or (0, 0)
    return round(reference.rows * window.seconds / ((last - first) / 1e6)) if last > first else reference.rows


def line_changes(before: DatasetLines, after: DatasetLines) -> Iterator[Change]:
    """Compare lines, by dataset and divergence: those of single columns are too many to read.

    Datasets are compared that are on both sides.
    """
    both = {key.dataset for key in before} & {key.dataset for key in after}
    moved: dict[tuple[str, str], dict[str, tuple[Facts, Facts]]] = {}
    for key in {**before, **after}:
        was, will = (_facts(lines.get(key)) for lines in (before, after))
        if key.dataset in both and was != will:
            moved.setdefault((key.dataset, key.divergence), {})[key.column] = was, will
    for (dataset, divergence), columns in moved.items():
        labels = {"column": next(iter(columns))} if len(columns) == 1 else {}
        name = selector(divergence, dataset=dataset, **labels)
        yield Change("line", Action.CHANGE, name, dict(_differences(list(columns.values()))))


def _facts(lines: Lines | None) -> Facts:
    if lines is None:
        return {}
    held = {
        "noise floor": lines.noise_floor,
        "usual range": lines.usual_range,
        "threshold": lines.threshold,
    }
    return {name: f"{value:.4g}" for name, value in held.items() if value is not None}


def _differences(columns: Sequence[tuple[Facts, Facts]]) -> Iterator[tuple[str, tuple[str, str]]]:
    if len(columns) > 1:
        yield "columns", (_told(was for was, _ in columns), _told(will for _, will in columns))
    for fact in ("noise floor", "usual range", "threshold"):
        was, will = (
            _range([facts[fact] for facts in side if fact in facts]) for side in zip(*columns, strict=True)
        )
        if was != will:
            yield fact, (was, will)


def _told(sides: Iterator[Facts]) -> str:
    return str(sum(map(bool, sides)))


def _range(values: Sequence[str]) -> str:
    if not values:
        return ""
    least, most = min(values, key=float), max(values, key=float)
    return least if least == most else f"{least} to {most}"
