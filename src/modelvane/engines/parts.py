"""Which rows of a batch go where: to a slice of the period, and to segments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.block import Encoded
from modelvane.casting import Fault, Numbers
from modelvane.counting import Counter
from modelvane.tallies.list_column import Lists

Index: TypeAlias = "NDArray[np.intp] | slice"

Place: TypeAlias = "int | str"
"""The number of a slice, `OUTSIDE` of all, or the name of a segment."""

OUTSIDE = -1
"""The place of rows that are in no slice."""


class Parts(Struct, frozen=True, eq=False):
    """Some rows of a batch, cut in two ways.

    Parameters
    ----------
    rows
        How many they are.
    kept
        Which rows of the batch they are; ``None`` for all.
    places
        The rows of each slice, by its number, and those of none (`OUTSIDE`): together all of them, each once.
    segments
        The rows of each segment, by its name.
    """

    rows: int
    kept: NDArray[np.intp] | None
    places: Sequence[tuple[int, Index]]
    segments: Sequence[tuple[str, NDArray[np.intp]]]

    @classmethod
    def of(
        cls,
        limits: NDArray[np.int64],
        times: NDArray[np.int64],
        counter: Counter,
        by: Mapping[str, Encoded],
        kept: NDArray[np.intp] | None = None,
    ) -> Parts:
        """Cut a batch, or the rows of it that are ``kept``.

        Parameters
        ----------
        limits
            Of the slices, one more than there are slices; microseconds.
        times
            One for each row of the batch, microseconds.
        counter
            Knows the segments.
        by
            The encoded columns whose values are segments.
        """
        if kept is not None:
            times = times[kept]
            by = {name: column.take(kept) for name, column in by.items()}
        return cls(len(times), kept, places_of(limits, times), list(counter.segments(by)))

    def __iter__(self) -> Iterator[tuple[Place, Index]]:
        yield from self.places
        yield from self.segments

    def of_column(self, column: Encoded) -> Encoded:
        """Give a column of the batch, with the rows that these are."""
        return column if self.kept is None else column.take(self.kept)


def places_of(limits: NDArray[np.int64], times: NDArray[np.int64]) -> list[tuple[int, Index]]:
    """Give the rows of each slice that has any, and those of none."""
    slices = len(limits) - 1
    if slices < 1:
        return [(OUTSIDE, slice(None))]
    if (times[1:] >= times[:-1]).all():
        bounds = np.searchsorted(times, limits).tolist()
        runs = [(place, slice(*bounds[place : place + 2])) for place in range(slices)]
        runs += [(OUTSIDE, slice(0, bounds[0])), (OUTSIDE, slice(bounds[-1], len(times)))]
        return [(place, run) for place, run in runs if run.start < run.stop]
    places = np.searchsorted(limits, times, "right") - 1
    places[places == slices] = OUTSIDE
    order = np.argsort(places, kind="stable")
    found, starts = np.unique(places[order], return_index=True)
    return list(zip(found.tolist(), np.split(order, starts[1:]), strict=True))


def limits_of(slices: int, first: int, end: int) -> NDArray[np.int64]:
    """Cut a half-open period into slices of equal length; give their limits, one more than slices, or none."""
    if slices < 1:
        return np.empty(0, np.int64)
    return np.unique(np.linspace(first, max(end, first + 1), slices + 1).astype(np.int64))


def is_known(target: Encoded) -> NDArray[np.bool_]:
    """Say which rows have a target, whatever is in it."""
    if isinstance(target, Lists):
        return np.asarray(target.faults != Fault.MISSING)
    if not isinstance(target, Numbers):
        return np.asarray(target.codes != -Fault.MISSING)
    if target.faults is None:
        return np.ones(len(target), bool)
    return np.asarray(target.faults != Fault.MISSING)
