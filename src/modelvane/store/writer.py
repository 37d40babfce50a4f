"""Group commit: one thread writes what many submit, everything queued in one transaction per turn."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Self, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from modelvane.errors import StoreError
from modelvane.findings import Findings
from modelvane.store.protocol import Appended, LabelResult, Log, QueueFullError, Removed, Snapshot
from modelvane.table import Table

T = TypeVar("T")
AnyFuture: TypeAlias = "Future[Any] | asyncio.Future[Any]"


@dataclass(frozen=True, slots=True)
class Counters:
    """What a `GroupCommit` did so far; seconds are wall-clock seconds from BEGIN to COMMIT."""

    rows: int
    transactions: int
    failures: int
    commit_seconds: float
    last_commit_seconds: float
    queued_rows: int
    queued_bytes: int


@dataclass(frozen=True, slots=True)
class _Work:
    future: AnyFuture
    rows: int
    size: int
    dataset: str | None = None
    batch: tuple[Table, float] | None = None
    task: Callable[[Log], Any] | None = None
    alone: bool = False


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
    ) -> None:
        self._log = log
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        self._turn_rows = turn_rows
        self._deliver = deliver
        self._queue: deque[_Work] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._queued_rows = self._queued_bytes = 0
        self._rows = self._transactions = self._failures = 0
        self._commit_seconds = self._last_commit_seconds = 0.0
        self._thread = threading.Thread(target=self._run, name="modelvane-writer", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def counters(self) -> Counters:
        """What was done so far, and what is queued now."""
        with self._changed:
            return Counters(
                self._rows,
                self._transactions,
                self._failures,
                self._commit_seconds,
                self._last_commit_seconds,
                self._queued_rows,
                self._queued_bytes,
            )

    def submit(
        self,
        dataset: str,
        table: Table,
        received: float,
        *,
        size: int = 0,
        future: asyncio.Future[Appended] | None = None,
    ) -> Future[Appended]:
        """Keep a table.

        Parameters
        ----------
        future
            One to be resolved instead of a new one; of asyncio with ``deliver``.

        Raises
        ------
        QueueFullError
            When the queue is full; nothing was kept.
        StoreError
            After `close`.
        """
        return self._put(_Work(future or Future(), table.rows, size, dataset, (table, received)))

    def submit_labels(
        self,
        dataset: str,
        ids: Sequence[Any],
        targets: Sequence[Any],
        times: NDArray[np.int64] | None,
        received: float,
        *,
        size: int = 0,
        future: asyncio.Future[LabelResult] | None = None,
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
        future: asyncio.Future[T] | None = None,
    ) -> Future[T]:
        """Run any write in its turn; ``alone`` when it makes transactions of its own."""
        return self._put(_Work(future or Future(), rows, size, task=task, alone=alone))

    def _put(self, work: _Work) -> Future[Any]:
        with self._changed:
            if self._closing:
                raise StoreError("The log is closing", remedy="Send it again when the service is back")
            rows, size = self._queued_rows + work.rows, self._queued_bytes + work.size
            # what is larger than the queue passes when nothing else waits, or it could never pass
            if self._queue and (rows > self._max_rows or size > self._max_bytes):
                raise QueueFullError(
                    "The queue before the log is full",
                    received=f"{work.rows} rows on top of {self._queued_rows}",
                    retry_after=self._seconds_to_drain(),
                )
            self._queued_rows, self._queued_bytes = rows, size
            self._queue.append(work)
            if len(self._queue) == 1:
                self._changed.notify()
        return work.future  # type: ignore[return-value] # a future of asyncio goes back to who gave it

    def _seconds_to_drain(self) -> float:
        rate = self._rows / self._commit_seconds if self._commit_seconds else 0.0
        return float(min(60, max(1, round(self._queued_rows / rate)))) if rate else 1.0

    def close(self) -> None:
        """Write what is queued, then end the thread; a second call does nothing."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while works := self._take():
            started = time.perf_counter()
            outcomes = self._turn(works)
            seconds = time.perf_counter() - started
            with self._changed:
                self._queued_rows -= sum(work.rows for work in works)
                self._queued_bytes -= sum(work.size for work in works)
                self._commit_seconds += seconds
                self._last_commit_seconds = seconds
                self._transactions += 1
                failed = sum(isinstance(outcome, Exception) for outcome in outcomes)
                self._failures += failed
                self._rows += sum(
                    work.rows
                    for work, outcome in zip(works, outcomes, strict=True)
                    if not isinstance(outcome, Exception)
                )
            self._resolve(works, outcomes)

    def _take(self) -> list[_Work]:
        """Wait for work and take a turn's share; nothing when closed and drained."""
        with self._changed:
            while not self._queue and not self._closing:
                self._changed.wait()
            works: list[_Work] = []
            rows = 0
            while self._queue:
                work = self._queue[0]
                if works and (rows + work.rows > self._turn_rows or work.alone or works[0].alone):
                    break
                works.append(self._queue.popleft())
                rows += work.rows
            return works

    def _turn(self, works: list[_Work]) -> list[Any]:
        """Give a result or an exception for each."""
        if works[0].alone:
            return [self._attempt(works)]
        try:
            return self._together(works)
        except Exception as error:  # noqa: BLE001 - belongs to one of the submissions, found below
            if len(works) == 1:
                return [error]
        return [self._attempt([work]) for work in works]

    def _attempt(self, works: list[_Work]) -> Any:
        try:
            if works[0].alone and works[0].task:
                return works[0].task(self._log)
            return self._together(works)[0]
        except Exception as error:  # noqa: BLE001 - given to who submitted it
            return error

    def _together(self, works: list[_Work]) -> list[Any]:
        with self._log.transaction():
            return list(self._results(works))

    def _results(self, works: list[_Work]) -> Iterator[Any]:
        # consecutive tables of one dataset share their statements
        for dataset, group in groupby(works, key=lambda work: work.dataset):
            if dataset is None:
                yield from (work.task(self._log) for work in group if work.task)
            else:
                yield from self._log.append_many(dataset, [work.batch for work in group if work.batch])

    def _resolve(self, works: list[_Work], outcomes: list[Any]) -> None:
        def resolve() -> None:
            for work, outcome in zip(works, outcomes, strict=True):
                # who cancelled does not want to know; the rows are kept all the same
                if work.future.done():
                    continue
                if isinstance(outcome, Exception):
                    work.future.set_exception(outcome)
                else:
                    work.future.set_result(outcome)

        if self._deliver is None:
            resolve()
            return
        try:
            self._deliver(resolve)
        except RuntimeError:
            # the event loop has ended, and with it everyone who waited
            return
