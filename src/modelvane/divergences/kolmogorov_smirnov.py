"""Kolmogorov-Smirnov: the largest distance between two distribution functions."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from modelvane import tails
from modelvane.divergences.base import NUMERICAL, Divergence, in_blocks
from modelvane.ruler import NumericalRuler
from modelvane.tallies.sample import Sample


@in_blocks
def kolmogorov_smirnov(reference: Sample, current: Sample) -> NDArray[np.float64]:
    """Give ``max |F - G|`` over all cell ends: exact where every distinct reference value is an edge.

    At an edge both functions are known; inside an open cell they are not, so the value of the raw rows can be
    larger by at most `error_bound`. Shape ``(...)``, between 0 and 1.
    """
    return np.asarray(np.abs(reference.cumulative - current.cumulative).max(axis=-1))


def error_bound(reference: Sample, current: Sample) -> float:
    """Give how much larger the statistic of the raw rows can be: what open cells could hide."""
    seen = float(kolmogorov_smirnov(reference, current))
    before = reference.cumulative - reference.shares, current.cumulative - current.shares
    # inside an open cell one function may already have made its step while the other has not
    could_be = np.maximum(reference.cumulative - before[1], current.cumulative - before[0])[::2]
    either = (reference.counts[::2] > 0) & (current.counts[::2] > 0)
    return max(0.0, float(could_be[either].max(initial=0.0)) - seen)


def p_value(value: float, n: float, N: float) -> float:
    """Give the probability of a statistic this large when nothing changed.

    Kolmogorov's limit (1933) at ``z + 1 / (6 sqrt(m)) + (z - 1) / (4 m)``, ``m = n N / (n + N)`` and
    ``z = value sqrt(m)``: within about 1 % of the exact one for p > 1e-5 and m >= 1000 (Vrbik, 2018). With ties it
    is an upper bound.
    """
    m = n * N / (n + N)
    z = value * math.sqrt(m)
    return tails.kolmogorov_tail(z + 1 / (6 * math.sqrt(m)) + (z - 1) / (4 * m))


def exact_p_value(value: float, n: int, N: int) -> float:
    """Give scipy's exact probability of a statistic this large, for ``n N / (n + N)`` below 1000.

    The exact law depends on nothing but the two sizes and the statistic, so scipy is given two samples that
    have them: current at 1 to n, and the reference running ahead of it by ``value`` wherever it can.
    """
    from scipy import stats  # noqa: PLC0415 # 0.7 s to import: only for those who ask

    common = math.lcm(n, N)
    ahead = round(value * common)
    reached = np.arange(1, N + 1) * (common // N)
    reference = np.maximum(-((ahead - reached) // (common // n)), 0)
    return float(stats.ks_2samp(np.arange(1, n + 1), reference, method="exact").pvalue)


def critical(level: float, n: float, N: float) -> float:
    """Give the statistic exceeded with probability ``level`` when nothing changed: `p_value` inverted."""
    m = n * N / (n + N)
    z = (tails.kolmogorov_point(level) - 1 / (6 * math.sqrt(m)) + 1 / (4 * m)) / (1 + 1 / (4 * m))
    return min(1.0, z / math.sqrt(m))


def _p_value(value: float, reference: Sample, current: Sample) -> float:
    return p_value(value, float(current.n), float(reference.n))


def _error_bound(reference: Sample, current: Sample) -> float:
    is_exact = isinstance(reference.ruler, NumericalRuler) and reference.ruler.exact
    return 0.0 if is_exact else error_bound(reference, current)


KOLMOGOROV_SMIRNOV = Divergence(
    name="kolmogorov_smirnov",
    title="Kolmogorov-Smirnov",
    kinds=NUMERICAL,
    kernel=kolmogorov_smirnov,
    zero_cells="Empty cells leave both functions where they are.",
    source="Kolmogorov, 1933; Smirnov, 1939; correction: Vrbik, 2018",
    unit="ratio",
    p_value=_p_value,
    critical=critical,
    error_bound=_error_bound,
)
