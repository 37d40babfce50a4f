"""Late, early, repeated and changed labels: which is which, in bulk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from modelvane.store.label_ids import checked_ids
from modelvane.store.postgresql.appending import EARLIEST, LATEST, storable_id
from modelvane.store.postgresql.copying import copy_in
from modelvane.store.postgresql.layout import Layout
from modelvane.store.postgresql.session import Session
from modelvane.store.postgresql.values import JSON, fitted, from_json, to_json
from modelvane.store.results import LabelOutcome, LabelResult
from modelvane.store.values import is_same
from modelvane.times import NO_TIME

_COLUMNS = ("seq", "id", "target", "target_extra", "time", "received", "changed", "waiting")
_TYPES = (
    pa.int64(),
    pa.string(),
    None,
    pa.string(),
    pa.timestamp("us", "UTC"),
    pa.float64(),
    pa.float64(),
    pa.bool_(),
)


def keep_labels(
    session: Session,
    layout: Layout,
    ids: Sequence[Any],
    targets: Sequence[Any],
    times: NDArray[np.int64] | None,
    received: float | NDArray[np.float64],
    first: int,
) -> LabelResult:
    """Keep labels, numbered from ``first``; within a batch, too, the latest target of an id wins.

    A label that changes moves to the end of the order of arrival but keeps the time of its first arrival, from
    which the lag is taken.

    Raises
    ------
    SchemaError
        When there are not as many targets and times as ids, or an id is none (null, NaN, a list).
    """
    keys = checked_ids(ids, targets, times, storable_id)
    array, misfits = fitted(list(targets), layout.target_type)
    # as the column says them, so that equal ones are found by comparing
    stored: list[tuple[Any, str | None]] = [(value, None) for value in array.to_pylist()]
    for row, value in misfits.items():
        stored[row] = (None, to_json(value))
    arrivals = np.broadcast_to(np.asarray(received, np.float64), len(keys)).tolist()
    moments = [None] * len(keys) if times is None else list(map(_storable_time, times.tolist()))
    logged, known = _there(session, layout, list(dict.fromkeys(keys)))
    outcomes = np.empty(len(keys), np.int8)
    written: dict[str, tuple[Any, ...]] = {}
    replaced: set[str] = set()
    for at, (key, target) in enumerate(zip(keys, stored, strict=True)):
        before = known.get(key)
        if before is None:
            outcomes[at] = LabelOutcome.MATCHED if key in logged else LabelOutcome.WAITING
            since, changed = arrivals[at], None
        elif _same(layout, before[0], target):
            outcomes[at] = LabelOutcome.REPEATED
            continue
        else:
            outcomes[at] = LabelOutcome.CHANGED
            since, changed = before[1], arrivals[at]
            replaced.add(key)
        known[key] = (target, since)
        written[key] = (first + at, key, *target, moments[at], since, changed, key not in logged)
    _write(session, layout, written, replaced)
    return LabelResult(outcomes, first)


def _storable_time(time: int) -> int | None:
    return None if time == NO_TIME else min(max(time, EARLIEST), LATEST)


def _same(layout: Layout, left: tuple[Any, str | None], right: tuple[Any, str | None]) -> bool:
    # NaN is the same target as NaN
    if left == right or (left[0] != left[0] and right[0] != right[0]):
        return True
    texts = (left[0], right[0]) if layout.target_type is JSON else (None, None)
    return None not in texts and is_same(*map(from_json, texts))


def _there(
    session: Session, layout: Layout, ids: list[str]
) -> tuple[set[str], dict[str, tuple[tuple[Any, str | None], float]]]:
    """Give which ids are logged, and of labels that are there the target and the time of arrival."""
    found = session.execute(
        f"SELECT i.id, p.id IS NOT NULL, l.id IS NOT NULL, l.target{_as_text(layout)}, l.target_extra::text, l.received"  # noqa: S608 - quoted
        f" FROM unnest(%s::text[]) AS i(id) LEFT JOIN {layout.predictions} p ON p.id = i.id"
        f" LEFT JOIN {layout.labels} l ON l.id = i.id WHERE p.id IS NOT NULL OR l.id IS NOT NULL",
        (ids,),
    ).fetchall()
    logged = {id_ for id_, is_logged, *_ in found if is_logged}
    known = {
        id_: ((target, extra), since) for id_, _, is_labelled, target, extra, since in found if is_labelled
    }
    return logged, known


def _as_text(layout: Layout) -> str:
    # psycopg would read the JSON
    return "::text" if layout.target_type.sql == "json" else ""


def _write(session: Session, layout: Layout, written: dict[str, tuple[Any, ...]], replaced: set[str]) -> None:
    """Write one row per id: what is replaced leaves, and all go in by one COPY."""
    if replaced:
        session.execute(
            f"DELETE FROM {layout.labels} WHERE id = ANY(%s)",  # noqa: S608 - quoted
            (list(replaced),),
        )
    if written:
        types = [layout.target_type.arrow if kind is None else kind for kind in _TYPES]
        columns = zip(*written.values(), strict=True)
        arrays = [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]
        copy_in(session, layout.labels, _COLUMNS, pa.table(arrays, list(_COLUMNS)))
