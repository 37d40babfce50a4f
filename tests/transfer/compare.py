"""What a log holds of a dataset, in a form in which two are equal only if they are so bit for bit."""

from __future__ import annotations

import struct
from typing import Any

import pyarrow as pa

from modelvane.raw_column import RawColumn
from modelvane.store import Log, Rows


def content(log: Log, dataset: str = "taxi") -> dict[str, Any]:
    """Give everything that the protocol tells of a dataset, but for sequence numbers and snapshots."""
    log.open(dataset, log.datasets()[dataset])
    return {
        "schema": log.datasets()[dataset].to_dict(),
        "scan": [plain(rows) for rows in log.scan(dataset)],
        "arrival": plain(log.head(dataset, rows=10**9)),
        "labelled": plain(log.labels_tail(dataset)),
        "labels": labels(log, dataset),
        "live": log.read_findings(dataset),
        "batches": sorted(map(repr, log.read_findings(dataset, batches=True))),
    }


def plain(rows: Rows) -> dict[str, Any]:
    """Give rows as texts and bytes; the order of columns means nothing, nor does one without any value."""
    table = {name: python_values(rows.table[name]) for name in sorted(rows.table.names)}
    table = {name: values for name, values in table.items() if any(value is not None for value in values)}
    columns = {name: rows.table[name] for name in table}
    return {
        "ids": rows.ids,
        "times": rows.times.tolist(),
        "received": rows.received.tobytes(),
        "labelled": rows.labelled.tobytes(),
        "table": {name: list(map(exact, values)) for name, values in table.items()},
        "types": {
            n: "list" if isinstance(column, list) else str(column.type) for n, column in columns.items()
        },
    }


def python_values(column: RawColumn) -> list[Any]:
    """Give the values of a column; times as microseconds, for Python has none before the year 1."""
    if isinstance(column, list):
        return column
    values: list[Any] = (column.cast("int64") if pa.types.is_timestamp(column.type) else column).to_pylist()
    return values


def labels(log: Log, dataset: str) -> dict[str, Any]:
    """Give labels as texts and bytes."""
    found = log.labels_head(dataset, rows=10**9)
    return {
        "ids": found.ids,
        "targets": list(map(exact, found.targets)),
        "times": found.times.tolist(),
        "received": found.received.tobytes(),
    }


def exact(value: Any) -> Any:
    """Give a value with its type, floats by their bits."""
    if isinstance(value, float):
        return struct.pack("<d", value)
    if isinstance(value, list):
        return ["list", *map(exact, value)]
    if isinstance(value, dict):
        return {name: exact(inner) for name, inner in value.items()}
    return type(value).__name__, value
