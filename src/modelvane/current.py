"""The rows that are current: pushed, held, joined with their labels, counted when asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelvane.arrivals import Arrivals
from modelvane.block import Block
from modelvane.casting import NO_TIME, canonical, is_missing
from modelvane.labels import Joined, LabelCounts, LabelJoin, labels_of
from modelvane.reference import Reference
from modelvane.settings import Settings
from modelvane.stream import Stream
from modelvane.table import Table
from modelvane.tallies.dataset import DatasetTally, WindowTally
from modelvane.windows.labelled import LabelledRows
from modelvane.windows.ring import RowsRing
from modelvane.windows.time import TimeWindow, with_times

# rows that wait as Python values before they are cast together: casting has a fixed cost per column
_HELD_ROWS = 512
# a row from further ahead of its arrival has a wrong time, and would make every other row late; nor may it be further
# ahead than the window is long
_MOST_AHEAD = 86_400.0


class CurrentRows:
    """The current rows of one dataset, and their labels; safe to use from several threads.

    Parameters
    ----------
    reference
        On whose rulers they are counted.
    settings
        Which rows are current, and how long predictions wait for their labels.
    clock
        Gives seconds since 1970.
    """

    def __init__(self, reference: Reference, settings: Settings, clock: Callable[[], float]) -> None:
        self.reference = reference
        self.settings = settings
        self._clock = clock
        self._lock = threading.RLock()
        self._held_lock = threading.Lock()
        target = reference.schema.target
        self._time_windows = self._make_time_windows()
        self._recent = RowsRing(reference.rulers, self.settings.remembered)
        self._labelled = LabelledRows(
            reference.rulers,
            target.name if target is not None else None,
            self.settings.window.rows,
            self._recent.capacity,
            self._time_windows[1] if self._time_windows is not None else None,
        )
        self._arrivals = Arrivals(reference, self._recent.capacity)
        self._join = LabelJoin(self._recent.capacity)
        self._held: list[tuple[Sequence[Mapping[str, Any]], Sequence[str], float, NDArray[np.int64]]] = []
        self._held_rows = 0

    def _make_time_windows(self) -> tuple[TimeWindow, TimeWindow] | None:
        window, counter = self.settings.window, self.reference.counter
        if window.seconds is None:
            return None
        return (
            TimeWindow(window.seconds, window.panes, counter.rulers, counter.rows),
            TimeWindow(window.seconds, window.panes, counter.rulers, counter.labelled),
        )

    # ------------------------------------------------------------------ rows

    def push(
        self,
        data: Any,
        *,
        ids: Sequence[str | None] | None = None,
        received: float | NDArray[np.float64] | None = None,
        times: NDArray[np.int64] | None = None,
        unique: bool = False,
    ) -> int:
        """Add rows.

        Parameters
        ----------
        data
            Whatever `Table.of` reads.
        ids
            One per row, where they are not in the data.
        received
            Seconds since 1970, one for all or one per row; now by default.
        times
            Event times in microseconds since 1970, where they are known already.
        unique
            Whether the ids are known to be new, as a log knows it.

        Returns
        -------
        int
            Rows that were new: one whose id is remembered already counts as a duplicate, the first wins.
        """
        table = Table.of(data)
        with self._lock:
            self._flush()
            return self._push(table, ids, received, times, unique=unique)

    def hold(
        self,
        records: Sequence[Mapping[str, Any]],
        ids: Sequence[str],
        received: float,
        times: NDArray[np.int64],
    ) -> None:
        """Add a few rows whose ids are known to be new; they are cast later, many at once.

        Never waits for an evaluation: this is what ingest calls. Parameters as in `push`.
        """
        with self._held_lock:
            self._held.append((records, ids, received, times))
            self._held_rows += len(records)
            is_many = self._held_rows >= _HELD_ROWS
        if is_many and self._lock.acquire(blocking=False):
            try:
                self._flush()
            finally:
                self._lock.release()

    def _flush(self) -> None:
        with self._held_lock:
            held, self._held, self._held_rows = self._held, [], 0
        if held:
            records = [record for part, _, _, _ in held for record in part]
            ids = [id_ for _, part, _, _ in held for id_ in part]
            received = np.repeat([at for _, _, at, _ in held], [len(part) for part, _, _, _ in held])
            times = np.concatenate([part for _, _, _, part in held])
            self._push(Table.of_rows(records), ids, received, times, unique=True)

    def _push(
        self,
        table: Table,
        ids: Sequence[str | None] | None,
        received: float | NDArray[np.float64] | None,
        times: NDArray[np.int64] | None = None,
        *,
        unique: bool = False,
    ) -> int:
        if table.rows == 0:
            return 0
        now = self._clock() if received is None else received
        arrived = np.broadcast_to(np.asarray(now, np.float64), (table.rows,))
        known = ids if ids is not None else self._ids(table)
        fresh = None if unique else self._fresh(known)
        if fresh is not None:
            table, known, arrived = table.take(fresh), [known[i] for i in fresh], arrived[fresh]
            times = None if times is None else times[fresh]
            if not fresh:
                return 0
        first = self._recent.pushed
        self._arrivals.had_columns(table, first)
        block = with_times(self.reference.encode(table, times), np.rint(arrived * 1e6).astype(np.int64))
        self._recent.push(block)
        positions = np.arange(first, self._recent.pushed)
        kept = positions >= self._recent.oldest
        self._arrivals.came(positions[kept], arrived[kept])
        self._labelled.predicted(positions[kept])
        if self._time_windows is not None:
            self._push_timed(block, arrived)
        targets = self._own_targets(table, block, arrived)
        # a label that came before its row is the later word
        early = self._join.predicted(known, first)
        targets |= {one.position - first: (one.label.target, one.label.time) for one in early}
        self._label_pushed(block, known, first, targets)
        return block.rows

    def _push_timed(self, block: Block, arrived: NDArray[np.float64]) -> None:
        assert self._time_windows is not None  # noqa: S101 - asked by the caller
        assert self.settings.window.seconds is not None  # noqa: S101 - or there were no such windows
        predicted, labelled = self._time_windows
        is_ahead = block.times > (arrived + min(_MOST_AHEAD, self.settings.window.seconds)) * 1e6
        predicted.late += int(is_ahead.sum())
        predicted.push(block.take(np.flatnonzero(~is_ahead)) if is_ahead.any() else block)
        if predicted.newest is not None:
            labelled.advance(predicted.newest)

    def _ids(self, table: Table) -> list[str | None]:
        column = self.reference.schema.id
        if column is None or column.name not in table:
            return [None] * table.rows
        return [canonical(value) for value in table.values(column.name)]

    def _fresh(self, ids: Sequence[str | None]) -> list[int] | None:
        """Give the rows that are new, or ``None`` when all are."""
        seen: set[str] = set()
        fresh: list[int] = []
        for i, id_ in enumerate(ids):
            if id_ is not None:
                if id_ in seen or id_ in self._join:
                    self._arrivals.refused(self._recent.pushed + len(fresh))
                    continue
                seen.add(id_)
            fresh.append(i)
        return None if len(fresh) == len(ids) else fresh

    def count_duplicates(self, rows: int) -> None:
        """Count rows that were refused as duplicates before they came here."""
        with self._lock:
            self._arrivals.refused(self._recent.pushed, rows)

    # ---------------------------------------------------------------- labels

    def label(
        self,
        ids: Sequence[object],
        targets: Sequence[Any],
        times: Sequence[object] | None = None,
    ) -> LabelCounts:
        """Add ground truth.

        Parameters
        ----------
        ids, targets
            One target for each id.
        times
            When each became known (see `modelvane.casting.as_times`); now by default.
        """
        labels, lost = labels_of(ids, targets, times, round(self._clock() * 1e6))
        with self._lock:
            self._flush()
            new, changed, counts = self._join.labelled(labels)
            self._label(new)
            for one in changed:
                self._labelled.correct(one.position, one.label.target)
            self._join.counts += lost
            counts += lost
            return counts

    def remembers(self, id: object) -> bool:  # noqa: A002 - the role's own name
        """Say whether the prediction with this id can still be joined here."""
        with self._lock:
            self._flush()
            return canonical(id) in self._join

    def label_rows(self, data: Any, targets: Sequence[Any], times: NDArray[np.int64]) -> None:
        """Add ground truth for rows that are no longer remembered here, with the rows themselves."""
        table = Table.of(data)
        with self._lock:
            self._flush()
            block = self.reference.encode(table)
            self._labelled.add(with_times(block, times), targets, times)
            self._join.counts.matched += table.rows

    def _label(self, joined: Sequence[Joined]) -> None:
        kept = [one for one in joined if one.position >= self._recent.oldest]
        if kept:
            positions = np.array([one.position for one in kept], np.int64)
            times = np.array([one.label.time for one in kept], np.int64)
            self._labelled.add(
                self._recent.at(positions), [one.label.target for one in kept], times, positions
            )

    def _own_targets(
        self, table: Table, block: Block, arrived: NDArray[np.float64]
    ) -> dict[int, tuple[Any, int]]:
        """Give the targets that came in their rows, by row, and when each became known."""
        target = self.reference.schema.target
        if target is None or target.name not in table:
            return {}
        times = np.maximum(np.rint(arrived * 1e6).astype(np.int64), block.times).tolist()
        told = enumerate(zip(table.values(target.name), times, strict=True))
        return {i: (value, known) for i, (value, known) in told if not is_missing(value)}

    def _label_pushed(
        self, block: Block, ids: Sequence[str | None], first: int, targets: Mapping[int, tuple[Any, int]]
    ) -> None:
        """Label rows just pushed, also those beyond what is remembered, in their own order."""
        if not targets:
            return
        rows = np.array(sorted(targets), np.int64)
        values, times = zip(*(targets[i] for i in rows.tolist()), strict=True)
        self._join.told({ids[i]: value for i, value in zip(rows.tolist(), values, strict=True)})
        self._labelled.add(block.take(rows), values, np.array(times, np.int64), first + rows)

    # --------------------------------------------------------------- counted

    @property
    def label_counts(self) -> LabelCounts:
        """What became of all labels so far."""
        return self._join.counts

    def window(self) -> Block:
        """Give the rows of the rows window, oldest first."""
        with self._lock:
            self._flush()
            return self._recent.last(self.settings.window.rows)

    @property
    def span(self) -> tuple[float, float] | None:
        """Event times of the window's oldest and newest rows, seconds since 1970; ``None`` where none has one."""
        with self._lock:
            self._flush()
            if self._time_windows is not None:
                rows = self._time_windows[0]
                known = [each for each in (rows.since, rows.newest) if each is not None]
            else:
                times = self._recent.last_times(self.settings.window.rows)
                times = times[times != NO_TIME]
                known = [int(times.min()), int(times.max())] if len(times) else []
        return (known[0] / 1e6, known[1] / 1e6) if known else None

    def labelled_window(self) -> Block:
        """Give the last labelled rows with their targets, as many as the rows window has, oldest first."""
        with self._lock:
            self._flush()
            return self._labelled.last()

    def tally(self) -> WindowTally:
        """Count the current window."""
        return self._current()[0]

    def _current(self) -> tuple[WindowTally, Stream]:
        counter = self.reference.counter
        with self._lock:
            self._flush()
            rows = self._recent.last(self.settings.window.rows if self._time_windows is None else 0)
            labelled = self._labelled.last() if self._time_windows is None else self._labelled.none()
            panes = [window.tally() for window in self._time_windows or ()]
            stream = self._stream(*panes)
        # counting is the long part, and the copied rows are nobody else's
        predicted, truth = panes or (None, None)
        return WindowTally(predicted or counter.rows(rows), truth or counter.labelled(labelled)), stream

    def _stream(self, predicted: DatasetTally | None = None, truth: DatasetTally | None = None) -> Stream:
        recent, now = self._recent, self._clock()
        rows = min(len(recent), self.settings.window.rows)
        oldest = recent.pushed - rows
        positions = np.arange(oldest, recent.pushed)
        if self._time_windows is None:
            coverage = float(self._labelled.has(positions).mean()) if rows else None
        else:
            coverage = min(1.0, (truth.rows if truth else 0) / predicted.rows) if predicted else None
        received = self._arrivals.received(positions)
        span = float(received[-1] - received[0]) if rows > 1 else 0.0
        return Stream(
            now=now,
            coverage=coverage,
            lag=self._labelled.lag,
            duplicates=self._arrivals.duplicates(oldest),
            missing=self._arrivals.absent(oldest),
            unexpected=self._arrivals.unexpected(oldest),
            last_row=float(received.max()) if rows else None,
            rows_per_second=(rows - 1) / span if span > 0 else None,
            late=self._time_windows[0].late if self._time_windows is not None else 0,
        )
