"""The log in MongoDB: a document per prediction, where any tool and any existing service finds it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from itertools import chain
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pymongo import InsertOne, ReplaceOne, errors

from modelvane.events import Event
from modelvane.findings import Findings
from modelvane.schema import Schema
from modelvane.store import schemas
from modelvane.store.mongodb import existing, retention, snapshots
from modelvane.store.mongodb.connecting import read_url
from modelvane.store.mongodb.documents import Prepared, prepare, prepare_again
from modelvane.store.mongodb.events import keep_events, remove_events
from modelvane.store.mongodb.labelling import (
    checked_labels,
    early_labels,
    find_by_id,
    keep_labels,
    with_label,
)
from modelvane.store.mongodb.layout import Document, Layout
from modelvane.store.mongodb.reader import Dataset, MongoReader
from modelvane.store.mongodb.reading import ids_of
from modelvane.store.mongodb.rounds import keep_findings
from modelvane.store.mongodb.transactions import Transactions
from modelvane.store.mongodb.values import OWN, decode_value
from modelvane.store.results import Appended, LabelResult, Removed, Rows, Snapshot
from modelvane.store.retention import retained
from modelvane.table import Table

_DUPLICATE = 11000


class MongoLog(MongoReader):
    """The log in a MongoDB database.

    Each prediction is a document of the collection ``data``: the record's own fields, and one of ours,
    ``_modelvane``, with its dataset, sequence number, event time, arrival and label. A label sets the target's
    field. Each round of findings is a document of ``report``.

    Parameters
    ----------
    url
        ``mongodb://host:port/database``; the database is ``prediction_service`` where the path names none, and
        ``existing=NAME`` names the dataset whose rows documents of other programs are.
    read_only
        Read while another process writes. Documents of other programs are numbered all the same.

    Raises
    ------
    ConfigError
        When the URL cannot be read.
    StoreError
        When the server cannot be reached or refuses.
    """

    is_embedded = False

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        super().__init__(read_url(url))
        self._read_only = read_only
        self._transactions = Transactions(self._address.shown, read_only=read_only)
        # ids of rows that came without one: another start never gives the same again
        self._prefix = f"{secrets.token_hex(4)}-"
        if not read_only:
            try:
                with self._asking() as collections:
                    collections.make_indexes()
            except BaseException:
                self.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self, dataset: str, schema: Schema) -> None:
        """Make a dataset ready; columns that the schema gained are added, rows that are there stay."""
        layout = Layout.of(dataset, schema)
        with self._asking() as collections:
            if not self._read_only:
                before = collections.datasets.find_one({"_id": dataset}) or {}
                text = before.get("schema")
                kept = schemas.to_json(schemas.joined(schema, schemas.from_json(text) if text else None))
                if kept != text:
                    opened = {"schema": kept, "opened": before.get("opened", time.time())}
                    collections.datasets.update_one({"_id": dataset}, {"$set": opened}, upsert=True)
            self._datasets[dataset] = Dataset(
                layout, may_wait=False, has_existing=existing.has_numbered(collections, layout)
            )

    def transaction(self) -> AbstractContextManager[object]:
        """Make everything that this thread writes inside all or nothing, as far as this process lives."""
        return self._transactions()

    def append(self, dataset: str, table: Table, received: float) -> Appended:
        """Keep rows, all or nothing; within retention the first row of an id wins."""
        return self.append_many(dataset, [(table, received)])[0]

    def append_many(self, dataset: str, batches: Sequence[tuple[Table, float]]) -> list[Appended]:
        """Keep several tables, each with its time of arrival, all or nothing; one result for each."""
        state = self._dataset(dataset)
        with self._asking(), self._transactions():
            at = first = self._numbers(state, "last_seq", sum(table.rows for table, _ in batches))
            prepared = []
            for table, received in batches:
                prepared.append(prepare(state.layout, table, received, at, self._prefix))
                at += table.rows
            return self._keep(state, prepared, first)

    def restore(self, dataset: str, rows: Rows) -> int:
        """Keep rows of another log with their ids, event times and times of arrival; give how many were new."""
        state = self._dataset(dataset)
        with self._asking(), self._transactions():
            first = self._numbers(state, "last_seq", len(rows))
            [kept] = self._keep(state, [prepare_again(state.layout, rows, first)], first)
        return len(rows) - kept.duplicates

    def _numbers(self, state: Dataset, counter: str, count: int) -> int:
        first, state.may_wait = self._collections.take_numbers(state.layout.dataset, counter, count)
        return first

    def _keep(self, state: Dataset, prepared: Sequence[Prepared], first: int) -> list[Appended]:
        layout, collections = state.layout, self._collections
        ids = list(chain.from_iterable(batch.ids for batch in prepared))
        documents = list(chain.from_iterable(batch.documents for batch in prepared))
        if not documents:
            return [Appended(first, batch.ids, batch.times) for batch in prepared]
        early = early_labels(collections, layout, ids) if state.may_wait else {}
        for id_, document in zip(ids, documents, strict=True):
            if id_ in early:
                with_label(document, early[id_], layout.target_field)
        is_new = np.ones(len(ids), np.bool_)
        if state.has_existing:
            found = list(find_by_id(collections, layout, ids, existing=True, fields={OWN: 1}))
            there = set(ids_of(layout, found, [document[OWN] for document in found]))
            is_new = np.array([id_ not in there for id_ in ids])
        last = first + len(documents) - 1
        self._transactions.before_write(
            lambda: collections.data.delete_many(layout.rows(after=first - 1, last=last))
        )
        is_new[self._insert(documents, np.flatnonzero(is_new))] = False
        matched = {id_: at for at, id_ in reversed([*enumerate(ids)]) if is_new[at] and id_ in early}
        if matched:
            self._no_longer_waiting([early[id_] for id_ in matched])
        return list(
            _outcomes(prepared, first, is_new, {matched[id_]: early[id_]["target"] for id_ in matched})
        )

    def _insert(self, documents: list[Document], wanted: NDArray[np.intp]) -> NDArray[np.intp]:
        """Insert the documents at some positions, and give the positions of those whose id was there."""
        if not len(wanted):
            return wanted
        try:
            self._collections.data.bulk_write(
                [InsertOne(documents[at]) for at in wanted], ordered=False
            ) if len(wanted) < len(documents) else self._collections.data.insert_many(
                documents, ordered=False
            )
        except errors.BulkWriteError as error:
            details = error.details or {}
            failed = details.get("writeErrors", [])
            if details.get("writeConcernErrors") or any(one["code"] != _DUPLICATE for one in failed):
                raise
            return wanted[[one["index"] for one in failed]]
        return wanted[:0]

    def _no_longer_waiting(self, labels: Iterable[Document]) -> None:
        waiting = self._collections.waiting
        back = [ReplaceOne({"_id": label["_id"]}, label, upsert=True) for label in labels]
        keys = [label["_id"] for label in labels]
        self._transactions.before_write(lambda: waiting.bulk_write(back, ordered=False))
        waiting.delete_many({"_id": {"$in": keys}})

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
        labels = checked_labels(ids, targets, times, received)
        with self._asking() as collections, self._transactions():
            self._number_existing(state)
            first = self._numbers(state, "last_label", len(ids))
            return keep_labels(
                collections,
                self._transactions,
                state.layout,
                labels,
                first,
                existing=state.has_existing,
                noted=state.may_wait,
            )

    def append_findings(self, findings: Findings) -> None:
        """Keep a round in place of one computed at the same time, or of the same period."""
        layout = self._dataset(findings.dataset).layout
        with self._asking() as collections, self._transactions():
            keep_findings(collections, self._transactions, layout, findings)

    def append_events(self, events: Sequence[Event]) -> None:
        """Keep events, all or nothing; their datasets need not be open."""
        with self._asking() as collections, self._transactions():
            keep_events(collections, self._transactions, events)

    def save_snapshot(self, dataset: str, snapshot: Snapshot) -> None:
        """Keep a monitor's state in place of the one before."""
        self._dataset(dataset)
        with self._asking() as collections, self._transactions():
            snapshots.save(collections, self._transactions, dataset, snapshot)

    def retain(
        self,
        *,
        max_age_seconds: float | None = None,
        max_bytes: int | None = None,
        now: float | None = None,
        limit: int | None = None,
    ) -> Removed:
        """Remove the oldest rows (by arrival), their labels, findings and events, until age and size are kept.

        Stops after about ``limit`` rows, so that a writer's turn stays short. Datasets that were opened count,
        and of them the rows that modelvane wrote; the size is that of the documents, uncompressed.
        """
        moment = time.time() if now is None else now
        return retained(lambda: self._retain_once(max_age_seconds, max_bytes, moment), limit)

    def _retain_once(self, max_age_seconds: float | None, max_bytes: int | None, now: float) -> Removed:
        layouts = [state.layout for state in self._datasets.values()]
        removed: list[Removed] = []
        with self._asking() as collections, self._transactions():
            if max_age_seconds is not None:
                moment = now - max_age_seconds
                removed += [retention.remove_before(collections, layout, moment) for layout in layouts]
                remove_events(collections, moment)
            if max_bytes is not None and collections.bytes_used() > max_bytes:
                removed.append(retention.remove_oldest(collections, layouts))
        return sum(removed, Removed())


def _outcomes(
    prepared: Sequence[Prepared], first: int, is_new: NDArray[np.bool_], early: dict[int, Any]
) -> Iterable[Appended]:
    at = 0
    for batch in prepared:
        end = at + len(batch.ids)
        new = None if is_new[at:end].all() else np.flatnonzero(is_new[at:end])
        own = {row - at: decode_value(target) for row, target in early.items() if at <= row < end}
        yield Appended(first + at, batch.ids, batch.times, new, own)
        at = end
