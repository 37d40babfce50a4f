"""The rows before a rows window: what a moving reference is of."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import add
from typing import NamedTuple

import numpy as np

from modelvane.block import Block
from modelvane.tallies.dataset import DatasetTally
from modelvane.times import NO_TIME
from modelvane.windows.ring import RowsRing


class Piece(NamedTuple):
    """Some of these rows: a whole stretch by its number, which may be counted already, or an end of the whole."""

    number: int | None
    held: Block | DatasetTally


class Preceding:
    """Counts the rows before a rows window; a stretch as long as the window is counted once.

    Since tallies add, it does not matter where stretches begin: their sum is the tally of the rows.

    Parameters
    ----------
    rows
        Of the window.
    windows
        How many windows before it.
    count
        What tallies a block.
    """

    def __init__(self, rows: int, windows: int, count: Callable[[Block], DatasetTally]) -> None:
        self._rows = rows
        self._windows = windows
        self._count = count
        self._counted: dict[int, DatasetTally] = {}

    def read(self, ring: RowsRing) -> list[Piece]:
        """Copy from a ring what has to be counted."""
        since, until = self._limits(ring)
        first, last = -(-since // self._rows), until // self._rows
        if first >= last:
            return [Piece(None, ring.at(np.arange(since, until)))] if since < until else []
        pieces = (
            [Piece(None, ring.at(np.arange(since, first * self._rows)))] if since < first * self._rows else []
        )
        for number in range(first, last):
            stretch = np.arange(number * self._rows, (number + 1) * self._rows)
            pieces.append(Piece(number, self._counted.get(number) or ring.at(stretch)))
        if last * self._rows < until:
            pieces.append(Piece(None, ring.at(np.arange(last * self._rows, until))))
        return pieces

    def tally(self, pieces: list[Piece]) -> DatasetTally | None:
        """Count what was read; ``None`` for no rows."""
        tallies = [held if isinstance(held, DatasetTally) else self._count(held) for _, held in pieces]
        numbered = zip(pieces, tallies, strict=True)
        self._counted = {piece.number: tally for piece, tally in numbered if piece.number is not None}
        return reduce(add, tallies) if tallies else None

    def period(self, ring: RowsRing) -> tuple[int, int] | None:
        """Give their first and last event time, microseconds since 1970; ``None`` where no row has one."""
        times = ring.times_of(np.arange(*self._limits(ring)))
        times = times[times != NO_TIME]
        return (int(times.min()), int(times.max())) if len(times) else None

    def _limits(self, ring: RowsRing) -> tuple[int, int]:
        until = max(ring.oldest, ring.pushed - self._rows)
        return max(ring.oldest, until - self._windows * self._rows), until
