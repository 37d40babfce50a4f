"""Late, early, repeated and changed labels: which is which, and their writing in bulk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pymongo import ReplaceOne, UpdateOne

from modelvane.casting import is_missing
from modelvane.store.label_ids import checked_ids
from modelvane.store.mongodb.layout import DATASET, EXISTING_ID, LABEL, SEQ, Collections, Document, Layout
from modelvane.store.mongodb.reading import ids_of
from modelvane.store.mongodb.transactions import Transactions
from modelvane.store.mongodb.values import HAD_TARGET, OWN, encode_value
from modelvane.store.results import LabelOutcome, LabelResult
from modelvane.store.values import is_same, storable_id
from modelvane.times import NO_TIME

IDS = 10_000
"""Ids per question to the server."""

_OF_LABELS = ("label", "label_time", "label_received", HAD_TARGET)


@dataclass(slots=True)
class _Known:
    """A row, or a label that waits for one, as it was before this batch."""

    key: Any
    is_row: bool
    is_labelled: bool
    had_target: bool
    target: Any
    received: float | None
    before: Document


def find_by_id(
    collections: Collections,
    layout: Layout,
    ids: Sequence[str],
    *,
    existing: bool,
    fields: Document | None = None,
) -> Iterator[Document]:
    """Give the documents with these ids; ``existing`` says that other programs may have written some of them."""
    for start in range(0, len(ids), IDS):
        block = list(ids[start : start + IDS])
        yield from collections.data.find({"_id": {"$in": [layout.prefix + id_ for id_ in block]}}, fields)
        if existing:
            where = {EXISTING_ID: {"$in": block}, DATASET: layout.dataset, SEQ: {"$gt": 0}}
            yield from collections.data.find(where, fields)


def keep_labels(
    collections: Collections,
    transactions: Transactions,
    layout: Layout,
    labels: tuple[list[str], Sequence[Any], list[int | None], list[float]],
    first: int,
    *,
    existing: bool,
    noted: bool,
) -> LabelResult:
    """Keep labels (ids, targets, times, arrivals), numbered from ``first``; the latest target of an id wins.

    ``noted`` says that other processes know already that labels may wait for their rows.

    A label that changes moves to the end of the order of arrival but keeps the time of its first arrival, from
    which the lag is taken.
    """
    keys, targets, times, received = labels
    known = _known(collections, layout, list(dict.fromkeys(keys)), existing=existing)
    outcomes = np.empty(len(keys), np.int8)
    written: dict[str, Document] = {}
    for at, (id_, given) in enumerate(zip(keys, targets, strict=True)):
        target = encode_value(given)
        state = known.setdefault(id_, _Known(layout.prefix + id_, False, False, False, None, None, {}))
        if not state.is_labelled:
            outcomes[at] = LabelOutcome.MATCHED if state.is_row else LabelOutcome.WAITING
        elif is_same(state.target, target):
            outcomes[at] = LabelOutcome.REPEATED
            continue
        else:
            outcomes[at] = LabelOutcome.CHANGED
        state.is_labelled, state.target = True, target
        state.received = received[at] if state.received is None else state.received
        written[id_] = {"label": first + at, "label_time": times[at], "label_received": state.received}
        if state.had_target:
            written[id_][HAD_TARGET] = True
    if not noted and (outcomes == LabelOutcome.WAITING).any():
        collections.note_waiting(layout.dataset)
    _write(collections, transactions, layout, {id_: (known[id_], own) for id_, own in written.items()})
    return LabelResult(outcomes, first)


def _known(collections: Collections, layout: Layout, ids: list[str], *, existing: bool) -> dict[str, _Known]:
    field = layout.target_field
    fields = {OWN: 1, field: 1}
    rows = list(find_by_id(collections, layout, ids, existing=existing, fields=fields))
    known = {}
    for id_, row in zip(ids_of(layout, rows, [row[OWN] for row in rows]), rows, strict=True):
        own, target = row[OWN], row.get(field)
        is_labelled = "label" in own
        had_target = HAD_TARGET in own if is_labelled else not is_missing(target)
        received = own.get("label_received")
        known[id_] = _Known(row["_id"], True, is_labelled, had_target, target, received, row)
    others = [id_ for id_ in ids if id_ not in known]
    for start in range(0, len(others), IDS):
        wanted = [layout.prefix + id_ for id_ in others[start : start + IDS]]
        for label in collections.waiting.find({"_id": {"$in": wanted}}):
            id_ = label["_id"][len(layout.prefix) :]
            known[id_] = _Known(label["_id"], False, True, False, label["target"], label["received"], label)
    return known


def _write(
    collections: Collections,
    transactions: Transactions,
    layout: Layout,
    written: dict[str, tuple[_Known, Document]],
) -> None:
    field = layout.target_field
    rows = [(state, own) for state, own in written.values() if state.is_row]
    waiting = [(state, own) for state, own in written.values() if not state.is_row]
    if rows:
        back = [_restored(state, field) for state, _ in rows]
        transactions.before_write(lambda: collections.data.bulk_write(back, ordered=False))
        changes = [
            UpdateOne(
                {"_id": state.key},
                {"$set": {field: state.target} | {f"{OWN}.{name}": value for name, value in own.items()}},
            )
            for state, own in rows
        ]
        collections.data.bulk_write(changes, ordered=False)
    if waiting:
        put_back = [
            ReplaceOne({"_id": state.key}, state.before, upsert=True) for state, _ in waiting if state.before
        ]
        new = [state.key for state, _ in waiting if not state.before]

        def take_back() -> None:
            if put_back:
                collections.waiting.bulk_write(put_back, ordered=False)
            collections.waiting.delete_many({"_id": {"$in": new}})

        transactions.before_write(take_back)
        documents = [
            {
                "_id": state.key,
                "dataset": layout.dataset,
                "seq": own["label"],
                "target": state.target,
                "time": own["label_time"],
                "received": own["label_received"],
            }
            for state, own in waiting
        ]
        collections.waiting.bulk_write(
            [ReplaceOne({"_id": found["_id"]}, found, upsert=True) for found in documents], ordered=False
        )


def _restored(state: _Known, field: str) -> UpdateOne:
    """Give what makes a row's target and label those of before again."""
    own = {f"{OWN}.{name}": state.before[OWN].get(name) for name in _OF_LABELS}
    own[field] = state.before.get(field)
    there = {name for name in own if name.rpartition(".")[2] in state.before[OWN]}
    there |= {field} & state.before.keys()
    changes = {
        "$set": {name: value for name, value in own.items() if name in there},
        "$unset": {name: "" for name in own if name not in there},
    }
    return UpdateOne({"_id": state.key}, {kind: fields for kind, fields in changes.items() if fields})


