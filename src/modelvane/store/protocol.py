"""What every store of the log can do: keep predictions, labels, findings and snapshots; give them back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from modelvane.errors import OverloadedError, StoreError
from modelvane.events import Event, Kind
from modelvane.findings import Findings
from modelvane.schema import Schema
from modelvane.store.results import Appended, LabelResult, Labels, Removed, Rows, Snapshot
from modelvane.table import Table


class QueueFullError(OverloadedError):
    """The queue before the log is full; ``retry_after`` is how many seconds it should take to drain."""

    def __init__(self, what: str, *, retry_after: float, received: object = None) -> None:
        self.retry_after = retry_after
        super().__init__(
            what, received=received, remedy=f"Nothing of this was kept; send it again in {retry_after:.0f} s"
        )


class LogDownError(StoreError):
    """The log's server cannot be reached or does not answer in time: for all writes alike, and it may pass.

    ``retry_after`` is how many seconds to wait before the next attempt.
    """

    retry_after = 2.0


@runtime_checkable
class Log(Protocol):
    """The log of predictions, labels, findings and monitor snapshots of many datasets.

    Every method may be called from any thread. Times named ``received``, ``since`` and ``until`` are seconds
    since 1970; periods are half open, ``since <= time < until``. Every method raises `StoreError` when the
    store is down, full or damaged, and `UnknownNameError` for a dataset that was not opened.
    """

    is_embedded: bool
    """Whether it is a file of this machine, so that an event loop may wait for a small write."""

    def datasets(self) -> dict[str, Schema]:
        """Give what the store holds, opened or not: each dataset with the schema it was opened with last.

        Columns that only earlier schemas had follow as features (`modelvane.store.schemas.joined`). The one method
        that needs nothing opened before.
        """

    def open(self, dataset: str, schema: Schema) -> None:
        """Make a dataset ready; columns that the schema gained are added, rows that are there stay."""

    def transaction(self) -> AbstractContextManager[object]:
        """Make everything that this thread writes inside one commit, all or nothing."""

    def append(self, dataset: str, table: Table, received: float) -> Appended:
        """Keep rows, all or nothing; within retention the first row of an id wins."""

    def append_many(self, dataset: str, batches: Sequence[tuple[Table, float]]) -> list[Appended]:
        """Keep several tables, each with its time of arrival, all or nothing; one result for each."""

    def label(
        self,
        dataset: str,
        ids: Sequence[Any],
        targets: Sequence[Any],
        times: NDArray[np.int64] | None,
        received: float | NDArray[np.float64],
    ) -> LabelResult:
        """Keep targets by id, the latest wins; ``times`` are the targets' own times in microseconds.

        ``received`` is one moment for all, or one for each, such as `Labels` of another log have.
        """

    def restore(self, dataset: str, rows: Rows) -> int:
        """Keep rows of another log with their ids, event times and times of arrival; give how many were new.

        All or nothing; rows whose id is there are left out. The order is kept, the sequence numbers are new.
        ``labelled`` is not kept: labels are kept by `label`.
        """

    def find(self, dataset: str, ids: Sequence[Any]) -> Rows:
        """Give the rows with these ids, in order of arrival; ids that are not there are left out."""

    def scan(
        self,
        dataset: str,
        since: float | None = None,
        until: float | None = None,
        batch_rows: int = 10_000,
    ) -> Iterator[Rows]:
        """Give the rows of a period with their targets, in order of event time, then of arrival."""

    def tail(
        self, dataset: str, *, rows: int | None = None, since: float | None = None, after: int = 0
    ) -> Rows:
        """Give the last rows with their targets in order of arrival.

        At most ``rows`` of them, with an event time from ``since`` on, and a sequence number above ``after``.
        """

    def head(
        self,
        dataset: str,
        *,
        rows: int,
        after: int = 0,
        since: float | None = None,
        until: float | None = None,
    ) -> Rows:
        """Give the first rows with their targets in order of arrival, for whoever reads the log part by part.

        At most ``rows`` of them, with a sequence number above ``after`` and an event time in the period.
        """

    def labels_head(
        self,
        dataset: str,
        *,
        rows: int,
        after: int = 0,
        since: float | None = None,
        until: float | None = None,
    ) -> Labels:
        """Give the first labels in the order in which they came, those of rows that have not come yet among them.

        At most ``rows`` of them, with a sequence number above ``after``. With a period, only labels of logged rows
        with an event time in it.
        """

    def labels_tail(self, dataset: str, *, rows: int | None = None, after: int = 0) -> Rows:
        """Give the rows that were labelled last, in the order in which their (latest) targets came.

        At most ``rows`` of them, labelled after the label with the sequence number ``after``.
        """

    def last(self, dataset: str) -> tuple[int, int]:
        """Give the sequence numbers of the last row and of the last label; 0 where there is none."""

    def count(self, dataset: str) -> int:
        """Give the number of rows."""

    def append_findings(self, findings: Findings) -> None:
        """Keep a round.

        One of a live window replaces that of the same dataset and ``computed_at``; one of a batch that of the same
        dataset and ``period``.
        """

    def read_findings(
        self,
        dataset: str,
        since: float | None = None,
        until: float | None = None,
        limit: int | None = None,
        *,
        batches: bool = False,
    ) -> list[Findings]:
        """Give rounds by ``computed_at``, the oldest first; with a limit, the newest ones.

        Those of live windows, or those of ``batches``, by the end of their periods.
        """

    def append_events(self, events: Sequence[Event]) -> None:
        """Keep events, all or nothing; their datasets need not be open."""

    def read_events(
        self,
        dataset: str | None = None,
        *,
        kinds: Collection[Kind] = (),
        since: float | None = None,
        limit: int | None = None,
    ) -> list[Event]:
        """Give events in the order in which they came; with a limit, the newest ones.

        Of every dataset, or of one, which need not be open; of every kind, or of some.
        """

    def save_snapshot(self, dataset: str, snapshot: Snapshot) -> None:
        """Keep a monitor's state in place of the one before."""

    def load_snapshot(self, dataset: str) -> Snapshot | None:
        """Give the monitor's state that was kept last."""

    def retain(
        self,
        *,
        max_age_seconds: float | None = None,
        max_bytes: int | None = None,
        now: float | None = None,
        limit: int | None = None,
    ) -> Removed:
        """Remove the oldest rows (by arrival), their labels, findings and events, until age and size are kept.

        Events leave by age alone, and those of a switched reference stay. Stops after about ``limit`` rows, so that
        a writer's turn stays short.
        """

    def close(self) -> None:
        """Give everything back; a second call does nothing."""
