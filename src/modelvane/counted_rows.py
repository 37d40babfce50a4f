"""The current rows, counted when asked."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from modelvane.block import Block
from modelvane.current import CurrentRows
from modelvane.measuring import NOTHING, Known, Read, WindowCounter
from modelvane.reference import Reference
from modelvane.settings import Settings
from modelvane.stream import Stream
from modelvane.tallies.dataset import Before, DatasetTally, WindowTally
from modelvane.times import NO_TIME
from modelvane.windows.last_rows import LastRows


class CountedRows(CurrentRows):
    """The current rows of one dataset as windows and their tallies; parameters as of `CurrentRows`."""

    def __init__(self, reference: Reference, settings: Settings, clock: Callable[[], float]) -> None:
        super().__init__(reference, settings, clock)
        # panes count the rows of time windows
        rows = settings.window.rows if self._time_windows is None else 0
        self._last = LastRows(self._recent, rows)
        self._last_labelled = LastRows(self._labelled.ring, rows)

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
        return WindowCounter(self.reference.counter).count(self._read())

    def _read(self, known: Known = NOTHING) -> Read:
        with self._lock:
            self._flush()
            predicted, truth = self._time_windows.tally() if self._time_windows else (None, None)
            rows = predicted or self._last.read(known.rows)
            labelled = truth or self._last_labelled.read(known.labelled)
            stream = self._stream(predicted, truth)
            before = self._before() if self.settings.moving is not None else None
        # counting is the long part, and the copied rows are nobody else's
        return Read(rows, labelled, before() if before is not None else None, stream)

    def _before(self) -> Callable[[], Before | None]:
        """Read what came before the window; what is returned counts it, without the lock."""
        nothing, counter = self._labelled.none(), self.reference.counter
        if self._time_windows is not None:
            rows, truth = self._time_windows.predicted.before(), self._time_windows.labelled.before()
            period = self._time_windows.predicted.period_before
            found = None if rows is None else Before(rows, truth or counter.labelled(nothing), period)
            return lambda: found
        pieces, labelled = self._preceding.read(self._recent), self._labelled.before()
        known = self._preceding.period(self._recent)

        def counted() -> Before | None:
            tally = self._preceding.tally(pieces)
            return None if tally is None else Before(tally, counter.labelled(labelled), known)

        return counted

    def _oldest(self) -> int:
        """Give the position of the window's oldest row, of those that are remembered."""
        recent = self._recent
        if self._time_windows is None:
            return recent.pushed - min(len(recent), self.settings.window.rows)
        since = self._time_windows.predicted.since
        inside = recent.last_times(len(recent)) >= since if since is not None else np.zeros(0, bool)
        return recent.oldest + int(np.argmax(inside)) if inside.any() else recent.pushed

    def _stream(self, predicted: DatasetTally | None = None, truth: DatasetTally | None = None) -> Stream:
        recent, now = self._recent, self._clock()
        rows, oldest = min(len(recent), self.settings.window.rows), self._oldest()
        positions = np.arange(recent.pushed - rows, recent.pushed)
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
