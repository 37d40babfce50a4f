"""Where a dataset lives in the database: its documents, their own fields, and the indexes on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from pymongo import ASCENDING, IndexModel, WriteConcern, timeout
from pymongo.collection import Collection
from pymongo.database import Database

from modelvane.errors import StoreError
from modelvane.schema import Schema
from modelvane.store.mongodb.values import OWN, field_of
from modelvane.store.values import is_unicode

Document: TypeAlias = dict[str, Any]
Documents: TypeAlias = Collection[Document]

DATASET, SEQ, TIME, RECEIVED = (f"{OWN}.{name}" for name in ("dataset", "seq", "time", "received"))
EXISTING_ID = f"{OWN}.id"
"""Only in documents that another program wrote: their ``_id`` is not made of the dataset and the id."""

LABEL = f"{OWN}.label"
"""Sequence number of the (latest) label."""

_INDEXES = {
    "data": [
        IndexModel([(DATASET, ASCENDING), (TIME, ASCENDING), (SEQ, ASCENDING)], name="modelvane_time"),
        IndexModel([(DATASET, ASCENDING), (SEQ, ASCENDING)], name="modelvane_seq"),
        IndexModel([(LABEL, ASCENDING)], name="modelvane_label", sparse=True),
        IndexModel([(EXISTING_ID, ASCENDING)], name="modelvane_id", sparse=True),
    ],
    "report": [
        IndexModel([("dataset", ASCENDING), ("computed_at", ASCENDING)], name="modelvane_computed_at"),
    ],
    "modelvane_events": [
        IndexModel([("number", ASCENDING)], name="modelvane_number"),
        IndexModel([("dataset", ASCENDING), ("at", ASCENDING)], name="modelvane_at"),
    ],
    "modelvane_labels": [
        IndexModel([("dataset", ASCENDING), ("seq", ASCENDING)], name="modelvane_seq"),
    ],
}


_INDEXING_SECONDS = 3600


class Collections:
    """The collections of a log."""

    def __init__(self, database: Database[Document]) -> None:
        self.database = database
        self.data: Documents = database["data"]
        """Predictions, a document each."""
        self.reports: Documents = database["report"]
        """Findings, a document per round."""
        self.events: Documents = database["modelvane_events"]
        """Alerts, retrains and references, a document each."""
        self.waiting: Documents = database["modelvane_labels"]
        """Labels whose row has not come yet."""
        self.datasets: Documents = database["modelvane_datasets"]
        """The schema of each dataset, the last sequence numbers that were given away, whether a label waits."""
        # needs no confirmation of its own: whatever confirms the rows that follow confirms it before them
        self._numbers: Documents = self.datasets.with_options(write_concern=WriteConcern(w=1))

    def make_indexes(self) -> None:
        """Make the indexes that are not there; those of a large existing collection take their time."""
        with timeout(_INDEXING_SECONDS):
            for name, indexes in _INDEXES.items():
                self.database[name].create_indexes(indexes)

    def take_numbers(self, dataset: str, counter: str, count: int) -> tuple[int, bool]:
        """Take so many sequence numbers; give the first, and whether any label of the dataset may wait for its row.

        The server counts, so that no two processes share a number.
        """
        before = self._numbers.find_one_and_update(
            {"_id": dataset}, {"$inc": {counter: count}}, {counter: 1, "waiting": 1}, upsert=True
        )
        known = before or {}
        return int(known.get(counter, 0)) + 1, bool(known.get("waiting"))

    def note_waiting(self, dataset: str) -> None:
        """Let every process know that labels of a dataset may wait for their rows."""
        self.datasets.update_one({"_id": dataset}, {"$set": {"waiting": True}})

    def bytes_used(self) -> int:
        """Give the size of rows, labels and findings, uncompressed, without indexes."""
        kept = (self.data, self.reports, self.waiting)
        return sum(int(self.database.command("collStats", found.name)["size"]) for found in kept)


@dataclass(frozen=True)
class Layout:
    """How the documents of one dataset are told from others and read.

    Parameters
    ----------
    dataset
        Its name.
    dtypes
        Every column of the schema but the id and the time, with its Arrow type; the target is always one.
    id_name, time_name, target_name
        Columns by role; an id of ``""`` and a time of ``None`` are none.
    """

    dataset: str
    dtypes: dict[str, str]
    id_name: str
    time_name: str | None
    target_name: str

    @classmethod
    def of(cls, dataset: str, schema: Schema) -> Layout:
        """Read it from a schema.

        Raises
        ------
        StoreError
            For a name that cannot be written as UTF-8, or none.
        """
        if not dataset or not is_unicode(dataset):
            raise StoreError("A dataset needs a name that can be written as UTF-8", received=dataset)
        roles = {schema.id.name if schema.id else None, schema.time.name if schema.time else None}
        dtypes = {column.name: column.dtype for column in schema if column.name not in roles}
        target = schema.target.name if schema.target else "target"
        dtypes.setdefault(target, "")
        return cls(
            dataset,
            dtypes,
            id_name=schema.id.name if schema.id else ("" if "id" in schema else "id"),
            time_name=schema.time.name if schema.time else None,
            target_name=target,
        )

    @property
    def prefix(self) -> str:
        """What the ``_id`` of each of our own documents begins with, before the row's id; no other dataset's does.

        >>> Layout("a/b", {}, "id", None, "target").prefix
        'a%2Fb/'
        """
        return self.dataset.replace("%", "%25").replace("/", "%2F") + "/"

    @property
    def target_field(self) -> str:
        """The field of the target."""
        return field_of(self.target_name)

    def rows(self, *, after: int = 0, last: int | None = None) -> Document:
        """Give the filter of rows whose sequence numbers are above ``after``, up to ``last``."""
        bounds = {"$gt": after} if last is None else {"$gt": after, "$lte": last}
        return {DATASET: self.dataset, SEQ: bounds}

    def period(self, since: float | None, until: float | None) -> Document:
        """Give the filter of a half-open period in seconds."""
        bounds = {}
        if since is not None:
            bounds["$gte"] = round(since * 1e6)
        if until is not None:
            bounds["$lt"] = round(until * 1e6)
        return {TIME: bounds} if bounds else {}
