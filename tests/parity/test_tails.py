"""Tails and their inverses against scipy's."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special, stats

from modelvane import tails
from modelvane.divergences.entropy import relative_entropy

LEVELS = [0.9, 0.5, 0.05, 5e-5, 5e-6, 1e-9, 1e-15]
SHAPES = [1e-3, 0.04, 0.5, 0.99, 1.0, 1.9, 12.5, 15.9, 16.1, 300.0, 5e4, 4e6]


@pytest.mark.parametrize("level", LEVELS)
def test_points_of_one_argument_are_scipys(level: float) -> None:
    """Those of the normal distribution and of Kolmogorov's are scipy's."""
    assert tails.normal_point(level) == pytest.approx(-special.ndtri(level), rel=1e-12, abs=1e-15)
    assert tails.kolmogorov_point(level) == pytest.approx(special.kolmogi(level), rel=1e-12)


@pytest.mark.parametrize("z", [-1.0, 0.0, 1e-3, 0.2, 0.5, 0.9, 1.0, 1.001, 1.2, 2.0, 5.0, 18.0, 50.0])
def test_kolmogorovs_tail_is_scipys(z: float) -> None:
    """Whichever of the two series it takes."""
    assert tails.kolmogorov_tail(z) == pytest.approx(special.kolmogorov(z), rel=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("deviate", [-3.0, -0.5, 0.0, 0.1, 2.0, 6.0, 20.0])
def test_the_gamma_tail_is_scipys(shape: float, deviate: float) -> None:
    """At many standard deviations from the mean, and for few and many degrees of freedom."""
    x = max(shape + deviate * math.sqrt(shape), 0.0)
    assert tails.gamma_tail(shape, x) == pytest.approx(special.gammaincc(shape, x), rel=3e-11)
    assert tails.chi_square_tail(2 * shape, 2 * x) == tails.gamma_tail(shape, x)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("level", LEVELS)
def test_gamma_points_are_scipys(shape: float, level: float) -> None:
    """On either side of the distribution; what is nearly nothing is nothing."""
    # scipy's own lower tail of four million is 2e-4 off: sums of 50 digits agree with ours
    near = 1e-11 if shape < 1e6 else 3e-7
    above, below = special.gammainccinv(shape, level), special.gammaincinv(shape, level)
    assert tails.gamma_point(shape, level) == pytest.approx(above, rel=1e-11, abs=1e-290)
    assert tails.gamma_point_below(shape, level) == pytest.approx(below, rel=near, abs=1e-290)


@pytest.mark.parametrize("n", [1, 7, 500, 100_000])
@pytest.mark.parametrize(
    ("count", "rows"), [(0, 1), (0, 20_000), (3, 20_000), (9000, 20_000), (199_999, 200_000)]
)
@pytest.mark.parametrize("level", LEVELS)
def test_a_two_sample_point_keeps_its_level_and_no_count_below_does(
    n: int, count: int, rows: int, level: float
) -> None:
    """By scipy's hypergeometric: one row more is too improbable, the point itself is not."""
    found = tails.two_sample_point(n, count, rows, level)

    def chance(drawn: int) -> float:
        return float(stats.hypergeom.sf(drawn - 1, n + rows, drawn + count, n))

    assert found == n or chance(found + 1) <= level * (1 + 1e-7)
    assert found == 0 or chance(found) > level * (1 - 1e-7)


def test_levels_that_are_none_have_the_end_of_the_line() -> None:
    """Nothing exceeds infinity, and everything the least value."""
    points = (tails.normal_point, tails.kolmogorov_point, lambda level: tails.gamma_point(2.0, level))
    assert [point(0.0) for point in points] == [math.inf] * 3
    assert [point(1.0) for point in points] == [-math.inf, 0.0, 0.0]
    assert [tails.gamma_point_below(2.0, level) for level in (0.0, 1.0)] == [0.0, math.inf]
    assert tails.gamma_tail(2.0, 0.0) == 1.0


def test_relative_entropy_is_scipys() -> None:
    """Shares that hardly differ, that differ by orders of magnitude, and empty ones."""
    p = np.array([0.0, 0.0, 0.3, 0.3, 0.3, 1e-300, 1.0])
    q = np.array([0.0, 0.2, 0.0, 0.3 + 1e-12, 1e-200, 1.0, 1.0])
    assert relative_entropy(p, q) == pytest.approx(special.rel_entr(p, q), rel=1e-9, abs=1e-16)
