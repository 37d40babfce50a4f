"""How far the order of features may move when nothing changed.

A distance between orders is 0 in most windows and jumps where two features swap: no curve fits its tail. But whether
two features swap depends on the mean of one difference, of which the reference tells three moments. So the pairs that
sampling may swap are found first, and the noise floor is what the worst order can lose that swaps no others.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.attribution.ranking import ROUNDING, Floats, discounts, rank_distance
from modelvane.calibration.habit import Habit, habit_of
from modelvane.calibration.null import moments_of, pearson_tail

MOMENT_ROWS = 50_000
"""Rows of the reference, evenly spaced, that moments are taken of."""
_GRID = 17


class PairNoise(Struct, frozen=True, eq=False):
    """Moments of ``|contribution of i| - |contribution of j|`` over the reference's rows.

    Parameters
    ----------
    std, skew
        Shape ``(features, features)``.
    rows
        Of the reference, whose means are samples, too.
    """

    std: Floats
    skew: Floats
    rows: int

    @classmethod
    def of(cls, sizes: Floats) -> PairNoise:
        """Learn from sizes of contributions, shape ``(features, rows)``."""
        features, rows = sizes.shape
        some = sizes[:, np.linspace(0, rows - 1, min(rows, MOMENT_ROWS)).astype(np.intp)]
        std, skew = np.zeros((2, features, features))
        for i in range(features):
            for j in range(i):
                _, std[i, j], skew[i, j] = moments_of(some[i] - some[j])
                std[j, i], skew[j, i] = std[i, j], -skew[i, j]
        return cls(std, skew, rows)

    def swappable(self, means: Floats, level: float, n: int) -> NDArray[np.bool_]:
        """Say of each pair, the feature that is ahead first, whether n rows may swap it.

        The null is two-sample: of the window's mean difference and of the reference's, ``1/n + 1/N`` times the variance
        of a row. Each pair has its share of the level (Bonferroni), and a Pearson III for its tail.
        """
        features = len(means)
        pairs = features * (features - 1) / 2
        spread = 1 / n + 1 / self.rows
        lopsided = (1 / n**2 - 1 / self.rows**2) / spread**1.5
        gaps = means[:, None] - means[None, :]
        reach = _points(level / pairs, -self.skew * lopsided) * self.std * spread**0.5
        return np.asarray((gaps > 0) & (gaps <= reach))

    def floor(self, means: Floats, level: float, n: int) -> float:
        """Give the rank distance that n rows exceed with at most probability ``level``, when nothing changed.

        Any order is reached by swapping neighbours, each pair once; where i is right ahead of j at rank p, their swap
        costs ``(gain_i - gain_j) (discount_p - discount_p+1)``. Both then stand at p, so p is no better than the best
        rank that either can have.
        """
        if len(means) < 2 or not means.any():
            return 0.0
        may_swap = self.swappable(means, level, n)
        ahead = means[:, None] > means[None, :]
        # features that are certainly ahead
        best = (ahead & ~may_swap).sum(axis=0)
        steps = -np.diff(discounts(len(means) + 1))
        lost = (means[:, None] - means[None, :]) * steps[np.maximum(best[:, None], best[None, :])]
        if not may_swap.any():
            return 0.0
        ideal = float(np.sort(means)[::-1] @ discounts(len(means)))
        # where two features alone may swap, the distance of their swap is the floor, and would be above it by rounding
        return min(1.0, float(lost[may_swap].sum()) / ideal + ROUNDING)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give everything as one array."""
        return {"pairs": np.stack([self.std, self.skew])}

    @classmethod
    def read(cls, rows: int, arrays: Mapping[str, NDArray[Any]]) -> PairNoise:
        """Read what `arrays` gave."""
        std, skew = arrays["pairs"].astype(np.float64)
        return cls(std, skew, rows)


def _points(level: float, skew: Floats) -> Floats:
    """Give the standard deviates that Pearson's curves of these skewnesses exceed with probability ``level``.

    They bend upwards with the skewness, so that lines between a few of them err to the safe side.
    """
    grid = np.linspace(float(skew.min()), float(skew.max()), _GRID)
    points = [_point(level, each) for each in grid.tolist()]
    return np.interp(skew, grid, points)


@lru_cache(1024)
def _point(level: float, skew: float) -> float:
    # a full window asks for the same ones again and again
    return pearson_tail(level, 0.0, 1.0, skew)


def rank_habit(sizes: Floats) -> Habit | None:
    """Fit how far the order usually moves: windows in time order, each against the rest of the reference.

    Parameters
    ----------
    sizes
        Of contributions in time order, shape ``(features, rows)``.
    """
    features, rows = sizes.shape
    running = np.concatenate((np.zeros((features, 1)), np.cumsum(sizes, axis=1)), axis=1).T

    def value_of(starts: NDArray[np.int64], n: int) -> Floats:
        windows = running[starts + n] - running[starts]
        rest = np.maximum(running[-1] - windows, 0.0)
        pairs = zip(rest, windows, strict=True)
        return np.array([rank_distance(gains, scores) if gains.any() else np.nan for gains, scores in pairs])

    return habit_of(rows, value_of, bounded=True)
