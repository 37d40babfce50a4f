"""What is remembered of many columns at once: tallies by name, for all rows and for each segment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, Self, TypeAlias, TypeVar

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from modelvane.errors import TallyMismatchError
from modelvane.tallies.categorical import CategoricalTally
from modelvane.tallies.list_tally import ListTally
from modelvane.tallies.numerical import NumericalTally
from modelvane.tallies.outliers import OutlierTally
from modelvane.tallies.repeats import RepeatTally

ColumnTally: TypeAlias = NumericalTally | CategoricalTally | ListTally

AddableT = TypeVar("AddableT", RepeatTally, OutlierTally)


class PerformanceTally(Protocol):
    """What is remembered of predictions and their targets."""

    @property
    def n(self) -> int:
        """Rows that have both."""

    def __add__(self, other: Self) -> Self: ...


class DatasetTally(Struct, frozen=True, eq=False):
    """Tallies of the columns of some rows, and of the same rows by segment.

    Parameters
    ----------
    rows
        How many.
    columns
        By column name.
    performance
        By what they remember: ``"regression"``, ``"confusion"``, ``"scores"``, ``"ranking"``; empty without labelled
        rows.
    segments
        By their names, such as ``zone=1``.
    repeats
        Of a recommender's subjects and items; ``None`` for anything else.
    outliers
        Of rows as a whole; ``None`` of segments, of labelled rows, and where no feature can be scored.
    hours
        Rows by class of hours of the week, shape ``(classes,)``; ``None`` where the reference does not know them.
    together
        Of several columns of a row at once, by the name of the row ruler that counted it; none of segments.
    """

    rows: int
    columns: Mapping[str, ColumnTally]
    performance: Mapping[str, Any] = field(default_factory=dict)
    segments: Mapping[str, DatasetTally] = field(default_factory=dict)
    repeats: RepeatTally | None = None
    outliers: OutlierTally | None = None
    hours: NDArray[np.int64] | None = None
    together: Mapping[str, Any] = field(default_factory=dict)

    def __add__(self, other: DatasetTally) -> DatasetTally:
        if self.columns.keys() != other.columns.keys():
            raise TallyMismatchError(
                "Two tallies are of different columns",
                received=sorted(self.columns.keys() ^ other.columns.keys()),
                expected="the columns of one reference",
            )
        return DatasetTally(
            self.rows + other.rows,
            {name: _sum(tally, other.columns[name]) for name, tally in self.columns.items()},
            union(self.performance, other.performance),
            union(self.segments, other.segments),
            _both(self.repeats, other.repeats),
            _both(self.outliers, other.outliers),
            _added(self.hours, other.hours),
            union(self.together, other.together),
        )

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, DatasetTally)
            and self.rows == other.rows
            and dict(self.columns) == dict(other.columns)
            and dict(self.performance) == dict(other.performance)
            and dict(self.segments) == dict(other.segments)
            and self.repeats == other.repeats
            and self.outliers == other.outliers
            and np.array_equal(_listed(self.hours), _listed(other.hours))
            and dict(self.together) == dict(other.together)
        )

    __hash__ = None  # type: ignore[assignment] # compared by arrays


class Before(Struct, frozen=True):
    """What came before a window.

    Parameters
    ----------
    rows, labelled
        Of all rows, and of those whose target is known.
    period
        First and last event time, microseconds since 1970; ``None`` where they are not known.
    """

    rows: DatasetTally
    labelled: DatasetTally
    period: tuple[int, int] | None = None


class WindowTally(Struct, frozen=True):
    """What findings are computed from.

    Parameters
    ----------
    rows
        Of the window.
    labelled
        Of the performance window.
    before
        What it is compared with where the reference moves; ``None`` while nothing came before.
    """

    rows: DatasetTally
    labelled: DatasetTally
    before: Before | None = None


def _sum(one: ColumnTally, other: ColumnTally) -> ColumnTally:
    if isinstance(one, NumericalTally) and isinstance(other, NumericalTally):
        return one + other
    if isinstance(one, CategoricalTally) and isinstance(other, CategoricalTally):
        return one + other
    if isinstance(one, ListTally) and isinstance(other, ListTally):
        return one + other
    raise TallyMismatchError(
        "Two tallies are of columns of different kinds",
        received=f"{type(one).__name__} and {type(other).__name__}",
        expected="one schema",
    )


def _both(one: AddableT | None, other: AddableT | None) -> AddableT | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other


def _added(one: NDArray[np.int64] | None, other: NDArray[np.int64] | None) -> NDArray[np.int64] | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other


def _listed(hours: NDArray[np.int64] | None) -> list[int]:
    return [] if hours is None else hours.tolist()


def union(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Give the tallies of both, by name: those of the same name added."""
    both = dict(one)
    for name, tally in other.items():
        both[name] = both[name] + tally if name in both else tally
    return both
