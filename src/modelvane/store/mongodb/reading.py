"""From documents to columns, each value as it came."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from modelvane.raw_column import RawColumn
from modelvane.store.mongodb.layout import Document, Layout
from modelvane.store.mongodb.values import HAD_TARGET, OWN, decode, decode_value, field_of, name_of
from modelvane.store.results import Labels, Rows
from modelvane.store.values import given
from modelvane.table import Table
from modelvane.times import NO_TIME


def rows_of(layout: Layout, found: Sequence[Document]) -> Rows:
    """Take apart documents of ``data``."""
    own: list[Document] = list(map(itemgetter(OWN), found))
    ids = ids_of(layout, found, own)
    moments = list(map(itemgetter("time"), own))
    # an integer beyond the exact doubles must not pass through one
    times = np.array(moments, np.float64 if set(map(type, moments)) == {float} else np.int64).astype(np.int64)
    table: dict[str, RawColumn] = {}
    if layout.id_name:
        table[layout.id_name] = pa.chunked_array([pa.array(ids, pa.string())])
    if layout.time_name is not None:
        table[layout.time_name] = pa.chunked_array([pa.array(times, pa.timestamp("us", "UTC"))])
    columns = _columns(found)
    for name, dtype in layout.dtypes.items():
        field = field_of(name)
        table[name] = decode(columns.pop(field) if field in columns else [None] * len(found), dtype)
    for field, values in columns.items():
        if (name := name_of(field)) not in table:
            table[name] = decode(values)
    label_received = np.array([mine.get("label_received") for mine in own], np.float64)
    return Rows(
        np.array(list(map(itemgetter("seq"), own)), np.int64),
        ids,
        times,
        np.array(list(map(itemgetter("received"), own)), np.float64),
        _labelled(own, label_received),
        label_received,
        _own_target(own, label_received, table.get(layout.target_name, [None] * len(found))),
        Table(table, len(found)),
    )


def ids_of(layout: Layout, found: Sequence[Document], own: Sequence[Document]) -> list[str]:
    """Give the id of each document: from its ``_id``, or beside it where another program made that."""
    start = len(layout.prefix)
    return [
        document["_id"][start:] if "id" not in mine else mine["id"]
        for document, mine in zip(found, own, strict=True)
    ]


def _columns(found: Sequence[Document]) -> dict[str, list[Any]]:
    """Give the values of each field, but for ours; ``None`` where a document has none."""
    if not found:
        return {}
    fields = [field for field in found[0] if field not in ("_id", OWN)]
    if all(len(document) == len(found[0]) for document in found):
        try:
            return {field: list(map(itemgetter(field), found)) for field in fields}
        except KeyError:
            # as many fields, but others
            pass
    every = dict.fromkeys(chain.from_iterable(found))
    return {
        field: [document.get(field) for document in found] for field in every if field not in ("_id", OWN)
    }


def _labelled(own: Sequence[Document], received: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give since when each target is known: its own time, else the arrival of the first label; NaN for no label."""
    if np.isnan(received).all():
        return received
    times = np.array([mine.get("label_time") for mine in own], np.float64)
    return np.where(np.isnan(times), received, times / 1e6)


def _own_target(
    own: Sequence[Document], label_received: NDArray[np.float64], targets: RawColumn
) -> NDArray[np.bool_]:
    """Say which rows came with a target: a label takes its place, and leaves a mark."""
    marked = [HAD_TARGET in mine for mine in own]
    return np.where(np.isnan(label_received), given(targets), np.array(marked, np.bool_))


def labels_of(layout: Layout, found: Sequence[Document]) -> Labels:
    """Take apart labelled documents of ``data``."""
    own = [document[OWN] for document in found]
    targets = [document.get(layout.target_field) for document in found]
    return _labels(
        [
            (mine["label"], id_, target, mine.get("label_time"), mine["label_received"])
            for mine, id_, target in zip(own, ids_of(layout, found, own), targets, strict=True)
        ]
    )


def waiting_of(layout: Layout, found: Sequence[Document]) -> Labels:
    """Take apart labels that wait for their rows."""
    start = len(layout.prefix)
    return _labels([(w["seq"], w["_id"][start:], w["target"], w["time"], w["received"]) for w in found])


def _labels(found: Sequence[tuple[int, str, Any, int | None, float]]) -> Labels:
    seqs, ids, targets, times, received = zip(*found, strict=True) if found else ((),) * 5
    return Labels(
        np.array(seqs, np.int64),
        list(ids),
        [decode_value(target) for target in targets],
        np.array([NO_TIME if time is None else time for time in times], np.int64),
        np.array(received, np.float64),
    )


def first_labels(parts: Sequence[Labels], rows: int) -> Labels:
    """Give the first labels of several parts by their numbers."""
    seqs = np.concatenate([part.seqs for part in parts])
    order = np.argsort(seqs, kind="stable")[:rows]
    ids = [id_ for part in parts for id_ in part.ids]
    targets = [target for part in parts for target in part.targets]
    return Labels(
        seqs[order],
        [ids[at] for at in order],
        [targets[at] for at in order],
        np.concatenate([part.times for part in parts])[order],
        np.concatenate([part.received for part in parts])[order],
    )
