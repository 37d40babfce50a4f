"""The last rows of a ring, read only where they have changed."""

from __future__ import annotations

from typing import NamedTuple

from modelvane.block import Block
from modelvane.windows.ring import RowsRing


class Last(NamedTuple):
    """Rows as they were read.

    Parameters
    ----------
    changes
        How often they have become others; tells two readings apart.
    block
        The rows; ``None`` where who reads them knows these already.
    """

    changes: int
    block: Block | None


class LastRows:
    """Reads the last rows of a ring.

    Parameters
    ----------
    ring, rows
        How many of its last rows are read.
    """

    def __init__(self, ring: RowsRing, rows: int) -> None:
        self._ring = ring
        self._rows = rows

    def read(self, known: int | None = None) -> Last:
        """Copy the rows, unless they are those that were read at the change that is ``known``."""
        changes = self._ring.changes
        return Last(changes, None if known == changes else self._ring.last(self._rows))
