"""From tables to rows of PostgreSQL: ids and times taken or assigned, values fitted to the types of their columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain, groupby
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
from numpy.typing import NDArray

from modelvane.python_values import python_values
from modelvane.store import values as shared
from modelvane.store.postgresql.copying import copy_in
from modelvane.store.postgresql.layout import OWN_COLUMNS, Layout
from modelvane.store.postgresql.session import Session
from modelvane.store.postgresql.values import JSON, fitted, from_json, to_json
from modelvane.store.results import Appended, Rows
from modelvane.table import Table
from modelvane.times import NO_TIME, as_times

EARLIEST, LATEST = -62_135_596_800_000_000, 253_402_300_799_999_999
"""Microseconds since 1970 of the years 1 and 9999: the times that PostgreSQL and Arrow both read and write."""

_LONGEST_ID = 1000
"""Bytes; an index of PostgreSQL takes 2700."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Rows as their table takes them, with the ids and times that are given back."""

    rows: pa.Table
    ids: list[str]
    times: NDArray[np.int64]


def prepare(layout: Layout, batches: Sequence[tuple[Table, float]], first: int, prefix: str) -> Prepared:
    """Build the rows of tables, each with its time of arrival, numbered from ``first``.

    Rows without an id get ``prefix`` and their number: unique, and in order of time, so that the index of ids grows
    at its end.
    """
    parts: list[Prepared] = []
    for table, received in _merged(batches):
        ids = _ids(layout, table, first, prefix)
        times, unread = _times(layout, table, received)
        parts.append(_part(layout, table, first, ids, times, received, unread))
        first += table.rows
    if len(parts) == 1:
        return parts[0]
    return Prepared(
        pa.concat_tables([part.rows for part in parts]),
        list(chain.from_iterable(part.ids for part in parts)),
        np.concatenate([part.times for part in parts]),
    )


def prepare_again(layout: Layout, rows: Rows, first: int) -> Prepared:
    """Build rows that a log gave, numbered from ``first``, with the ids and times that they had there."""
    ids = [storable_id(id_) or id_ for id_ in rows.ids]
    return _part(layout, rows.table, first, ids, np.clip(rows.times, EARLIEST, LATEST), rows.received, {})


def _merged(batches: Sequence[tuple[Table, float]]) -> Iterator[tuple[Table, NDArray[np.float64]]]:
    """Give tables with the arrival of each row; neighbours that came as records become one table."""
    for is_records, group in groupby(batches, lambda batch: batch[0].records is not None):
        run = list(group)
        received = np.repeat([moment for _, moment in run], [table.rows for table, _ in run])
        if is_records:
            records = list(chain.from_iterable(table.records or () for table, _ in run))
            yield Table(None, len(records), records), received
            continue
        at = 0
        for table, _ in run:
            yield table, received[at : at + table.rows]
            at += table.rows


def _part(
    layout: Layout,
    table: Table,
    first: int,
    ids: list[str],
    times: NDArray[np.int64],
    received: NDArray[np.float64],
    unread: Mapping[int, Any],
) -> Prepared:
    beside: dict[int, dict[str, Any]] = {}
    if layout.time_name is not None:
        _put_beside(beside, layout.time_name, unread)
    columns: list[pa.Array | pa.ChunkedArray] = []
    for column in layout.columns:
        raw = table.get(column.name)
        if raw is None:
            columns.append(pa.nulls(table.rows, column.type.arrow))
            continue
        array, misfits = fitted(raw, column.type)
        columns.append(array)
        _put_beside(beside, column.name, misfits)
    for name in table.names:
        if name not in layout.known:
            # JSON has no bytes: what has no column is what JSON can say of it
            values = {
                row: str(value) if isinstance(value, bytes) else value
                for row, value in enumerate(python_values(table[name]))
            }
            _put_beside(beside, name, values)
    own = [
        pa.array(np.arange(first, first + table.rows), pa.int64()),
        pa.array(ids, pa.string()),
        pa.array(times, pa.timestamp("us", "UTC")),
        pa.array(received, pa.float64()),
        pa.array([to_json(beside[row]) if row in beside else None for row in range(table.rows)], pa.string()),
    ]
    names = [*OWN_COLUMNS, *(f"c{place}" for place in range(len(layout.columns)))]
    return Prepared(pa.table([*own, *columns], names), ids, times)


def _put_beside(beside: dict[int, dict[str, Any]], name: str, values: Mapping[int, Any]) -> None:
    for row, value in values.items():
        if value is not None:
            beside.setdefault(row, {})[name] = value


