"""Documents that another program wrote into ``data``: numbered once, then read like our own."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from itertools import islice
from typing import Any

import numpy as np
from bson import ObjectId
from pymongo import ASCENDING, UpdateOne

from modelvane.store.mongodb.labelling import find_by_id
from modelvane.store.mongodb.layout import DATASET, EXISTING_ID, Collections, Document, Layout
from modelvane.store.mongodb.reading import ids_of
from modelvane.store.mongodb.values import OWN, decode_value, field_of
from modelvane.store.values import storable_id
from modelvane.times import NO_TIME, as_times

CHUNK = 5_000
"""Documents per write."""

_FEW = 10_000
"""Up to so many are sorted by the server; more are read along its index of ``_id``."""

_log = logging.getLogger("modelvane.store")
_UNNUMBERED: Document = {DATASET: None}


def there_are_unnumbered(collections: Collections) -> bool:
    """Say whether there is any document that has no number yet."""
    return collections.data.find_one(_UNNUMBERED, {"_id": 1}) is not None


def has_numbered(collections: Collections, layout: Layout) -> bool:
    """Say whether the dataset has documents of another program."""
    where = {EXISTING_ID: {"$gt": ""}, DATASET: layout.dataset}
    return collections.data.find_one(where, {"_id": 1}) is not None


def number(collections: Collections, layout: Layout) -> int:
    """Give every document without a number one, in order of ``_id``, and say how many there were.

    A document gets its dataset, its id (its own ``_id`` where it has none), its event time and its time of arrival
    (that of its ``_id``) in the one field of ours; the first document of an id wins, the others stay without a
    number and are never read.
    """
    found = collections.data.find(_UNNUMBERED).sort("_id", ASCENDING).batch_size(CHUNK)
    if collections.data.count_documents(_UNNUMBERED, limit=_FEW) == _FEW:
        found = found.hint([("_id", ASCENDING)])
    numbered = 0
    with found:
        while chunk := list(islice(found, CHUNK)):
            numbered += _number_chunk(collections, layout, chunk)
    _log.info("%d documents of another program are rows of %r now", numbered, layout.dataset)
    return numbered


def _number_chunk(collections: Collections, layout: Layout, chunk: Sequence[Document]) -> int:
    ids = [_id(layout, document) for document in chunk]
    known = list(find_by_id(collections, layout, ids, existing=True, fields={OWN: 1}))
    taken = set(ids_of(layout, known, [document[OWN] for document in known]))
    first, _ = collections.take_numbers(layout.dataset, "last_seq", len(chunk))
    changes = []
    moments = _moments(layout, chunk)
    for seq, (document, id_, (time, received)) in enumerate(zip(chunk, ids, moments, strict=True), first):
        own: Document = {"dataset": layout.dataset, "id": id_, "time": time, "received": received}
        if id_ not in taken:
            taken.add(id_)
            own["seq"] = seq
        changes.append(UpdateOne({"_id": document["_id"], DATASET: None}, {"$set": {OWN: own}}))
    return collections.data.bulk_write(changes, ordered=False).modified_count


def _id(layout: Layout, document: Document) -> str:
    given = document.get(field_of(layout.id_name)) if layout.id_name else None
    return storable_id(decode_value(given)) or str(document["_id"])


def _moments(layout: Layout, chunk: Sequence[Document]) -> list[tuple[int, float]]:
    """Give event times in microseconds and times of arrival in seconds."""
    made = [_made(document["_id"]) for document in chunk]
    field = field_of(layout.time_name) if layout.time_name is not None else None
    times = np.full(len(chunk), NO_TIME) if field is None else as_times([d.get(field) for d in chunk])
    return [
        (round(arrival * 1e6) if time == NO_TIME else time, arrival)
        for time, arrival in zip(times.tolist(), made, strict=True)
    ]


def _made(key: Any) -> float:
    return key.generation_time.timestamp() if isinstance(key, ObjectId) else 0.0
