"""A past stream, step by step: the rows as they came, and the labels when they became known."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelvane.casting import is_missing
from modelvane.engines.source import Batch, Source, whole_batches
from modelvane.errors import ConfigError
from modelvane.schema import Schema
from modelvane.table import Table
from modelvane.times import NO_TIME, as_times


@dataclass(frozen=True, slots=True)
class Step:
    """Some rows of a stream, and what became known of earlier ones up to the time of the last of them.

    Parameters
    ----------
    table
        The rows, without their targets.
    ids
        One per row.
    times
        Event times, microseconds since 1970.
    label_ids, targets, label_times
        Labels that became known by ``now``, in the order in which they did; times are microseconds since 1970.
    """

    table: Table
    ids: Sequence[str]
    times: NDArray[np.int64]
    label_ids: Sequence[str]
    targets: Sequence[Any]
    label_times: Sequence[int]

    @property
    def now(self) -> int:
        """Microseconds since 1970: when the last of the rows came."""
        return int(self.times[-1])


def steps(source: Source, schema: Schema, every: int) -> Iterator[Step]:
    """Give a source in steps of ``every`` rows (the last may have fewer), in the order of the source.

    A label becomes known when the source says so; where it does not, with its row.

    Raises
    ------
    ConfigError
        When rows have no time.
    DecodeError
        When something of the source cannot be read.
    """
    waiting: list[tuple[int, int, str, Any]] = []
    rows, latest = 0, NO_TIME
    for batch in whole_batches(source, schema):
        times = _times(batch, schema)
        ids = _ids(batch, schema, rows)
        target = schema.target.name if schema.target is not None else None
        known = _known(batch, times)
        targets = (
            [None] * len(times) if target is None or target not in batch.table else batch.table.values(target)
        )
        start = 0
        while start < len(times):
            stop = min(len(times), start + every - rows % every)
            for at in range(start, stop):
                if not is_missing(targets[at]):
                    heapq.heappush(waiting, (int(known[at]), rows + at - start, ids[at], targets[at]))
            part = slice(start, stop)
            latest = max(latest, int(times[part].max()))
            told = []
            while waiting and waiting[0][0] <= latest:
                told.append(heapq.heappop(waiting))
            rows += stop - start
            if rows % every == 0 or stop == len(times):
                yield Step(
                    _without(batch.table.take(part), target),
                    ids[part],
                    np.maximum.accumulate(times[part]),
                    [one[2] for one in told],
                    [one[3] for one in told],
                    [one[0] for one in told],
                )
            start = stop


def _times(batch: Batch, schema: Schema) -> NDArray[np.int64]:
    times = batch.times
    if times is None and schema.time is not None and schema.time.name in batch.table:
        times = as_times(batch.table[schema.time.name])
    if times is None or (times == NO_TIME).any():
        without = (
            "column of event times" if times is None else f"time in {int((times == NO_TIME).sum())} rows"
        )
        raise ConfigError(
            f"What is replayed needs the time of every row: {batch.name} has no {without}",
            expected="a log, or a file with the reference's time column",
            available=batch.table.names,
            remedy="Name it: column_mapping.datetime",
        )
    return times


def _ids(batch: Batch, schema: Schema, first: int) -> list[str]:
    own = batch.ids
    if own is None and schema.id is not None and schema.id.name in batch.table:
        own = batch.table.values(schema.id.name)
    if own is None:
        own = [None] * batch.table.rows
    # a row without an id is told from the others by its position
    return [f"row {first + at}" if one is None else str(one) for at, one in enumerate(own)]


def _known(batch: Batch, times: NDArray[np.int64]) -> NDArray[np.int64]:
    if batch.labelled is None:
        return times
    known = np.nan_to_num(batch.labelled * 1e6, nan=0.0)
    return np.maximum(known.astype(np.int64), times)


def _without(table: Table, column: str | None) -> Table:
    if column is None or column not in table:
        return table
    return Table({name: table[name] for name in table.names if name != column}, table.rows)
