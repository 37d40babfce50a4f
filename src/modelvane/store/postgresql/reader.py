"""Reading the log in PostgreSQL: each call on a session of its own, beside the writer."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from typing import Any

import pyarrow as pa

from modelvane.events import Event, Kind
from modelvane.findings import Findings
from modelvane.schema import Schema
from modelvane.store.dataset import Dataset, opened
from modelvane.store.postgresql.appending import EARLIEST, LATEST, storable_id
from modelvane.store.postgresql.connections import Connections
from modelvane.store.postgresql.copying import copy_out
from modelvane.store.postgresql.events import read_events
from modelvane.store.postgresql.layout import Layout, escaped, read_schemas
from modelvane.store.postgresql.reading import LABELS, labels_of, rows_of
from modelvane.store.postgresql.rounds import read_rounds
from modelvane.store.postgresql.session import Session
from modelvane.store.results import Labels, Rows, Snapshot


class PostgresqlReader:
    """The reading half of the log: sees what is committed and blocks nobody."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._datasets: dict[str, Dataset[Layout]] = {}

    def _dataset(self, name: str) -> Dataset[Layout]:
        return opened(self._datasets, name)

    def datasets(self) -> dict[str, Schema]:
        """Give every dataset of the database with its schema."""
        return self._connections.read(lambda session: read_schemas(session) if has_log(session) else {})

    def find(self, dataset: str, ids: Sequence[Any]) -> Rows:
        """Give the rows with these ids, in order of arrival; ids that are not there are left out."""
        wanted = set(filter(None, map(storable_id, ids)))
        return self._rows(dataset, "WHERE p.id = ANY(%s) ORDER BY p.seq", (list(wanted),))

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
        conditions, period = _period(since, until)
        query = f"{layout.select} {_joined(layout)} WHERE {conditions} ORDER BY p.event_time, p.seq"
        with (
            self._connections.scanning() as session,
            closing(copy_out(session, query, layout.found, period, batch_rows)) as batches,
        ):
            for found in batches:
                yield rows_of(layout, found)

    def tail(
        self, dataset: str, *, rows: int | None = None, since: float | None = None, after: int = 0
    ) -> Rows:
        """Give the last rows with their targets in order of arrival.

        At most ``rows`` of them, with an event time from ``since`` on, and a sequence number above ``after``.
        """
        conditions, period = _period(since, None)
        return self._rows(
            dataset,
            f"WHERE p.seq > %s AND {conditions} ORDER BY p.seq DESC LIMIT %s",
            (after, *period, rows),
            is_newest=True,
        )

    def head(
        self,
        dataset: str,
        *,
        rows: int,
        after: int = 0,
        since: float | None = None,
        until: float | None = None,
    ) -> Rows:
        """Give the first rows with their targets in order of arrival, with a number above ``after``."""
        conditions, period = _period(since, until)
        clause = f"WHERE p.seq > %s AND {conditions} ORDER BY p.seq LIMIT %s"
        return self._rows(dataset, clause, (after, *period, rows))

    def labels_head(
        self,
        dataset: str,
        *,
        rows: int,
        after: int = 0,
        since: float | None = None,
        until: float | None = None,
    ) -> Labels:
        """Give the first labels in the order in which they came, waiting ones too unless there is a period."""
        layout = self._dataset(dataset).layout
        conditions, period = _period(since, until)
        rows_too = f"JOIN {layout.predictions} p ON p.id = l.id" if period else ""
        query = (
            f"SELECT l.seq, l.id, l.time, l.received, l.target_extra, l.target FROM {layout.labels} l {rows_too}"  # noqa: S608 - quoted
            f" WHERE l.seq > %s AND {conditions} ORDER BY l.seq LIMIT %s"
        )
        schema = LABELS.append(pa.field("target", layout.target_type.arrow))
        found = self._connections.read(lambda session: _all(session, query, schema, (after, *period, rows)))
        return labels_of(layout, found)

    def labels_tail(self, dataset: str, *, rows: int | None = None, after: int = 0) -> Rows:
        """Give the rows that were labelled last, in the order in which their (latest) targets came.

        At most ``rows`` of them, labelled after the label with the sequence number ``after``.
        """
        clause = "WHERE l.seq > %s ORDER BY l.seq DESC LIMIT %s"
        return self._rows(dataset, clause, (after, rows), is_newest=True, labelled=True)

    def _rows(
        self,
        dataset: str,
        clause: str,
        parameters: tuple[Any, ...],
        *,
        is_newest: bool = False,
        labelled: bool = False,
    ) -> Rows:
        layout = self._dataset(dataset).layout
        query = f"{layout.select} {_joined(layout, labelled=labelled)} {clause}"
        found = self._connections.read(lambda session: _all(session, query, layout.found, parameters))
        return rows_of(layout, found[::-1] if is_newest else found)

    def last(self, dataset: str) -> tuple[int, int]:
        """Give the sequence numbers of the last row and of the last label; 0 where there is none."""
        layout = self._dataset(dataset).layout
        row, label = self._one(
            f"SELECT (SELECT coalesce(max(seq), 0) FROM {layout.predictions}),"  # noqa: S608 - quoted
            f" (SELECT coalesce(max(seq), 0) FROM {layout.labels})"
        )
        return row, label

    def count(self, dataset: str) -> int:
        """Give the number of rows."""
        [count] = self._one(f"SELECT count(*) FROM {self._dataset(dataset).layout.predictions}")  # noqa: S608 - quoted
        return int(count)

    def _one(self, query: str) -> tuple[Any, ...]:
        [found] = self._connections.read(lambda session: session.execute(query).fetchall())
        return found

    def read_findings(
        self,
        dataset: str,
        since: float | None = None,
        until: float | None = None,
        limit: int | None = None,
        *,
        batches: bool = False,
    ) -> list[Findings]:
        """Give rounds of live windows, or of ``batches``, the oldest first; with a limit, the newest ones."""
        self._dataset(dataset)
        return self._connections.read(
            lambda session: read_rounds(session, dataset, since, until, limit, batches=batches)
        )

    def read_events(
        self,
        dataset: str | None = None,
        *,
        kinds: Collection[Kind] = (),
        since: float | None = None,
        limit: int | None = None,
    ) -> list[Event]:
        """Give events of every dataset or of one, in the order in which they came; with a limit, the newest ones."""
        return self._connections.read(lambda session: read_events(session, dataset, kinds, since, limit))

    def load_snapshot(self, dataset: str) -> Snapshot | None:
        """Give the monitor's state that was kept last."""
        self._dataset(dataset)
        found = self._connections.read(
            lambda session: session.execute(
                "SELECT state, seq, label_seq FROM modelvane_snapshots WHERE dataset = %s",
                (escaped(dataset),),
            ).fetchone()
        )
        return Snapshot(*found) if found else None


