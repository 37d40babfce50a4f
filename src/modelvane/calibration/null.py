"""How large a divergence is when nothing changed: two-sample draws from the reference, kept as moments by size."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane import tails
from modelvane.calibration.redrawing import redrawn
from modelvane.calibration.shuffles import Shuffles
from modelvane.calibration.urn import Urn
from modelvane.divergences.base import Divergence
from modelvane.tallies.sample import Sample

DRAWS = 2000
SMALLEST = 5

# draws whose counts are held at once
_HELD_CELLS = 1 << 20


Moments: TypeAlias = tuple[float, float, float, float]
"""Rows, and the three moments of windows of so many."""


def sizes(rows: int) -> list[int]:
    """Give the window sizes at which moments are kept, for a reference of ``rows`` rows.

    >>> sizes(1000)
    [5, 10, 30, 100, 300, 1000, 4000, 32000]
    """
    steps = [SMALLEST] + [m * 10**e for e in range(1, 9) for m in (1, 3)]
    return [size for size in steps if 2 * size <= rows] + [rows, 4 * rows, 32 * rows]


class NullMoments(Struct, frozen=True, eq=False):
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

    def inflated(self, effect: float) -> NullMoments:
        """Give the moments where values come in groups of ``effect`` that are all alike."""
        return NullMoments(self.sizes, self.mean * effect, self.std * effect, self.skew)

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


def null_moments(
    divergence: Divergence,
    reference: Sample,
    draws: int = DRAWS,
    seed: int = 0,
    *,
    lists: Urn | None = None,
    shuffles: Shuffles | None = None,
) -> NullMoments:
    """Draw windows from the reference, compare each with the rest of it, and keep the moments.

    A draw of n rows without replacement, seen on a ruler, is a draw of n of the reference's cells: the tally is all
    it takes, and the rows themselves need not be kept. For n over half of the reference both sides are redrawn with
    replacement (see `modelvane.calibration.redrawing`).

    Of lists whole ones are drawn, as many as have n values on average; what is redrawn are single values.

    Parameters
    ----------
    divergence
        What is compared.
    reference
        The reference's sample; one, not many.
    lists
        The lists that its values came in, two at least; ``None`` where each came by itself.
    shuffles
        Those of the columns before.
    """
    shuffles = shuffles or Shuffles()
    compared = reference.on_bins() if divergence.on_bins else reference
    counts = np.asarray(compared.counts, np.int64)
    rows, rng = int(counts.sum()), np.random.default_rng(seed)
    values = Urn.of_counts(counts)
    small, large = [n for n in sizes(rows) if 2 * n <= rows], [n for n in sizes(rows) if 2 * n > rows]

    def drawn(urn: Urn, n: int) -> Moments:
        return _moments(divergence, _drawn(compared, urn.draw(n, draws, rng, shuffles)))

    if lists is None:
        of_small = [drawn(values, n) for n in small]
    else:
        urn = lists.on_bins(reference.ruler) if divergence.on_bins else lists
        of_small = [drawn(urn, n) for n in _numbers_of_lists(small, urn)]
    # of lists only mean and spread are asked of them, which fewer draws tell well enough
    redraws = draws if lists is None else draws // 4
    of_large = [_moments(divergence, _redrawn(compared, rows, n, redraws, rng)) for n in large]
    if lists is not None:
        last = of_small[-1]
        of_large = _of_lists(of_large, last, drawn(values, min(round(last[0]), rows // 2)))
    return NullMoments(*np.array(of_small + of_large, np.float64).T)


def _numbers_of_lists(sizes_in_values: list[int], urn: Urn) -> list[int]:
    """Give how many lists have about so many values, up to half of all lists."""
    half = len(urn) // 2
    numbers = {max(1, round(n / urn.values_per_unit)) for n in sizes_in_values}
    return sorted({n for n in numbers if n <= half} or {half})


def _of_lists(of_values: list[Moments], lists: Moments, values: Moments) -> list[Moments]:
    """Give what moments of single values are of lists: as much larger as at a size where both are known.

    That is the design effect of the mean and, since it differs between cells, another of the standard deviation (Rao
    and Scott, JASA, 1981). The skewness is the one of lists.
    """
    _, mean, std, skew = lists
    _, single_mean, single_std, _ = values
    of_mean = mean / single_mean if single_mean else 1.0
    of_std = std / single_std if single_std else of_mean
    return [(n, of_mean * mean, of_std * std, skew) for n, mean, std, _ in of_values]


def _moments(divergence: Divergence, pairs: Iterable[tuple[Sample, Sample]]) -> Moments:
    """Give rows of a window, and mean, standard deviation and skewness of the squared divergence."""
    found = [(divergence.kernel(rest, drawn) ** (2 / divergence.degree), drawn.n) for rest, drawn in pairs]
    squares, rows = (np.concatenate(part) for part in zip(*found, strict=True))
    return float(rows.mean()), *moments_of(squares[np.isfinite(squares)])


def moments_of(values: NDArray[np.float64]) -> tuple[float, float, float]:
    """Give mean, standard deviation and skewness; zeros for fewer than two values."""
    if len(values) < 2:
        return 0.0, 0.0, 0.0
    mean, std = float(values.mean()), float(values.std())
    # a spread of rounding errors is no spread
    if std <= 1e-12 * max(abs(mean), 1e-300):
        return mean, 0.0, 0.0
    return mean, std, float((((values - mean) / std) ** 3).mean())


def exchanged_moments(
    divergence: Divergence, pooled: Sample, n: int, draws: int, seed: int = 0
) -> NullMoments:
    """Draw windows of ``n`` rows from two samples together, compare each with the rest, and keep the moments.

    The null of a permutation test (Fisher, 1935): without any change the rows of both are exchangeable. It knows as
    many categories as both have, so that rare ones that only one of them has are no surprise.

    Parameters
    ----------
    pooled
        The sum of the two samples; one, not many.
    """
    compared = pooled.on_bins() if divergence.on_bins else pooled
    counts = np.asarray(compared.counts, np.int64)
    drawn = np.random.default_rng(seed).multivariate_hypergeometric(counts, n, draws, method="marginals")
    pair = compared.with_counts(counts - drawn), compared.with_counts(drawn)
    return NullMoments(*np.array([_moments(divergence, [pair])], np.float64).T)


def _drawn(reference: Sample, windows: Iterable[NDArray[np.int64]]) -> Iterator[tuple[Sample, Sample]]:
    counts = np.asarray(reference.counts, np.int64)
    at_once = max(1, _HELD_CELLS // len(counts))
    for drawn in windows:
        for start in range(0, len(drawn), at_once):
            batch = drawn[start : start + at_once]
            yield reference.with_counts(counts - batch), reference.with_counts(batch)


def _redrawn(
    reference: Sample, rows: int, n: int, draws: int, rng: np.random.Generator
) -> Iterator[tuple[Sample, Sample]]:
    at_once = max(1, _HELD_CELLS // len(reference.counts))
    for start in range(0, draws, at_once):
        yield redrawn(reference, rows, n, min(at_once, draws - start), rng)
