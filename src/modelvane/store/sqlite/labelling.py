"""Late, early, repeated and changed labels: which is which, in bulk."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelvane.store.label_ids import checked_ids
from modelvane.store.results import LabelOutcome, LabelResult
from modelvane.store.sqlite.appending import target_is_boolean
from modelvane.store.sqlite.layout import Layout
from modelvane.store.sqlite.reading import blocks_of_ids
from modelvane.store.sqlite.values import encode_value
from modelvane.store.values import storable_id
from modelvane.times import NO_TIME

_RECEIVED = 4
"""Where a row of labels has its arrival."""


def keep_labels(
    connection: sqlite3.Connection,
    layout: Layout,
    ids: Sequence[Any],
    targets: Sequence[Any],
    times: NDArray[np.int64] | None,
    received: float | NDArray[np.float64],
    first: int,
) -> LabelResult:
    """Keep labels, numbered from ``first``; within a batch, too, the latest target of an id wins.

    A label that changes moves to the end of the order of arrival but keeps the time of its first arrival,
    from which the lag is taken.

    Raises
    ------
    SchemaError
        When there are not as many targets and times as ids, or an id is none (null, NaN, a list).
    """
    keys = checked_ids(ids, targets, times, storable_id)
    boolean = target_is_boolean(layout)
    stored = [encode_value(target, boolean=boolean) for target in targets]
    arrivals = np.broadcast_to(np.asarray(received, np.float64), len(keys)).tolist()
    moments = [None] * len(keys) if times is None else [None if t == NO_TIME else t for t in times.tolist()]
    distinct = list(dict.fromkeys(keys))
    logged = _logged(connection, layout, distinct)
    known = _targets(connection, layout, distinct)
    outcomes = np.empty(len(keys), np.int8)
    written: dict[str, tuple[Any, ...]] = {}
    for at, (key, target) in enumerate(zip(keys, stored, strict=True)):
        if key not in known:
            outcomes[at] = LabelOutcome.MATCHED if key in logged else LabelOutcome.WAITING
            changed = None
        elif known[key] == target:
            outcomes[at] = LabelOutcome.REPEATED
            continue
        else:
            outcomes[at] = LabelOutcome.CHANGED
            changed = arrivals[at]
        known[key] = target
        arrival = written[key][_RECEIVED] if key in written else arrivals[at]
        written[key] = (first + at, key, target, moments[at], arrival, changed, key not in logged)
    connection.executemany(
        f"INSERT INTO {layout.labels} (seq, id, target, time, received, changed, waiting)"  # noqa: S608 - quoted
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
        " seq = excluded.seq, target = excluded.target, time = excluded.time, changed = excluded.changed",
        written.values(),
    )
    return LabelResult(outcomes, first)


def _logged(connection: sqlite3.Connection, layout: Layout, ids: list[str]) -> set[str]:
    return {
        found
        for places, block in blocks_of_ids(ids)
        for (found,) in connection.execute(
            f"SELECT id FROM {layout.predictions} WHERE id IN {places}",  # noqa: S608 - quoted
            block,
        )
    }


def _targets(connection: sqlite3.Connection, layout: Layout, ids: list[str]) -> dict[str, Any]:
    return {
        found: target
        for places, block in blocks_of_ids(ids)
        for found, target in connection.execute(
            f"SELECT id, target FROM {layout.labels} WHERE id IN {places}",  # noqa: S608 - quoted
            block,
        )
    }
