"""How large a measure usually is in this stream: windows of the reference in time order, each against the rest."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane import tails
from modelvane.calibration.null import sizes
from modelvane.divergences.base import Divergence
from modelvane.tallies.sample import Sample

MOST_WINDOWS = 200
FEWEST_WINDOWS = 8
# rows of windows that are looked at together, so that memory does not grow with the reference
_HELD_ROWS = 1 << 21

# a logarithm that stands for never or always, and stays finite between sizes
_MOST = 700.0
# what is lower is that of never, whatever its arithmetic added; half of the least value that is written is above
_NEVER = 1 - _MOST


class Habit(Struct, frozen=True, eq=False):
    """A log-normal of the upper half of a measure over windows in time order, by window size.

    How far a stream reaches up is asked of the windows above the median alone: the smallest values are sampling noise,
    whose logarithms spread without end. A measure that cannot exceed 1 is normal in its log-odds, since a line above 1
    would be none.

    Parameters
    ----------
    sizes
        Rows of the windows, shape ``(sizes,)``.
    middle
        Median of the logarithm or the log-odds, shape ``(sizes,)``.
    spread
        Root mean square of what the upper half has above it, shape ``(sizes,)``.
    bounded
        Whether the measure cannot exceed 1.
    """

    sizes: NDArray[np.float64]
    middle: NDArray[np.float64]
    spread: NDArray[np.float64]
    bounded: bool

    def exceeded_with(self, level: float, n: float) -> float:
        """Give the value that is exceeded with probability ``level``, interpolated in log n.

        Exactly 0 where no window had any, as of a column with one value: whatever is not 0 is unusual then. So it is
        between a size of which no window had any and one of which some had.
        """
        log_n, log_sizes = math.log(max(n, 1)), np.log(self.sizes)
        if np.interp(log_n, log_sizes, self.middle < _NEVER) > 0:
            return 0.0
        middle = float(np.interp(log_n, log_sizes, self.middle))
        spread = float(np.interp(log_n, log_sizes, self.spread))
        reached = middle + spread * tails.normal_point(level)
        return 1 / (1 + math.exp(min(-reached, _MOST))) if self.bounded else math.exp(min(reached, _MOST))

    def to_array(self) -> NDArray[np.float64]:
        """Give one array of shape ``(4, sizes)``."""
        return np.stack([self.sizes, self.middle, self.spread, np.full_like(self.sizes, self.bounded)])

    @classmethod
    def from_array(cls, array: NDArray[Any]) -> Habit:
        """Read what `to_array` gave."""
        sizes, middle, spread, bounded = array.astype(np.float64)
        return cls(sizes, middle, spread, bool(bounded.any()))


def window_starts(rows: int, n: int, before: int = 0) -> NDArray[np.int64]:
    """Give where overlapping windows of ``n`` rows start: a quarter of a window apart, at most `MOST_WINDOWS`.

    Each has ``before`` windows of as many rows before it.
    """
    first = before * n
    windows = min(MOST_WINDOWS, 1 + 4 * (rows - first - n) // n)
    return np.linspace(first, rows - n, max(windows, 0)).astype(np.int64)


def habit_of(
    rows: int,
    value_of: Callable[[NDArray[np.int64], int], NDArray[np.float64]],
    *,
    bounded: bool,
    before: int = 0,
) -> Habit | None:
    """Fit the habit of any measure.

    Parameters
    ----------
    rows
        Rows of the reference.
    value_of
        ``value_of(starts, n)`` gives the measure for the windows of ``n`` rows that start there.
    bounded
        Whether the measure cannot exceed 1.
    before
        Windows that there must be before each.

    Returns
    -------
    Habit
        ``None`` when the reference is too short for windows of any size.
    """
    fitted = []
    for n in sizes(rows):
        if not n or 2 * n > rows:
            break
        starts = window_starts(rows, n, before)
        if len(starts) < FEWEST_WINDOWS:
            break
        at_once = max(1, _HELD_ROWS // n)
        parts = [value_of(starts[at : at + at_once], n) for at in range(0, len(starts), at_once)]
        values = np.concatenate(parts)
        values = values[np.isfinite(values)]
        if len(values) < FEWEST_WINDOWS:
            continue
        logs = _logs(values) - _logs(1 - values) if bounded else _logs(values)
        fitted.append((n, *_upper_half(logs)))
    if not fitted:
        return None
    kept, middle, spread = np.array(fitted, np.float64).T
    return Habit(kept, middle, spread, bounded)


def _logs(values: NDArray[np.float64]) -> NDArray[np.float64]:
    positive = values[values > 0]
    least = positive.min() / 2 if len(positive) else math.exp(-_MOST)
    return np.log(np.maximum(values, least))


def _upper_half(logs: NDArray[np.float64]) -> tuple[float, float]:
    middle = float(np.median(logs))
    above = np.sort(logs)[(len(logs) + 1) // 2 :] - middle
    return middle, float(np.sqrt(np.mean(above**2)))


def divergence_habit(divergence: Divergence, reference: Sample, cells: NDArray[np.intp]) -> Habit | None:
    """Fit the habit of a divergence.

    Parameters
    ----------
    reference
        The reference's sample.
    cells
        Cell of every reference row in time order; -1 for rows without a value.
    """
    counts = np.asarray(reference.counts, np.int64)
    # windows of as many values, whatever is missing between them: so does the noise floor count
    known = cells[cells >= 0]

    def value_of(starts: NDArray[np.int64], n: int) -> NDArray[np.float64]:
        current = window_counts(known, starts, n, len(counts))
        return divergence.kernel(reference.with_counts(counts - current), reference.with_counts(current))

    return habit_of(len(known), value_of, bounded=divergence.unit == "ratio")


def moving_habit(
    divergence: Divergence, reference: Sample, cells: NDArray[np.intp], windows: int
) -> Habit | None:
    """Fit the habit of a divergence from the windows before, rather than from the rest of the reference.

    Parameters
    ----------
    reference, cells
        As in `divergence_habit`.
    windows
        How many windows before each are compared with it.
    """
    known, width = cells[cells >= 0], len(np.asarray(reference.counts))

    def value_of(starts: NDArray[np.int64], n: int) -> NDArray[np.float64]:
        current = window_counts(known, starts, n, width)
        past = np.zeros_like(current)
        for earlier in range(1, windows + 1):
            past += window_counts(known, starts - earlier * n, n, width)
        return divergence.kernel(reference.with_counts(past), reference.with_counts(current))

    return habit_of(len(known), value_of, bounded=divergence.unit == "ratio", before=windows)


def unseen_habit(counts: NDArray[np.int64], cells: NDArray[np.intp]) -> Habit | None:
    """Fit the habit of the share of rows whose category the rest of the reference does not have.

    Parameters
    ----------
    counts
        Reference rows per category.
    cells
        Category of every reference row in time order; -1 for rows without one.
    """

    def value_of(starts: NDArray[np.int64], n: int) -> NDArray[np.float64]:
        current = window_counts(cells, starts, n, len(counts))
        return np.asarray(np.where(current == counts, current, 0).sum(axis=-1) / n, np.float64)

    return habit_of(len(cells), value_of, bounded=True)


def range_habit(values: NDArray[np.float64]) -> Habit | None:
    """Fit the habit of the share of values below the smallest or above the largest of the rest of the reference.

    Parameters
    ----------
    values
        In time order; NaN for rows without a finite number.
    """
    known = values[~np.isnan(values)]
    least, most = _of_the_rest(np.minimum, known, np.inf), _of_the_rest(np.maximum, known, -np.inf)

    def value_of(starts: NDArray[np.int64], n: int) -> NDArray[np.float64]:
        windows = np.lib.stride_tricks.sliding_window_view(known, n)[starts]
        outside = (windows < least(starts, n)[:, None]) | (windows > most(starts, n)[:, None])
        return np.asarray(outside.mean(axis=-1), np.float64)

    return habit_of(len(known), value_of, bounded=True)


def _of_the_rest(
    extreme: np.ufunc, values: NDArray[np.float64], none: float
) -> Callable[[NDArray[np.int64], int], NDArray[np.float64]]:
    before = np.concatenate(([none], extreme.accumulate(values)))
    after = np.concatenate((extreme.accumulate(values[::-1])[::-1], [none]))
    return lambda starts, n: np.asarray(extreme(before[starts], after[starts + n]))


def window_counts(
    cells: NDArray[np.intp] | NDArray[np.int64], starts: NDArray[np.int64], n: int, width: int
) -> NDArray[np.int64]:
    """Count windows of ``n`` rows that start there by cell, shape ``(windows, width)``; -1 is no cell."""
    # one cell more, for the rows without a value
    windows = np.lib.stride_tricks.sliding_window_view(cells, n)[starts] + 1
    keys = windows + np.arange(len(starts))[:, None] * (width + 1)
    counted = np.bincount(keys.ravel(), minlength=len(starts) * (width + 1))
    return counted.reshape(len(starts), width + 1)[:, 1:]


def share_habit(flags: NDArray[np.bool_]) -> Habit | None:
    """Fit the habit of a share of rows.

    Parameters
    ----------
    flags
        In time order, whether each reference row has what the share counts.
    """
    running = np.concatenate(([0], np.cumsum(flags)))
    return habit_of(len(flags), lambda starts, n: (running[starts + n] - running[starts]) / n, bounded=True)
