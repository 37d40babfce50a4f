"""Counting several columns of the rows of batches at once; the columns of a batch may come in bands."""

from __future__ import annotations

from functools import reduce
from operator import add
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from modelvane.block import Block, Encoded
from modelvane.counting import Counter
from modelvane.engines.parts import OUTSIDE, Parts
from modelvane.row_ruler import RowRuler, RowTally


class TogetherCount:
    """Tallies of row rulers by slice, and outside of all slices.

    The columns that they look at are held until all of their batch have come.

    Parameters
    ----------
    counter
        Knows the row rulers.
    """

    def __init__(self, counter: Counter) -> None:
        self._rulers = counter.together
        self.names = tuple(dict.fromkeys(name for ruler in self._rulers.values() for name in ruler.columns))
        self._counter = counter
        self._times: NDArray[np.int64] = np.empty(0, np.int64)
        self._parts: dict[bool, Parts] = {}
        self._columns: dict[str, Encoded] = {}
        self._lock = Lock()
        self._tallies: dict[tuple[str, int], RowTally] = {}

    def begin(self, times: NDArray[np.int64], rows: Parts, labelled: Parts) -> None:
        """Begin with other rows: those before have all of their columns now."""
        self._finish()
        self._times, self._parts = times, {False: rows, True: labelled}

    def add(self, name: str, column: Encoded) -> None:
        """Add a column of the rows that were begun with; called from several threads."""
        if name in self.names:
            with self._lock:
                self._columns[name] = column

    def _finish(self) -> None:
        columns, self._columns = self._columns, {}
        for name, ruler in self._rulers.items():
            # what its columns lack was told of already
            if all(column in columns for column in ruler.columns):
                self._count(name, ruler, {column: columns[column] for column in ruler.columns})

    def _count(self, name: str, ruler: RowRuler, columns: dict[str, Encoded]) -> None:
        parts = self._parts[ruler.of_truth]
        block = Block(len(self._times), columns, self._times)
        kept = block if parts.kept is None else block.take(parts.kept)
        for place, index in parts.places:
            is_whole = index == slice(None) if isinstance(index, slice) else False
            found = ruler.count(kept if is_whole else kept.take(index))
            before = self._tallies.get((name, place))
            self._tallies[name, place] = found if before is None else before + found

    def tally(self, place: int, *, of_truth: bool) -> dict[str, RowTally]:
        """Give the tallies of a slice."""
        self._finish()
        return {
            name: self._tallies.get((name, place)) or ruler.count(self._nothing())
            for name, ruler in self._rulers.items()
            if ruler.of_truth == of_truth
        }

    def whole(self, *, of_truth: bool) -> dict[str, RowTally]:
        """Give the tallies of all rows."""
        found = self.tally(OUTSIDE, of_truth=of_truth)
        for name in found:
            parts = [tally for (of, place), tally in self._tallies.items() if of == name and place != OUTSIDE]
            found[name] = reduce(add, parts, found[name])
        return found

    def _nothing(self) -> Block:
        return self._counter.nothing(self.names)
