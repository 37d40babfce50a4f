"""The noise floor: moments of draws against whole rows drawn one window at a time, and tails against scipy."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from modelvane.calibration import null, urn
from modelvane.calibration.null import NullMoments, null_moments, pearson_tail, sizes
from modelvane.casting import Numbers, as_categories
from modelvane.divergences import DIVERGENCES
from modelvane.ruler import CategoricalRuler, NumericalRuler
from modelvane.tallies.categorical import CategoricalTally, Codes
from modelvane.tallies.numerical import NumericalTally
from modelvane.tallies.sample import Sample

ROWS = 900
DRAWS = 400
SampleOf = Callable[[NDArray[np.intp]], Sample]


def _amounts(budget: int) -> SampleOf:
    values = np.random.default_rng(11).lognormal(size=ROWS)
    ruler = NumericalRuler.of(values, budget=budget)
    return lambda index: NumericalTally.of(ruler, Numbers(values[index], None)).sample


def _categories() -> SampleOf:
    names = np.random.default_rng(12).choice(list("abcdefgh"), ROWS, p=np.arange(8, 0, -1) / 36)
    categories = as_categories(names.tolist())
    codes = Codes.of(CategoricalRuler.of(categories), categories)
    ruler = CategoricalRuler.of(categories)
    return lambda index: CategoricalTally.of(ruler, codes.take(index)).sample


COLUMNS = {"edges": _amounts(1024), "cells": _amounts(48), "categories": _categories()}


def _windows(n: int) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Draw rows of the reference and the rest of it; with replacement, and anew, when n is over half."""
    rng = np.random.default_rng(n)
    for _ in range(DRAWS):
        if 2 * n > ROWS:
            yield rng.integers(0, ROWS, ROWS), rng.integers(0, ROWS, n)
        else:
            order = rng.permutation(ROWS)
            yield order[n:], order[:n]


@pytest.mark.parametrize("n", [5, 300, 3600])
@pytest.mark.parametrize(
    ("method", "column"),
    [
        ("jensen_shannon", "categories"),
        ("jensen_shannon", "cells"),
        ("wasserstein", "edges"),
        ("wasserstein", "cells"),
        ("total_variation", "categories"),
    ],
)
def test_moments_are_those_of_whole_rows(method: str, column: str, n: int) -> None:
    """Mean and spread of squares over draws of counts are those of windows of rows, to the sampling error of either."""
    divergence, sample_of = DIVERGENCES[method], COLUMNS[column]
    moments = null_moments(divergence, sample_of(np.arange(ROWS)))
    kernel = divergence.kernel
    values = np.array([kernel(sample_of(rest), sample_of(drawn)) for rest, drawn in _windows(n)])
    # moments are of squares
    values = values ** (2 / divergence.degree)
    mean, std, _ = moments.at(n)
    sampling = math.sqrt(1 / DRAWS + 1 / null.DRAWS)
    assert mean == pytest.approx(values.mean(), abs=4 * values.std() * sampling)
    # heavier tails make a standard deviation less certain
    kurtosis = stats.kurtosis(values, fisher=False)
    assert std == pytest.approx(values.std(), rel=4 * sampling * math.sqrt((kurtosis - 1) / 4))


def test_unions_of_blocks_are_draws_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The quick way for large references, unions of blocks of few shuffles, gives the moments of single shuffles."""
    divergence, sample = DIVERGENCES["jensen_shannon"], COLUMNS["categories"](np.arange(ROWS))
    direct = null_moments(divergence, sample)
    monkeypatch.setattr(urn, "_DIRECT_VALUES", 0)
    quick = null_moments(divergence, sample)
    # blocks are of equal width, so windows are of a whole number of them
    for n in quick.sizes[(quick.sizes >= 14) & (quick.sizes <= ROWS / 2)]:
        assert quick.at(n)[0] == pytest.approx(direct.at(n)[0], rel=0.08)
        assert quick.at(n)[1] == pytest.approx(direct.at(n)[1], rel=0.2)


def test_a_window_as_large_as_the_reference_is_not_compared_with_an_exact_one() -> None:
    """For large windows the null stays that of two samples: it falls to the reference's own noise and no further."""
    divergence, sample = DIVERGENCES["jensen_shannon"], COLUMNS["categories"](np.arange(ROWS))
    moments = null_moments(divergence, sample)
    # of squares, to which both sides add alike
    one_sided = moments.at(ROWS)[0] / 2
    assert moments.at(32 * ROWS)[0] == pytest.approx(one_sided, rel=0.06)
    assert moments.at(10_000 * ROWS) == moments.at(32 * ROWS)


