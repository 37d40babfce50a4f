"""Where the rows of a batch come from: a table, files, the log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from modelvane.casting import NO_TIME, as_times
from modelvane.schema import Schema
from modelvane.table import Table


@dataclass(frozen=True, slots=True)
class Batch:
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
    """

    table: Table
    ids: Sequence[str | None] | None = None
    times: NDArray[np.int64] | None = None
    labelled: NDArray[np.float64] | None = None


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

    def batches(self, schema: Schema) -> Iterator[Batch]:
        """Give all rows, each once; ``schema`` says which columns are of use."""


@dataclass(frozen=True)
class TableSource:
    """A table that is in memory.

    Parameters
    ----------
    data
        Whatever `Table.of` reads.
    name
        What a report calls it.
    """

    data: Any
    name: str = "a table"

    @property
    def rows(self) -> int | None:
        """How many rows it has."""
        return Table.of(self.data).rows

    def period(self, schema: Schema) -> tuple[int, int] | None:
        """Give the first and the last event time."""
        table = Table.of(self.data)
        if schema.time is None or schema.time.name not in table:
            return None
        times = as_times(table[schema.time.name])
        times = times[times != NO_TIME]
        return (int(times.min()), int(times.max())) if len(times) else None

    def batches(self, schema: Schema) -> Iterator[Batch]:  # noqa: ARG002 - a table has what it has
        """Give all rows."""
        yield Batch(Table.of(self.data))
