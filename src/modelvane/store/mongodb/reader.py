"""Reading the log in MongoDB."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pymongo import ASCENDING, DESCENDING

from modelvane.errors import StoreError
from modelvane.events import Event, Kind
from modelvane.findings import Findings
from modelvane.schema import Schema
from modelvane.store import schemas
from modelvane.store.dataset import opened
from modelvane.store.mongodb import existing, snapshots
from modelvane.store.mongodb.connecting import Address, connect, translated
from modelvane.store.mongodb.events import read_events
from modelvane.store.mongodb.labelling import find_by_id, labelled_rows
from modelvane.store.mongodb.layout import LABEL, SEQ, TIME, Collections, Document, Layout
from modelvane.store.mongodb.reading import first_labels, labels_of, rows_of, waiting_of
from modelvane.store.mongodb.rounds import read_rounds
from modelvane.store.mongodb.values import OWN
from modelvane.store.results import Labels, Rows, Snapshot
from modelvane.store.values import storable_id

_log = logging.getLogger("modelvane.store")


@dataclass(slots=True)
class Dataset:
    """What a process knows of a dataset without asking."""

    layout: Layout
    may_wait: bool
    """Whether any label may be waiting for its row, as of the last numbers that were taken."""
    has_existing: bool
    """Whether any document is another program's."""


