"""How high detectors rise when nothing changed, and how high they usually do in this stream."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modelvane.calibration.habit import Habit, habit_of
from modelvane.calibration.null import NullMoments, moments_of
from modelvane.concept.detectors.walk import Detector
from modelvane.concept.timeline import MOST_BUCKETS
from modelvane.ruler import Floats

DRAWS = 1000
_SIZES = (30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 10_000_000)
# a timeline has between half of the most buckets and all of them
_BUCKETS = MOST_BUCKETS * 3 // 4
# rows that are drawn together, since neighbours in time may be alike
_TOGETHER = 25
_HELD_ROWS = 1 << 20


@dataclass(frozen=True, eq=False, slots=True)
class Walks:
    """The reference's own stream, to walk along.

    Parameters
    ----------
    values
        What inputs do not explain of a signal, with mean 0 and deviation 1, in time order where there is one.
    in_time_order
        Whether there is one.
    """

    values: Floats
    in_time_order: bool

    def null(self, detector: Detector) -> NullMoments:
        """Draw streams of blocks of neighbours (Künsch, 1989), and keep the moments of the highest rise by length."""
        rng = np.random.default_rng(0)
        stream = self.values if self.in_time_order else rng.permutation(self.values)
        found = [
            (n, *moments_of(np.concatenate([detector.heights(*part) for part in _drawn(stream, n, rng)])))
            for n in _SIZES
            if n <= _BUCKETS * len(self.values) // 4
        ]
        return NullMoments(*np.array(found, np.float64).T)

    def habit(self, detector: Detector) -> Habit | None:
        """Walk along windows in order of time."""
        if not self.in_time_order:
            return None
        running = np.concatenate(([0.0], np.cumsum(self.values)))

        def value_of(starts: NDArray[np.int64], n: int) -> Floats:
            limits = _limits(n)
            sums = np.diff(running[starts[:, None] + limits], axis=-1)
            return detector.heights(np.diff(limits).astype(np.float64), sums)

        return habit_of(len(self.values), value_of, bounded=False)


def _drawn(stream: Floats, n: int, rng: np.random.Generator) -> Iterator[tuple[Floats, Floats]]:
    """Give rows and sums of the buckets of streams of ``n`` rows, some streams at once."""
    limits = _limits(n)
    widths = np.diff(limits)
    rows = widths.astype(np.float64)
    running = np.concatenate(([0.0], np.cumsum(stream)))
    at_once = max(1, _HELD_ROWS // min(n, _BUCKETS * _TOGETHER))
    for at in range(0, DRAWS, at_once):
        draws = min(at_once, DRAWS - at)
        if widths[0] >= _TOGETHER:
            # each bucket is one block
            starts = rng.integers(0, len(stream) - widths.max() + 1, (draws, len(widths)))
            yield rows, running[starts + widths] - running[starts]
        else:
            starts = rng.integers(0, len(stream) - _TOGETHER + 1, (draws, -(-n // _TOGETHER)))
            index = (starts[:, :, None] + np.arange(_TOGETHER)).reshape(draws, -1)[:, :n]
            yield rows, np.add.reduceat(stream[index], limits[:-1], axis=1)


def _limits(n: int) -> NDArray[np.int64]:
    """Give where the buckets of ``n`` rows begin and end: of a row each while they are few."""
    buckets = min(n, _BUCKETS)
    return np.arange(buckets + 1) * n // buckets
