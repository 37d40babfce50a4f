"""Rows that wait as they came until somebody asks: most of a quick stream leave before, and are never cast."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from modelvane.table import Table

# rows that wait although they will be cast: casting has a fixed cost per column
_MOST_DUE = 512
# mappings up to so many are cast with those before and after them; more wait as columns, which take less memory
_FEW_ROWS = 256
# values that wait, some 30 MB of them
_MOST_VALUES = 2**20


class Part(NamedTuple):
    """Some rows that came together, whose ids are known to be new.

    Parameters
    ----------
    table, ids
        The rows, and an id for each.
    received
        When they came, seconds since 1970: one for all, or one for each.
    times
        Their event times, microseconds since 1970.
    refused
        Rows that were refused for their ids just before these.
    came
        The tables that the rows came in, where these are several and not of the same columns.
    """

    table: Table
    ids: Sequence[str]
    received: float | NDArray[np.float64]
    times: NDArray[np.int64]
    refused: int = 0
    came: Sequence[Table] = ()

    @property
    def rows(self) -> int:
        """How many."""
        return self.table.rows

    @property
    def is_few(self) -> bool:
        """Whether these are cast together with those before and after them."""
        return self.table.records is not None and self.rows <= _FEW_ROWS and not self.refused


class Held:
    """Parts, in the order in which they came; safe to use from several threads.

    Parameters
    ----------
    most_rows
        Rows that may wait.
    leaves
        Says of a table whether its rows need not be cast, should nobody ask before so many others came.
    """

    def __init__(self, most_rows: int, leaves: Callable[[Table], bool]) -> None:
        self._most_rows = most_rows
        self._leaves = leaves
        self._lock = threading.Lock()
        self._empty()

    def _empty(self) -> None:
        self._parts: deque[Part] = deque()
        self._rows = 0
        self._values = 0
        self._due = 0

    def add(self, part: Part) -> None:
        """Add rows after all others."""
        is_due = part.is_few or not self._leaves(part.table)
        if part.table.records is not None and not part.is_few:
            columns = {name: part.table[name] for name in part.table.names}
            part = part._replace(table=Table(columns, part.rows))
        with self._lock:
            self._parts.append(part)
            self._rows += part.rows
            self._values += _values(part)
            self._due += max(1, part.rows) if is_due else 0

    @property
    def is_full(self) -> bool:
        """Whether it is time to `take_excess`."""
        return self._due >= _MOST_DUE or self._rows > self._most_rows or self._values > _MOST_VALUES

    @property
    def is_overfull(self) -> bool:
        """Whether that time has long come."""
        return self._values > 2 * _MOST_VALUES

    def take(self) -> Iterator[tuple[Part, int]]:
        """Take all parts, oldest first, each with how many rows came after it."""
        with self._lock:
            parts, rows = self._parts, self._rows
            self._empty()
        for is_few, group in groupby(parts, lambda part: part.is_few):
            for part in [_joined(list(group))] if is_few else group:
                rows -= part.rows
                yield part, rows

    def take_excess(self) -> Iterator[tuple[Part, int]]:
        """Take the oldest parts that are too much, as `take` does; all, where many will have to be cast anyway."""
        if self._due >= _MOST_DUE:
            yield from self.take()
            return
        while (taken := self._oldest_beyond()) is not None:
            yield taken

    def _oldest_beyond(self) -> tuple[Part, int] | None:
        with self._lock:
            if not self._parts:
                return None
            part = self._parts[0]
            if self._rows - part.rows < self._most_rows and self._values <= _MOST_VALUES:
                return None
            self._parts.popleft()
            self._rows -= part.rows
            self._values -= _values(part)
            return part, self._rows


def _values(part: Part) -> int:
    records = part.table.records
    # each with its id; to ask mappings for their columns would be to build them
    width = len(part.table.names) if records is None else max(map(len, records), default=0)
    return part.rows * (1 + width)


def _joined(parts: Sequence[Part]) -> Part:
    records = [record for part in parts for record in part.table.records or ()]
    ids = [id_ for part in parts for id_ in part.ids]
    received = np.repeat([part.received for part in parts], [part.rows for part in parts])
    table, times = Table.of_rows(records), np.concatenate([part.times for part in parts])
    is_alike = all(len(record) == len(table.names) for record in records)
    return Part(table, ids, received, times, came=() if is_alike else [part.table for part in parts])
