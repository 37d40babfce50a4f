"""What a reference says: its rulers, and the lines that follow from a budget."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from modelvane.calibration.calibration import is_constant
from modelvane.calibration.lines import divergence_lines, level_of
from modelvane.methods import Methods
from modelvane.reference import Reference
from modelvane.ruler import CategoricalRuler, NumericalRuler, Ruler, entries_ruler
from modelvane.schema import Column
from modelvane.settings import BUDGET, ROWS


@dataclass(frozen=True, slots=True)
class Line:
    """Where a divergence stops being ordinary, over windows of some rows; see `modelvane.calibration.lines.Lines`."""

    rows: int
    noise_floor: float | None
    usual_range: float | None


@dataclass(frozen=True, slots=True)
class RuledColumn:
    """One measured column.

    Parameters
    ----------
    name, role, kind, dtype
        See `modelvane.schema.Column`.
    cells
        Edges of a numerical column, categories of a categorical one.
    exact
        Whether every distinct value of the reference is one of them.
    smallest, largest
        Of a numerical column; ``None`` without any value.
    categories
        Of a categorical column, the most frequent first.
    missing
        Rows without a value.
    measure
        The divergence that decides.
    lines
        One for each window size.
    """

    name: str
    role: str
    kind: str
    dtype: str
    cells: int
    exact: bool
    smallest: float | None
    largest: float | None
    categories: tuple[str, ...]
    missing: int
    measure: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Ruled:
    """A reference, as its file says it.

    Parameters
    ----------
    rows, digest
        See `modelvane.reference.Reference`.
    period
        First and last event time, seconds since 1970; ``None`` without a time column.
    task, target, predictions, id, time, segments
        See `modelvane.schema.Schema`.
    budget
        What the lines are for: false alarms of the dataset per window-length of new rows.
    columns
        In the order of the reference.
    """

    rows: int
    digest: str
    period: tuple[float, float] | None
    task: str | None
    target: str | None
    predictions: tuple[str, ...]
    id: str | None
    time: str | None
    segments: tuple[str, ...]
    budget: float
    columns: tuple[RuledColumn, ...]

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return asdict(self)


def ruled(reference: Reference, budget: float = BUDGET, windows: Iterable[int] = (ROWS,)) -> Ruled:
    """Say what a reference has, and the lines of its columns at a budget, for windows of some sizes.

    Examples
    --------
    >>> found = ruled(Reference.of({"distance": [float(i) for i in range(100)]}), windows=[50])
    >>> [(column.name, column.cells, column.exact, len(column.lines)) for column in found.columns]
    [('distance', 100, True, 1)]
    """
    schema, methods = reference.schema, Methods()
    reference = reference.calibrated(methods)
    level = level_of(budget, len(schema.measured) * (1 + len(reference.tally.segments)))
    names = {
        role: None if column is None else column.name
        for role, column in (("target", schema.target), ("id", schema.id), ("time", schema.time))
    }
    sizes = tuple(windows)
    return Ruled(
        rows=reference.rows,
        digest=reference.digest,
        period=None if reference.period is None else (reference.period[0] / 1e6, reference.period[1] / 1e6),
        task=schema.task,
        target=names["target"],
        predictions=tuple(column.name for column in schema.predictions),
        id=names["id"],
        time=names["time"],
        segments=tuple(each.name for each in schema.segments),
        budget=budget,
        columns=tuple(_column(reference, methods, column, level, sizes) for column in schema.measured),
    )


def _column(
    reference: Reference, methods: Methods, column: Column, level: float, windows: Sequence[int]
) -> RuledColumn:
    ruler, tally = entries_ruler(reference.rulers[column.name]), reference.tally.columns[column.name]
    divergence = methods.divergences(column)[0]
    key = ("", column.name, divergence.name)
    hourly = reference.hourly
    is_hourly = hourly is not None and hourly.judges(column.name, divergence.name)
    known = hourly.calibration if hourly is not None and is_hourly else reference.calibration
    found = (
        divergence_lines(
            divergence,
            level,
            rows,
            tally.n,
            known.nulls.get(key),
            known.habits.get(key),
            is_constant(tally),
        )
        for rows in (windows if tally.n else ())
    )
    smallest, largest = _ends(ruler)
    return RuledColumn(
        name=column.name,
        role=column.role,
        kind=column.kind or ruler.kind,
        dtype=column.dtype,
        cells=len(ruler.edges) if isinstance(ruler, NumericalRuler) else len(ruler.names),
        exact=not isinstance(ruler, NumericalRuler) or ruler.exact,
        smallest=smallest,
        largest=largest,
        categories=ruler.names if isinstance(ruler, CategoricalRuler) else (),
        missing=tally.missing,
        measure=divergence.name,
        lines=tuple(
            Line(rows, lines.noise_floor, lines.usual_range)
            for rows, lines in zip(windows, found, strict=False)
        ),
    )


def _ends(ruler: Ruler) -> tuple[float | None, float | None]:
    if not isinstance(ruler, NumericalRuler) or not len(ruler.edges):
        return None, None
    return float(ruler.edges[0]), float(ruler.edges[-1])
