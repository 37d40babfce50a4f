"""The embedded log: one SQLite file in WAL mode, with tables that any SQL tool can query."""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import chain
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from modelvane.errors import UnknownNameError
from modelvane.events import Event
from modelvane.findings import Findings
from modelvane.schema import Schema
from modelvane.store.dataset import Dataset
from modelvane.store.results import Appended, LabelOutcome, LabelResult, Removed, Rows, Snapshot
from modelvane.store.retention import retained
from modelvane.store.sqlite import retention
from modelvane.store.sqlite.appending import Prepared, insert, outcomes, prepare, prepare_again
from modelvane.store.sqlite.connections import Connections
from modelvane.store.sqlite.events import TABLES as EVENTS
from modelvane.store.sqlite.events import keep_events, remove_events
from modelvane.store.sqlite.labelling import keep_labels
from modelvane.store.sqlite.layout import CATALOGUE, Layout, add_schemas, keep_schema, open_layout
from modelvane.store.sqlite.reader import SqliteReader
from modelvane.store.sqlite.rounds import TABLES, add_later_columns, keep_findings
from modelvane.table import Table


class _Preparation(Protocol):
    def __call__(self, first: int, *, exact: bool) -> Iterator[Prepared]:
        """Give batches of rows numbered from ``first``."""


