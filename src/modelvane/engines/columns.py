"""What is counted of one column, and of predictions against targets, as batches come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelvane.block import Block, Encoded
from modelvane.casting import Fault, Numbers
from modelvane.counting import Counter, no_rows
from modelvane.engines.parts import OUTSIDE, Index, Parts, Place
from modelvane.hours import Hours
from modelvane.performance import PerformanceRuler
from modelvane.recommendation import RecommendationRuler
from modelvane.ruler import CategoricalRuler, ListRuler, NumericalRuler, Ruler
from modelvane.tallies.categorical import CategoricalTally, Codes
from modelvane.tallies.dataset import ColumnTally
from modelvane.tallies.list_column import Lists
from modelvane.tallies.list_tally import ListTally
from modelvane.tallies.numerical import NumericalTally
from modelvane.tallies.repeats import RepeatTally
from modelvane.tallies.sorting import NumericalCount
from modelvane.times import NO_TIME


class _Numbers:
    """A numerical tally that grows in place."""

    __slots__ = ("_count", "_faults")

    def __init__(self, ruler: NumericalRuler) -> None:
        self._count = NumericalCount(ruler)
        self._faults = np.zeros(len(Fault), np.int64)

    def add(self, column: Numbers) -> None:
        if column.faults is None:
            self._count.add(column.values)
            return
        self._faults += np.bincount(column.faults, minlength=len(Fault))
        self._count.add(column.values[column.faults == Fault.NONE])

    def tally(self) -> NumericalTally:
        return NumericalTally.of_count(self._count, self._faults.tolist())


class _Categories:
    """A categorical tally that grows."""

    __slots__ = ("_tally",)

    def __init__(self, ruler: CategoricalRuler) -> None:
        self._tally = CategoricalTally.zero(ruler)

    def add(self, column: Codes) -> None:
        self._tally += CategoricalTally.of(self._tally.ruler, column)

    def tally(self) -> CategoricalTally:
        return self._tally


class _Lists:
    """A tally of lists that grows."""

    __slots__ = ("_tally",)

    def __init__(self, ruler: ListRuler) -> None:
        self._tally = ListTally.zero(ruler)

    def add(self, column: Lists) -> None:
        self._tally += ListTally.of(self._tally.ruler, column)

    def tally(self) -> ListTally:
        return self._tally


def _growing(ruler: Ruler) -> _Numbers | _Categories | _Lists:
    if isinstance(ruler, NumericalRuler):
        return _Numbers(ruler)
    return _Lists(ruler) if isinstance(ruler, ListRuler) else _Categories(ruler)


class ColumnCount:
    """Counts one column: by slice, outside of all slices, and by segment.

    The slices and what is outside add up to all rows, so that nothing is counted twice for them.

    Parameters
    ----------
    ruler
        Of the column.
    """

    def __init__(self, ruler: Ruler) -> None:
        self._ruler = ruler
        self._counts: dict[Place, _Numbers | _Categories | _Lists] = {}

    def add(self, column: Encoded, parts: Parts) -> None:
        """Count a batch's column."""
        kept = parts.of_column(column)
        for place, index in parts:
            part = kept.take(index)
            count = self._of(place)
            if isinstance(count, _Numbers):
                assert isinstance(part, Numbers)  # noqa: S101 - encoded on the column's ruler
                count.add(part)
            elif isinstance(count, _Lists):
                assert isinstance(part, Lists)  # noqa: S101 - as above
                count.add(part)
            else:
                assert isinstance(part, Codes)  # noqa: S101 - as above, by its ruler
                count.add(part)

    def _of(self, place: Place) -> _Numbers | _Categories | _Lists:
        if place not in self._counts:
            self._counts[place] = _growing(self._ruler)
        return self._counts[place]

    def tally(self, place: Place) -> ColumnTally:
        """Give the tally of a slice or of a segment."""
        if place in self._counts:
            return self._counts[place].tally()
        return no_rows(self._ruler)

    def whole(self) -> ColumnTally:
        """Give the tally of all rows."""
        tallies = [count.tally() for place, count in self._counts.items() if isinstance(place, int)]
        return reduce(add, tallies) if tallies else self.tally(OUTSIDE)


