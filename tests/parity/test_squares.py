"""Points of weighted sums of squares against scipy's chi-square and against draws."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from modelvane.multivariate.squares import squares_point


@pytest.mark.parametrize("squares", [1, 2, 5, 100])
@pytest.mark.parametrize("level", [0.1, 1e-3, 1e-5, 1e-9])
def test_equal_weights_have_chi_squares_points(squares: int, level: float) -> None:
    """As many squares of one weight are a chi-square of so many degrees of freedom, far out too."""
    expected = 3 * stats.chi2.isf(level, squares)
    assert squares_point((3.0,) * squares + (0.0,), level) == pytest.approx(expected, rel=0.015)


def test_unequal_weights_keep_their_level() -> None:
    """Weights as those of a covariance's eigenvalues: sums exceed a point as often as its level says."""
    weights = 0.5 ** np.arange(12)
    rng, draws = np.random.default_rng(0), 400_000
    sums = np.concatenate([rng.standard_normal((draws // 8, 12)) ** 2 @ weights for _ in range(8)])
    for level in (0.1, 0.01, 1e-3):
        exceeded = int((sums > squares_point(tuple(weights.tolist()), level)).sum())
        assert exceeded == pytest.approx(level * draws, rel=0.03, abs=4 * (level * draws) ** 0.5)


def test_without_any_weight_there_is_no_sum() -> None:
    """Features that never vary have no noise."""
    assert squares_point((), 1e-5) == 0.0
    assert squares_point((0.0, 0.0), 1e-5) == 0.0
