"""Counting a source on a reference, a batch at a time."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from modelvane.block import Block
from modelvane.casting import NO_TIME, Fault, Numbers
from modelvane.engines.counted import Counted, Provenance, Slice, Unread
from modelvane.engines.source import Batch, Source
from modelvane.evaluation.stream import Stream
from modelvane.reference import Reference
from modelvane.ruler import NumericalRuler
from modelvane.schema import Task
from modelvane.tallies import codec
from modelvane.tallies.dataset import ColumnTally, DatasetTally, WindowTally
from modelvane.tallies.joint import JointTally

SLICES = 24


def count(
    source: Source,
    reference: Reference,
    *,
    slices: int = SLICES,
    period: tuple[float, float] | None = None,
    now: float,
    advance: Callable[[int], None] = lambda _rows: None,
) -> Counted:
    """Count every row of a source.

    Parameters
    ----------
    slices
        Parts of equal length that the period is cut into.
    period
        Seconds since 1970, half open; from the first to the last event time by default.
    now
        Seconds since 1970.
    advance
        Called with the rows of each batch once they are counted.
    """
    return _Count(reference, _limits(source, reference, slices, period)).of(source, now, advance)


def _limits(
    source: Source, reference: Reference, slices: int, period: tuple[float, float] | None
) -> NDArray[np.int64]:
    """Give the slices' limits in microseconds, one more than slices; none without times."""
    found = source.period(reference.schema) if period is None else tuple(round(at * 1e6) for at in period)
    if found is None or slices < 1:
        return np.empty(0, np.int64)
    first, end = found[0], found[1] + (period is None)
    return np.unique(np.linspace(first, max(end, first + 1), slices + 1).astype(np.int64))


class _Count:
    """A running count; its parts add up."""

    def __init__(self, reference: Reference, limits: NDArray[np.int64]) -> None:
        self._reference = reference
        self._limits = limits
        nothing = reference.encode({name: [] for name in reference.rulers})
        self._rows, self._labelled = self._tallies(nothing)
        zero = _without_segments(self._rows), _without_segments(self._labelled)
        self._slices = [zero] * max(0, len(limits) - 1)
        self._joint = self._joint_of(nothing)
        self._lags: list[NDArray[np.float64]] = []
        self._missing: set[str] = set()
        self._unexpected: set[str] = set()
        self._first: int | None = None
        self._last: int | None = None

    def of(self, source: Source, now: float, advance: Callable[[int], None]) -> Counted:
        unread: list[Unread] = []
        for batch in source.batches(self._reference.schema):
            self._add(batch)
            advance(batch.table.rows)
        lags = np.concatenate(self._lags) if self._lags else np.empty(0)
        first, last = (None if at is None else at / 1e6 for at in (self._first, self._last))
        rows, labelled = self._rows.rows, self._labelled.rows
        return Counted(
            window=WindowTally(self._rows, self._labelled),
            slices=tuple(self._sliced()),
            joint=self._joint,
            stream=Stream(
                now=now,
                coverage=labelled / rows if rows else None,
                lag=statistics.median(lags.tolist()) if len(lags) else None,
                missing=tuple(sorted(self._missing)),
                unexpected=tuple(sorted(self._unexpected)),
                last_row=last,
                rows_per_second=(rows - 1) / (last - first)
                if first is not None and last and last > first
                else None,
            ),
            provenance=Provenance(source.name, rows, first, last, self._digest()),
            unread=tuple(unread),
        )

    def _sliced(self) -> Iterator[Slice]:
        limits = (self._limits / 1e6).tolist()
        for since, until, (rows, labelled) in zip(limits, limits[1:], self._slices, strict=False):
            yield Slice(since, until, rows, labelled)

    def _add(self, batch: Batch) -> None:
        table, schema = batch.table, self._reference.schema
        if not table.rows:
            return
        self._missing.update(
            name
            for name in self._reference.rulers
            if name not in table and (schema.target is None or name != schema.target.name)
        )
        self._unexpected.update(name for name in table.names if name not in schema.names)
        block = self._reference.encode(table, batch.times)
        is_labelled = self._has_target(block)
        rows, labelled = self._tallies(block, is_labelled)
        self._rows, self._labelled = self._rows + rows, self._labelled + labelled
        self._add_times(block, is_labelled, batch.labelled)
        joint = self._joint_of(block)
        self._joint = joint if self._joint is None or joint is None else self._joint + joint

    def _add_times(
        self, block: Block, is_labelled: NDArray[np.bool_], known: NDArray[np.float64] | None
    ) -> None:
        times = block.times[block.times != NO_TIME]
        if not len(times):
            return
        first, last = int(times.min()), int(times.max())
        self._first = first if self._first is None else min(first, self._first)
        self._last = last if self._last is None else max(last, self._last)
        if known is not None:
            lags = known - block.times / 1e6
            self._lags.append(lags[is_labelled & ~np.isnan(known) & (block.times != NO_TIME)])
        places = np.searchsorted(self._limits, block.times, "right") - 1
        for place in np.unique(places[(places >= 0) & (places < len(self._slices))]).tolist():
            index = np.flatnonzero(places == place)
            rows, labelled = map(_without_segments, self._tallies(block.take(index), is_labelled[index]))
            before = self._slices[place]
            self._slices[place] = before[0] + rows, before[1] + labelled

    def _tallies(
        self, block: Block, is_labelled: NDArray[np.bool_] | None = None
    ) -> tuple[DatasetTally, DatasetTally]:
        counter = self._reference.counter
        truth = block if is_labelled is None else block.take(np.flatnonzero(is_labelled))
        return counter.rows(block), counter.labelled(truth)

    def _has_target(self, block: Block) -> NDArray[np.bool_]:
        target = self._reference.schema.target
        if target is None or target.name not in block.columns:
            return np.zeros(block.rows, bool)
        column = block.columns[target.name]
        if not isinstance(column, Numbers):
            return np.asarray(column.codes != -Fault.MISSING)
        if column.faults is None:
            return np.ones(block.rows, bool)
        return np.asarray(column.faults != Fault.MISSING)

    def _joint_of(self, block: Block) -> JointTally | None:
        schema = self._reference.schema
        if schema.task is not Task.REGRESSION or self._reference.performance is None or schema.target is None:
            return None
        names = schema.predictions[0].name, schema.target.name
        rulers = [r for r in map(self._reference.rulers.__getitem__, names) if isinstance(r, NumericalRuler)]
        columns = [c for c in map(block.columns.__getitem__, names) if isinstance(c, Numbers)]
        if len(rulers) < len(names):
            return None
        return JointTally.of((rulers[0], rulers[1]), (columns[0], columns[1]))

    def _digest(self) -> str:
        text = blake2b(self._reference.digest.encode(), digest_size=16)
        for name, tally in _named(self._rows, self._labelled):
            text.update(name.encode() + codec.content("column", tally.facts(), tally.arrays()))
        return text.hexdigest()


def _named(*parts: DatasetTally) -> Iterator[tuple[str, ColumnTally]]:
    for part in parts:
        yield from sorted(part.columns.items())


def _without_segments(tally: DatasetTally) -> DatasetTally:
    return replace(tally, segments={})
