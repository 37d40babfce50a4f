"""How large a measure usually is in this stream: windows of the reference in time order, each against the rest."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from modelvane.calibration.null import sizes
from modelvane.divergences.base import Divergence
from modelvane.tallies.sample import Sample

MOST_WINDOWS = 200
FEWEST_WINDOWS = 8


@dataclass(frozen=True, eq=False, slots=True)
class Habit:
    """Mean and standard deviation of the logarithm of a measure over windows in time order, by window size.

    Each array has shape ``(sizes,)``; ``log_mean`` is -inf where the measure was always 0.
    """

    sizes: NDArray[np.float64]
    log_mean: NDArray[np.float64]
    log_std: NDArray[np.float64]

    def exceeded_with(self, level: float, n: float) -> float:
        """Give the value that is exceeded with probability ``level``: a log-normal, interpolated in log n."""
        log_n, log_sizes = math.log(max(n, 1)), np.log(self.sizes)
        mean = float(np.interp(log_n, log_sizes, self.log_mean))
        std = float(np.interp(log_n, log_sizes, self.log_std))
        return math.exp(mean - std * float(special.ndtri(level)))

    def to_array(self) -> NDArray[np.float64]:
        """Give one array of shape ``(3, sizes)``."""
        return np.stack([self.sizes, self.log_mean, self.log_std])

    @classmethod
    def from_array(cls, array: NDArray[Any]) -> Habit:
        """Read what `to_array` gave."""
        return cls(*array.astype(np.float64))


def window_starts(rows: int, n: int) -> NDArray[np.int64]:
    """Give where overlapping windows of ``n`` rows start: a quarter of a window apart, at most `MOST_WINDOWS`."""
    windows = min(MOST_WINDOWS, 1 + 4 * (rows - n) // n)
    return np.linspace(0, rows - n, windows).astype(np.int64)


def habit_of(rows: int, value_of: Callable[[NDArray[np.int64], int], NDArray[np.float64]]) -> Habit | None:
    """Fit the habit of any measure.

    Parameters
    ----------
    rows
        Rows of the reference.
    value_of
        ``value_of(starts, n)`` gives the measure for the windows of ``n`` rows that start there.

    Returns
    -------
    Habit
        ``None`` when the reference is too short for windows of any size.
    """
    fitted = []
    for n in sizes(rows):
        if 2 * n > rows:
            break
        starts = window_starts(rows, n)
        if len(starts) < FEWEST_WINDOWS:
            break
        values = value_of(starts, n)
        values = values[np.isfinite(values)]
        if len(values) < FEWEST_WINDOWS:
            continue
        fitted.append((n, *_log_moments(values)))
    return Habit(*np.array(fitted, np.float64).T) if fitted else None


def _log_moments(values: NDArray[np.float64]) -> tuple[float, float]:
    positive = values[values > 0]
    if len(positive) == 0:
        # exp(-700) is as good as never, and stays finite between sizes
        return -700.0, 0.0
    logs = np.log(np.maximum(values, positive.min() / 2))
    return float(logs.mean()), float(logs.std(ddof=1))


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

    def value_of(starts: NDArray[np.int64], n: int) -> NDArray[np.float64]:
        current = _window_counts(cells, starts, n, len(counts))
        comparable = current.any(axis=-1) & (current < counts).any(axis=-1)
        current = current[comparable]
        return divergence.kernel(reference.with_counts(counts - current), reference.with_counts(current))

    return habit_of(len(cells), value_of)


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
        current = _window_counts(cells, starts, n, len(counts))
        return np.asarray(np.where(current == counts, current, 0).sum(axis=-1) / n, np.float64)

    return habit_of(len(cells), value_of)


def _window_counts(
    cells: NDArray[np.intp], starts: NDArray[np.int64], n: int, width: int
) -> NDArray[np.int64]:
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
    return habit_of(len(flags), lambda starts, n: (running[starts + n] - running[starts]) / n)
