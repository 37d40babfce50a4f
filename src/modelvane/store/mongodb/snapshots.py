"""Monitor snapshots: files in the database, since a state may be larger than the 16 MB of a document."""

from __future__ import annotations

from contextlib import suppress

from gridfs import GridFSBucket
from gridfs.errors import NoFile
from pymongo import DESCENDING

from modelvane.store.mongodb.layout import Collections
from modelvane.store.mongodb.transactions import Transactions
from modelvane.store.results import Snapshot

_KEPT = 2
"""The one before stays until the next, for a transaction that is taken back."""


def _bucket(collections: Collections) -> GridFSBucket:
    return GridFSBucket(collections.database, "modelvane_snapshots")


def save(collections: Collections, transactions: Transactions, dataset: str, snapshot: Snapshot) -> None:
    """Keep a state; those before the last one are removed."""
    bucket = _bucket(collections)
    numbers = {"seq": snapshot.seq, "label_seq": snapshot.label_seq}
    older = [found._id for found in bucket.find({"filename": dataset}).sort("_id", DESCENDING)]  # noqa: SLF001 - GridFS's own name for its public id
    with bucket.open_upload_stream(dataset, metadata=numbers) as upload:
        key = upload._id  # noqa: SLF001 - as above

        def take_back() -> None:
            # it may never have come to be
            with suppress(NoFile):
                bucket.delete(key)

        transactions.before_write(take_back)
        upload.write(snapshot.state)
    for one in older[_KEPT - 1 :]:
        bucket.delete(one)


def load(collections: Collections, dataset: str) -> Snapshot | None:
    """Give the state that was kept last."""
    bucket = _bucket(collections)
    for found in bucket.find({"filename": dataset}).sort("_id", DESCENDING).limit(1):
        numbers = found.metadata or {}
        return Snapshot(found.read(), numbers["seq"], numbers["label_seq"])
    return None