def storable_id(value: object) -> str | None:
    """Give the form in which an id is stored: the same text, but for what an index of PostgreSQL does not take."""
    text = shared.storable_id(value)
    if not text:
        return None
    # four bytes at most per character
    if len(text) > _LONGEST_ID // 4 and len(text.encode()) > _LONGEST_ID:
        text = f"{text[: _LONGEST_ID // 4]}…{blake2b(text.encode(), digest_size=16).hexdigest()}"
    return text.replace("\0", "\\x00")


def _ids(layout: Layout, table: Table, first: int, prefix: str) -> list[str]:
    raw = table.get(layout.id_name) if layout.id_name else None
    if raw is None:
        return [f"{prefix}{seq:010x}" for seq in range(first, first + table.rows)]
    return [
        storable_id(value) or f"{prefix}{seq:010x}" for seq, value in enumerate(python_values(raw), first)
    ]


def _times(
    layout: Layout, table: Table, received: NDArray[np.float64]
) -> tuple[NDArray[np.int64], dict[int, Any]]:
    """Give event times, that of arrival where there is none, and by row what came in place of one."""
    arrivals = np.clip(np.rint(received * 1e6), EARLIEST, LATEST).astype(np.int64)
    raw = table.get(layout.time_name) if layout.time_name is not None else None
    if raw is None:
        return arrivals, {}
    times = as_times(raw)
    timed = (times != NO_TIME) & (times >= EARLIEST) & (times <= LATEST)
    if timed.all():
        return times, {}
    values = python_values(raw)
    return np.where(timed, times, arrivals), {row: values[row] for row in np.flatnonzero(~timed).tolist()}


def insert(session: Session, layout: Layout, prepared: Prepared) -> NDArray[np.int64] | None:
    """Insert rows and give the positions of those that were new; ``None`` for all."""
    new = _first_of_each(prepared.ids)
    session.execute("SAVEPOINT rows")
    try:
        _copy(session, layout, prepared, new)
    except psycopg.errors.UniqueViolation:
        # rows that were sent twice are rare: looked for only now
        session.execute("ROLLBACK TO rows")
        found = session.execute(
            f"SELECT id FROM {layout.predictions} WHERE id = ANY(%s)",  # noqa: S608 - quoted
            (prepared.ids,),
        )
        known = {id_ for (id_,) in found}
        positions = range(len(prepared.ids)) if new is None else new.tolist()
        new = np.array([at for at in positions if prepared.ids[at] not in known], np.int64)
        _copy(session, layout, prepared, new)
    session.execute("RELEASE rows")
    return new


def _first_of_each(ids: list[str]) -> NDArray[np.int64] | None:
    if len(set(ids)) == len(ids):
        return None
    positions: dict[str, int] = {}
    for at, id_ in enumerate(ids):
        positions.setdefault(id_, at)
    return np.fromiter(positions.values(), np.int64, len(positions))


def _copy(session: Session, layout: Layout, prepared: Prepared, new: NDArray[np.int64] | None) -> None:
    rows = prepared.rows if new is None else prepared.rows.take(pa.array(new))
    if rows.num_rows:
        copy_in(session, layout.predictions, layout.stored_names, rows)


def outcomes(
    prepared: Prepared,
    sizes: Sequence[int],
    first: int,
    new: NDArray[np.int64] | None,
    early: Mapping[int, Any],
) -> list[Appended]:
    """Say what became of each of the tables whose rows were inserted from ``first`` on."""
    results, at = [], 0
    for size in sizes:
        end = at + size
        own: NDArray[np.int64] | None = None
        if new is not None:
            own = new[(new >= at) & (new < end)] - at
            own = None if len(own) == size else own
        told = {seq - first - at: target for seq, target in early.items() if at <= seq - first < end}
        results.append(Appended(first + at, prepared.ids[at:end], prepared.times[at:end], own, told))
        at = end
    return results


def take_early(session: Session, layout: Layout, first: int, last: int) -> dict[int, Any]:
    """Give the targets that waited for new rows, by the number of the row; they wait no longer."""
    found = session.execute(
        f"UPDATE {layout.labels} l SET waiting = false FROM {layout.predictions} p"  # noqa: S608 - quoted
        " WHERE l.waiting AND p.id = l.id AND p.seq BETWEEN %s AND %s"
        " RETURNING p.seq, l.target::text, l.target_extra::text",
        (first, last),
    )
    return {seq: target_of(layout, text, extra) for seq, text, extra in found}


def target_of(layout: Layout, text: str | None, extra: str | None) -> Any:
    """Give a target from the text of its column and the JSON beside it."""
    if extra is not None:
        return from_json(extra)
    if text is None:
        return None
    if layout.target_type is JSON:
        return from_json(text)
    if layout.target_type.arrow == pa.bool_():
        return text == "true"
    kind = {pa.float64(): float, pa.int64(): int}.get(layout.target_type.arrow, str)
    return kind(text)
