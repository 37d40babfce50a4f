"""From columns of PostgreSQL to rows, each value as it came."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from modelvane.raw_column import RawColumn
from modelvane.store.postgresql.layout import FIXED, Layout
from modelvane.store.postgresql.values import JSON, ColumnType, from_json
from modelvane.store.results import Labels, Rows
from modelvane.store.values import columns_of, filled, given
from modelvane.table import Table
from modelvane.times import NO_TIME

LABELS = pa.schema(
    [
        pa.field("label_seq", pa.int64()),
        pa.field("id", pa.string()),
        pa.field("label_time", pa.timestamp("us", "UTC")),
        pa.field("label_received", pa.float64()),
        pa.field("target_extra", pa.string()),
    ]
)
"""Columns of labels before the target."""


def rows_of(layout: Layout, found: pa.Table) -> Rows:
    """Take apart what `Layout.select` found."""
    extra = _extra_columns(found["extra"])
    event_times = _microseconds(found["event_time"])
    table: dict[str, RawColumn] = {}
    if layout.id_name:
        table[layout.id_name] = found["id"]
    if layout.time_name is not None:
        table[layout.time_name] = found["event_time"]
        # what was no time: the row has that of its arrival, and the text stays for people
        extra.pop(layout.time_name, None)
    own_target = np.zeros(found.num_rows, np.bool_)
    for column, stored in zip(layout.columns, found.columns[len(FIXED) + 1 :], strict=True):
        own = _decoded(stored, column.type)
        if column.name in extra and column.name != layout.target_name:
            own = filled(own, extra.pop(column.name))
        if column.name == layout.target_name:
            if column.name in extra:
                own = filled(own, extra.pop(column.name))
            own_target |= given(own)
            own = _with_labels(layout, found, own)
        table[column.name] = own
    for name, values in extra.items():
        table[name] = filled(table[name], values) if name in table else values
    return Rows(
        _numbers(found["seq"], np.int64),
        found["id"].to_pylist(),
        event_times,
        _numbers(found["received"], np.float64),
        _labelled(found),
        _numbers(found["label_received"], np.float64),
        own_target,
        Table(table, found.num_rows),
    )


def labels_of(layout: Layout, found: pa.Table) -> Labels:
    """Take apart labels, in the columns of `LABELS` and ``target``."""
    targets = _decoded(found["target"], layout.target_type)
    return Labels(
        _numbers(found["label_seq"], np.int64),
        found["id"].to_pylist(),
        filled(targets, _json(found["target_extra"])),
        _microseconds(found["label_time"]),
        _numbers(found["label_received"], np.float64),
    )


def _decoded(column: pa.ChunkedArray, type_: ColumnType) -> RawColumn:
    return _json(column) if type_ is JSON else column


def _json(column: pa.ChunkedArray) -> list[Any]:
    return [None if text is None else from_json(text) for text in column.to_pylist()]


def _numbers(column: pa.ChunkedArray, dtype: type) -> NDArray[Any]:
    return np.asarray(column.to_numpy(), dtype)


def _microseconds(column: pa.ChunkedArray) -> NDArray[np.int64]:
    return _numbers(pc.fill_null(pc.cast(column, pa.int64()), NO_TIME), np.int64)


def _labelled(found: pa.Table) -> NDArray[np.float64]:
    """Give when each row was labelled: the label's own time, or when its first label arrived, or NaN."""
    times = _microseconds(found["label_time"])
    # nulls become NaN
    received = _numbers(found["label_received"], np.float64)
    return np.where(times == NO_TIME, received, times / 1e6)


def _with_labels(layout: Layout, found: pa.Table, own: RawColumn) -> RawColumn:
    """Give the latest targets: a label, once there, replaces what came with the row."""
    labelled = pc.is_valid(found["label_seq"])
    target_extra = found["target_extra"]
    plain = target_extra.null_count == len(target_extra)
    if (
        plain
        and not isinstance(own, list)
        and own.type == layout.target_type.arrow
        and layout.target_type is not JSON
    ):
        return pc.if_else(labelled, found["target"], own)
    targets = filled(_decoded(found["target"], layout.target_type), _json(target_extra))
    values = own if isinstance(own, list) else own.to_pylist()
    return [
        target if is_labelled else value
        for value, target, is_labelled in zip(values, targets, labelled.to_pylist(), strict=True)
    ]


def _extra_columns(extra: pa.ChunkedArray) -> dict[str, list[Any]]:
    return {} if extra.null_count == len(extra) else columns_of(extra.to_pylist(), from_json)
