"""The queue before the log: bounded by rows and bytes, emptied a turn at a time."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from modelvane.errors import StoreError
from modelvane.store.protocol import Log, QueueFullError
from modelvane.table import Table


class Waiting(Protocol):
    """Who waits for a result; a future of any kind is one."""

    def done(self) -> bool:
        """Say whether nobody waits any more."""

    def set_result(self, result: Any, /) -> None:
        """Give the result."""

    def set_exception(self, exception: BaseException, /) -> None:
        """Say why there is none."""


class Work(NamedTuple):
    """One submission: a ``batch`` for a ``dataset``, or any ``task``; ``alone`` if it commits by itself."""

    future: Waiting
    rows: int
    size: int
    dataset: str | None = None
    batch: tuple[Table, float] | None = None
    task: Callable[[Log], Any] | None = None
    alone: bool = False


class WorkQueue:
    """A queue of `Work`; what is being written counts until it is done.

    Parameters
    ----------
    max_rows, max_bytes
        Beyond these, work is refused. Work that is larger by itself passes when nothing else waits.
    """

    def __init__(self, max_rows: int, max_bytes: int) -> None:
        self.rows = 0
        self.bytes = 0
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        self._works: deque[Work] = deque()
        self._changed = threading.Condition()
        self._closed = False

    def put(self, work: Work, *, rows_per_second: float, wake: bool = True) -> None:
        """Queue work, or refuse it with the time that the queue should take to drain.

        Without ``wake`` nobody who waits is told: the caller will take the work itself, or `wake` them.
        """
        with self._changed:
            if self._closed:
                raise StoreError("The log is closing", remedy="Send it again when the service is back")
            rows, size = self.rows + work.rows, self.bytes + work.size
            if self._works and (rows > self._max_rows or size > self._max_bytes):
                seconds = self.rows / rows_per_second if rows_per_second else 1.0
                raise QueueFullError(
                    "The queue before the log is full",
                    received=f"{work.rows} rows on top of {self.rows}",
                    retry_after=float(min(60, max(1, round(seconds)))),
                )
            self.rows, self.bytes = rows, size
            self._works.append(work)
            if wake:
                self._changed.notify()

    def wake(self) -> None:
        """Tell who waits that there is work."""
        with self._changed:
            if self._works:
                self._changed.notify()

    def take_small(self, most_rows: int, largest: int) -> list[Work]:
        """Give, without waiting, the tables of at most ``largest`` rows that are next."""
        with self._changed:
            taken: list[Work] = []
            rows = 0
            while self._works and self._works[0].batch is not None and self._works[0].rows <= largest:
                if taken and rows + self._works[0].rows > most_rows:
                    break
                taken.append(self._works.popleft())
                rows += taken[-1].rows
            return taken

    def take(self, most_rows: int) -> list[Work]:
        """Wait for work and give a turn's share of it; nothing once the queue is closed and empty."""
        with self._changed:
            while not self._works and not self._closed:
                self._changed.wait()
            taken: list[Work] = []
            rows = 0
            while self._works:
                work = self._works[0]
                if taken and (rows + work.rows > most_rows or work.alone or taken[0].alone):
                    break
                taken.append(self._works.popleft())
                rows += work.rows
            return taken

    def done(self, works: list[Work]) -> None:
        """Make room."""
        with self._changed:
            self.rows -= sum(work.rows for work in works)
            self.bytes -= sum(work.size for work in works)

    def close(self) -> None:
        """Refuse further work; what is queued may still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify()