class MongoReader:
    """The reading half of the log."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._client, database = connect(address)
        self._collections = Collections(database)
        self._datasets: dict[str, Dataset] = {}
        self._is_closed = False
        self._has_warned = False

    @contextmanager
    def _asking(self) -> Iterator[Collections]:
        if self._is_closed:
            raise StoreError(f"The log is closed: {self._address.shown}")
        with translated(self._address.shown):
            yield self._collections

    def _dataset(self, name: str) -> Dataset:
        return opened(self._datasets, name)

    @contextmanager
    def _reading(self, dataset: str) -> Iterator[tuple[Collections, Layout]]:
        """Give what a question needs, with every document of another program numbered."""
        state = self._dataset(dataset)
        with self._asking() as collections:
            self._number_existing(state)
            yield collections, state.layout

    def _number_existing(self, state: Dataset) -> None:
        if not existing.there_are_unnumbered(self._collections):
            return
        owner = self._address.existing
        if owner is None:
            kept = self._collections.datasets.find({}, {"_id": 1})
            names = {found["_id"] for found in kept} | self._datasets.keys()
            owner = next(iter(names)) if len(names) == 1 else None
            if owner is None and not self._has_warned:
                self._has_warned = True
                _log.warning(
                    "Documents of another program in %s are not read, for there are several datasets: "
                    "add existing=NAME to the URL, with one of %s",
                    self._address.shown,
                    ", ".join(sorted(names)),
                )
        if owner == state.layout.dataset:
            existing.number(self._collections, state.layout)
            state.has_existing = True

    def datasets(self) -> dict[str, Schema]:
        """Give every dataset of the database with its schema."""
        with self._asking() as collections:
            found = list(collections.datasets.find({"schema": {"$gt": ""}}).sort("opened", ASCENDING))
        return {document["_id"]: schemas.from_json(document["schema"]) for document in found}

    def find(self, dataset: str, ids: Sequence[Any]) -> Rows:
        """Give the rows with these ids, in order of arrival; ids that are not there are left out."""
        wanted = list(dict.fromkeys(filter(None, map(storable_id, ids))))
        with self._reading(dataset) as (collections, layout):
            has_existing = self._dataset(dataset).has_existing
            found = list(find_by_id(collections, layout, wanted, existing=has_existing))
        found.sort(key=lambda document: document[OWN]["seq"])
        return rows_of(layout, found)

    def scan(
        self,
        dataset: str,
        since: float | None = None,
        until: float | None = None,
        batch_rows: int = 10_000,
    ) -> Iterator[Rows]:
        """Give the rows of a period with their targets, in order of event time, then of arrival.

        The rows are those whose sequence numbers were given away when the first one was read; what others
        remove meanwhile may be missing.
        """
        with self._reading(dataset) as (collections, layout):
            numbers = collections.datasets.find_one({"_id": dataset}, {"last_seq": 1}) or {}
            where = layout.rows(last=numbers.get("last_seq", 0)) | layout.period(since, until)
            order = [(TIME, ASCENDING), (SEQ, ASCENDING)]
            found_by = collections.data.find(where).sort(order).allow_disk_use(True)
            with found_by.batch_size(batch_rows) as cursor:
                while found := list(islice(cursor, batch_rows)):
                    yield rows_of(layout, found)

    def tail(
        self, dataset: str, *, rows: int | None = None, since: float | None = None, after: int = 0
    ) -> Rows:
        """Give the last rows with their targets in order of arrival.

        At most ``rows`` of them, with an event time from ``since`` on, and a sequence number above ``after``.
        """
        with self._reading(dataset) as (collections, layout):
            where = layout.rows(after=after) | layout.period(since, None)
            return rows_of(layout, _newest(collections, where, SEQ, rows))

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
        with self._reading(dataset) as (collections, layout):
            where = layout.rows(after=after) | layout.period(since, until)
            return rows_of(layout, _oldest(collections, where, SEQ, rows))

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
        with self._reading(dataset) as (collections, layout):
            period = layout.period(since, until)
            parts = [
                labels_of(layout, _oldest(collections, labelled_rows(layout, after) | period, LABEL, rows))
            ]
            if not period:
                waiting = collections.waiting.find({"dataset": dataset, "seq": {"$gt": after}})
                parts.append(waiting_of(layout, list(waiting.sort("seq", ASCENDING).limit(rows))))
        return first_labels(parts, rows)

    def labels_tail(self, dataset: str, *, rows: int | None = None, after: int = 0) -> Rows:
        """Give the rows that were labelled last, in the order in which their (latest) targets came.

        At most ``rows`` of them, labelled after the label with the sequence number ``after``.
        """
        with self._reading(dataset) as (collections, layout):
            return rows_of(layout, _newest(collections, labelled_rows(layout, after), LABEL, rows))

    def last(self, dataset: str) -> tuple[int, int]:
        """Give the sequence numbers of the last row and of the last label; 0 where there is none."""
        with self._reading(dataset) as (collections, layout):
            rows = _newest(collections, layout.rows(), SEQ, 1)
            labels = _newest(collections, labelled_rows(layout, 0), LABEL, 1)
            waiting = collections.waiting.find({"dataset": dataset}).sort("seq", DESCENDING).limit(1)
            numbers = [row[OWN]["label"] for row in labels] + [label["seq"] for label in waiting]
        return rows[0][OWN]["seq"] if rows else 0, max(numbers, default=0)

    def count(self, dataset: str) -> int:
        """Give the number of rows."""
        with self._reading(dataset) as (collections, layout):
            return collections.data.count_documents(layout.rows())

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
        with self._asking() as collections:
            return read_rounds(collections, dataset, since, until, limit, batches=batches)

    def read_events(
        self,
        dataset: str | None = None,
        *,
        kinds: Collection[Kind] = (),
        since: float | None = None,
        limit: int | None = None,
    ) -> list[Event]:
        """Give events of every dataset or of one, in the order in which they came; with a limit, the newest ones."""
        with self._asking() as collections:
            return read_events(collections, dataset, kinds, since, limit)

    def load_snapshot(self, dataset: str) -> Snapshot | None:
        """Give the monitor's state that was kept last."""
        self._dataset(dataset)
        with self._asking() as collections:
            return snapshots.load(collections, dataset)

    def close(self) -> None:
        """Give everything back; a second call does nothing."""
        self._is_closed = True
        self._client.close()


def _newest(collections: Collections, where: Document, by: str, rows: int | None) -> list[Document]:
    if rows == 0:
        # which to MongoDB means all
        return []
    found = list(collections.data.find(where).sort(by, DESCENDING).limit(rows or 0))
    found.reverse()
    return found


def _oldest(collections: Collections, where: Document, by: str, rows: int) -> list[Document]:
    return list(collections.data.find(where).sort(by, ASCENDING).limit(rows)) if rows else []
