"""The segments of one breakdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.block import Encoded
from modelvane.breakdown import MOST_SEGMENTS, Breakdown, quoted
from modelvane.ruler import Ruler
from modelvane.segments.axes import Axis, axis_of, freeze
from modelvane.tallies.categorical import Codes

OTHER = "other"


def rest_of(names: Sequence[str]) -> str:
    """Name the rows that are in no segment of their own, so that no segment is called the same.

    >>> rest_of(["card", "cash"]), rest_of(["cash", "other"])
    ('other', '(other)')
    """
    other = OTHER
    while other in names:
        other = f"({other})"
    return other


class SegmentRuler(Struct, frozen=True, eq=False, dict=True):
    """Which rows are in which segment of a breakdown.

    Parameters
    ----------
    breakdown
        What was asked for.
    axes
        One for each of its columns.
    told
        Of each segment that is told apart, its code on every axis: all bins of a single column, otherwise what is
        most frequent in the reference.
    is_of_before
        Of a reference that was built before there were pairs and bins: rows without a value are in no segment, and
        names are not quoted.
    """

    breakdown: Breakdown
    axes: tuple[Axis, ...]
    told: tuple[tuple[int, ...], ...]
    is_of_before: bool = False

    @classmethod
    def of(
        cls, breakdown: Breakdown, rulers: Mapping[str, Ruler], columns: Mapping[str, Encoded]
    ) -> SegmentRuler:
        """Freeze the segments of the reference's rows."""
        axes = tuple(freeze(cut, rulers[cut.column], columns[cut.column]) for cut in breakdown.cuts)
        if len(axes) == 1:
            # categories are in order of frequency, bins in that of their values
            return cls(breakdown, axes, tuple((code,) for code in range(min(axes[0].size, MOST_SEGMENTS))))
        one, other = (axis.codes(columns[name]) for axis, name in zip(axes, breakdown.columns, strict=True))
        is_known = (one < axes[0].size) & (other < axes[1].size)
        keys, counts = np.unique(one[is_known] * axes[1].size + other[is_known], return_counts=True)
        most = keys[np.argsort(-counts, kind="stable")[:MOST_SEGMENTS]].tolist()
        return cls(breakdown, axes, tuple(divmod(key, axes[1].size) for key in most))

    @classmethod
    def of_before(cls, breakdown: Breakdown, rulers: Mapping[str, Ruler]) -> SegmentRuler:
        """Give the segments of a reference that was built before there were pairs and bins."""
        axis = axis_of(rulers[breakdown.columns[0]], None)
        told = tuple((code,) for code in range(min(axis.size, MOST_SEGMENTS)))
        return cls(breakdown, (axis,), told, is_of_before=True)

    @cached_property
    def values(self) -> tuple[tuple[str, ...], ...]:
        """Of each segment that is told apart, its value in each column: a category, or a bin."""
        return tuple(
            tuple(axis.value(code) for axis, code in zip(self.axes, codes, strict=True))
            for codes in self.told
        )

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Of each segment that is told apart its name, such as ``zone=1, hour=2`` or ``fare=[1, 3)``."""
        if self.is_of_before:
            return tuple(f"{self.breakdown.columns[0]}={value}" for (value,) in self.values)
        axes = [(quoted(name), axis) for name, axis in zip(self.breakdown.columns, self.axes, strict=True)]
        return tuple(
            ", ".join(f"{name}={axis.label(code)}" for (name, axis), code in zip(axes, codes, strict=True))
            for codes in self.told
        )

    @cached_property
    def other(self) -> str:
        """The name of the segment of all other rows: with values that are rare, unseen or missing."""
        name = self.breakdown.columns[0] if self.is_of_before else self.breakdown.name
        taken = [value for value, *others in self.values if not others]
        return f"{name}={rest_of(taken)}"

    @cached_property
    def _keys(self) -> NDArray[np.intp]:
        return self._combined(np.array(self.told, np.intp).reshape(-1, len(self.axes)).T)

    def _combined(self, codes: Sequence[NDArray[np.intp]] | NDArray[np.intp]) -> NDArray[np.intp]:
        """Give one code for those of all axes."""
        if len(codes) == 1:
            return codes[0]
        return np.asarray(codes[0] * (self.axes[1].size + 1) + codes[1])

    def places(self, columns: Mapping[str, Encoded]) -> NDArray[np.uint8]:
        """Say of each row in which segment it is, by its position in ``names``; the rest have the one after."""
        encoded = [columns[name] for name in self.breakdown.columns]
        keys = self._combined([axis.codes(column) for axis, column in zip(self.axes, encoded, strict=True)])
        order = np.argsort(self._keys)
        at = np.searchsorted(self._keys, keys, sorter=order)
        # one more, which no row has: for keys above all, and for want of any
        known, place = np.append(self._keys[order], -1), np.append(order, len(self.told))
        return np.where(known[at] == keys, place[at], len(self.told)).astype(np.uint8)

    def divide(self, columns: Mapping[str, Encoded]) -> Iterator[tuple[str, NDArray[np.intp]]]:
        """Give the rows of each segment that has any."""
        places = self.places(columns)
        if self.is_of_before:
            column = columns[self.breakdown.columns[0]]
            assert isinstance(column, Codes)  # noqa: S101 - there were no bins
            places[column.codes < 0] = len(self.told) + 1
        order = np.argsort(places, kind="stable")
        limits = np.searchsorted(places[order], np.arange(len(self.told) + 2)).tolist()
        for name, (start, stop) in zip((*self.names, self.other), pairwise(limits), strict=True):
            if stop > start:
                yield name, order[start:stop]

    def facts(self) -> dict[str, Any]:
        """Give what `from_facts` reads, as plain JSON values."""
        return {"axes": [axis.facts() for axis in self.axes], "told": [list(codes) for codes in self.told]}

    @classmethod
    def from_facts(
        cls, breakdown: Breakdown, rulers: Mapping[str, Ruler], facts: Mapping[str, Any]
    ) -> SegmentRuler:
        """Read what `facts` gave."""
        columns = zip(breakdown.columns, facts["axes"], strict=True)
        axes = tuple(axis_of(rulers[name], about) for name, about in columns)
        return cls(breakdown, axes, tuple(tuple(codes) for codes in facts["told"]))
