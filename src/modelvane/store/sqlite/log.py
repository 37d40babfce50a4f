"""The embedded log: one SQLite file in WAL mode, with tables that any SQL tool can query."""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from modelvane.errors import UnknownNameError
from modelvane.findings import Findings
from modelvane.schema import Schema
from modelvane.store.protocol import Appended, LabelOutcome, LabelResult, Removed, Rows, Snapshot
from modelvane.store.sqlite import retention
from modelvane.store.sqlite.appending import Prepared, bindable_id, insert, outcomes, prepare
from modelvane.store.sqlite.connections import Connections
from modelvane.store.sqlite.labelling import keep_labels
from modelvane.store.sqlite.layout import CATALOGUE, Layout, open_layout
from modelvane.store.sqlite.reading import blocks_of_ids, rows_of
from modelvane.store.sqlite.rounds import TABLES, keep_findings, read_rounds
from modelvane.table import Table


@dataclass(slots=True)
class _Dataset:
    """What the writer knows of a dataset without asking: numbers may be lost, never used twice."""

    layout: Layout
    next_seq: int
    next_label: int
    may_wait: bool
    """Whether any label may be waiting for its row."""


class SqliteLog:
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

    def __init__(self, path: str | Path, *, durability: str = "normal", read_only: bool = False) -> None:
        self._connections = Connections(Path(path), durability=durability, read_only=read_only)
        self._datasets: dict[str, _Dataset] = {}
        # ids of rows that came without one: another start never gives the same again
        self._prefix = f"{secrets.token_hex(4)}-"
        if not read_only:
            try:
                with self._connections.transaction() as connection:
                    for statement in (CATALOGUE + TABLES).split(";"):
                        connection.execute(statement)
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
            last_seq, last_label, may_wait = connection.execute(
                f"SELECT max(last_seq, (SELECT coalesce(max(seq), 0) FROM {layout.predictions})),"  # noqa: S608
                f" max(last_label, (SELECT coalesce(max(seq), 0) FROM {layout.labels})),"
                f" EXISTS (SELECT 1 FROM {layout.labels} WHERE waiting)"
                " FROM modelvane_datasets WHERE name = ?",
                (dataset,),
            ).fetchone()
        known = self._datasets.get(dataset)
        if known is None:
            self._datasets[dataset] = _Dataset(layout, last_seq + 1, last_label + 1, bool(may_wait))
        else:
            known.layout = layout

    def _open_for_reading(self, dataset: str, schema: Schema) -> None:
        with self._connections.reading() as connection:
            rows = connection.execute("SELECT name FROM modelvane_datasets").fetchall()
            if (dataset,) not in rows:
                raise UnknownNameError.of("dataset", dataset, [name for (name,) in rows])
            self._datasets[dataset] = _Dataset(
                open_layout(connection, dataset, schema, add=False), 0, 0, False
            )

    def _dataset(self, name: str) -> _Dataset:
        try:
            return self._datasets[name]
        except KeyError:
            raise UnknownNameError.of("dataset", name, self._datasets) from None

    def transaction(self) -> AbstractContextManager[object]:
        """Make everything that this thread writes inside one commit, all or nothing."""
        return self._connections.transaction()

    def append(self, dataset: str, table: Table, received: float) -> Appended:
        """Keep rows, all or nothing; within retention the first row of an id wins."""
        return self.append_many(dataset, [(table, received)])[0]

    def append_many(self, dataset: str, batches: Sequence[tuple[Table, float]]) -> list[Appended]:
        """Keep several tables, each with its time of arrival, all or nothing; one result for each."""
        state = self._dataset(dataset)
        with self._connections.transaction() as connection:
            first = state.next_seq
            prepared = self._prepare(state, batches, first)
            try:
                inserted = self._insert(connection, state, prepared)
            except (OverflowError, UnicodeEncodeError):
                # an integer beyond 64 bits or a lone surrogate: rare, so looked for only now; rows of
                # statements before it are there already and are skipped, hence the count of all is unknown
                prepared = self._prepare(state, batches, first, exact=True)
                self._insert(connection, state, prepared)
                inserted = -1
            total = state.next_seq - first
            return outcomes(
                connection, state.layout, prepared, first, all_new=inserted == total, waiting=state.may_wait
            )

    def _prepare(
        self, state: _Dataset, batches: Sequence[tuple[Table, float]], first: int, *, exact: bool = False
    ) -> list[Prepared]:
        prepared = []
        state.next_seq = first
        for table, received in batches:
            prepared.append(prepare(state.layout, table, received, state.next_seq, self._prefix, exact=exact))
            state.next_seq += table.rows
        return prepared

    @staticmethod
    def _insert(connection: sqlite3.Connection, state: _Dataset, prepared: list[Prepared]) -> int:
        rows = prepared[0].rows if len(prepared) == 1 else [row for batch in prepared for row in batch.rows]
        return insert(connection, state.layout, rows)

    def label(
        self,
        dataset: str,
        ids: Sequence[Any],
        targets: Sequence[Any],
        times: NDArray[np.int64] | None,
        received: float,
    ) -> LabelResult:
        """Keep targets by id, the latest wins; ``times`` are the targets' own times in microseconds."""
        state = self._dataset(dataset)
        with self._connections.transaction() as connection:
            result = keep_labels(connection, state.layout, ids, targets, times, received, state.next_label)
            state.next_label += len(ids)
            state.may_wait |= bool((result.outcomes == LabelOutcome.WAITING).any())
        return result

    def find(self, dataset: str, ids: Sequence[Any]) -> Rows:
        """Give the rows with these ids, in order of arrival; ids that are not there are left out."""
        layout = self._dataset(dataset).layout
        wanted = list(dict.fromkeys(filter(None, map(bindable_id, ids))))
        with self._connections.reading() as connection:
            found = [
                row
                for places, block in blocks_of_ids(wanted)
                for row in connection.execute(f"{layout.select} WHERE p.id IN {places}", block)
            ]
        found.sort(key=lambda row: row[0])
        return rows_of(layout, found)

    def scan(
        self,
        dataset: str,
        since: float | None = None,
        until: float | None = None,
        batch_rows: int = 10_000,
    ) -> Iterator[Rows]:
        """Give the rows of a period with their targets, in order of event time, then of arrival.

        The rows are those of the moment of the first one, whatever is written meanwhile.
        """
        layout = self._dataset(dataset).layout
        conditions, period = _period("p.event_time", since, until)
        with (
            self._connections.reading() as connection,
            closing(
                connection.execute(f"{layout.select}{conditions} ORDER BY p.event_time, p.seq", period)
            ) as cursor,
        ):
            while found := cursor.fetchmany(batch_rows):
                yield rows_of(layout, found)

    def tail(
        self, dataset: str, *, rows: int | None = None, since: float | None = None, after: int = 0
    ) -> Rows:
        """Give the last rows with their targets in order of arrival.

        At most ``rows`` of them, with an event time from ``since`` on, and a sequence number above ``after``.
        """
        layout = self._dataset(dataset).layout
        conditions, period = _period("p.event_time", since, None, also="p.seq > ?", value=after)
        return self._newest(layout, f"{conditions} ORDER BY p.seq DESC LIMIT ?", (*period, _limit(rows)))

    def labels_tail(self, dataset: str, *, rows: int | None = None, after: int = 0) -> Rows:
        """Give the rows that were labelled last, in the order in which their (latest) targets came.

        At most ``rows`` of them, labelled after the label with the sequence number ``after``.
        """
        layout = self._dataset(dataset).layout
        return self._newest(layout, " WHERE l.seq > ? ORDER BY l.seq DESC LIMIT ?", (after, _limit(rows)))

    def _newest(self, layout: Layout, clause: str, parameters: tuple[Any, ...]) -> Rows:
        with self._connections.reading() as connection:
            found = connection.execute(layout.select + clause, parameters).fetchall()
        found.reverse()
        return rows_of(layout, found)

    def last(self, dataset: str) -> tuple[int, int]:
        """Give the sequence numbers of the last row and of the last label; 0 where there is none."""
        layout = self._dataset(dataset).layout
        with self._connections.reading() as connection:
            row, label = connection.execute(
                f"SELECT (SELECT coalesce(max(seq), 0) FROM {layout.predictions}),"  # noqa: S608 - quoted
                f" (SELECT coalesce(max(seq), 0) FROM {layout.labels})"
            ).fetchone()
        return row, label

    def count(self, dataset: str) -> int:
        """Give the number of rows."""
        layout = self._dataset(dataset).layout
        with self._connections.reading() as connection:
            return int(connection.execute(f"SELECT count(*) FROM {layout.predictions}").fetchone()[0])  # noqa: S608

    def append_findings(self, findings: Findings) -> None:
        """Keep a round; a round of the same dataset and ``computed_at`` is replaced."""
        self._dataset(findings.dataset)
        with self._connections.transaction() as connection:
            keep_findings(connection, findings)

    def read_findings(
        self,
        dataset: str,
        since: float | None = None,
        until: float | None = None,
        limit: int | None = None,
    ) -> list[Findings]:
        """Give rounds by ``computed_at``, the oldest first; with a limit, the newest ones."""
        self._dataset(dataset)
        with self._connections.reading() as connection:
            return read_rounds(connection, dataset, since, until, limit)

    def save_snapshot(self, dataset: str, snapshot: Snapshot) -> None:
        """Keep a monitor's state in place of the one before."""
        self._dataset(dataset)
        with self._connections.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO modelvane_snapshots (dataset, seq, label_seq, state)"
                " VALUES (?, ?, ?, ?)",
                (dataset, snapshot.seq, snapshot.label_seq, snapshot.state),
            )

    def load_snapshot(self, dataset: str) -> Snapshot | None:
        """Give the monitor's state that was kept last."""
        self._dataset(dataset)
        with self._connections.reading() as connection:
            found = connection.execute(
                "SELECT state, seq, label_seq FROM modelvane_snapshots WHERE dataset = ?", (dataset,)
            ).fetchone()
        return Snapshot(*found) if found else None

    def retain(
        self,
        *,
        max_age_seconds: float | None = None,
        max_bytes: int | None = None,
        now: float | None = None,
        limit: int | None = None,
    ) -> Removed:
        """Remove the oldest rows (by arrival), their labels, and findings, until age and size are kept.

        Stops after about ``limit`` rows, so that a writer's turn stays short. Datasets that were opened
        count; each chunk is a transaction of its own, and the file shrinks.
        """
        total = Removed()
        while True:
            removed = self._retain_once(max_age_seconds, max_bytes, time.time() if now is None else now)
            total = Removed(
                total.rows + removed.rows,
                total.labels + removed.labels,
                total.rounds + removed.rounds,
                removed.more,
            )
            if not removed.more or (limit is not None and total.rows + total.labels >= limit):
                return total

    def _retain_once(self, max_age_seconds: float | None, max_bytes: int | None, now: float) -> Removed:
        states = list(self._datasets.values())
        removed = [Removed()]
        with self._connections.transaction() as connection:
            for state in states:
                # what is removed must not give its numbers away again
                connection.execute(
                    "UPDATE modelvane_datasets SET last_seq = ?, last_label = ? WHERE name = ?",
                    (state.next_seq - 1, state.next_label - 1, state.layout.dataset),
                )
                if max_age_seconds is not None:
                    removed.append(retention.remove_before(connection, state.layout, now - max_age_seconds))
            if max_bytes is not None and retention.bytes_used(connection) > max_bytes:
                removed.append(retention.remove_oldest(connection, [state.layout for state in states]))
            retention.give_back(connection)
        return Removed(
            sum(r.rows for r in removed),
            sum(r.labels for r in removed),
            sum(r.rounds for r in removed),
            any(r.more for r in removed),
        )

    def close(self) -> None:
        """Give everything back; a second call does nothing."""
        self._connections.close()


def _limit(rows: int | None) -> int:
    return -1 if rows is None else rows


def _period(
    column: str, since: float | None, until: float | None, *, also: str = "", value: int = 0
) -> tuple[str, tuple[int, ...]]:
    """Give a WHERE clause for a period in seconds over a column in microseconds."""
    conditions = [(also, value)] if also else []
    if since is not None:
        conditions.append((f"{column} >= ?", round(since * 1e6)))
    if until is not None:
        conditions.append((f"{column} < ?", round(until * 1e6)))
    clause = " WHERE " + " AND ".join(text for text, _ in conditions) if conditions else ""
    return clause, tuple(number for _, number in conditions)
