"""Reports of the service: of the current window, and of a period of the log."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import TypeVar

import numpy as np
from msgspec.structs import replace

from modelvane.batch import Judged, judge
from modelvane.block import Block
from modelvane.engines.count import SLICES, count, with_before
from modelvane.engines.counted import Counted, Provenance, Slice, digest_of
from modelvane.engines.joint import joint_of
from modelvane.engines.log import LogSource
from modelvane.periods import before
from modelvane.reference import Reference
from modelvane.service.background import Evaluator
from modelvane.service.problems import HttpError
from modelvane.service.views import window_text
from modelvane.service.watch import Evaluation, Watch
from modelvane.store.protocol import Log
from modelvane.stream import Stream
from modelvane.times import NO_TIME

T = TypeVar("T")

_RETRY_SECONDS = 5


class Reports:
    """Makes reports one at a time, last in line for the processor.

    Parameters
    ----------
    log
        Of all datasets.
    clock
        Gives seconds since 1970.
    """

    def __init__(self, log: Log, clock: Callable[[], float] = time.time) -> None:
        self._log = log
        self._clock = clock
        self._making = threading.Lock()

    def of_window(self, watch: Watch) -> Judged:
        """Judge the current window, with the findings that the live page shows.

        Raises
        ------
        HttpError
            503, while another report is made.
        """
        latest = watch.latest()
        with self._alone() as run:
            return run(lambda: _of_window(watch, latest))

    def of_period(self, watch: Watch, since: float | None, until: float | None) -> Judged:
        """Judge the logged rows of a period, half open, seconds since 1970.

        Raises
        ------
        HttpError
            503, while another report is made.
        StoreError
            When the log cannot be read.
        """
        with self._alone() as run:
            return run(lambda: self._of_period(watch, since, until))

    def _of_period(self, watch: Watch, since: float | None, until: float | None) -> Judged:
        source, now = LogSource(self._log, watch.name, since, until), self._clock()
        monitor = watch.monitor
        period = None if since is None or until is None else (since, until)
        # how old the last row is when the period ends, not when somebody looks
        ended = now if until is None else min(now, until)
        counted = count(source, monitor.reference, period=period, now=ended)
        moving = monitor.settings.moving
        if moving is not None and period is not None:
            earlier = LogSource(self._log, watch.name, *before(period, moving.windows))
            counted = with_before(counted, earlier, monitor.reference, now=ended)
        judged = judge(watch.name, monitor.reference, counted, monitor.settings, period=period)
        return replace(judged, findings=replace(judged.findings, computed_at=now))

    @contextmanager
    def _alone(self) -> Iterator[Callable[[Callable[[], T]], T]]:
        if not self._making.acquire(blocking=False):
            raise HttpError(
                503,
                "Another report is being made",
                remedy=f"Ask again in {_RETRY_SECONDS} seconds; reports are made one at a time",
                headers={"retry-after": str(_RETRY_SECONDS)},
            )
        evaluator = Evaluator()
        try:
            yield evaluator.run
        finally:
            evaluator.close()
            self._making.release()


def _of_window(watch: Watch, latest: Evaluation) -> Judged:
    monitor, window = watch.monitor, latest.window
    rows, labelled = monitor.window(), monitor.labelled_window()
    # a time window keeps counts, not rows: what it has been over its time is not told
    keeps_rows = monitor.settings.window.seconds is None
    known = rows.times[rows.times != NO_TIME]
    first, last = (int(known.min()), int(known.max())) if len(known) and keeps_rows else (None, None)
    reference = monitor.reference
    source = f"the live window of {watch.name}: {window_text(monitor.settings.window)}"
    counted = Counted(
        window=window,
        slices=()
        if first is None or last is None
        else tuple(_slices(reference, rows, labelled, first, last)),
        joint=joint_of(reference, labelled.columns) if keeps_rows else None,
        stream=Stream(now=latest.findings.computed_at),
        provenance=Provenance(
            source,
            window.rows.rows,
            None if first is None else first / 1e6,
            None if last is None else last / 1e6,
            digest_of(reference, window),
        ),
    )
    judged = judge(watch.name, reference, counted, monitor.settings)
    # what the page shows: an alarm ends only clearly below its line
    return replace(judged, findings=latest.findings)


def _slices(reference: Reference, rows: Block, labelled: Block, first: int, last: int) -> Iterator[Slice]:
    counter = replace(reference.counter, breakdowns=())
    limits = np.unique(np.linspace(first, last + 1, SLICES + 1).astype(np.int64))
    for since, until in pairwise(limits.tolist()):
        of_slice, of_truth = (
            block.take(np.flatnonzero((block.times >= since) & (block.times < until)))
            for block in (rows, labelled)
        )
        yield Slice(since / 1e6, until / 1e6, counter.rows(of_slice), counter.labelled(of_truth))
