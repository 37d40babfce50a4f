"""From tables to documents: ids and times taken or assigned, values encoded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from modelvane.python_values import python_values
from modelvane.store.mongodb.layout import Document, Layout
from modelvane.store.mongodb.values import OWN, encode, field_of
from modelvane.store.results import Rows
from modelvane.store.values import storable_id
from modelvane.table import Table
from modelvane.times import NO_TIME, as_times

_EXACT = 2**53


class Prepared(NamedTuple):
    """The rows of one table as documents, with the ids and times that are given back."""

    documents: list[Document]
    ids: list[str]
    times: NDArray[np.int64]


def prepare(layout: Layout, table: Table, received: float, first: int, prefix: str) -> Prepared:
    """Build the documents of a table, numbered from ``first``.

    Rows without an id get ``prefix`` and their number: unique, and in order of time.
    """
    ids = _ids(layout, table, first, prefix)
    times = _times(layout, table, received)
    return _documents(layout, table, first, ids, times, [received] * table.rows)


def prepare_again(layout: Layout, rows: Rows, first: int) -> Prepared:
    """Build the documents of rows that a log gave, numbered from ``first``, with their ids and times there."""
    ids = [storable_id(id_) or id_ for id_ in rows.ids]
    return _documents(layout, rows.table, first, ids, rows.times, rows.received.tolist())


def _documents(
    layout: Layout,
    table: Table,
    first: int,
    ids: list[str],
    times: NDArray[np.int64],
    received: Sequence[float],
) -> Prepared:
    columns = {field_of(name): encode(table[name]) for name in table.names}
    if layout.id_name:
        # whoever labels by this field finds the rows whose id was assigned, too
        field = field_of(layout.id_name)
        given = columns.get(field, [None] * table.rows)
        columns[field] = [id_ if value is None else value for id_, value in zip(ids, given, strict=True)]
    prefix, dataset = layout.prefix, layout.dataset
    own = [
        {"dataset": dataset, "seq": seq, "time": time, "received": moment}
        for seq, time, moment in zip(
            range(first, first + table.rows), moments_of(times), received, strict=True
        )
    ]
    fields = ("_id", *columns, OWN)
    values = zip([prefix + id_ for id_ in ids], *columns.values(), own, strict=True)
    return Prepared([dict(zip(fields, row, strict=True)) for row in values], ids, times)


def moments_of(times: NDArray[np.int64]) -> list[int] | list[float]:
    """Give microseconds as BSON keeps them: doubles where those are exact, as until the year 2255.

    The driver makes an object of its own of every 64-bit integer, which costs a fifth of the reading of a row.
    """
    moments: list[int] | list[float] = times.tolist()
    if (np.abs(times) <= _EXACT).all():
        moments = times.astype(np.float64).tolist()
    return moments


def _ids(layout: Layout, table: Table, first: int, prefix: str) -> list[str]:
    if layout.id_name not in table:
        return [f"{prefix}{seq:010x}" for seq in range(first, first + table.rows)]
    raw = python_values(table[layout.id_name])
    return [storable_id(value) or f"{prefix}{seq:010x}" for seq, value in enumerate(raw, first)]


def _times(layout: Layout, table: Table, received: float) -> NDArray[np.int64]:
    arrival = round(received * 1e6)
    if layout.time_name is None or layout.time_name not in table:
        return np.full(table.rows, arrival, np.int64)
    times = as_times(table[layout.time_name])
    return np.where(times == NO_TIME, arrival, times)
