"""What the readers of all formats have in common: a file gives its rows a piece at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import pyarrow as pa
from msgspec import Struct

from modelvane.engines.counted import Unread
from modelvane.schema import Schema


class Piece(Struct, frozen=True):
    """Some rows of a file.

    Parameters
    ----------
    table
        Those columns that could be read.
    unread
        Those that could not.
    continues
        Whether these are more columns of the rows of the piece before.
    """

    table: pa.Table
    unread: frozenset[str] = frozenset()
    continues: bool = False


# what reading gives when a file is not what its name says
READ_ERRORS = (pa.ArrowException, OSError, ValueError)


class Reader(Protocol):
    """One open file."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of its columns."""

    @property
    def rows(self) -> int | None:
        """How many rows it has, where that is known."""

    @property
    def is_text(self) -> bool:
        """Whether its columns are text, whatever is in them."""

    def period(self, time: str) -> tuple[int, int] | None:
        """Give the first and the last time where the file says so; ``None`` where its rows have to be read."""

    def pieces(
        self, columns: Sequence[str], schema: Schema, within: tuple[int, int] | None
    ) -> Iterator[Piece | Unread]:
        """Give the rows a piece at a time; those that the file says are outside of a period may be left out."""