def checked_labels(
    ids: Sequence[Any],
    targets: Sequence[Any],
    times: NDArray[np.int64] | None,
    received: float | NDArray[np.float64],
) -> tuple[list[str], Sequence[Any], list[int | None], list[float]]:
    """Give labels in the form in which they are stored.

    Raises
    ------
    SchemaError
        When there are not as many targets and times as ids, or an id is none (null, NaN, a list).
    """
    keys = checked_ids(ids, targets, times, storable_id)
    moments: list[int | None] = [None] * len(keys)
    if times is not None:
        moments = [None if time == NO_TIME else time for time in times.tolist()]
    arrivals: list[float] = np.broadcast_to(np.asarray(received, np.float64), len(keys)).tolist()
    return keys, targets, moments, arrivals


def early_labels(collections: Collections, layout: Layout, ids: Sequence[str]) -> dict[str, Document]:
    """Give the labels that wait for these ids."""
    found = {}
    for start in range(0, len(ids), IDS):
        wanted = [layout.prefix + id_ for id_ in ids[start : start + IDS]]
        for label in collections.waiting.find({"_id": {"$in": wanted}}):
            found[label["_id"][len(layout.prefix) :]] = label
    return found


def with_label(document: Document, label: Document, target_field: str) -> None:
    """Give a row the label that waited for it."""
    if not is_missing(document.get(target_field)):
        document[OWN][HAD_TARGET] = True
    document[target_field] = label["target"]
    document[OWN] |= {
        "label": label["seq"],
        "label_time": label["time"],
        "label_received": label["received"],
    }


def labelled_rows(layout: Layout, after: int) -> Document:
    """Give the filter of rows whose label has a number above ``after``."""
    return {DATASET: layout.dataset, LABEL: {"$gt": after}}
