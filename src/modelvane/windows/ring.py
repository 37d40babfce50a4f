"""The last rows, kept as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from modelvane.block import Block, Encoded
from modelvane.casting import Fault, Numbers
from modelvane.ruler import CategoricalRuler, ListRuler, NumericalRuler, Ruler
from modelvane.tallies.categorical import Codes
from modelvane.times import NO_TIME
from modelvane.windows.lists import ListsRing

Slots: TypeAlias = "NDArray[np.int64] | slice"


class RowsRing:
    """The last ``capacity`` rows, in the order in which they were pushed.

    Every row has a position, counted from 0 with the first row ever pushed.

    Parameters
    ----------
    rulers
        By name of the columns that are kept.
    capacity
        Rows kept.

    Attributes
    ----------
    pushed
        Rows so far.
    changes
        How often its rows have become others.
    """

    def __init__(self, rulers: Mapping[str, Ruler], capacity: int) -> None:
        self.capacity = capacity
        self.pushed = 0
        self.changes = 0
        self._times = np.full(capacity, NO_TIME, np.int64)
        self._columns = {name: _ring(ruler, capacity) for name, ruler in rulers.items()}

    def __len__(self) -> int:
        return min(self.pushed, self.capacity)

    @property
    def oldest(self) -> int:
        """Position of the oldest row that is kept."""
        return self.pushed - len(self)

    def push(self, block: Block) -> None:
        """Append rows; the oldest leave."""
        if block.rows > self.capacity:
            skipped = block.rows - self.capacity
            self.skip(skipped)
            block = block.take(slice(skipped, None))
        slots = self._slots(self.pushed, block.rows)
        self._times[slots] = block.times
        for name, ring in self._columns.items():
            ring.write(slots, block.columns[name])
        self.pushed += block.rows
        self.changes += 1

    def skip(self, rows: int) -> None:
        """Pass over rows that will have left before anybody asks for them: at least ``capacity`` come after them."""
        self.pushed += rows
        self.changes += 1

    def _slots(self, first: int, rows: int) -> Slots:
        if not rows:
            return slice(0, 0)
        start = first % self.capacity
        if start + rows <= self.capacity:
            # in one piece, as most often: several times faster to write than one by one
            return slice(start, start + rows)
        return np.arange(first, first + rows) % self.capacity

    def last(self, rows: int) -> Block:
        """Give the last ``rows`` rows, oldest first; fewer when there are fewer."""
        return self.at(np.arange(self.pushed - min(rows, len(self)), self.pushed))

    def last_times(self, rows: int) -> NDArray[np.int64]:
        """Give the event times of the last ``rows`` rows, microseconds since 1970, `NO_TIME` where there is none."""
        return self.times_of(np.arange(self.pushed - min(rows, len(self)), self.pushed))

    def times_of(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give the event times of rows that are kept."""
        return self._times[positions % self.capacity]

    def at(self, positions: NDArray[np.int64]) -> Block:
        """Give the rows at these positions, each of which is still kept."""
        slots = positions % self.capacity
        columns = {name: ring.read(slots) for name, ring in self._columns.items()}
        return Block(len(positions), columns, self._times[slots])

    def replace(self, positions: NDArray[np.int64], name: str, column: Encoded) -> None:
        """Give one column of some rows other values."""
        self._columns[name].write(positions % self.capacity, column)
        self.changes += 1


def _ring(ruler: Ruler, capacity: int) -> _NumbersRing | _CodesRing | ListsRing:
    if isinstance(ruler, NumericalRuler):
        return _NumbersRing(capacity)
    return ListsRing(ruler, capacity) if isinstance(ruler, ListRuler) else _CodesRing(ruler, capacity)


class _NumbersRing:
    def __init__(self, capacity: int) -> None:
        self._values = np.zeros(capacity)
        self._faults = np.zeros(capacity, np.uint8)

    def write(self, slots: Slots, column: Encoded) -> None:
        assert isinstance(column, Numbers)  # noqa: S101 - encoded on the ruler that this ring was made for
        self._values[slots] = column.values
        self._faults[slots] = Fault.NONE if column.faults is None else column.faults

    def read(self, slots: NDArray[np.int64]) -> Numbers:
        faults = self._faults[slots]
        return Numbers(self._values[slots], faults if faults.any() else None)


class _CodesRing:
    def __init__(self, ruler: CategoricalRuler, capacity: int) -> None:
        self._ruler = ruler
        self._codes = np.zeros(capacity, np.int32)
        self._unseen: dict[str, int] = {}

    def write(self, slots: Slots, column: Encoded) -> None:
        assert isinstance(column, Codes)  # noqa: S101 - encoded on the ruler that this ring was made for
        codes = column.codes
        first = self._ruler.unseen
        if column.unseen and (is_unseen := codes >= first).any():
            if len(self._unseen) > 2 * len(self._codes):
                self._forget()
            used, at = np.unique(codes[is_unseen] - first, return_inverse=True)
            own = [self._unseen.setdefault(column.unseen[i], len(self._unseen)) for i in used.tolist()]
            codes = codes.copy()
            codes[is_unseen] = np.array(own, np.int32)[at] + first
        self._codes[slots] = codes

    def _forget(self) -> None:
        """Drop the names that no row has any more, so that a stream of ever new names cannot fill the memory."""
        first = self._ruler.unseen
        names = list(self._unseen)
        used = np.unique(self._codes[self._codes >= first])
        renamed = np.zeros(len(names), np.int32)
        renamed[used - first] = np.arange(len(used), dtype=np.int32) + first
        is_unseen = self._codes >= first
        self._codes[is_unseen] = renamed[self._codes[is_unseen] - first]
        self._unseen = {names[code - first]: i for i, code in enumerate(used.tolist())}

    def read(self, slots: NDArray[np.int64]) -> Codes:
        codes = self._codes[slots]
        if not self._unseen or not (codes >= self._ruler.unseen).any():
            return Codes(codes, [])
        return Codes(codes, list(self._unseen))


def joined(blocks: Sequence[Block], rulers: Mapping[str, Ruler]) -> Block:
    """Give the rows of several blocks as one."""
    if len(blocks) == 1:
        return blocks[0]
    ring = RowsRing(rulers, sum(block.rows for block in blocks))
    for block in blocks:
        ring.push(block)
    return ring.last(ring.capacity)
