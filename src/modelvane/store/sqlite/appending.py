"""From tables to rows of SQLite: ids and times taken or assigned, values encoded, duplicates found."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from operator import ne
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelvane.casting import canonical
from modelvane.python_values import python_values
from modelvane.store.results import Appended, Rows
from modelvane.store.sqlite.layout import Layout
from modelvane.store.sqlite.values import PLAIN, decode_value, encode, encode_value
from modelvane.store.values import to_json
from modelvane.table import Table
from modelvane.times import NO_TIME, as_times, microseconds

# types for which the quick JSON writer and the standard library's agree; it has no NaN, so floats are not among them
_QUICK = frozenset({int, str, bool})
_encoder = msgspec.json.Encoder()


class Prepared(NamedTuple):
    """The rows of one table as SQLite takes them: all values of the first row, then all of the second, ..."""

    values: list[Any]
    ids: list[str]
    times: NDArray[np.int64]


def prepare(
    layout: Layout, table: Table, received: float, first: int, prefix: str, *, exact: bool = False
) -> Prepared:
    """Build the rows of a table, numbered from ``first``.

    Rows without an id get ``prefix`` and their number: unique, and in order of time, so that the index of ids
    grows at its end. ``exact`` looks at each value, for tables with values that SQLite refuses to bind.
    """
    if table.rows == 1 and table.records and not exact:
        single = _single(layout, table.records[0], received, first, prefix)
        if single is not None:
            return single
    ids = _ids(layout, table, first, prefix)
    if exact:
        ids = [text.encode("utf-8", "backslashreplace").decode() for text in ids]
    times, timed = _times(layout, table, received)
    extra = _extra(layout, table, timed)
    own = (range(first, first + table.rows), ids, times.tolist(), [received] * table.rows, extra)
    return Prepared(_interleaved(layout, own, table, exact=exact), ids, times)


def prepare_again(layout: Layout, rows: Rows, first: int, *, exact: bool = False) -> Prepared:
    """Build rows that a log gave, numbered from ``first``, with the ids and times that they had there."""
    numbers = range(first, first + len(rows))
    extra = _extra(layout, rows.table, None)
    own = (numbers, rows.ids, rows.times.tolist(), rows.received.tolist(), extra)
    return Prepared(_interleaved(layout, own, rows.table, exact=exact), rows.ids, rows.times)


def _interleaved(layout: Layout, own: Sequence[Sequence[Any]], table: Table, *, exact: bool) -> list[Any]:
    """Give our own columns and the table's, row by row."""
    values: list[Any] = [None] * (table.rows * layout.width)
    for place, column in enumerate(own):
        values[place :: layout.width] = column
    for place, stored in enumerate(layout.columns, len(own)):
        if stored.name not in table:
            continue
        raw = table[stored.name]
        encoded: Sequence[Any]
        if exact:
            encoded = [encode_value(value, boolean=stored.boolean) for value in python_values(raw)]
        elif table.is_plain and isinstance(raw, list) and not stored.boolean:
            # as SQLite keeps them already
            encoded = raw
        else:
            encoded = encode(raw, boolean=stored.boolean)
        values[place :: layout.width] = encoded
    return values


def _single(
    layout: Layout, record: Mapping[str, Any], received: float, first: int, prefix: str
) -> Prepared | None:
    """Build one row if none of its values needs a second look: one check instead of one per column."""
    if layout.has_boolean:
        return None
    get = record.get
    values = [*map(get, layout.names)]
    types = set(map(type, values))
    if not types <= PLAIN or (float in types and any(map(ne, values, values))):
        return None
    id_ = get(layout.id_name)
    if type(id_) is not str:
        id_ = None if id_ is None else canonical(id_)
    id_ = id_ or f"{prefix}{first:010x}"
    names = record.keys() - layout.known
    extras = {name: value for name in names if (value := record[name]) is not None} if names else {}
    time = round(received * 1e6)
    if layout.time_name is not None and layout.time_name in record:
        stamp = microseconds(record[layout.time_name])
        if stamp != NO_TIME:
            time = stamp
        elif record[layout.time_name] is not None:
            extras[layout.time_name] = record[layout.time_name]
    extra = _object(extras) if extras else None
    return Prepared([first, id_, time, received, extra, *values], [id_], np.array((time,), np.int64))


def _object(found: dict[str, Any]) -> str | None:
    if not found:
        return None
    if set(map(type, found.values())) <= _QUICK:
        try:
            return _encoder.encode(found).decode()
        except UnicodeEncodeError:
            # a lone surrogate, which the standard library escapes
            pass
    return to_json(found)


def _ids(layout: Layout, table: Table, first: int, prefix: str) -> list[str]:
    if layout.id_name not in table:
        return [f"{prefix}{seq:010x}" for seq in range(first, first + table.rows)]
    raw = python_values(table[layout.id_name])
    types = set(map(type, raw))
    if types == {str} and "" not in raw:
        return raw
    if types == {int}:
        return list(map(str, raw))
    return [canonical(value) or f"{prefix}{seq:010x}" for seq, value in enumerate(raw, first)]


