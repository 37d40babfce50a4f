"""How high detectors rise when nothing changed, and how high they usually do in this stream."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import cached_property

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.calibration.habit import Habit, habit_of
from modelvane.calibration.null import NullMoments, moments_of
from modelvane.concept.detectors.walk import Detector
from modelvane.concept.timeline import MOST_BUCKETS
from modelvane.ruler import Floats

DRAWS = 1000
_SIZES = (30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000, 300_000, *(10**power for power in range(6, 10)))
# of rows that are spread evenly a timeline has between half of the most buckets and all of them
_BUCKETS = MOST_BUCKETS * 3 // 4
# rows that are drawn together at most, since neighbours in time may be alike
_TOGETHER = 25
# a bucket of so many rows is drawn as one block, and as a normal where the reference has fewer such blocks than that
_MANY, _FEW_BLOCKS = 25, 20
_HELD_ROWS = 1 << 20


class Walks(Struct, frozen=True, eq=False, dict=True):
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

    def nulls(self, weights: Mapping[Detector, Floats]) -> dict[Detector, NullMoments]:
        """Draw streams of blocks of neighbours (Künsch, 1989), and keep the moments of the highest rise by length.

        The reference is a sample, too: its own mean and deviation are drawn with each stream, by their standard errors.

        Parameters
        ----------
        weights
            What rises count, of each detector that is to walk along the streams.
        """
        rng = np.random.default_rng(0)
        found: dict[Detector, list[tuple[float, ...]]] = {detector: [] for detector in weights}
        for n in _SIZES:
            heights: dict[Detector, list[Floats]] = {detector: [] for detector in weights}
            for rows, sums in self._unsure(n, rng):
                for detector, of_rises in weights.items():
                    heights[detector].append(detector.heights(rows, sums, of_rises))
            for detector, parts in heights.items():
                found[detector].append((n, *moments_of(np.concatenate(parts))))
        return {each: NullMoments(*np.array(moments, np.float64).T) for each, moments in found.items()}

    def _unsure(self, n: int, rng: np.random.Generator) -> Iterator[tuple[Floats, Floats]]:
        """Draw streams of ``n`` rows as a reference whose mean and variance are not quite these would have them."""
        of_mean, of_variance = self._errors
        for rows, sums in _drawn(self._stream, n, rng):
            mean, variance = rng.normal(size=(2, len(sums), 1)) * [[[of_mean]], [[of_variance]]]
            yield rows, (sums - mean * rows) / np.sqrt(np.maximum(1 + variance, 0.25))

    @cached_property
    def _stream(self) -> Floats:
        return self.values if self.in_time_order else np.random.default_rng(0).permutation(self.values)

    @cached_property
    def _errors(self) -> tuple[float, float]:
        """Standard errors of the reference's mean and variance, whose rows may be like their neighbours."""
        of_mean, of_variance = (_deviation(each) for each in (self._stream, self._stream**2 - 1))
        return of_mean / len(self.values) ** 0.5, of_variance / len(self.values) ** 0.5

    def habit(self, detector: Detector, weights: Floats) -> Habit | None:
        """Walk along windows in order of time."""
        if not self.in_time_order:
            return None
        running = np.concatenate(([0.0], np.cumsum(self.values)))

        def value_of(starts: NDArray[np.int64], n: int) -> Floats:
            limits = _limits(n)
            sums = np.diff(running[starts[:, None] + limits], axis=-1)
            return detector.heights(np.diff(limits).astype(np.float64), sums, weights)

        return habit_of(len(self.values), value_of, bounded=False)


def _drawn(stream: Floats, n: int, rng: np.random.Generator) -> Iterator[tuple[Floats, Floats]]:
    """Give rows and sums of the buckets of streams of ``n`` rows, some streams at once."""
    limits = _limits(n)
    widths = np.diff(limits)
    rows = widths.astype(np.float64)
    running = np.concatenate(([0.0], np.cumsum(stream)))
    together = _together(stream)
    at_once = max(1, _HELD_ROWS // min(n, _BUCKETS * _MANY))
    for at in range(0, DRAWS, at_once):
        draws = min(at_once, DRAWS - at)
        if widths[0] >= _MANY and len(stream) < _FEW_BLOCKS * widths.max():
            yield rows, rng.normal(size=(draws, len(widths))) * np.sqrt(widths) * _deviation(stream)
        elif widths[0] >= _MANY:
            starts = rng.integers(0, len(stream) - widths.max() + 1, (draws, len(widths)))
            yield rows, running[starts + widths] - running[starts]
        else:
            starts = rng.integers(0, len(stream) - together + 1, (draws, -(-n // together)))
            index = (starts[:, :, None] + np.arange(together)).reshape(draws, -1)[:, :n]
            yield rows, np.add.reduceat(stream[index], limits[:-1], axis=1)


def _deviation(stream: Floats) -> float:
    """Give the standard deviation of a sum of rows over the root of their number, from sums of neighbours."""
    running, together = np.concatenate(([0.0], np.cumsum(stream))), _together(stream)
    sums = running[together:] - running[:-together]
    # their mean is the stream's own, which makes them smaller; rows that are unlike their neighbours count as any
    of_sums = np.mean(np.square(sums)) / together / (1 - together / len(stream))
    return float(np.sqrt(max(of_sums, np.mean(np.square(stream)))))


def _together(stream: Floats) -> int:
    """Give how many neighbours are drawn as one block: as the cube root of all rows (Künsch, 1989)."""
    return min(_TOGETHER, round(math.cbrt(len(stream))))


def _limits(n: int) -> NDArray[np.int64]:
    """Give where the buckets of ``n`` rows begin and end: of a row each while they are few."""
    buckets = min(n, _BUCKETS)
    return np.arange(buckets + 1) * n // buckets
