"""Retention: the oldest rows leave with their labels, by age and by size.

Documents that another program wrote stay: they are its own to remove.
"""

from __future__ import annotations

import math
from collections.abc import Collection

from pymongo import ASCENDING

from modelvane.store.mongodb.layout import (
    EXISTING_ID,
    LABEL,
    RECEIVED,
    SEQ,
    Collections,
    Document,
    Layout,
)
from modelvane.store.mongodb.rounds import remove_rounds
from modelvane.store.mongodb.values import OWN
from modelvane.store.results import Removed

CHUNK = 5_000
"""Rows per turn, so that a writer never waits long."""


def remove_before(collections: Collections, layout: Layout, moment: float) -> Removed:
    """Remove up to a chunk of rows that arrived before a moment, and labels that waited since before.

    Rows of another log may stand behind later ones: they leave when those before them are few, and no other with them.
    """
    old = [own["seq"] for own in _oldest(collections, layout, CHUNK) if own["received"] < moment]
    rows, labels = _remove_up_to(collections, layout, max(old), moment) if old else (0, 0)
    waited = collections.waiting.delete_many({"dataset": layout.dataset, "received": {"$lt": moment}})
    rounds = remove_rounds(collections, layout.dataset, moment)
    return Removed(rows, labels + waited.deleted_count, rounds, more=rows > 0 or waited.deleted_count > 0)


def remove_oldest(collections: Collections, layouts: Collection[Layout]) -> Removed:
    """Remove a chunk of rows of the dataset that has the oldest row, and the rounds of that time."""
    oldest: list[tuple[float, int, Layout]] = []
    for number, layout in enumerate(layouts):
        oldest += [(own["received"], number, layout) for own in _oldest(collections, layout, 1)]
    if not oldest:
        return _remove_rounds_alone(collections)
    layout = min(oldest)[2]
    # a small log must not lose everything for being a little too large
    total = collections.data.count_documents(_removable(layout), limit=20 * CHUNK)
    own_fields = _oldest(collections, layout, max(1, min(CHUNK, total // 20)))
    rows, labels = _remove_up_to(collections, layout, own_fields[-1]["seq"])
    rounds = remove_rounds(collections, layout.dataset, max(own["received"] for own in own_fields))
    return Removed(rows, labels, rounds, more=True)


def _remove_rounds_alone(collections: Collections) -> Removed:
    found = collections.reports.find({"computed_at": {"$gt": float("-inf")}}, {"_id": 1})
    keys = [document["_id"] for document in found.sort("computed_at", ASCENDING).limit(100)]
    rounds = collections.reports.delete_many({"_id": {"$in": keys}}).deleted_count
    return Removed(rounds=rounds, more=rounds > 0)


def _removable(layout: Layout, last: int | None = None) -> Document:
    return layout.rows(last=last) | {EXISTING_ID: None}


def _oldest(collections: Collections, layout: Layout, rows: int) -> list[Document]:
    found = collections.data.find(_removable(layout), {SEQ: 1, RECEIVED: 1}).sort(SEQ, ASCENDING).limit(rows)
    return [document[OWN] for document in found]


def _remove_up_to(
    collections: Collections, layout: Layout, last: int, before: float = math.inf
) -> tuple[int, int]:
    where = _removable(layout, last) | {RECEIVED: {"$lt": before}}
    labels = collections.data.count_documents(where | {LABEL: {"$gt": 0}})
    return collections.data.delete_many(where).deleted_count, labels