@pytest.mark.parametrize(("n", "N"), [(100, 1000), (1000, 1000), (400, 20_000)])
@pytest.mark.parametrize("level", [0.1, 0.01])
def test_kolmogorov_smirnov_has_an_analytic_line(n: int, N: int, level: float) -> None:
    """The analytic critical value is exceeded as often as the level says by draws of one distribution."""
    critical = DIVERGENCES["kolmogorov_smirnov"].critical
    assert critical is not None
    rng = np.random.default_rng(n + N)
    draws = 2000
    grid = np.arange(n + N)
    exceeded = 0
    for _ in range(draws):
        current = np.zeros(n + N, bool)
        current[rng.choice(grid, n, replace=False)] = True
        gap = np.cumsum(current) / n - np.cumsum(~current) / N
        exceeded += np.abs(gap).max() > critical(level, n, N)
    assert exceeded / draws == pytest.approx(level, abs=4 * math.sqrt(level / draws))


@pytest.mark.parametrize("level", [0.5, 0.05, 5e-5, 1e-8])
@pytest.mark.parametrize("skew", [-1.5, -0.2, -1e-2, 1e-2, 0.3, 1.0, 4.0])
def test_the_tail_is_scipys(skew: float, level: float) -> None:
    """The Pearson III quantile is scipy's."""
    expected = stats.pearson3.isf(level, skew, loc=0.2, scale=0.05)
    assert pearson_tail(level, 0.2, 0.05, skew) == pytest.approx(expected, rel=1e-6)


def test_the_tail_without_skew_is_normal_and_without_spread_a_point() -> None:
    """Near zero skewness the tail passes into the normal one; without any spread it is the mean."""
    assert pearson_tail(0.01, 1.0, 2.0, 0.0) == pytest.approx(stats.norm.isf(0.01, 1.0, 2.0))
    assert pearson_tail(0.01, 1.0, 2.0, 1e-3) == pytest.approx(stats.norm.isf(0.01, 1.0, 2.0), rel=1e-2)
    assert pearson_tail(0.01, 1.0, 0.0, 3.0) == 1.0


def test_moments_between_sizes_lie_between_them() -> None:
    """Moments are their own at the sizes, between their neighbours elsewhere, and survive being written."""
    moments = null_moments(DIVERGENCES["jensen_shannon"], COLUMNS["categories"](np.arange(ROWS)))
    for i, n in enumerate(moments.sizes.tolist()):
        assert moments.at(n) == pytest.approx((moments.mean[i], moments.std[i], moments.skew[i]))
    for low, high in zip(moments.sizes[:-1].tolist(), moments.sizes[1:].tolist(), strict=True):
        assert moments.at(low)[0] > moments.at(math.sqrt(low * high))[0] > moments.at(high)[0]
    assert moments.at(2)[0] > moments.at(5)[0]
    read = NullMoments.from_array(moments.to_array())
    assert read.exceeded_with(1e-4, 77) == moments.exceeded_with(1e-4, 77)


def test_the_same_reference_gives_the_same_moments() -> None:
    """Draws are seeded: building a reference twice gives one file."""
    sample = COLUMNS["categories"](np.arange(ROWS))
    one, other = (null_moments(DIVERGENCES["jensen_shannon"], sample).to_array() for _ in range(2))
    np.testing.assert_array_equal(one, other)


def test_sizes_reach_from_five_rows_to_32_references() -> None:
    """Sizes below half of the reference are drawn from it, three larger ones are redrawn."""
    assert sizes(76_000) == [5, 10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 76_000, 304_000, 2_432_000]
    assert sizes(3) == [3, 12, 96]
