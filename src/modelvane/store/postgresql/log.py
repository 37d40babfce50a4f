"""The log in PostgreSQL: typed tables that any SQL tool can query, written by COPY."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from modelvane.errors import StoreError, UnknownNameError
from modelvane.events import Event
from modelvane.findings import Findings
from modelvane.schema import Schema
from modelvane.store.dataset import Dataset
from modelvane.store.postgresql import retention
from modelvane.store.postgresql.address import Address
from modelvane.store.postgresql.appending import (
    Prepared,
    insert,
    outcomes,
    prepare,
    prepare_again,
    take_early,
)
from modelvane.store.postgresql.connections import Connections
from modelvane.store.postgresql.events import TABLES as EVENTS
from modelvane.store.postgresql.events import has_events, keep_events, remove_events
from modelvane.store.postgresql.labelling import keep_labels
from modelvane.store.postgresql.layout import CATALOGUE, VERSION, Layout, escaped, keep_schema, open_layout
from modelvane.store.postgresql.reader import PostgresqlReader, has_log
from modelvane.store.postgresql.rounds import LATER_COLUMNS, TABLES, keep_findings
from modelvane.store.postgresql.session import Session
from modelvane.store.results import Appended, LabelOutcome, LabelResult, Removed, Rows, Snapshot
from modelvane.store.retention import retained
from modelvane.table import Table


class PostgresqlLog(PostgresqlReader):
    """The log in a schema of a PostgreSQL database.

    Each dataset has a table ``predictions_<dataset>`` (``seq``, ``id``, ``event_time``, ``received`` in seconds
    since 1970, one typed column per column of the schema, ``extra``) and a table ``labels_<dataset>``. A value that
    does not fit its column's type is null there and stands in ``extra``, JSON, under the column's name, as do columns
    that the schema does not know; it is read back as it came. But an integer in a column of doubles is a double, and
    event times outside of the years 1 to 9999 are taken as unreadable. ``modelvane_columns`` lists names that
    PostgreSQL cannot keep, or that are taken.

    Nothing is connected before something is asked. A connection that is lost is made again by what is asked next.

    Parameters
    ----------
    url
        ``postgresql://user:password@host:port/database``, with libpq's parameters.
    durability
        ``"normal"``: as the server's ``synchronous_commit`` says; ``"full"``: on, whatever it says.
    read_only
        Read while another process writes.

    Raises
    ------
    ConfigError
        When the URL cannot be read.
    """

    is_embedded = False

    def __init__(self, url: str, *, durability: str = "normal", read_only: bool = False) -> None:
        super().__init__(
            Connections(Address.of(url), durability=durability, read_only=read_only, prepare=self._take_up)
        )
        # ids of rows that came without one: another start never gives the same again
        self._prefix = f"{secrets.token_hex(4)}-"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"PostgresqlLog({self._connections.where})"

    def _take_up(self, session: Session) -> None:
        """Make the log's own tables where there are none, and see what was written since this process last did."""
        if has_log(session):
            self._check_version(session)
            if not has_events(session):
                session.run(EVENTS)
            session.run(LATER_COLUMNS)
        else:
            session.run(f"BEGIN;{CATALOGUE}{TABLES}{EVENTS}COMMIT")
        for state in self._datasets.values():
            self._look_up(session, state)

    def _check_version(self, session: Session) -> None:
        [(version,)] = session.execute("SELECT max(version) FROM modelvane_log").fetchall()
        if version > VERSION:
            raise StoreError(
                f"The log was written by a newer modelvane: {self._connections.where}",
                received=f"version {version}",
                expected=f"version {VERSION} or older",
                remedy="Upgrade modelvane",
            )

    @staticmethod
    def _look_up(session: Session, state: Dataset[Layout]) -> None:
        layout = state.layout
        [(last_seq, last_label, may_wait)] = session.execute(
            f"SELECT greatest(last_seq, (SELECT max(seq) FROM {layout.predictions})),"  # noqa: S608 - quoted
            f" greatest(last_label, (SELECT max(seq) FROM {layout.labels})),"
            f" EXISTS (SELECT 1 FROM {layout.labels} WHERE waiting) FROM modelvane_datasets WHERE name = %s",
            (escaped(layout.dataset),),
        ).fetchall()
        state.next_seq = max(state.next_seq, last_seq + 1)
        state.next_label = max(state.next_label, last_label + 1)
        state.may_wait |= may_wait

    def open(self, dataset: str, schema: Schema) -> None:
        """Make a dataset ready; columns that the schema gained are added, rows that are there stay."""
        if self._connections.read_only:
            self._connections.read(lambda session: self._open_for_reading(session, dataset, schema))
            return
        with self._connections.transaction() as session:
            layout = open_layout(session, dataset, schema)
            keep_schema(session, dataset, schema)
            state = Dataset(layout, 1, 1, may_wait=False)
            self._look_up(session, state)
        known = self._datasets.setdefault(dataset, state)
        known.layout = layout

    def _open_for_reading(self, session: Session, dataset: str, schema: Schema) -> None:
        if not has_log(session):
            raise StoreError(f"There is no log to read: {self._connections.where}", remedy="Check the URL")
        self._check_version(session)
        there = self._names(session)
        if escaped(dataset) not in there:
            raise UnknownNameError.of("dataset", dataset, there)
        layout = open_layout(session, dataset, schema, add=False)
        self._datasets[dataset] = Dataset(layout, 0, 0, may_wait=False)

    @staticmethod
    def _names(session: Session) -> list[str]:
        return [name for (name,) in session.execute("SELECT name FROM modelvane_datasets")]

    def transaction(self) -> AbstractContextManager[object]:
        """Make everything that this thread writes inside one commit, all or nothing."""
        return self._connections.transaction()

    def append(self, dataset: str, table: Table, received: float) -> Appended:
        """Keep rows, all or nothing; within retention the first row of an id wins."""
        return self.append_many(dataset, [(table, received)])[0]

    def append_many(self, dataset: str, batches: Sequence[tuple[Table, float]]) -> list[Appended]:
        """Keep several tables, each with its time of arrival, all or nothing; one result for each."""
        sizes = [table.rows for table, _ in batches]
        return self._keep(dataset, sizes, lambda layout, first: prepare(layout, batches, first, self._prefix))

    def restore(self, dataset: str, rows: Rows) -> int:
        """Keep rows of another log with their ids, event times and times of arrival; give how many were new."""
        [kept] = self._keep(dataset, [len(rows)], lambda layout, first: prepare_again(layout, rows, first))
        return len(rows) if kept.new is None else len(kept.new)

    def _keep(
        self, dataset: str, sizes: Sequence[int], prepare_from: Callable[[Layout, int], Prepared]
    ) -> list[Appended]:
        state = self._dataset(dataset)
        with self._connections.transaction() as session:
            first, layout = state.next_seq, state.layout
            prepared = prepare_from(layout, first)
            state.next_seq += sum(sizes)
            new = insert(session, layout, prepared)
            early = take_early(session, layout, first, state.next_seq - 1) if state.may_wait else {}
            return outcomes(prepared, sizes, first, new, early)

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
        with self._connections.transaction() as session:
            first = state.next_label
            state.next_label += len(ids)
            result = keep_labels(session, state.layout, ids, targets, times, received, first)
            state.may_wait |= bool((result.outcomes == LabelOutcome.WAITING).any())
        return result

    def append_findings(self, findings: Findings) -> None:
        """Keep a round in place of one computed at the same time, or of the same period."""
        self._dataset(findings.dataset)
        with self._connections.transaction() as session:
            keep_findings(session, findings)

    def append_events(self, events: Sequence[Event]) -> None:
        """Keep events, all or nothing; their datasets need not be open."""
        with self._connections.transaction() as session:
            keep_events(session, events)

    def save_snapshot(self, dataset: str, snapshot: Snapshot) -> None:
        """Keep a monitor's state in place of the one before."""
        self._dataset(dataset)
        with self._connections.transaction() as session:
            session.execute(
                "INSERT INTO modelvane_snapshots (dataset, seq, label_seq, state) VALUES (%s, %s, %s, %s)"
                " ON CONFLICT (dataset) DO UPDATE SET"
                " seq = excluded.seq, label_seq = excluded.label_seq, state = excluded.state",
                (escaped(dataset), snapshot.seq, snapshot.label_seq, snapshot.state),
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

        Stops after about ``limit`` rows, so that a writer's turn stays short. Datasets that were opened count; each
        chunk is a transaction of its own. The size is that of the rows that are there: PostgreSQL uses the space of
        removed rows again, and ``VACUUM FULL`` gives it back to the disk.
        """
        states = list(self._datasets.values())
        oldest = None if max_age_seconds is None else (time.time() if now is None else now) - max_age_seconds
        sizes: dict[str, retention.Size] = {}
        if max_bytes is not None:
            with self._connections.transaction() as session:
                sizes = {s.layout.dataset: retention.size_of(session, s.layout) for s in states}
        return retained(lambda: self._retain_once(states, oldest, sizes, max_bytes), limit)

    def _retain_once(
        self,
        states: Sequence[Dataset[Layout]],
        oldest: float | None,
        sizes: dict[str, retention.Size],
        max_bytes: int | None,
    ) -> Removed:
        removed: list[Removed] = []
        with self._connections.transaction() as session:
            for state in states:
                name = state.layout.dataset
                # what is removed must not give its numbers away again
                session.execute(
                    "UPDATE modelvane_datasets SET last_seq = %s, last_label = %s WHERE name = %s",
                    (state.next_seq - 1, state.next_label - 1, escaped(name)),
                )
                if oldest is not None:
                    removed.append(retention.remove_before(session, state.layout, oldest))
                    if name in sizes:
                        sizes[name] = sizes[name].without(removed[-1])
            if oldest is not None:
                remove_events(session, oldest)
            if max_bytes is not None and sum(size.bytes for size in sizes.values()) > max_bytes:
                layout, left = retention.remove_oldest(session, [state.layout for state in states])
                removed.append(left)
                if layout is not None:
                    sizes[layout.dataset] = sizes[layout.dataset].without(left)
        return sum(removed, Removed())

    def close(self) -> None:
        """Give everything back; a second call does nothing."""
        self._connections.close()
