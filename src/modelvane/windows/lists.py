"""The last lists, kept as they are: of any length, one array each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from modelvane.casting import Fault, Numbers
from modelvane.ruler import CategoricalRuler, ListRuler
from modelvane.tallies.categorical import Codes
from modelvane.tallies.list_column import Lists, Values

# names are not looked through for fewer that may be of no use any more
_FEW_NAMES = 1024


class ListsRing:
    """The lists of the last rows, by slot.

    Parameters
    ----------
    ruler
        On which their entries were looked up.
    capacity
        Rows kept.
    """

    def __init__(self, ruler: ListRuler, capacity: int) -> None:
        self._ruler = ruler.values
        self._lists = np.full(capacity, None, object)
        self._faults = np.full(capacity, Fault.MISSING, np.uint8)
        self._unseen: dict[str, int] = {}
        # names that were in use when they were looked through last
        self._used = 0

    def write(self, slots: NDArray[np.int64] | slice, column: object) -> None:
        """Keep lists."""
        assert isinstance(column, Lists)  # noqa: S101 - encoded on the ruler that this ring was made for
        entries = self._entries(column.values)
        ends = np.cumsum(column.lengths)
        pieces = np.empty(len(column), object)
        for row, (start, end) in enumerate(zip((ends - column.lengths).tolist(), ends.tolist(), strict=True)):
            # a copy, lest one list keep all of its block in memory
            pieces[row] = entries[start:end].copy()
        self._lists[slots] = pieces
        self._faults[slots] = column.faults

    def _entries(self, values: Values) -> NDArray[np.int32] | NDArray[np.float64]:
        if isinstance(values, Numbers):
            return values.values
        assert isinstance(self._ruler, CategoricalRuler)  # noqa: S101 - as the entries say
        first = self._ruler.unseen
        if not values.unseen or not (is_unseen := values.codes >= first).any():
            return values.codes
        if len(self._unseen) > 2 * self._used + _FEW_NAMES:
            self._forget(first)
        used, at = np.unique(values.codes[is_unseen] - first, return_inverse=True)
        own = [self._unseen.setdefault(values.unseen[i], len(self._unseen)) for i in used.tolist()]
        codes = values.codes.copy()
        codes[is_unseen] = np.array(own, np.int32)[at] + first
        return codes

    def _forget(self, first: int) -> None:
        """Drop the names that no list has any more, so that a stream of ever new names cannot fill the memory."""
        held = [one for one in self._lists if one is not None and len(one)]
        every = np.concatenate(held) if held else np.empty(0, np.int32)
        used = np.unique(every[every >= first])
        names = list(self._unseen)
        renamed = np.zeros(len(names), np.int32)
        renamed[used - first] = np.arange(len(used), dtype=np.int32) + first
        for one in held:
            is_unseen = one >= first
            one[is_unseen] = renamed[one[is_unseen] - first]
        self._unseen = {names[code - first]: i for i, code in enumerate(used.tolist())}
        self._used = len(self._unseen)

    def read(self, slots: NDArray[np.int64]) -> Lists:
        """Give the lists of some slots."""
        lists: Sequence[NDArray[np.int32] | NDArray[np.float64]] = self._lists[slots].tolist()
        lengths = np.fromiter((0 if one is None else len(one) for one in lists), np.int64, len(lists))
        held = [one for one in lists if one is not None and len(one)]
        return Lists(self._values(held), lengths, self._faults[slots])

    def _values(self, held: Sequence[NDArray[np.int32] | NDArray[np.float64]]) -> Values:
        if isinstance(self._ruler, CategoricalRuler):
            codes = np.concatenate(held).astype(np.int32, copy=False) if held else np.empty(0, np.int32)
            return Codes(codes, list(self._unseen))
        return Numbers(np.concatenate(held).astype(np.float64, copy=False) if held else np.empty(0), None)
