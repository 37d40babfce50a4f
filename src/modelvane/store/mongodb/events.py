"""Events in the collection ``modelvane_events``: a document each."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

from bson import ObjectId
from pymongo import DESCENDING

from modelvane.events import LASTING, Event, Kind
from modelvane.store.events import written
from modelvane.store.mongodb.layout import Collections, Document
from modelvane.store.mongodb.transactions import Transactions

_NEWEST = [("number", DESCENDING)]


def keep_events(collections: Collections, transactions: Transactions, events: Sequence[Event]) -> None:
    """Keep events in their order, which a clock that is set back does not change."""
    if not events:
        return
    last = collections.events.find_one({}, {"number": 1}, sort=_NEWEST) or {}
    first = last.get("number", 0) + 1
    documents = [
        {
            "_id": ObjectId(),
            "number": first + place,
            "dataset": dataset,
            "at": at,
            "kind": kind,
            "what": what,
            "details": details,
        }
        for place, (dataset, at, kind, what, details) in enumerate(map(written, events))
    ]
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
    found = collections.events.find(where).sort(_NEWEST).limit(limit or 0)
    events = [] if limit == 0 else list(found)
    return [
        Event(Kind(one["kind"]), one["at"], one["dataset"], one["what"], json.loads(one["details"]))
        for one in reversed(events)
    ]


def remove_events(collections: Collections, moment: float) -> None:
    """Remove the events before a moment, but for the references that were taken."""
    collections.events.delete_many({"at": {"$lt": moment}, "kind": {"$nin": list(map(str, LASTING))}})
