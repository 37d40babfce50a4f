"""From rows of SQLite to columns, each value as it came."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from modelvane.raw_column import RawColumn
from modelvane.store.results import Labels, Rows
from modelvane.store.sqlite.appending import target_is_boolean
from modelvane.store.sqlite.layout import OWN_COLUMNS, Layout
from modelvane.store.sqlite.values import decode, decode_value
from modelvane.store.values import columns_of, filled, given
from modelvane.table import Table
from modelvane.times import NO_TIME

_FIXED = len(OWN_COLUMNS) + 3
"""Columns of `Layout.select` before the user's own: ours, then a label's target, time and arrival."""

_PARAMETERS = 500
"""Ids per statement."""


def rows_of(layout: Layout, found: Sequence[tuple[Any, ...]]) -> Rows:
    """Take apart what `Layout.select` found."""
    width = _FIXED + len(layout.columns)
    columns: list[Sequence[Any]] = list(zip(*found, strict=True)) if found else [()] * width
    seqs, ids, times, received, extra, targets, labelled, label_received = columns[:_FIXED]
    event_times = np.array(times, np.int64)
    table: dict[str, RawColumn] = {}
    if layout.id_name:
        table[layout.id_name] = pa.chunked_array([pa.array(ids, pa.string())])
    if layout.time_name is not None:
        table[layout.time_name] = pa.chunked_array([pa.array(event_times, pa.timestamp("us", "UTC"))])
    own_target = np.zeros(len(found), np.bool_)
    for column, stored in zip(layout.columns, columns[_FIXED:], strict=True):
        values: Sequence[Any] = stored
        if column.name == layout.target_name:
            own_target |= given(decode(stored, column.dtype))
            # a label, once there, replaces what came with the row
            values = [
                own if at is None else target
                for own, target, at in zip(stored, targets, labelled, strict=True)
            ]
        table[column.name] = decode(values, column.dtype)
    for name, extras in columns_of(extra, json.loads).items():
        if name == layout.time_name:
            # what was no time: the row has that of its arrival, and the text stays for people
            continue
        if name == layout.target_name:
            own_target |= given(extras)
        table[name] = filled(table[name], extras) if name in table else extras
    return Rows(
        np.array(seqs, np.int64),
        list(ids),
        event_times,
        np.array(received, np.float64),
        # None becomes NaN
        np.array(labelled, np.float64),
        np.array(label_received, np.float64),
        own_target,
        Table(table, len(found)),
    )


def labels_of(layout: Layout, found: Sequence[tuple[Any, ...]]) -> Labels:
    """Take apart labels: number, id, target, time, arrival."""
    seqs, ids, targets, times, received = zip(*found, strict=True) if found else ((),) * 5
    boolean = target_is_boolean(layout)
    return Labels(
        np.array(seqs, np.int64),
        list(ids),
        [decode_value(target, boolean=boolean) for target in targets],
        np.array([NO_TIME if time is None else time for time in times], np.int64),
        np.array(received, np.float64),
    )


def blocks_of_ids(ids: Sequence[str]) -> Iterator[tuple[str, list[str | None]]]:
    """Give ids in blocks of one length, each with its SQL, so that one prepared statement serves all."""
    for start in range(0, len(ids), _PARAMETERS):
        block: list[str | None] = list(ids[start : start + _PARAMETERS])
        size = _PARAMETERS if len(ids) > _PARAMETERS else 1 << (len(block) - 1).bit_length()
        # NULL equals no id
        block += [None] * (size - len(block))
        yield f"({', '.join('?' * size)})", block