def _times(
    layout: Layout, table: Table, received: float
) -> tuple[NDArray[np.int64], NDArray[np.bool_] | None]:
    """Give event times, and which rows had one (``None`` for all)."""
    arrival = round(received * 1e6)
    if layout.time_name is None or layout.time_name not in table:
        return np.full(table.rows, arrival, np.int64), None
    times = as_times(table[layout.time_name])
    timed = times != NO_TIME
    if timed.all():
        return times, None
    return np.where(timed, times, arrival), timed


def _extra(layout: Layout, table: Table, timed: NDArray[np.bool_] | None) -> Sequence[str | None]:
    """Give JSON of what has no column: unexpected columns, and times and ids that cannot be read as such."""
    expected = layout.known.issuperset(table.names)
    names = [] if expected else [name for name in table.names if name not in layout.known]
    columns = {name: python_values(table[name]) for name in names}
    if timed is not None and layout.time_name is not None:
        raw = python_values(table[layout.time_name])
        columns[layout.time_name] = [None if ok else value for ok, value in zip(timed, raw, strict=True)]
    if not columns:
        return [None] * table.rows
    if all(set(map(type, column)) <= _QUICK for column in columns.values()):
        try:
            return _quick_objects(columns)
        except UnicodeEncodeError:
            # a lone surrogate, as in `_object`
            pass
    rows = zip(*columns.values(), strict=True)
    return [_object({n: v for n, v in zip(columns, row, strict=True) if v is not None}) for row in rows]


def _quick_objects(columns: Mapping[str, Sequence[Any]]) -> list[str]:
    # without an object per row: Python looks for garbage after some hundred new ones, among all values of the body
    values = [_encoder.encode_lines(column).decode().split("\n")[:-1] for column in columns.values()]
    members = [f"{_encoder.encode(name).decode().replace('%', '%%')}:%s" for name in columns]
    return list(map(("{" + ",".join(members) + "}").__mod__, zip(*values, strict=True)))


def insert(connection: sqlite3.Connection, layout: Layout, values: list[Any]) -> int:
    """Insert rows, as many per statement as there are, and give how many were new."""
    width = layout.width
    done, inserted = 0, 0
    for block in layout.blocks:
        size = block * width
        statement = layout.insert(block)
        while len(values) - done >= size:
            row_values = values if len(values) == size else values[done : done + size]
            inserted += connection.execute(statement, row_values).rowcount
            done += size
    return inserted


def outcomes(
    connection: sqlite3.Connection,
    layout: Layout,
    batches: Sequence[Prepared],
    first: int,
    *,
    all_new: bool,
    waiting: bool,
) -> list[Appended]:
    """Say what became of each table, after the rows of all of them were inserted from ``first`` on."""
    total = sum(len(batch.ids) for batch in batches)
    period = (first, first + total - 1)
    present: NDArray[np.bool_] | None = None
    if not all_new:
        present = np.zeros(total, np.bool_)
        found = connection.execute(
            f"SELECT seq FROM {layout.predictions} WHERE seq BETWEEN ? AND ?",  # noqa: S608 - quoted
            period,
        )
        present[[seq - first for (seq,) in found]] = True
    early = _early(connection, layout, period) if waiting else {}
    results, at = [], 0
    for batch in batches:
        end = at + len(batch.ids)
        new = None if present is None or present[at:end].all() else np.flatnonzero(present[at:end])
        own = {seq - first - at: target for seq, target in early.items() if at <= seq - first < end}
        results.append(Appended(first + at, batch.ids, batch.times, new, own))
        at = end
    return results


def _early(connection: sqlite3.Connection, layout: Layout, period: tuple[int, int]) -> dict[int, Any]:
    found = connection.execute(
        # CROSS JOIN keeps the order: the new rows are few, the waiting labels may be many
        f"SELECT p.seq, l.target FROM {layout.predictions} p CROSS JOIN {layout.labels} l ON l.id = p.id"  # noqa: S608 - quoted
        " WHERE p.seq BETWEEN ? AND ? AND l.waiting",
        period,
    ).fetchall()
    if found:
        connection.execute(
            f"UPDATE {layout.labels} SET waiting = 0 WHERE waiting AND id IN"  # noqa: S608 - quoted
            f" (SELECT id FROM {layout.predictions} WHERE seq BETWEEN ? AND ?)",
            period,
        )
    boolean = target_is_boolean(layout)
    return {seq: decode_value(target, boolean=boolean) for seq, target in found}


def target_is_boolean(layout: Layout) -> bool:
    """Say whether 1 means True among the targets."""
    return any(column.boolean for column in layout.columns if column.name == layout.target_name)
