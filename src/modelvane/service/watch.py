"""One dataset of the service: its monitor, its place in the log, its latest findings."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np

from modelvane.casting import NO_TIME, as_times, canonical
from modelvane.compat import Sample
from modelvane.compatible import Compatible
from modelvane.findings import Family, Findings
from modelvane.monitor import Monitor
from modelvane.service.background import Evaluator
from modelvane.service.decoding import Names
from modelvane.service.shapes import Shapes
from modelvane.service.warming import replayable, warm_up
from modelvane.store.protocol import Log
from modelvane.store.results import Appended, LabelOutcome, LabelResult, Rows, Snapshot
from modelvane.table import Table
from modelvane.tallies.dataset import WindowTally

HISTORY_ROUNDS = 500
# rows up to this many go to the monitor as Python values, cast later with others; for more it pays to cast the columns
# that the log has built, while they are in the processor's cache
_FEW_ROWS = 256


@dataclass(slots=True)
class Traffic:
    """What came in, since the service started."""

    rows: int = 0
    duplicates: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)

    def reject(self, reason: str, rows: int = 1) -> None:
        """Count what was refused."""
        self.rejected[reason] = self.rejected.get(reason, 0) + rows


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
        self.monitor = monitor
        self.traffic = Traffic()
        self.history: deque[Findings] = deque(maxlen=HISTORY_ROUNDS)
        self.evaluations = 0
        self.evaluation_seconds = 0.0
        self._log = log
        self._evaluator = evaluator
        self._compatible = compatible
        self._period = period
        self._clock = clock
        self._turned = turned
        self._latest: Evaluation | None = None
        self._computing = threading.Lock()
        self._last_counted = (0, 0)

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
        for outcome in LabelOutcome:
            count = int(np.count_nonzero(result.outcomes == outcome))
            if count:
                name = outcome.name.lower()
                self.traffic.labels[name] = self.traffic.labels.get(name, 0) + count

    def added(self, table: Table, appended: Appended, received: float) -> None:
        """Take rows that the log has kept."""
        new, ids, times = appended.new, appended.ids, appended.times
        if new is not None:
            ids, times = [ids[i] for i in new.tolist()], times[new]
            self.monitor.count_duplicates(appended.duplicates)
            table = table.take(new)
        if not ids:
            return
        if table.records is not None and table.rows <= _FEW_ROWS:
            self.monitor.hold(table.records, ids, received, times)
        else:
            self.monitor.push(table, ids=ids, received=received, times=times, unique=True)
        if appended.early:
            early = appended.early
            self.monitor.label([appended.ids[i] for i in early], list(early.values()))

    def labelled(
        self, ids: Sequence[Any], targets: Sequence[Any], times: Sequence[Any] | None, result: LabelResult
    ) -> None:
        """Take labels that the log has kept; rows that left the memory are looked up there."""
        logged = np.flatnonzero(result.outcomes != LabelOutcome.WAITING).tolist()
        beyond = {i for i in logged if not self.monitor.remembers(ids[i])}
        # in the memory those beyond would wait for ever for a row that has come and gone
        near = [i for i in range(len(ids)) if i not in beyond]
        known = None if times is None else [times[i] for i in near]
        self.monitor.label([ids[i] for i in near], [targets[i] for i in near], known)
        far = [i for i in sorted(beyond) if result.outcomes[i] == LabelOutcome.MATCHED]
        if far:
            rows = self._log.find(self.name, [ids[i] for i in far])
            by_id = {canonical(ids[i]): i for i in far}
            index = [by_id[id_] for id_ in rows.ids]
            stamps = as_times([times[i] for i in index]) if times is not None else None
            self._label_rows(rows, [targets[i] for i in index], stamps)

    def _label_rows(self, rows: Rows, targets: Sequence[Any], times: Any) -> None:
        known = (
            rows.labelled * 1e6 if times is None else np.where(times == NO_TIME, rows.labelled * 1e6, times)
        )
        self.monitor.label_rows(replayable(rows, self.monitor), targets, np.asarray(known, np.int64))

    # ----------------------------------------------------------------- findings

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
        findings, window = self.monitor.measure()
        compatible = self._compatible.series(self.monitor) if self._compatible is not None else ()
        return Evaluation(findings, window, compatible, time.perf_counter() - started)

    def _current(self) -> Evaluation | None:
        latest = self._latest
        is_current = latest is not None and self._clock() - latest.findings.computed_at < self._period
        return latest if is_current else None

    # ------------------------------------------------------------ across restarts

    def warm_up(self) -> None:
        """Fill the windows from the log, and take up the verdicts and the history."""
        history = self._log.read_findings(self.name, limit=HISTORY_ROUNDS)
        # last, since it changes nothing before it has read all: who failed may do it again
        warm_up(self.monitor, self._log)
        self.history.extend(history)

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
    kept = tuple(f for f in findings if f.family in _DRAWN and f.segment is None and f.label is None)
    return Findings(findings.dataset, findings.computed_at, findings.rows, findings.labelled, kept)