def has_log(session: Session) -> bool:
    """Say whether the schema has the tables of a log."""
    found = session.execute(
        "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = current_schema() AND c.relname = 'modelvane_log'"
    )
    return found.fetchone() is not None


def _joined(layout: Layout, *, labelled: bool = False) -> str:
    """Give the FROM clause of rows with their labels, or of the ``labelled`` ones alone."""
    return f"FROM {layout.predictions} p {'' if labelled else 'LEFT '}JOIN {layout.labels} l ON l.id = p.id"


def _all(session: Session, query: str, schema: pa.Schema, parameters: Sequence[Any]) -> pa.Table:
    for found in copy_out(session, query, schema, parameters):
        return found
    return schema.empty_table()


_MICROSECONDS = "timestamptz 'epoch' + %s * interval '1 microsecond'"


def _period(since: float | None, until: float | None) -> tuple[str, tuple[int, ...]]:
    """Give conditions on the event time for a period in seconds, and their parameters."""
    conditions = [
        (f"p.event_time {operator} {_MICROSECONDS}", min(max(round(moment * 1e6), EARLIEST), LATEST + 1))
        for operator, moment in ((">=", since), ("<", until))
        if moment is not None
    ]
    return " AND ".join(text for text, _ in conditions) or "true", tuple(number for _, number in conditions)
