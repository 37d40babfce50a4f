"""The bounded queue between the callers and the sender, and the account of what became of each row."""

from __future__ import annotations

import sys
from collections import deque
from threading import Condition, Lock
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

PREDICTIONS = "predictions"
LABELS = "labels"

Row: TypeAlias = "tuple[str, dict[str, object] | Exception, str, object, object]"
"""The route, the columns (or why there are none), the id, the time, and the prediction or target."""

Item: TypeAlias = "bytes | Row"
"""A row, or the JSON of one for predictions."""

_NEVER = sys.maxsize


class Counters(NamedTuple):  # not a dataclass: that module takes a third of the client's whole import
    """What became of the rows handed to a client: ``logged = sent + rejected + dropped + queued``.

    Attributes
    ----------
    logged : int
        Rows handed to ``log`` and ``label``.
    sent : int
        Rows that the service acknowledged.
    retried : int
        Requests (not rows) sent again after a failure.
    dropped : int
        Rows lost because the queue was full, or the client closed before they could be sent.
    rejected : int
        Rows that could not be written as JSON, or that the service refused for good.
    queued : int
        Rows that wait or are under way.
    """

    logged: int
    sent: int
    retried: int
    dropped: int
    rejected: int
    queued: int


class Outbox:
    """A bounded queue whose ``put`` takes no lock while there is room.

    The consumer publishes at which length it wants to be woken (`_wake_at`), so a producer wakes it once per
    batch rather than once per row. The baton is a bare lock used as a binary semaphore: releasing it never
    waits, so a signal handler or a finalizer may log in the middle of another ``log``.
    """

    def __init__(self, size: int, wake: Callable[[], None]) -> None:
        self._queue: deque[Item] = deque()
        self._room = size
        self._wake_consumer = wake
        self._wake_at = 0
        self._baton = Lock()
        self._baton.acquire()
        self._account = Condition()  # on an RLock: a signal handler may count while its own thread counts
        self._in_flight = self._sent = self._retried = self._dropped = self._rejected = self._left = 0
        self._flushing = 0
        self._closed = False

    def put(self, item: Item) -> None:
        """Append a row; drop and count it if there is no room.

        Threads that append at the same instant may exceed the bound by one row each: the price of no lock.
        """
        waiting = len(self._queue)
        if waiting >= self._room:
            with self._account:
                self._dropped += 1
            return
        self._queue.append(item)
        if waiting >= self._wake_at:
            self._wake_at = _NEVER
            self._wake_consumer()

    def take(self, size: int, linger: float) -> list[Item]:
        """Wait for rows, then up to `linger` seconds until there are `size` of them; empty once closed."""
        while not self._queue and not self._closed:
            self._wait(0, None)
        deadline = monotonic() + linger
        while len(self._queue) < size and not self._hurry and (left := deadline - monotonic()) > 0:
            self._wait(size - 1, left)
        with self._account:
            items = [self._queue.popleft() for _ in range(min(size, len(self._queue)))]
            self._in_flight += len(items)
        return items

    def settle(self, *, sent: int = 0, rejected: int = 0, dropped: int = 0) -> None:
        """Account for rows that were taken."""
        rows = sent + rejected + dropped
        with self._account:
            self._sent += sent
            self._rejected += rejected
            self._dropped += dropped
            self._in_flight -= rows
            self._left += rows
            self._account.notify_all()

    def retry(self) -> None:
        """Count a request that is sent again."""
        with self._account:
            self._retried += 1

    def flush(self, timeout: float | None) -> bool:
        """Wait until all rows put before this call are settled; tell whether that came true in time."""
        with self._account:
            goal = self._left + self._in_flight + len(self._queue)
            if self._left >= goal:
                return True
            self._flushing += 1
            try:
                self._wake_consumer()
                return self._account.wait_for(lambda: self._left >= goal, timeout)
            finally:
                self._flushing -= 1

    def close(self) -> None:
        """Refuse all further rows; those inside can still be taken."""
        self._room = 0
        self._closed = True

    def abandon(self) -> int:
        """Drop and count the rows that wait; return how many."""
        with self._account:
            rows = len(self._queue)
            self._queue.clear()
            self._dropped += rows
            self._left += rows
            self._account.notify_all()
        return rows

    def nudge(self) -> None:
        """Wake the consumer if it waits."""
        try:
            self._baton.release()
        except RuntimeError:
            return  # already woken, and not yet up

    def expect(self) -> None:
        """Let the next ``put`` wake the consumer, since the last attempt failed."""
        self._wake_at = 0

    def is_pressed(self, rows: int) -> bool:
        """Say whether somebody waits for what is inside to be sent, or so many rows of it do."""
        return self._hurry or len(self._queue) >= rows

    @property
    def dropped(self) -> int:
        """Rows dropped so far."""
        return self._dropped

    @property
    def lost(self) -> tuple[int, int]:
        """Rows dropped and rejected so far."""
        return self._dropped, self._rejected

    @property
    def in_flight(self) -> int:
        """Rows taken and not yet settled."""
        return self._in_flight

    @property
    def counters(self) -> Counters:
        """A consistent snapshot of the account."""
        with self._account:
            queued = len(self._queue) + self._in_flight
            return Counters(
                logged=self._sent + self._rejected + self._dropped + queued,
                sent=self._sent,
                retried=self._retried,
                dropped=self._dropped,
                rejected=self._rejected,
                queued=queued,
            )

    @property
    def _hurry(self) -> bool:
        return self._closed or self._flushing > 0

    def _wait(self, level: int, timeout: float | None) -> None:
        self._wake_at = level
        # Looked at after the level is published: a row put before that found nobody to wake.
        if len(self._queue) <= level and not self._closed and not (self._flushing and self._queue):
            self._baton.acquire(timeout=-1 if timeout is None else timeout)
        self._wake_at = _NEVER
