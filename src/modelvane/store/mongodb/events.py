"""Events in the collection ``modelvane_events``: a document each."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

from bson import ObjectId
from pymongo import DESCENDING

from modelvane.events import Event, Kind
from modelvane.store.events import written
from modelvane.store.mongodb.layout import Collections, Document
from modelvane.store.mongodb.transactions import Transactions


def keep_events(collections: Collections, transactions: Transactions, events: Sequence[Event]) -> None:
    """Keep events in their order."""
    documents = [
        {"_id": ObjectId(), "dataset": dataset, "at": at, "kind": kind, "what": what, "details": details}
        for dataset, at, kind, what, details in map(written, events)
    ]
    if not documents:
        return
    keys = [document["_id"] for document in documents]
    transactions.before_write(lambda: collections.events.delete_many({"_id": {"$in": keys}}))
    collections.events.insert_many(documents)


def read_events(
    collections: Collections,
    dataset: str | None,
    kinds: Collection[Kind],
    since: float | None,
    limit: int | None,
) -> list[Event]:
    """Give events, the oldest first; with a limit, the newest ones."""
    where: Document = {} if dataset is None else {"dataset": dataset}
    if since is not None:
        where["at"] = {"$gte": since}
    if kinds:
        where["kind"] = {"$in": [str(kind) for kind in kinds]}
    # a process counts its own keys upwards, so that events of one moment keep their order
    found = collections.events.find(where).sort([("at", DESCENDING), ("_id", DESCENDING)]).limit(limit or 0)
    events = [] if limit == 0 else list(found)
    return [
        Event(Kind(one["kind"]), one["at"], one["dataset"], one["what"], json.loads(one["details"]))
        for one in reversed(events)
    ]


def remove_events(collections: Collections, moment: float) -> None:
    """Remove the events before a moment, but for the references that were taken."""
    collections.events.delete_many({"at": {"$lt": moment}, "kind": {"$ne": str(Kind.REFERENCE_SWITCHED)}})
