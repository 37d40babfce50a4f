"""One dataset's watch: rows and labels in, findings out."""

from __future__ import annotations

import statistics
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelvane.block import Block, encode_column
from modelvane.casting import NO_TIME, canonical, microseconds
from modelvane.evaluation import Stream, evaluate, verdict_key
from modelvane.findings import Findings, Verdict
from modelvane.labels import Joined, Label, LabelCounts, LabelJoin
from modelvane.reference import Reference
from modelvane.settings import Settings, Window
from modelvane.table import Table
from modelvane.tallies.dataset import DatasetTally
from modelvane.windows.ring import RowsRing
from modelvane.windows.time import TimeWindow, with_times

# rows that wait as Python values before they are cast together: casting has a fixed cost per column
_HELD_ROWS = 512


@dataclass(frozen=True, slots=True)
class WindowTally:
    """What findings are computed from.

    Parameters
    ----------
    rows
        Of the window.
    labelled
        Of the performance window.
    """

    rows: DatasetTally
    labelled: DatasetTally


class Monitor:
    """Watches one dataset against its reference; safe to use from several threads.

    Parameters
    ----------
    dataset
        Its name.
    reference
        What current rows are compared with.
    settings
        How; or give ``window=`` alone.
    window
        Rows of the window; shorthand for ``Settings(window=Window(rows=window))``.
    clock
        Gives seconds since 1970; tests turn it.

    Examples
    --------
    >>> reference = Reference.of({"distance": [float(i % 50) for i in range(1000)]})
    >>> monitor = Monitor("taxi", reference, window=100)
    >>> monitor.push([{"distance": 49.0}] * 100)
    100
    >>> monitor.findings().get("kolmogorov_smirnov", "distance").verdict
    <Verdict.ALARM: 'alarm'>
    """

    def __init__(
        self,
        dataset: str,
        reference: Reference,
        settings: Settings | None = None,
        *,
        window: int | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if window is not None:
            settings = Settings(window=Window(rows=window))
        self.dataset = dataset
        self.reference = reference
        self.settings = settings or Settings()
        self._clock = clock
        self._lock = threading.RLock()
        self._held_lock = threading.Lock()
        self._evaluating = threading.Lock()
        rows = self.settings.window.rows
        self._recent = RowsRing(reference.rulers, self.settings.remembered)
        self._labelled = RowsRing(reference.rulers, rows)
        self._labelled_at: dict[int, int] = {}
        self._is_labelled = np.zeros(self._recent.capacity, bool)
        self._received = np.zeros(self._recent.capacity)
        self._lags: deque[float] = deque(maxlen=rows)
        self._join = LabelJoin(self._recent.capacity)
        self._held: list[tuple[Sequence[Mapping[str, Any]], Sequence[str], float, NDArray[np.int64]]] = []
        self._held_rows = 0
        self._duplicates: deque[int] = deque(maxlen=100_000)
        self._unexpected: dict[str, int] = {}
        self._absent: dict[str, int] = {}
        self._verdicts: dict[str, Verdict] = {}
        self._time_windows = self._make_time_windows()

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
        self._note_columns(table)
        block = _timed(self.reference.encode(table, times), arrived)
        first = self._recent.pushed
        self._recent.push(block)
        kept = slice(max(0, block.rows - self._recent.capacity), None)
        slots = np.arange(first, first + block.rows)[kept] % self._recent.capacity
        self._received[slots] = arrived[kept]
        self._is_labelled[slots] = False
        if self._time_windows is not None:
            self._time_windows[0].push(block)
        self._label(self._join.predicted(known, first))
        self._label_with_target(table, block, known, first, arrived)
        return block.rows

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
                    self._duplicates.append(self._recent.pushed + len(fresh))
                    continue
                seen.add(id_)
            fresh.append(i)
        return None if len(fresh) == len(ids) else fresh

    def count_duplicates(self, rows: int) -> None:
        """Count rows that were refused as duplicates before they came here."""
        with self._lock:
            self._duplicates.extend([self._recent.pushed] * rows)

    def _note_columns(self, table: Table) -> None:
        first, schema = self._recent.pushed, self.reference.schema
        for name in table.names:
            if name not in schema:
                self._unexpected[name] = first + table.rows
                if len(self._unexpected) > 1000:
                    del self._unexpected[next(iter(self._unexpected))]
        target = schema.target
        for name in self.reference.rulers:
            if name not in table and (target is None or name != target.name):
                self._absent[name] = first + table.rows

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
        now = round(self._clock() * 1e6)
        labels, lost = [], 0
        for i, (raw, target) in enumerate(zip(ids, targets, strict=True)):
            id_ = canonical(raw)
            if id_ is None:
                lost += 1
                continue
            at = microseconds(times[i]) if times is not None else NO_TIME
            labels.append(Label(id_, target, now if at == NO_TIME else at))
        with self._lock:
            self._flush()
            new, changed, counts = self._join.labelled(labels)
            self._label(new)
            self._relabel(changed)
            counts.without_id += lost
            self._join.counts.without_id += lost
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
            self._add_labelled(with_times(block, int(times.max(initial=0))), list(targets), times)
            self._join.counts.matched += table.rows

    def _label(self, joined: Sequence[Joined]) -> None:
        kept = [one for one in joined if one.position >= self._recent.oldest]
        if not kept:
            return
        positions = np.array([one.position for one in kept], np.int64)
        self._is_labelled[positions % self._recent.capacity] = True
        for offset, position in enumerate(positions.tolist()):
            self._labelled_at[position] = self._labelled.pushed + offset
        times = np.array([one.label.time for one in kept], np.int64)
        self._add_labelled(self._recent.at(positions), [one.label.target for one in kept], times)
        self._forget_labelled()

    def _forget_labelled(self) -> None:
        if len(self._labelled_at) > 2 * self._labelled.capacity + 1024:
            oldest = self._labelled.oldest
            self._labelled_at = {p: at for p, at in self._labelled_at.items() if at >= oldest}

    def _label_with_target(
        self,
        table: Table,
        block: Block,
        ids: Sequence[str | None],
        first: int,
        arrived: NDArray[np.float64],
    ) -> None:
        """Label rows that came with their target in them."""
        target = self.reference.schema.target
        if target is None or target.name not in table:
            return
        values = table.values(target.name)
        # a label that came before its row is the later word, and has been joined by now
        positions = np.arange(first, first + block.rows)
        kept = positions >= self._recent.oldest
        joined = kept & self._is_labelled[positions % self._recent.capacity]
        has = [
            i
            for i, (value, is_joined) in enumerate(zip(values, joined.tolist(), strict=True))
            if value is not None and value == value and not is_joined  # noqa: PLR0124 - NaN
        ]
        if not has:
            return
        index = np.array(has, np.intp)
        self._is_labelled[positions[index][kept[index]] % self._recent.capacity] = True
        at = self._labelled.pushed
        self._labelled_at.update(zip(positions[index].tolist(), range(at, at + len(has)), strict=True))
        self._forget_labelled()
        self._join.told({ids[i]: values[i] for i in has})
        times = np.rint(arrived[index] * 1e6).astype(np.int64)
        self._add_labelled(block.take(index), [values[i] for i in has], np.maximum(times, block.times[index]))

    def _add_labelled(self, block: Block, targets: list[Any], times: NDArray[np.int64]) -> None:
        target = self.reference.schema.target
        if target is None or target.name not in self.reference.rulers:
            return
        column = encode_column(self.reference.rulers[target.name], targets, len(targets))
        labelled = Block(block.rows, {**block.columns, target.name: column}, block.times)
        self._labelled.push(labelled)
        self._lags.extend(((times - block.times) / 1e6).tolist())
        if self._time_windows is not None:
            self._time_windows[1].push(labelled)

    def _relabel(self, changed: Sequence[Joined]) -> None:
        """Correct targets in the rows window; a pane has counted its rows and keeps the first."""
        target = self.reference.schema.target
        if target is None or target.name not in self.reference.rulers:
            return
        for one in changed:
            at = self._labelled_at.get(one.position)
            if at is not None and at >= self._labelled.oldest:
                column = encode_column(self.reference.rulers[target.name], [one.label.target], 1)
                self._labelled.replace(np.array([at]), target.name, column)

    # -------------------------------------------------------------- findings

    @property
    def label_counts(self) -> LabelCounts:
        """What became of all labels so far."""
        return self._join.counts

    def window(self) -> Block:
        """Give the rows of the rows window, oldest first."""
        with self._lock:
            self._flush()
            return self._recent.last(self.settings.window.rows)

    def tally(self) -> WindowTally:
        """Count the current window."""
        return self._current()[0]

    def _current(self) -> tuple[WindowTally, Stream]:
        counter = self.reference.counter
        with self._lock:
            self._flush()
            rows = self._recent.last(self.settings.window.rows if self._time_windows is None else 0)
            labelled = self._labelled.last(len(self._labelled) if self._time_windows is None else 0)
            panes = [window.tally() for window in self._time_windows or ()]
            stream = self._stream(*panes)
        # counting is the long part, and the copied rows are nobody else's
        predicted, truth = panes or (None, None)
        return WindowTally(predicted or counter.rows(rows), truth or counter.labelled(labelled)), stream

    def findings(self) -> Findings:
        """Measure the current window."""
        return self.measure()[0]

    def measure(self) -> tuple[Findings, WindowTally]:
        """Measure the current window, and give what was measured."""
        with self._evaluating:
            window, stream = self._current()
            found = evaluate(
                self.dataset,
                self.reference,
                self.settings,
                window.rows,
                window.labelled,
                stream,
                self._verdicts,
            )
            alarmed = [finding for finding in found if finding.verdict is Verdict.ALARM]
            self._verdicts = {verdict_key(finding.key): finding.verdict for finding in alarmed}
            return found, window

    def _stream(self, predicted: DatasetTally | None = None, truth: DatasetTally | None = None) -> Stream:
        recent, now = self._recent, self._clock()
        rows = min(len(recent), self.settings.window.rows)
        oldest = recent.pushed - rows
        slots = np.arange(oldest, recent.pushed) % recent.capacity
        if self._time_windows is None:
            coverage = float(self._is_labelled[slots].mean()) if rows else None
        else:
            coverage = min(1.0, (truth.rows if truth else 0) / predicted.rows) if predicted else None
        received = self._received[slots]
        span = float(received[-1] - received[0]) if rows > 1 else 0.0
        return Stream(
            now=now,
            coverage=coverage,
            lag=statistics.median(self._lags) if self._lags else None,
            duplicates=sum(1 for at in self._duplicates if at >= oldest),
            missing=tuple(sorted(name for name, at in self._absent.items() if at > oldest)),
            unexpected=tuple(sorted(name for name, at in self._unexpected.items() if at > oldest)),
            last_row=float(received.max()) if rows else None,
            rows_per_second=(rows - 1) / span if span > 0 else None,
            late=self._time_windows[0].late if self._time_windows is not None else 0,
        )

    @property
    def verdicts(self) -> Mapping[str, Verdict]:
        """Alarms of the last round, by `modelvane.evaluation.verdict_key`."""
        return self._verdicts

    def state(self) -> dict[str, Any]:
        """Give what cannot be counted again from the rows, as plain JSON values.

        These are the verdicts, which hold until a value falls clearly below its line, and what rows lacked, had too
        much, or repeated; each with how many rows ago.
        """
        with self._evaluating:
            verdicts = dict(self._verdicts)
        with self._lock:
            self._flush()
            end = self._recent.pushed
            since = end - min(len(self._recent), self.settings.window.rows)
            return {
                "reference": self.reference.digest,
                "verdicts": verdicts,
                "duplicates": [end - at for at in self._duplicates if at >= since],
                "unexpected": {name: end - at for name, at in self._unexpected.items() if at > since},
                "absent": {name: end - at for name, at in self._absent.items() if at > since},
                "late": self._time_windows[0].late if self._time_windows is not None else 0,
            }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up what `state` gave, once the rows that were there then have been pushed again.

        What was said against another reference, or by a version that did not say which, does not hold against this
        one, and is left.
        """
        if state.get("reference") != self.reference.digest:
            return
        with self._evaluating:
            self._verdicts = {key: Verdict(verdict) for key, verdict in state["verdicts"].items()}
        with self._lock:
            self._flush()
            end = self._recent.pushed
            self._duplicates = deque((end - ago for ago in state["duplicates"]), self._duplicates.maxlen)
            self._unexpected = {name: end - ago for name, ago in state["unexpected"].items()}
            self._absent = {name: end - ago for name, ago in state["absent"].items()}
            if self._time_windows is not None:
                self._time_windows[0].late = state["late"]


def _timed(block: Block, received: NDArray[np.float64]) -> Block:
    """Give rows that have no event time the time at which each was received."""
    lacking = block.times == NO_TIME
    if not lacking.any():
        return block
    times = np.where(lacking, np.rint(received * 1e6).astype(np.int64), block.times)
    return Block(block.rows, block.columns, times, block.absent)
