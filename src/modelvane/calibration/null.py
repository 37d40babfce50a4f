"""How large a divergence is when nothing changed: two-sample draws from the reference, kept as moments by size."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelvane import tails
from modelvane.calibration.redrawing import redrawn
from modelvane.divergences.base import Divergence
from modelvane.tallies.sample import Sample

DRAWS = 2000
SMALLEST = 5

# counts of a draw come from one shuffle while that is cheap; above it, from unions of blocks of shuffles
_DIRECT_ROWS = 1 << 21
_BLOCKS = 128
_SHUFFLES = 16
# draws whose counts are held at once
_HELD_CELLS = 1 << 20


def sizes(rows: int) -> list[int]:
    """Give the window sizes at which moments are kept, for a reference of ``rows`` rows.

    >>> sizes(1000)
    [5, 10, 30, 100, 300, 1000, 4000, 32000]
    """
    steps = [SMALLEST] + [m * 10**e for e in range(1, 9) for m in (1, 3)]
    return [size for size in steps if 2 * size <= rows] + [rows, 4 * rows, 32 * rows]


@dataclass(frozen=True, eq=False, slots=True)
class NullMoments:
    """Mean, standard deviation and skewness of a squared divergence without any change, by window size.

    Each array has shape ``(sizes,)``. The square of a divergence of degree 1, a divergence of degree 2 as it is: noise
    makes either a sum of squares of nearly normal shares, which is what a Pearson III describes. That of chi-square is
    exact; fitted to its root, the line at 5e-6 would be 11 % too high for three categories.
    """

    sizes: NDArray[np.float64]
    mean: NDArray[np.float64]
    std: NDArray[np.float64]
    skew: NDArray[np.float64]

    def at(self, n: float) -> tuple[float, float, float]:
        """Give the three moments for windows of ``n`` rows: log-log between the sizes, the skewness in log n."""
        log_n = math.log(max(n, 1))
        log_sizes = np.log(self.sizes)
        mean, std = (_log_interpolated(log_n, log_sizes, moment) for moment in (self.mean, self.std))
        return mean, std, float(np.interp(log_n, log_sizes, self.skew))

    def exceeded_with(self, level: float, n: float) -> float:
        """Give the square that is exceeded with probability ``level``: a Pearson III of these moments.

        Pearson, 1895: three moments reach further into the tail than the draws they were taken from.
        """
        return pearson_tail(level, *self.at(n))

    def to_array(self) -> NDArray[np.float64]:
        """Give one array of shape ``(4, sizes)``."""
        return np.stack([self.sizes, self.mean, self.std, self.skew])

    @classmethod
    def from_array(cls, array: NDArray[Any]) -> NullMoments:
        """Read what `to_array` gave."""
        return cls(*array.astype(np.float64))


def _log_interpolated(at: float, log_sizes: NDArray[np.float64], moment: NDArray[np.float64]) -> float:
    if not moment.all():
        return float(np.interp(at, log_sizes, moment))
    logs = np.log(moment)
    if at >= log_sizes[0] or len(logs) < 2:
        return math.exp(float(np.interp(at, log_sizes, logs)))
    # below the smallest size both grow as a power of the size
    slope = (logs[1] - logs[0]) / (log_sizes[1] - log_sizes[0])
    return math.exp(float(logs[0] + slope * (at - log_sizes[0])))


def pearson_tail(level: float, mean: float, std: float, skew: float) -> float:
    """Give the value exceeded with probability ``level`` under a Pearson III (shifted gamma) distribution.

    >>> round(pearson_tail(0.025, 0.0, 1.0, 0.0), 2)
    1.96
    """
    if std == 0:
        return mean
    if abs(skew) < 1e-3:
        return mean + std * tails.normal_point(level)
    shape = 4 / skew**2
    if skew > 0:
        deviate = tails.gamma_point(shape, level)
    else:
        deviate = -tails.gamma_point_below(shape, level)
    return mean + std * (deviate * abs(skew) / 2 - 2 / skew)


def null_moments(divergence: Divergence, reference: Sample, draws: int = DRAWS, seed: int = 0) -> NullMoments:
    """Draw windows from the reference, compare each with the rest of it, and keep the moments.

    A draw of n rows without replacement, seen on a ruler, is a draw of n of the reference's cells: the tally is all
    it takes, and the rows themselves need not be kept. For n over half of the reference both sides are redrawn with
    replacement (see `modelvane.calibration.redrawing`).

    Parameters
    ----------
    divergence
        What is compared.
    reference
        The reference's sample; one, not many.
    """
    compared = reference.on_bins() if divergence.on_bins else reference
    counts = np.asarray(compared.counts, np.int64)
    rng = np.random.default_rng(seed)
    kept = []
    for n in sizes(int(counts.sum())):
        values, drawn_rows = [], n
        for rest, drawn in _pairs(compared, counts, n, draws, rng):
            values.append(divergence.kernel(rest, drawn) ** (2 / divergence.degree))
            drawn_rows = int(drawn.n[0])
        found = np.concatenate(values)
        kept.append((drawn_rows, *_moments(found[np.isfinite(found)])))
    return NullMoments(*np.array(kept, np.float64).T)


def _moments(values: NDArray[np.float64]) -> tuple[float, float, float]:
    if len(values) < 2:
        return 0.0, 0.0, 0.0
    mean, std = float(values.mean()), float(values.std())
    # a spread of rounding errors is no spread
    if std <= 1e-12 * max(abs(mean), 1e-300):
        return mean, 0.0, 0.0
    return mean, std, float((((values - mean) / std) ** 3).mean())


def _pairs(
    reference: Sample, counts: NDArray[np.int64], n: int, draws: int, rng: np.random.Generator
) -> Iterator[tuple[Sample, Sample]]:
    rows = int(counts.sum())
    at_once = max(1, _HELD_CELLS // len(counts))
    if 2 * n > rows:
        for start in range(0, draws, at_once):
            yield redrawn(reference, rows, n, min(at_once, draws - start), rng)
        return
    for drawn in _drawn(counts, n, draws, rng):
        for start in range(0, len(drawn), at_once):
            batch = drawn[start : start + at_once]
            yield reference.with_counts(counts - batch), reference.with_counts(batch)


def _drawn(
    counts: NDArray[np.int64], n: int, draws: int, rng: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    rows, cells = int(counts.sum()), len(counts)
    codes = np.repeat(np.arange(cells, dtype=np.int32), counts)
    if n * draws <= _DIRECT_ROWS or rows < 4 * _BLOCKS:
        per_shuffle = rows // n
        for start in range(0, draws, per_shuffle):
            drawn = min(per_shuffle, draws - start)
            yield _block_counts(rng.permutation(codes)[: drawn * n], drawn, cells)
        return
    # any union of blocks of a shuffle is a draw without replacement too
    width = rows // _BLOCKS
    picked = max(1, round(n / width))
    # float32 is exact below 2^24, and its products are twice as fast
    precision = np.float32 if rows < 1 << 24 else np.float64
    for _ in range(_SHUFFLES):
        blocks = _block_counts(rng.permutation(codes)[: _BLOCKS * width], _BLOCKS, cells)
        unions = np.zeros((draws // _SHUFFLES, _BLOCKS), precision)
        for union in unions:
            union[rng.choice(_BLOCKS, picked, replace=False)] = 1
        yield np.rint(unions @ blocks.astype(precision)).astype(np.int64)


def _block_counts(codes: NDArray[np.int32], blocks: int, cells: int) -> NDArray[np.int64]:
    keys = codes.reshape(blocks, -1) + np.arange(blocks, dtype=np.int64)[:, None] * cells
    return np.bincount(keys.ravel(), minlength=blocks * cells).reshape(blocks, cells)
