"""One dataset of the service: its monitor, its place in the log, its latest findings."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
import numpy as np

from modelvane.compat import Sample
from modelvane.compatible import Compatible
from modelvane.findings import Family, Findings
from modelvane.monitor import Monitor
from modelvane.report.tables import headline
from modelvane.service.background import Evaluator
from modelvane.service.decoding import Names
from modelvane.service.ruling import Ruling, add, label
from modelvane.service.shapes import Shapes
from modelvane.service.traffic import Traffic
from modelvane.service.warming import Logged, fill, read, warm_up
from modelvane.store.protocol import Log
from modelvane.store.results import Appended, LabelOutcome, LabelResult, Snapshot
from modelvane.table import Table
from modelvane.tallies.dataset import WindowTally
from modelvane.windows.time import are_ahead

HISTORY_ROUNDS = 500


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Findings of one round, what they were computed from, the 2022 series, and the seconds that all took."""

    findings: Findings
    window: WindowTally
    compatible: Sequence[Sample]
    seconds: float


class Watch:
    """Keeps one dataset's windows and computes its findings when someone asks.

    Parameters
    ----------
    monitor
        Of this dataset.
    log
        Where its rows are kept.
    evaluator
        Where findings are computed.
    compatible
        What computes the 2022 series, if they are asked for.
    period
        Seconds for which findings are good.
    turned
        Called after a round whose verdicts are others than those of the round before.
    """

    def __init__(
        self,
        monitor: Monitor,
        log: Log,
        evaluator: Evaluator,
        *,
        compatible: Compatible | None = None,
        period: float = 2.0,
        clock: Callable[[], float] = time.time,
        turned: Callable[[Watch], None] = lambda _watch: None,
    ) -> None:
        self.name = monitor.dataset
        self.names = _names(monitor)
        self.shapes = Shapes()
        self.traffic = Traffic()
        self.history: deque[Findings] = deque(maxlen=HISTORY_ROUNDS)
        self.evaluations = 0
        self.evaluation_seconds = 0.0
        self._labelled_at: float | None = None
        self._log = log
        self._evaluator = evaluator
        self._ruling = Ruling(monitor, compatible)
        self._ruled = threading.Lock()
        self._meanwhile: list[Callable[[Ruling], None]] | None = None
        self._period = period
        self._clock = clock
        self._turned = turned
        self._latest: Evaluation | None = None
        self._computing = threading.Lock()
        self._last_counted = (0, 0)

    @property
    def monitor(self) -> Monitor:
        """What its rows are compared by now; another after a switch of the reference."""
        return self._ruling.monitor

    @property
    def target_name(self) -> str:
        """Name of the target column."""
        target = self.monitor.reference.schema.target
        return target.name if target is not None else "target"

    # ------------------------------------------------------------------ rows in

    def count(self, appended: Appended) -> None:
        """Count rows that the log has kept; called by the event loop alone, so that no count is lost."""
        self.traffic.rows += len(appended.ids) - appended.duplicates
        self.traffic.duplicates += appended.duplicates

    def count_labels(self, result: LabelResult) -> None:
        """Count labels that the log has kept; called by the event loop alone."""
        self._labelled_at = self._clock()
        for outcome in LabelOutcome:
            count = int(np.count_nonzero(result.outcomes == outcome))
            if count:
                name = outcome.name.lower()
                self.traffic.labels[name] = self.traffic.labels.get(name, 0) + count

    def added(self, table: Table, appended: Appended, received: float) -> None:
        """Take rows that the log has kept."""
        self._take(partial(add, table, appended, received))

    def labelled(
        self, ids: Sequence[Any], targets: Sequence[Any], times: Sequence[Any] | None, result: LabelResult
    ) -> None:
        """Take labels that the log has kept; rows that left the memory are looked up there."""
        self._take(partial(label, self._log, ids, targets, times, result))

    def _take(self, news: Callable[[Ruling], None]) -> None:
        with self._ruled:
            ruling = self._ruling
            if self._meanwhile is not None:
                self._meanwhile.append(news)
        news(ruling)

    # --------------------------------------------------------------- references

    def switch(
        self,
        monitor: Monitor,
        *,
        compatible: Compatible | None = None,
        keeps_rows: bool,
        undisturbed: Callable[[Callable[[Log], Logged]], Logged],
        record: Callable[[int | None], int],
    ) -> None:
        """Compare rows with another reference from now on; rows and labels that come meanwhile are in the new window.

        Parameters
        ----------
        monitor
            With the new reference, and no rows yet.
        compatible
            What computes the 2022 series against it.
        keeps_rows
            Whether the rows of the window are counted anew, or the window starts empty.
        undisturbed
            Reads from the log while nothing is written to it, so that it is certain which news it has.
        record
            Makes the switch last over a restart. Called with the number of the last row that does not count, or
            ``None`` for the last that is logged by then, which it returns.
        """
        with self._ruled:
            before = self._ruling
            self._meanwhile = []
        try:
            if keeps_rows:
                logged = undisturbed(lambda log: read(self.name, monitor.settings, log, before.after))
                fill(monitor, self._log, logged, before.after)
                ruling = Ruling(monitor, compatible, record(before.after), logged.last, logged.last_label)
            else:
                after = record(None)
                ruling = Ruling(monitor, compatible, after, after)
            while not self._rules(ruling):
                pass
        finally:
            with self._ruled:
                self._meanwhile = None
        self.forget_latest()

    def _rules(self, ruling: Ruling) -> bool:
        """Take the news so far into a new window, and begin to rule by it once there are none."""
        with self._ruled:
            news, self._meanwhile = self._meanwhile, []
            if not news:
                self._ruling = ruling
                return True
        for each in news:
            each(ruling)
        return False

    @property
    def label_age(self) -> float | None:
        """Seconds since the last label came; ``None`` where none ever did."""
        return None if self._labelled_at is None else max(0.0, self._clock() - self._labelled_at)

    # ----------------------------------------------------------------- findings

    def forget_latest(self) -> None:
        """Let the next who asks for findings have those of that moment."""
        with self._computing:
            self._latest = None

    def latest(self) -> Evaluation:
        """Give findings no older than the period, computing them if need be; one thread computes for all."""
        if (current := self._current()) is not None:
            return current
        with self._computing:
            if (current := self._current()) is not None:
                return current
            before = self.monitor.verdicts
            latest = self._evaluator.run(self._evaluate)
            self.evaluations += 1
            self.evaluation_seconds += latest.seconds
            self._latest = latest
            self.history.append(_drawn(latest.findings))
            if self.monitor.verdicts != before:
                self._turned(self)
        return latest

    def _evaluate(self) -> Evaluation:
        started = time.perf_counter()
        ruling = self._ruling
        findings, window = self._evaluator.measure(ruling.monitor)
        series = ruling.compatible
        compatible = series.series(ruling.monitor) if series is not None else ()
        return Evaluation(findings, window, compatible, time.perf_counter() - started)

    def _current(self) -> Evaluation | None:
        latest = self._latest
        if latest is None:
            return None
        # a clock that was set back must not keep them for as long as it was ahead
        age = self._clock() - latest.findings.computed_at
        return latest if 0 <= age < self._period else None

    def period(self) -> tuple[float, float] | None:
        """Give the first and the last event time of the current rows, seconds since 1970; none where there are none."""
        window = self.monitor.settings.window
        rows = self._log.tail(self.name, rows=window.rows, after=self._ruling.after)
        times = rows.times
        if window.seconds is not None:
            times = times[~are_ahead(times, rows.received, window.seconds)]
        if not len(times):
            return None
        first, last = float(times.min()) / 1e6, float(times.max()) / 1e6
        return (first if window.seconds is None else max(first, last - window.seconds)), last

    # ------------------------------------------------------------ across restarts

    def begin_with(self, monitor: Monitor, compatible: Compatible | None) -> None:
        """Compare rows with another reference, before the first has come."""
        self._ruling = Ruling(monitor, compatible)

    def warm_up(self, after: int = 0) -> None:
        """Fill the windows from the log, and take up the verdicts and the history.

        Parameters
        ----------
        after
            Rows up to this sequence number are another model's.
        """
        history = self._log.read_findings(self.name, limit=HISTORY_ROUNDS)
        # last, since it changes nothing before it has read all: who failed may do it again
        warm_up(self.monitor, self._log, after)
        self._ruling = self._ruling._replace(after=after)
        self.history.extend(history)
        # labels that came before are expected to go on coming
        if self.monitor.labelled_window().rows:
            self._labelled_at = self._clock()

    def snapshot(self) -> Snapshot:
        """Give what the log alone does not know."""
        seq, label_seq = self._log.last(self.name)
        return Snapshot(msgspec.json.encode(self.monitor.state()), seq, label_seq)

    def has_news(self) -> bool:
        """Say whether rows or labels came since this was asked last."""
        counted = (self.traffic.rows, sum(self.traffic.labels.values()))
        news, self._last_counted = counted != self._last_counted, counted
        return news


def _names(monitor: Monitor) -> Names:
    schema = monitor.reference.schema
    named = {role: column.name for role, column in (("id", schema.id), ("time", schema.time)) if column}
    return Names(**named)


_DRAWN = (Family.DRIFT, Family.DATASET, Family.PERFORMANCE)


def _drawn(findings: Findings) -> Findings:
    """Keep what is drawn over time."""
    first = headline(findings)
    kept = tuple(
        f for f in findings if f.family in _DRAWN and f.segment is None and (f.label is None or f is first)
    )
    return Findings(findings.dataset, findings.computed_at, findings.rows, findings.labelled, kept)
