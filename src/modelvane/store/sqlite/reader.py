"""Reading the embedded log: each call on a connection of its own, beside the writer."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from typing import Any

from modelvane.events import Event, Kind
from modelvane.findings import Findings
from modelvane.schema import Schema
from modelvane.store.dataset import Dataset, opened
from modelvane.store.results import Labels, Rows, Snapshot
from modelvane.store.sqlite.connections import Connections
from modelvane.store.sqlite.events import read_events
from modelvane.store.sqlite.layout import Layout, read_schemas
from modelvane.store.sqlite.reading import blocks_of_ids, labels_of, rows_of
from modelvane.store.sqlite.rounds import read_rounds
from modelvane.store.values import storable_id


class SqliteReader:
    """The reading half of the log: sees what is committed and blocks nobody."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._datasets: dict[str, Dataset[Layout]] = {}

    def _dataset(self, name: str) -> Dataset[Layout]:
        return opened(self._datasets, name)

    def datasets(self) -> dict[str, Schema]:
        """Give every dataset of the file with its schema.

        Those that were last opened before schemas were kept are not among them: open them once.
        """
        with self._connections.reading() as connection:
            return read_schemas(connection)

    def find(self, dataset: str, ids: Sequence[Any]) -> Rows:
        """Give the rows with these ids, in order of arrival; ids that are not there are left out."""
        layout = self._dataset(dataset).layout
        wanted = list(dict.fromkeys(filter(None, map(storable_id, ids))))
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
        layout = self._dataset(dataset).layout
        conditions, period = _period("p.event_time", since, until, also="p.seq > ?", value=after)
        with self._connections.reading() as connection:
            found = connection.execute(
                f"{layout.select}{conditions} ORDER BY p.seq LIMIT ?", (*period, rows)
            ).fetchall()
        return rows_of(layout, found)

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
        conditions, period = _period("p.event_time", since, until, also="l.seq > ?", value=after)
        # CROSS JOIN keeps the order: by number, which ends after so many labels
        rows_too = f" CROSS JOIN {layout.predictions} p ON p.id = l.id" if len(period) > 1 else ""
        with self._connections.reading() as connection:
            found = connection.execute(
                f"SELECT l.seq, l.id, l.target, l.time, l.received FROM {layout.labels} l{rows_too}{conditions}"  # noqa: S608 - quoted
                " ORDER BY l.seq LIMIT ?",
                (*period, rows),
            ).fetchall()
        return labels_of(layout, found)

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
            return int(connection.execute(f"SELECT count(*) FROM {layout.predictions}").fetchone()[0])  # noqa: S608 - quoted

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
        with self._connections.reading() as connection:
            return read_rounds(connection, dataset, since, until, limit, batches=batches)

    def read_events(
        self,
        dataset: str | None = None,
        *,
        kinds: Collection[Kind] = (),
        since: float | None = None,
        limit: int | None = None,
    ) -> list[Event]:
        """Give events of every dataset or of one, in the order in which they came; with a limit, the newest ones."""
        with self._connections.reading() as connection:
            return read_events(connection, dataset, kinds, since, limit)

    def load_snapshot(self, dataset: str) -> Snapshot | None:
        """Give the monitor's state that was kept last."""
        self._dataset(dataset)
        with self._connections.reading() as connection:
            found = connection.execute(
                "SELECT state, seq, label_seq FROM modelvane_snapshots WHERE dataset = ?", (dataset,)
            ).fetchone()
        return Snapshot(*found) if found else None


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