class SqliteLog(SqliteReader):
    """The log in one SQLite file.

    Each dataset has a table ``predictions_<dataset>`` (``seq``, ``id``, ``event_time`` in microseconds since
    1970, ``received`` in seconds, one column per column of the schema, ``extra`` as JSON) and a table
    ``labels_<dataset>``. Columns have no declared type, so that SQLite converts nothing: a text that came for
    a number stays a text. Names that SQLite cannot tell apart, or that are taken, get a number;
    ``modelvane_columns`` lists them.

    Parameters
    ----------
    path
        The file; made if it is not there, its folder is not.
    durability
        ``"normal"``: what was committed survives ``kill -9``; ``"full"``: a power cut as well, at the price
        of one ``fsync`` per commit.
    read_only
        Read while another process writes.

    Raises
    ------
    StoreError
        When the file cannot be opened, is none of SQLite's, or another writer has it open.
    """

    is_embedded = True

    def __init__(self, path: str | Path, *, durability: str = "normal", read_only: bool = False) -> None:
        super().__init__(Connections(Path(path), durability=durability, read_only=read_only))
        # ids of rows that came without one: another start never gives the same again
        self._prefix = f"{secrets.token_hex(4)}-"
        if not read_only:
            try:
                with self._connections.transaction() as connection:
                    for statement in (CATALOGUE + TABLES + EVENTS).split(";"):
                        connection.execute(statement)
                    add_later_columns(connection)
                    add_schemas(connection)
            except BaseException:
                self._connections.close()
                raise

    @property
    def path(self) -> Path:
        """The file."""
        return self._connections.path

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self, dataset: str, schema: Schema) -> None:
        """Make a dataset ready; columns that the schema gained are added, rows that are there stay."""
        if self._connections.read_only:
            self._open_for_reading(dataset, schema)
            return
        with self._connections.transaction() as connection:
            layout = open_layout(connection, dataset, schema)
            keep_schema(connection, dataset, schema)
            last_seq, last_label, may_wait = connection.execute(
                f"SELECT max(last_seq, (SELECT coalesce(max(seq), 0) FROM {layout.predictions})),"  # noqa: S608 - quoted
                f" max(last_label, (SELECT coalesce(max(seq), 0) FROM {layout.labels})),"
                f" EXISTS (SELECT 1 FROM {layout.labels} WHERE waiting)"
                " FROM modelvane_datasets WHERE name = ?",
                (dataset,),
            ).fetchone()
        known = self._datasets.get(dataset)
        if known is None:
            self._datasets[dataset] = Dataset(layout, last_seq + 1, last_label + 1, bool(may_wait))
        else:
            known.layout = layout

    def _open_for_reading(self, dataset: str, schema: Schema) -> None:
        with self._connections.reading() as connection:
            rows = connection.execute("SELECT name FROM modelvane_datasets").fetchall()
            if (dataset,) not in rows:
                raise UnknownNameError.of("dataset", dataset, [name for (name,) in rows])
            self._datasets[dataset] = Dataset(
                open_layout(connection, dataset, schema, add=False), 0, 0, False
            )

    def transaction(self) -> AbstractContextManager[object]:
        """Make everything that this thread writes inside one commit, all or nothing."""
        return self._connections.transaction()

    def append(self, dataset: str, table: Table, received: float) -> Appended:
        """Keep rows, all or nothing; within retention the first row of an id wins."""
        return self.append_many(dataset, [(table, received)])[0]

    def append_many(self, dataset: str, batches: Sequence[tuple[Table, float]]) -> list[Appended]:
        """Keep several tables, each with its time of arrival, all or nothing; one result for each."""
        state = self._dataset(dataset)

        def prepared(first: int, *, exact: bool) -> Iterator[Prepared]:
            for table, received in batches:
                yield prepare(state.layout, table, received, first, self._prefix, exact=exact)
                first += table.rows

        return self._keep(state, prepared)

    def restore(self, dataset: str, rows: Rows) -> int:
        """Keep rows of another log with their ids, event times and times of arrival; give how many were new."""
        state = self._dataset(dataset)

        def prepared(first: int, *, exact: bool) -> Iterator[Prepared]:
            yield prepare_again(state.layout, rows, first, exact=exact)

        [kept] = self._keep(state, prepared)
        return len(rows) if kept.new is None else len(kept.new)

    def _keep(self, state: Dataset[Layout], prepare_from: _Preparation) -> list[Appended]:
        with self._connections.transaction() as connection:
            first = state.next_seq
            prepared = list(prepare_from(first, exact=False))
            total = sum(len(batch.ids) for batch in prepared)
            state.next_seq = first + total
            try:
                inserted = self._insert(connection, state, prepared)
            except (OverflowError, UnicodeEncodeError):
                # an integer beyond 64 bits or a lone surrogate: rare, so looked for only now; rows of
                # statements before it are there already and are skipped, hence the count of all is unknown
                prepared = list(prepare_from(first, exact=True))
                self._insert(connection, state, prepared)
                inserted = -1
            return outcomes(
                connection, state.layout, prepared, first, all_new=inserted == total, waiting=state.may_wait
            )

    @staticmethod
    def _insert(connection: sqlite3.Connection, state: Dataset[Layout], prepared: list[Prepared]) -> int:
        if len(prepared) == 1:
            return insert(connection, state.layout, prepared[0].values)
        values = list(chain.from_iterable(batch.values for batch in prepared))
        return insert(connection, state.layout, values)

    def label(
        self,
        dataset: str,
        ids: Sequence[Any],
        targets: Sequence[Any],
        times: NDArray[np.int64] | None,
        received: float | NDArray[np.float64],
    ) -> LabelResult:
        """Keep targets by id, the latest wins; ``times`` are the targets' own times in microseconds."""
        state = self._dataset(dataset)
        with self._connections.transaction() as connection:
            result = keep_labels(connection, state.layout, ids, targets, times, received, state.next_label)
            state.next_label += len(ids)
            state.may_wait |= bool((result.outcomes == LabelOutcome.WAITING).any())
        return result

    def append_findings(self, findings: Findings) -> None:
        """Keep a round in place of one computed at the same time, or of the same period."""
        self._dataset(findings.dataset)
        with self._connections.transaction() as connection:
            keep_findings(connection, findings)

    def append_events(self, events: Sequence[Event]) -> None:
        """Keep events, all or nothing; their datasets need not be open."""
        with self._connections.transaction() as connection:
            keep_events(connection, events)

    def save_snapshot(self, dataset: str, snapshot: Snapshot) -> None:
        """Keep a monitor's state in place of the one before."""
        self._dataset(dataset)
        with self._connections.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO modelvane_snapshots (dataset, seq, label_seq, state)"
                " VALUES (?, ?, ?, ?)",
                (dataset, snapshot.seq, snapshot.label_seq, snapshot.state),
            )

    def retain(
        self,
        *,
        max_age_seconds: float | None = None,
        max_bytes: int | None = None,
        now: float | None = None,
        limit: int | None = None,
    ) -> Removed:
        """Remove the oldest rows (by arrival), their labels, findings and events, until age and size are kept.

        Stops after about ``limit`` rows, so that a writer's turn stays short. Datasets that were opened
        count; each chunk is a transaction of its own, and the file shrinks.
        """
        moment = time.time() if now is None else now
        return retained(lambda: self._retain_once(max_age_seconds, max_bytes, moment), limit)

    def _retain_once(self, max_age_seconds: float | None, max_bytes: int | None, now: float) -> Removed:
        states = list(self._datasets.values())
        removed: list[Removed] = []
        with self._connections.transaction() as connection:
            for state in states:
                # what is removed must not give its numbers away again
                connection.execute(
                    "UPDATE modelvane_datasets SET last_seq = ?, last_label = ? WHERE name = ?",
                    (state.next_seq - 1, state.next_label - 1, state.layout.dataset),
                )
                if max_age_seconds is not None:
                    removed.append(retention.remove_before(connection, state.layout, now - max_age_seconds))
            if max_age_seconds is not None:
                remove_events(connection, now - max_age_seconds)
            if max_bytes is not None and retention.bytes_used(connection) > max_bytes:
                removed.append(retention.remove_oldest(connection, [state.layout for state in states]))
            retention.give_back(connection)
        return sum(removed, Removed())

    def close(self) -> None:
        """Give everything back; a second call does nothing."""
        self._connections.close()
