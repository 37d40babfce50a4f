"""A running count: batches in, the tallies of their columns in every part out."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, Future
from itertools import pairwise

import numpy as np
import pyarrow as pa
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.block import Encoded, encode_column
from modelvane.engines.columns import ColumnCount, HourCount, PerformanceCount, RepeatCount
from modelvane.engines.counted import Counted, Provenance, Slice, Unread, digest_of
from modelvane.engines.ids import IdCount
from modelvane.engines.joint import joint_of
from modelvane.engines.outliers import Outliers
from modelvane.engines.parts import Parts, Place, is_known
from modelvane.engines.source import Batch
from modelvane.engines.together import TogetherCount
from modelvane.errors import ModelvaneError
from modelvane.reference import Reference
from modelvane.stream import Stream
from modelvane.tallies.dataset import DatasetTally, WindowTally
from modelvane.times import NO_TIME, as_times


class _Cut(Struct, frozen=True, eq=False):
    """The rows of a batch, which of them are labelled, and the columns that were encoded to know."""

    rows: Parts
    labelled: Parts
    early: Mapping[str, Encoded]


class RunningCount:
    """What was counted of a source so far."""

    def __init__(self, reference: Reference, limits: NDArray[np.int64], strict: bool) -> None:
        self._reference = reference
        self._schema = reference.schema
        self._limits = limits
        self._strict = strict
        self._columns = {name: ColumnCount(reference.rulers[name]) for name in reference.counter.counted}
        self._together = TogetherCount(reference.counter)
        contributions = (column.name for column in self._schema.contributions)
        self._looked_up = list(dict.fromkeys((*self._columns, *contributions, *self._together.names)))
        ruler = reference.performance
        self._performance = None if ruler is None else PerformanceCount(ruler)
        answers = reference.counter.recommendation
        self._repeats = None if answers is None else RepeatCount(answers, reference.rulers)
        self._joint = joint_of(reference, ruler.nothing().columns) if ruler is not None else None
        self._rows: dict[Place, int] = {}
        self._labelled: dict[Place, int] = {}
        self._hours, self._labelled_hours = HourCount.of(reference.counter), HourCount.of(reference.counter)
        self._lags: list[NDArray[np.float64]] = []
        self._ids = IdCount()
        self._missing: set[str] = set()
        self._unexpected: set[str] = set()
        self._unread: list[Unread] = []
        self._first: int | None = None
        self._last: int | None = None
        self._cut: _Cut | None = None
        self._counting: list[Future[Unread | None]] = []
        self._outliers = Outliers(reference.counter)

    # ----------------------------------------------------------------- batches

    def lack(self, what: Unread) -> None:
        """Go on without something, or end the run."""
        if self._strict:
            raise what.error()
        self._unread.append(what)

    def add(self, batch: Batch, pool: Executor) -> None:
        """Count the rows of a batch, its columns at once.

        Those that continue the rows of the batch before, which has other columns, are counted beside its last ones: the
        last batch is counted when the next one is, or `counted` is asked.
        """
        if not batch.continues:
            self._settle()
            self._cut = self._begin(batch, pool)
        cut = self._cut
        if cut is None:
            return
        target = None if self._schema.target is None else self._schema.target.name
        tasks: list[Future[Unread | None]] = []
        for name in self._wanted(batch):
            parts = cut.labelled if name == target else cut.rows
            tasks.append(pool.submit(self._add_column, batch, name, cut.early.get(name), parts))
        if not batch.continues:
            tasks.append(pool.submit(self._add_performance, cut))
            tasks.append(pool.submit(self._add_repeats, cut))
        before, self._counting = self._counting, tasks
        self._settle(before)

    def _settle(self, tasks: list[Future[Unread | None]] | None = None) -> None:
        """Wait for what is being counted: some of it, or all."""
        if tasks is None:
            tasks, self._counting = self._counting, []
        for task in tasks:
            unread = task.result()
            if unread is not None:
                self.lack(unread)

    def _wanted(self, batch: Batch) -> list[str]:
        """Give the columns that a batch tells of: those it has, and, once for its rows, those they lack."""
        names = batch.names or batch.table.names
        return [
            name
            for name in self._looked_up
            if name in batch.table or (name not in names and not batch.continues)
        ]

    def _begin(self, batch: Batch, pool: Executor) -> _Cut | None:
        """Say which rows of a batch go where, and count what takes several columns."""
        schema, table = self._schema, batch.table
        names = batch.names or table.names
        target = None if schema.target is None else schema.target.name
        self._unexpected.update(name for name in names if name not in schema.names)
        self._missing |= set(self._reference.expected) - set(names)
        times = self._times(batch)
        ids = batch.ids if batch.ids is not None or schema.id is None else table.get(schema.id.name)
        if ids is not None:
            self._ids.add(ids if isinstance(ids, pa.ChunkedArray) else list(ids))
        of_performance = self._performance.names if self._performance is not None else ()
        of_repeats = self._repeats.names if self._repeats is not None else ()
        first = {*schema.segment_columns, *of_performance, *of_repeats, target}
        wanted = dict.fromkeys((*self._wanted(batch), *of_repeats))
        early = self._encoded(batch, [name for name in wanted if name in first], pool)
        if any(name not in early for name in schema.segment_columns):
            self.lack(Unread(batch.name, "its rows are left out, since a segment column cannot be read"))
            return None
        rows = Parts.of(self._limits, times, self._reference.counter, early)
        self._outliers.begin(times, rows)
        labelled = self._labelled_of(rows, times, early.get(target) if target else None, early)
        self._together.begin(times, rows, labelled)
        _add_rows(self._rows, rows)
        _add_rows(self._labelled, labelled)
        for hours, parts in ((self._hours, rows), (self._labelled_hours, labelled)):
            if hours is not None:
                hours.add(times, parts)
        self._add_lags(batch, times, labelled)
        return _Cut(rows, labelled, early)

    def _add_performance(self, cut: _Cut) -> None:
        if self._performance is None or any(name not in cut.early for name in self._performance.names):
            # what its columns lack was told of already
            return
        self._performance.add(cut.early, cut.labelled)
        joint = joint_of(self._reference, cut.early)
        self._joint = joint if self._joint is None or joint is None else self._joint + joint

    def _add_repeats(self, cut: _Cut) -> None:
        if self._repeats is not None and all(name in cut.early for name in self._repeats.names):
            self._repeats.add(cut.early, cut.rows)

    def _times(self, batch: Batch) -> NDArray[np.int64]:
        time, table = self._schema.time, batch.table
        times = batch.times
        if times is None and time is not None and time.name in table:
            times = as_times(table[time.name])
        if times is None:
            return np.full(table.rows, NO_TIME, np.int64)
        known = times[times != NO_TIME]
        if len(known):
            first, last = int(known.min()), int(known.max())
            self._first = first if self._first is None else min(first, self._first)
            self._last = last if self._last is None else max(last, self._last)
        return times

    def _encoded(self, batch: Batch, names: list[str], pool: Executor) -> dict[str, Encoded]:
        found = pool.map(lambda name: self._encode(batch, name), names)
        encoded: dict[str, Encoded] = {}
        for name, column in zip(names, found, strict=True):
            if isinstance(column, Unread):
                self.lack(column)
            elif column is not None:
                encoded[name] = column
        return encoded

    def _encode(self, batch: Batch, name: str) -> Encoded | Unread | None:
        """Give a column on its ruler; ``None`` for one that its source could not read, and told of."""
        if name in batch.unread:
            return None
        try:
            return encode_column(self._reference.rulers[name], batch.table.get(name), batch.table.rows)
        except (pa.ArrowException, ModelvaneError, ValueError, TypeError) as error:
            return Unread(f"column {name!r} of {batch.name}", str(error))

    def _add_column(self, batch: Batch, name: str, column: Encoded | None, parts: Parts) -> Unread | None:
        found = self._encode(batch, name) if column is None else column
        if isinstance(found, Unread):
            return found
        if found is not None:
            if name in self._columns:
                self._columns[name].add(found, parts)
            self._outliers.add(name, found)
            self._together.add(name, found)
        return None

    def _labelled_of(
        self, rows: Parts, times: NDArray[np.int64], target: Encoded | None, early: Mapping[str, Encoded]
    ) -> Parts:
        known = is_known(target) if target is not None else np.zeros(rows.rows, bool)
        if known.all():
            return rows
        by = {name: early[name] for name in self._schema.segment_columns}
        return Parts.of(self._limits, times, self._reference.counter, by, np.flatnonzero(known))

    def _add_lags(self, batch: Batch, times: NDArray[np.int64], labelled: Parts) -> None:
        if batch.labelled is not None:
            kept = slice(None) if labelled.kept is None else labelled.kept
            told, happened = batch.labelled[kept], times[kept]
            has_both = ~np.isnan(told) & (happened != NO_TIME)
            self._lags.append(told[has_both] - happened[has_both] / 1e6)

    # ------------------------------------------------------------------ result

    def counted(self, source: str, now: float) -> Counted:
        """Give what was counted."""
        self._settle()
        lags = np.concatenate(self._lags) if self._lags else np.empty(0)
        first, last = (None if at is None else at / 1e6 for at in (self._first, self._last))
        window = WindowTally(self._dataset(self._rows), self._dataset(self._labelled, of_truth=True))
        rows, labelled = window.rows.rows, window.labelled.rows
        has_span = first is not None and last is not None and last > first
        return Counted(
            window=window,
            slices=tuple(self._sliced()),
            joint=self._joint,
            stream=Stream(
                now=now,
                coverage=labelled / rows if rows else None,
                lag=statistics.median(lags.tolist()) if len(lags) else None,
                duplicates=self._ids.duplicates,
                missing=tuple(sorted(self._missing)),
                unexpected=tuple(sorted(self._unexpected)),
                last_row=last,
                rows_per_second=(rows - 1) / (last - first) if has_span else None,  # type: ignore[operator] # as said
            ),
            provenance=Provenance(source, rows, first, last, digest_of(self._reference, window)),
            unread=tuple(self._unread),
        )

    def _sliced(self) -> Iterator[Slice]:
        limits = (self._limits / 1e6).tolist()
        for place, (since, until) in enumerate(pairwise(limits)):
            rows, labelled = self._slice(place, self._rows), self._slice(place, self._labelled, of_truth=True)
            yield Slice(since, until, rows, labelled)

    def _slice(self, place: Place, rows: Mapping[Place, int], *, of_truth: bool = False) -> DatasetTally:
        performance = self._performance.tally(place) if of_truth and self._performance is not None else {}
        columns = {name: self._columns[name].tally(place) for name in self._names(of_truth)}
        repeats = self._repeats.tally(place) if self._repeats is not None and not of_truth else None
        outliers = self._outliers.tally(place) if isinstance(place, int) and not of_truth else None
        hours = self._labelled_hours if of_truth else self._hours
        counted = hours.tally(place) if hours is not None else None
        together = self._together.tally(place, of_truth=of_truth) if isinstance(place, int) else {}
        total = rows.get(place, 0)
        return DatasetTally(total, columns, performance, {}, repeats, outliers, counted, together)

    def _dataset(self, rows: Mapping[Place, int], *, of_truth: bool = False) -> DatasetTally:
        performance = self._performance.whole() if of_truth and self._performance is not None else {}
        columns = {name: self._columns[name].whole() for name in self._names(of_truth)}
        segments = {
            place: self._slice(place, rows, of_truth=of_truth) for place in rows if isinstance(place, str)
        }
        total = sum(n for place, n in rows.items() if isinstance(place, int))
        repeats = self._repeats.whole() if self._repeats is not None and not of_truth else None
        outliers = None if of_truth else self._outliers.whole()
        hours = self._labelled_hours if of_truth else self._hours
        counted = hours.whole() if hours is not None else None
        together = self._together.whole(of_truth=of_truth)
        return DatasetTally(total, columns, performance, segments, repeats, outliers, counted, together)

    def _names(self, of_truth: bool) -> list[str]:
        target = self._schema.target
        return [name for name in self._columns if (target is not None and name == target.name) == of_truth]


def _add_rows(rows: dict[Place, int], parts: Parts) -> None:
    for place, index in parts:
        of_part = len(range(*index.indices(parts.rows))) if isinstance(index, slice) else len(index)
        rows[place] = rows.get(place, 0) + of_part
