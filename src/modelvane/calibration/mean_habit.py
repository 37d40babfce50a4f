"""How far a mean that may go either way usually is from its place: windows of the reference in time order."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.calibration.habit import FEWEST_WINDOWS, window_starts
from modelvane.calibration.null import sizes
from modelvane.calibration.student import student_point

Floats = NDArray[np.float64]


class MeanHabit(Struct, frozen=True, eq=False):
    """A normal around 0 of means over windows in time order, by window size, as sure as its windows are many.

    Distances are never negative, and a log-normal describes them (see `modelvane.calibration.habit.Habit`). Means that
    go up as well as down are sums of many rows and, between windows, of whatever the hour and the day add: their size
    is near 0 most of the time, and its logarithm spreads without end.

    Parameters
    ----------
    sizes
        Rows of the windows, shape ``(sizes,)``.
    spread
        Root mean square of the means, shape ``(sizes,)``.
    largest
        The largest of them in size, shape ``(sizes,)``.
    freedom
        Windows of that size that do not overlap, shape ``(sizes,)``.
    """

    sizes: Floats
    spread: Floats
    largest: Floats
    freedom: Floats

    @classmethod
    def of(cls, values: Floats, spacing: float = 1.0) -> MeanHabit | None:
        """Fit the habit of means around 0.

        Parameters
        ----------
        values
            Of the reference's rows in order of time.
        spacing
            Rows of the stream for each of these.

        Returns
        -------
        MeanHabit
            ``None`` of fewer rows than windows of any size take.
        """
        rows, running = len(values), np.concatenate(([0.0], np.cumsum(values)))
        fitted = []
        for n in sizes(rows):
            if n * FEWEST_WINDOWS > rows:
                break
            starts = window_starts(rows, n)
            means = np.abs(running[starts + n] - running[starts]) / n
            fitted.append((n * spacing, math.sqrt(np.mean(np.square(means))), means.max(), rows // n))
        return cls(*np.array(fitted, np.float64).T) if fitted else None

    def exceeded_with(self, level: float, n: float) -> float:
        """Give the size of a mean that is exceeded with probability ``level``, on either side.

        By Student's t (1908), for the spread is known from so many windows only; and no less than was seen.
        """
        at = math.log(max(n, 1))
        spread, largest, freedom = (
            float(np.interp(at, np.log(self.sizes), each))
            for each in (self.spread, self.largest, self.freedom)
        )
        return max(spread * student_point(int(freedom), level / 2), largest)

    def to_array(self) -> Floats:
        """Give one array of shape ``(4, sizes)``."""
        return np.stack([self.sizes, self.spread, self.largest, self.freedom])

    @classmethod
    def from_array(cls, array: NDArray[Any]) -> MeanHabit:
        """Read what `to_array` gave."""
        return cls(*array.astype(np.float64))
