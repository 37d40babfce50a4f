"""The 2022 choice of drift test, and the tests: pure functions of two distributions.

Up to 1000 reference rows the score is a p-value (Kolmogorov-Smirnov, chi-square, two-proportion z), above
that a distance (Wasserstein over the reference's standard deviation, Jensen-Shannon). The size of the window
plays no part.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from modelvane.later import special

if TYPE_CHECKING:
    from modelvane.compat.distribution import Distribution

FeatureType: TypeAlias = Literal["num", "cat"]

SMALL_REFERENCE = 1000
FEW_VALUES = 5
P_VALUE_LIMIT = 0.05
DISTANCE_LIMIT = 0.1
SMALLEST_NORM = 0.001


@dataclass(frozen=True, slots=True)
class Score:
    """A p-value or a distance, as ``test`` says; ``None`` where the test has no value, which is no drift."""

    test: str
    value: float | None
    drifted: bool


def compare(reference: Distribution, window: Distribution, feature_type: FeatureType) -> Score | None:
    """Compare two distributions by the test that 0.1.54 would have chosen.

    Returns ``None`` where one side has no value to compare, or where a numerical comparison is asked of text.
    """
    if not reference.rows or not window.rows:
        return None
    if feature_type == "num" and not reference.kind == window.kind == "numerical":
        return None
    distinct = _distinct(reference, window)
    small = reference.rows <= SMALL_REFERENCE
    if feature_type == "num" and distinct > FEW_VALUES:
        return _kolmogorov_smirnov(reference, window) if small else _wasserstein(reference, window)
    if not small:
        return _jensen_shannon(reference, window)
    return _chi_square(reference, window) if distinct > 2 else _two_proportions(reference, window)


def _distinct(reference: Distribution, window: Distribution) -> int:
    # only few need counting over both sides: a lower bound decides as well where it is above the limit
    bound = max(reference.values.size, window.values.size)
    return bound if bound > FEW_VALUES else len(reference.frequencies.keys() | window.frequencies.keys())


def _kolmogorov_smirnov(reference: Distribution, window: Distribution) -> Score:
    from scipy.stats import ks_2samp  # noqa: PLC0415 - takes most of a second to import

    # the exact one may come out above 1 where it is 1; scipy says so in a warning, and takes the asymptotic one
    is_above = reference.rows == window.rows and _exact_of_equal_sizes(reference, window) > 1
    method = "asymp" if is_above else "auto"
    p = float(ks_2samp(reference.expanded(), window.expanded(), method=method).pvalue)
    return Score("ks", p, p <= P_VALUE_LIMIT)


def _exact_of_equal_sizes(reference: Distribution, window: Distribution) -> float:
    """Give the exact p-value of two samples of one size as scipy computes it: Gnedenko and Korolyuk, 1951."""
    rows = window.rows
    points = np.union1d(reference.values, window.values)
    apart = round(float(np.abs(_cdf(reference, points) - _cdf(window, points)).max()) * rows)
    if not apart:
        return 1.0
    outside = 0.0
    for turns in range(rows // apart, -1, -1):
        paths = 1.0
        for step in range(apart):
            paths = (rows - turns * apart - step) * paths / (rows + turns * apart + step + 1)
        outside = paths * (1.0 - outside)
    return 2 * outside


def _chi_square(reference: Distribution, window: Distribution) -> Score:
    before, now = _paired(reference, window)
    if now.all():
        # 0.1.54 divided by the window's counts, where Pearson's formula has the reference's
        statistic = float(np.sum((before * (window.rows / reference.rows) - now) ** 2 / now))
    else:
        # which is by zero for a category that the window lacks: homogeneity of the two samples instead
        statistic = _homogeneity(before, now)
    p = float(special.chdtrc(now.size - 1, statistic))
    return Score("chisquare", p, p < P_VALUE_LIMIT)


def _homogeneity(before: np.ndarray, now: np.ndarray) -> float:
    table = np.stack([before, now])
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / table.sum()
    return float(np.sum((table - expected) ** 2 / expected))


def _two_proportions(reference: Distribution, window: Distribution) -> Score:
    before, now = _paired(reference, window)
    share, share_now = before[0] / reference.rows, now[0] / window.rows
    pooled = (before[0] + now[0]) / (reference.rows + window.rows)
    variance = pooled * (1 - pooled) * (1 / reference.rows + 1 / window.rows)
    if variance == 0:  # one and the same value everywhere: nothing to test
        return Score("z", None, drifted=False)
    p = float(2 * (1 - special.ndtr(abs(share - share_now) / math.sqrt(variance))))
    return Score("z", p, p < P_VALUE_LIMIT)


def _wasserstein(reference: Distribution, window: Distribution) -> Score:
    points = np.union1d(reference.values, window.values)
    gap = np.abs(_cdf(reference, points) - _cdf(window, points))
    distance = float(np.dot(gap[:-1], np.diff(points))) / max(reference.std(), SMALLEST_NORM)
    return Score("wasserstein", distance, distance >= DISTANCE_LIMIT)


def _cdf(distribution: Distribution, points: np.ndarray) -> np.ndarray:
    cumulative = np.concatenate([[0], np.cumsum(distribution.counts)])
    return cumulative[np.searchsorted(distribution.values, points, side="right")] / distribution.rows


def _jensen_shannon(reference: Distribution, window: Distribution) -> Score:
    p, q = _paired(reference, window)
    p, q = p / reference.rows, q / window.rows
    middle = (p + q) / 2
    divergence = (special.rel_entr(p, middle).sum() + special.rel_entr(q, middle).sum()) / 2
    distance = math.sqrt(max(float(divergence), 0.0))
    return Score("jensenshannon", distance, distance >= DISTANCE_LIMIT)


def _paired(reference: Distribution, window: Distribution) -> tuple[np.ndarray, np.ndarray]:
    before, now = reference.frequencies, window.frequencies
    keys = list(before) + [key for key in now if key not in before]
    first = np.array([before.get(key, 0) for key in keys], dtype=np.float64)
    second = np.array([now.get(key, 0) for key in keys], dtype=np.float64)
    return first, second
