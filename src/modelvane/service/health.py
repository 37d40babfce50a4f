"""Whether the log takes rows: what its writer was told last, and a question where nobody writes."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress

from modelvane.errors import StoreError
from modelvane.store.writer import Counters, GroupCommit

_log = logging.getLogger("modelvane.service")

TRY_SECONDS = 1.0
"""How often a log that has a fault is tried."""

SLOW_SECONDS = 5.0
"""A transaction that takes longer than this is a fault of its own."""

_IDLE_LOOKS = 5
"""After so many tries without a write a log that is no file is asked whether it is there."""


def fault_of(counters: Counters) -> str | None:
    """Say why rows cannot be acknowledged now; ``None`` while they can."""
    if counters.fault is not None:
        return str(counters.fault)
    if counters.busy_seconds > SLOW_SECONDS:
        return f"The log has not answered for {counters.busy_seconds:.0f} s; what comes waits, until the queue is full"
    return None


class Probe:
    """Finds out without traffic that the log takes no rows, and that it does again.

    Parameters
    ----------
    writer
        Of the log.
    write
        Submits a write that is small, of use, and needs what rows need.
    asks_when_idle
        Whether the log is asked while it has no fault and nobody writes.
    """

    def __init__(
        self, writer: GroupCommit, write: Callable[[], Future[None]], *, asks_when_idle: bool
    ) -> None:
        self._writer = writer
        self._write = write
        self._asks_when_idle = asks_when_idle
        self._asked: Future[None] | None = None
        self._turns = 0
        self._idle_looks = 0
        self._down_since: float | None = None

    async def run(self) -> None:
        """Look, again and again."""
        while True:
            await asyncio.sleep(TRY_SECONDS)
            self.look()

    def look(self) -> None:
        """Say what has changed, and ask the log if it is time to."""
        counters = self._writer.counters
        fault = fault_of(counters)
        self._tell(fault)
        is_idle = counters.transactions == self._turns and not counters.queued_rows
        self._turns = counters.transactions
        self._idle_looks = self._idle_looks + 1 if is_idle else 0
        is_due = self._asks_when_idle and self._idle_looks >= _IDLE_LOOKS
        if (fault or is_due) and (self._asked is None or self._asked.done()):
            self._idle_looks = 0
            # a full queue, or a writer that closes, need no question
            with suppress(StoreError):
                self._asked = self._write() if fault else self._writer.call(lambda _log: None, rows=0)

    def _tell(self, fault: str | None) -> None:
        now = time.monotonic()
        if fault is not None and self._down_since is None:
            self._down_since = now
            _log.warning("The log takes no rows: %s", fault)
        elif fault is None and self._down_since is not None:
            _log.warning("The log takes rows again, after %.0f s", now - self._down_since)
            self._down_since = None
