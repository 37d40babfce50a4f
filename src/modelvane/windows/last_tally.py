"""The tally of a window's rows, kept while they are the same."""

from __future__ import annotations

from collections.abc import Callable

from modelvane.block import Block
from modelvane.tallies.dataset import DatasetTally
from modelvane.windows.ring import RowsRing


class LastTally:
    """Counts the last rows of a ring, anew only where they have changed.

    Labels come later than rows, and to many datasets nothing comes between one round and the next.

    Parameters
    ----------
    ring, rows
        How many of its last rows are counted.
    count
        Counts them.
    """

    def __init__(self, ring: RowsRing, rows: int, count: Callable[[Block], DatasetTally]) -> None:
        self._ring = ring
        self._rows = rows
        self._count = count
        self._known: tuple[int, DatasetTally] | None = None

    def read(self) -> Callable[[], DatasetTally]:
        """Read the rows; what is returned counts them, when nobody else may wait for the ring any more."""
        known, changes = self._known, self._ring.changes
        if known is not None and known[0] == changes:
            return lambda: known[1]
        block = self._ring.last(self._rows)

        def counted() -> DatasetTally:
            tally = self._count(block)
            self._known = changes, tally
            return tally

        return counted