class HourCount:
    """Counts rows by class of hours of the week: by slice, outside of all slices, and by segment.

    Parameters
    ----------
    hours
        The classes.
    """

    def __init__(self, hours: Hours) -> None:
        self._hours = hours
        self._counts: dict[Place, NDArray[np.int64]] = {}

    @classmethod
    def of(cls, counter: Counter) -> HourCount | None:
        """Make one where the reference knows hours."""
        return None if counter.hours is None else cls(counter.hours)

    def add(self, times: NDArray[np.int64], parts: Parts) -> None:
        """Count the rows of a batch; ``times`` are those of all of its rows."""
        kept = times if parts.kept is None else times[parts.kept]
        for place, index in parts:
            self._counts[place] = self.tally(place) + self._hours.count(kept[index])

    def tally(self, place: Place) -> NDArray[np.int64]:
        """Give the counts of a slice or of a segment."""
        return self._counts.get(place, np.zeros(len(self._hours), np.int64))

    def whole(self) -> NDArray[np.int64]:
        """Give the counts of all rows."""
        found = [counts for place, counts in self._counts.items() if isinstance(place, int)]
        return reduce(add, found, np.zeros(len(self._hours), np.int64))


class RepeatCount:
    """Counts a recommender's pairs of subject and item: by slice, outside of all slices, and by segment.

    Parameters
    ----------
    ruler
        Which columns they are of.
    rulers
        Of all columns.
    """

    def __init__(self, ruler: RecommendationRuler, rulers: Mapping[str, Ruler]) -> None:
        self._ruler = ruler
        self._rulers = rulers
        self._tallies: dict[Place, RepeatTally] = {}

    @property
    def names(self) -> Sequence[str]:
        """The columns that it takes."""
        return self._ruler.paired

    def add(self, columns: Mapping[str, Encoded], parts: Parts) -> None:
        """Count the rows of a batch."""
        kept = {name: parts.of_column(columns[name]) for name in self.names}
        for place, index in parts:
            part = {name: column.take(index) for name, column in kept.items()}
            found = self._ruler.repeats(self._rulers, part)
            if found is not None:
                self._tallies[place] = self._tallies.get(place, RepeatTally.zero()) + found

    def tally(self, place: Place) -> RepeatTally | None:
        """Give the tally of a slice or of a segment; ``None`` without subjects."""
        return self._tallies.get(place, RepeatTally.zero()) if self.names else None

    def whole(self) -> RepeatTally | None:
        """Give the tally of all rows; ``None`` without subjects."""
        tallies = [found for place, found in self._tallies.items() if isinstance(place, int)]
        return reduce(add, tallies, RepeatTally.zero()) if self.names else None


class PerformanceCount:
    """Holds predictions against targets: by slice, outside of all slices, and by segment.

    Parameters
    ----------
    ruler
        How.
    """

    def __init__(self, ruler: PerformanceRuler) -> None:
        self._ruler = ruler
        self._tallies: dict[Place, dict[str, Any]] = {}

    @property
    def names(self) -> Sequence[str]:
        """The columns that it takes."""
        return (self._ruler.target, *self._ruler.predictions)

    def add(self, columns: Mapping[str, Encoded], parts: Parts) -> None:
        """Count the labelled rows of a batch."""
        kept = {name: parts.of_column(columns[name]) for name in self.names}
        times = np.full(parts.rows, NO_TIME, np.int64)
        block = Block(parts.rows, kept, times)
        for place, index in parts:
            self._add(place, block, index)

    def _add(self, place: Place, block: Block, index: Index) -> None:
        found = self._ruler.count(block.take(index))
        before = self._tallies.get(place)
        self._tallies[place] = found if before is None else _both(before, found)

    def tally(self, place: Place) -> dict[str, Any]:
        """Give the tallies of a slice or of a segment, by how they are held against each other."""
        return self._tallies.get(place) or self._none()

    def whole(self) -> dict[str, Any]:
        """Give the tallies of all labelled rows."""
        tallies = [found for place, found in self._tallies.items() if isinstance(place, int)]
        return reduce(_both, tallies) if tallies else self._none()

    def _none(self) -> dict[str, Any]:
        return self._ruler.count(self._ruler.nothing())


def _both(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    return {kind: tally + other[kind] for kind, tally in one.items()}
