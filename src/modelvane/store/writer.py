"""Group commit: one thread writes what many submit, everything queued in one transaction per turn."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, Self, TypeVar

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from modelvane.errors import StoreError
from modelvane.findings import Findings
from modelvane.store.protocol import Log
from modelvane.store.queue import Waiting, Work, WorkQueue
from modelvane.store.results import Appended, LabelResult, Removed, Snapshot
from modelvane.store.turn import outcomes_of, settle
from modelvane.table import Table

T = TypeVar("T")

FEW, SMALL, SMALL_TURN = 64, 1024, 2048
"""Where tables are written in the submitter's thread: rows up to which a table waits for others, rows up to which it
is written there at all, and rows of a turn."""


class Counters(Struct, frozen=True):
    """What a `GroupCommit` did so far: turns count as transactions, seconds are from BEGIN to COMMIT.

    ``fault`` is why the log did not take what it was given last, ``busy_seconds`` for how long the turn under way has
    lasted.
    """

    rows: int = 0
    transactions: int = 0
    failures: int = 0
    commit_seconds: float = 0.0
    last_commit_seconds: float = 0.0
    queued_rows: int = 0
    queued_bytes: int = 0
    fault: StoreError | None = None
    busy_seconds: float = 0.0


class GroupCommit:
    """The one writer of a log.

    A submission is a future that is done only after its commit. All that is queued when a turn begins goes
    into one transaction, so a thousand single rows share a commit. When the turn fails, each submission is
    tried in a transaction of its own, so that one bad submission fails alone.

    Parameters
    ----------
    log
        Where to; not closed here.
    max_rows, max_bytes
        Bounds of the queue. ``size`` of a submission is what its sender says, such as the length of the body.
    turn_rows
        Most rows of one transaction, which bounds how long the last of a long queue waits for its commit.
    deliver
        Runs a function where the futures live: ``loop.call_soon_threadsafe`` for futures of asyncio. It is
        called once per turn, not once per submission.
    soon
        Runs a function soon in the thread that submits, such as ``loop.call_soon``; the later, the more tables share
        a commit. A turn of small tables alone then needs no other thread, which costs more than the commit; only for
        logs whose commit does not wait for the disk. All tables have to be submitted by that thread.

    Examples
    --------
    >>> from modelvane.schema import Schema
    >>> from modelvane.store import open_log
    >>> log = open_log("sqlite://")
    >>> log.open("taxi", Schema(()))
    >>> with GroupCommit(log) as writer:
    ...     writer.submit("taxi", Table.of({"id": ["a"]}), 0.0).result().ids
    ['a']
    >>> log.close()
    """

    def __init__(
        self,
        log: Log,
        *,
        max_rows: int = 100_000,
        max_bytes: int = 256 * 2**20,
        turn_rows: int = 20_000,
        deliver: Callable[[Callable[[], None]], object] | None = None,
        soon: Callable[[Callable[[], None]], object] | None = None,
    ) -> None:
        self._log = log
        self._soon = soon
        self._is_due = False
        self._writing = threading.Lock()
        self._turn_rows = turn_rows
        self._deliver = deliver
        self._queue = WorkQueue(max_rows, max_bytes)
        self._counters = Counters()
        self._began: float | None = None
        self._thread = threading.Thread(target=self._run, name="modelvane-writer", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def counters(self) -> Counters:
        """What was done so far, and what is queued now."""
        began = self._began
        return replace(
            self._counters,
            queued_rows=self._queue.rows,
            queued_bytes=self._queue.bytes,
            busy_seconds=0.0 if began is None else time.perf_counter() - began,
        )

    def submit(
        self,
        dataset: str,
        table: Table,
        received: float,
        *,
        size: int = 0,
        future: Waiting | None = None,
    ) -> Future[Appended]:
        """Keep a table.

        Parameters
        ----------
        future
            Who is told instead of a new future; where ``deliver`` runs its functions.

        Raises
        ------
        QueueFullError
            When the queue is full; nothing was kept.
        StoreError
            After `close`.
        """
        return self._put(Work(future or _running(), table.rows, size, dataset, (table, received)))

    def submit_labels(
        self,
        dataset: str,
        ids: Sequence[Any],
        targets: Sequence[Any],
        times: NDArray[np.int64] | None,
        received: float | NDArray[np.float64],
        *,
        size: int = 0,
        future: Waiting | None = None,
    ) -> Future[LabelResult]:
        """Keep labels, after the rows that were submitted before."""
        return self.call(
            lambda log: log.label(dataset, ids, targets, times, received),
            rows=len(ids),
            size=size,
            future=future,
        )

    def submit_findings(self, findings: Findings) -> Future[None]:
        """Keep a round of findings."""
        return self.call(lambda log: log.append_findings(findings), rows=len(findings))

    def submit_snapshot(self, dataset: str, snapshot: Snapshot) -> Future[None]:
        """Keep a monitor's state."""
        return self.call(lambda log: log.save_snapshot(dataset, snapshot), rows=1, size=len(snapshot.state))

    def submit_retention(
        self, *, max_age_seconds: float | None = None, max_bytes: int | None = None, limit: int = 20_000
    ) -> Future[Removed]:
        """Remove what is too old or too much; while the result says ``more``, submit it again."""
        return self.call(
            lambda log: log.retain(max_age_seconds=max_age_seconds, max_bytes=max_bytes, limit=limit),
            alone=True,
        )

    def call(
        self,
        task: Callable[[Log], T],
        *,
        rows: int = 1,
        size: int = 0,
        alone: bool = False,
        future: Waiting | None = None,
    ) -> Future[T]:
        """Run any write in its turn; ``alone`` when it makes transactions of its own."""
        return self._put(Work(future or _running(), rows, size, task=task, alone=alone))

    def _put(self, work: Work) -> Future[Any]:
        counters = self._counters
        rate = counters.rows / counters.commit_seconds if counters.commit_seconds else 0.0
        is_small = (
            self._soon is not None
            and not self._writing.locked()
            and work.batch is not None
            and work.rows <= SMALL
        )
        self._queue.put(work, rows_per_second=rate, wake=not is_small)
        if self._soon is not None and is_small and work.rows > FEW:
            # worth a commit of its own, now, while its values are in the processor's cache
            self._write_small()
        elif self._soon is not None and is_small and not self._is_due:
            self._is_due = True
            self._soon(self._small_turn)
        return work.future  # type: ignore[return-value] # who was given goes back to who gave it

    def close(self) -> None:
        """Write what is queued, then end the thread; a second call does nothing."""
        self._queue.close()
        self._thread.join()

    def _run(self) -> None:
        while works := self._queue.take(self._turn_rows):
            with self._writing:
                outcomes = self._written(works)
            self._resolve(works, outcomes)

    def _small_turn(self) -> None:
        self._is_due = False
        self._write_small()

    def _write_small(self) -> None:
        """Commit the small tables that are queued in this thread; what else is queued is the other's."""
        # while the other thread writes, waiting for it would stop the event loop; it will take these as well
        if self._writing.acquire(blocking=False):
            try:
                works = self._queue.take_small(SMALL_TURN, SMALL)
                outcomes = self._written(works) if works else []
            finally:
                self._writing.release()
            settle(works, outcomes)
        self._queue.wake()

    def _written(self, works: list[Work]) -> list[Any]:
        self._began = started = time.perf_counter()
        outcomes = outcomes_of(self._log, works)
        self._count(works, outcomes, time.perf_counter() - started)
        self._began = None
        self._queue.done(works)
        return outcomes

    def _count(self, works: list[Work], outcomes: list[Any], seconds: float) -> None:
        kept = [w.rows for w, o in zip(works, outcomes, strict=True) if not isinstance(o, Exception)]
        before = self._counters
        fault = next((outcome for outcome in outcomes if isinstance(outcome, StoreError)), None)
        # one assignment, so that readers in other threads never see half of it
        self._counters = Counters(
            rows=before.rows + sum(kept),
            transactions=before.transactions + 1,
            failures=before.failures + len(works) - len(kept),
            commit_seconds=before.commit_seconds + seconds,
            last_commit_seconds=seconds,
            # a refusal for what was in it says nothing of the log
            fault=fault or (None if kept else before.fault),
        )

    def _resolve(self, works: list[Work], outcomes: list[Any]) -> None:
        if self._deliver is None:
            settle(works, outcomes)
            return
        try:
            self._deliver(partial(settle, works, outcomes))
        except RuntimeError:
            # the event loop has ended, and with it everyone who waited
            return


def _running() -> Future[Any]:
    """Make a future that can no longer be cancelled: what is queued will be written."""
    future: Future[Any] = Future()
    future.set_running_or_notify_cancel()
    return future
