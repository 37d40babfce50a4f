"""Where the rows of a batch come from: a table, files, the log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.engines.counted import Unread
from modelvane.schema import Schema
from modelvane.table import Table
from modelvane.times import NO_TIME, as_times

BATCH_ROWS = 1 << 18


class Batch(Struct, frozen=True):
    """Some rows of a source.

    Parameters
    ----------
    table
        Their columns; the target column holds the targets that are known.
    ids
        One per row, where the source knows them beside the table.
    times
        Event times, microseconds since 1970, where the source knows them beside the table.
    labelled
        When each target became known, seconds since 1970; NaN where there is none. ``None`` where the source does
        not know.
    name
        What an error calls it.
    names
        All columns that the source has, where the table has only those of use.
    unread
        Columns that the source has but could not read, and told of: their rows count as neither there nor missing.
    continues
        Whether these are more columns of the rows of the batch before, in the same order: tables too wide for memory
        come in bands of columns. The first band has time, id, segments, predictions and target.
    """

    table: Table
    ids: Sequence[str | None] | None = None
    times: NDArray[np.int64] | None = None
    labelled: NDArray[np.float64] | None = None
    name: str = "a batch"
    names: tuple[str, ...] = ()
    unread: frozenset[str] = frozenset()
    continues: bool = False


class Source(Protocol):
    """Gives rows a batch at a time, as often as it is asked."""

    @property
    def name(self) -> str:
        """What a report calls it."""

    @property
    def rows(self) -> int | None:
        """How many rows it has; ``None`` where that is not known before they are read."""

    def period(self, schema: Schema) -> tuple[int, int] | None:
        """Give the first and the last event time, microseconds since 1970; ``None`` without times."""

    def batches(self, schema: Schema) -> Iterator[Batch | Unread]:
        """Give all rows, each once, and what cannot be read; ``schema`` says which columns are of use."""


class TableSource(Struct, frozen=True, dict=True):
    """A table that is in memory.

    Parameters
    ----------
    data
        Whatever `Table.of` reads.
    name
        What a report calls it.
    batch_rows
        Rows that are counted at a time.
    """

    data: Any
    name: str = "a table"
    batch_rows: int = BATCH_ROWS

    @cached_property
    def _table(self) -> Table:
        return Table.of(self.data).in_memory()

    @property
    def rows(self) -> int | None:
        """How many rows it has."""
        return self._table.rows

    def period(self, schema: Schema) -> tuple[int, int] | None:
        """Give the first and the last event time."""
        if schema.time is None or schema.time.name not in self._table:
            return None
        return period_of(as_times(self._table[schema.time.name]))

    def batches(self, schema: Schema) -> Iterator[Batch]:  # noqa: ARG002 - a table has what it has
        """Give all rows."""
        for start in range(0, self._table.rows, self.batch_rows):
            yield Batch(self._table.slice(start, self.batch_rows), name=f"{self.name}, from row {start}")


class AroundSource:
    """What stands before a source, under its name; those who inherit give the rows.

    Parameters
    ----------
    source
        Where the rows are from.
    """

    def __init__(self, source: Source) -> None:
        self._source = source

    @property
    def name(self) -> str:
        """What a report calls it."""
        return self._source.name

    @property
    def rows(self) -> int | None:
        """How many rows it has."""
        return self._source.rows

    def period(self, schema: Schema) -> tuple[int, int] | None:
        """Give the first and the last event time."""
        return self._source.period(schema)


def whole_batches(source: Source, schema: Schema) -> Iterator[Batch]:
    """Give the rows of a source for those who cannot go on without some of them.

    Raises
    ------
    DecodeError
        When something cannot be read.
    """
    for batch in source.batches(schema):
        if isinstance(batch, Unread):
            raise batch.error()
        yield batch


def period_of(times: NDArray[np.int64]) -> tuple[int, int] | None:
    """Give the first and the last of the times that are known."""
    known = times[times != NO_TIME]
    return (int(known.min()), int(known.max())) if len(known) else None
