"""The choice of drift test, and the tests against scipy."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial import distance
from tests.compat.tables import column_of

from modelvane.compat.distribution import Distribution
from modelvane.compat.stat_tests import Score, compare

SEEDED = np.random.default_rng(7)


def score(reference: object, window: object, feature_type: str = "num") -> Score:
    found = compare(Distribution.of(column_of(reference)), Distribution.of(column_of(window)), feature_type)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("rows", "distinct", "feature_type", "expected"),
    [
        (1000, 6, "num", "ks"),
        (1000, 5, "num", "chisquare"),
        (1000, 2, "num", "z"),
        (1000, 6, "cat", "chisquare"),
        (1000, 2, "cat", "z"),
        (1001, 6, "num", "wasserstein"),
        (1001, 5, "num", "jensenshannon"),
        (1001, 6, "cat", "jensenshannon"),
        (1001, 2, "cat", "jensenshannon"),
    ],
)
def test_choice(rows: int, distinct: int, feature_type: str, expected: str) -> None:
    """Reference rows and distinct values over both sides choose the test; the window's size does not."""
    reference = np.arange(rows, dtype=float) % distinct
    for window_rows in (10, 2000):
        assert score(reference, np.arange(window_rows, dtype=float) % distinct, feature_type).test == expected


def test_choice_counts_values_of_both_sides_and_rows_with_a_value() -> None:
    """A sixth value in the window alone calls for Kolmogorov-Smirnov, and missing rows do not count."""
    reference = np.concatenate([np.arange(1000.0) % 5, np.full(50, np.nan)])
    assert score(reference, np.arange(10.0) % 5).test == "chisquare"
    assert score(reference, np.arange(10.0) % 6).test == "ks"


@pytest.mark.parametrize("rows", [20, 1000])
def test_kolmogorov_smirnov(rows: int) -> None:
    """The p-value is scipy's on the raw samples, for small samples too."""
    reference, window = SEEDED.normal(size=rows).round(1), SEEDED.normal(0.2, size=200).round(1)
    assert score(reference, window).value == stats.ks_2samp(reference, window).pvalue


@pytest.mark.parametrize(
    ("rows", "apart"), [(7, 0), (7, 1), (7, 2), (30, 1), (30, 7), (200, 3), (1000, 1), (1000, 2), (1000, 40)]
)
def test_kolmogorov_smirnov_of_equal_sizes(rows: int, apart: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where scipy warns that its exact p-value is above 1 the score is what it takes instead.

    Nothing warns meanwhile, and filters of warnings are left alone: they are those of all threads.
    """
    reference = np.arange(rows, dtype=float)
    window = reference + apart - 0.5 if apart else reference
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        expected = stats.ks_2samp(reference, window).pvalue
    for name in ("catch_warnings", "simplefilter", "filterwarnings"):
        monkeypatch.delattr(warnings, name)
    assert score(reference, window).value == expected


def test_wasserstein() -> None:
    """The distance is scipy's, over the reference's population standard deviation."""
    reference, window = SEEDED.gamma(2, size=1500).round(2), SEEDED.gamma(2.2, size=300).round(2)
    expected = stats.wasserstein_distance(reference, window) / reference.std()
    assert score(reference, window).value == pytest.approx(expected, rel=1e-12)


def test_wasserstein_of_a_constant_reference() -> None:
    """A reference without spread is normed by 0.001."""
    assert score(np.full(1001, 3.0), 3.0 + np.arange(6.0)).value == pytest.approx(2.5 / 0.001)


def test_jensen_shannon() -> None:
    """The distance is scipy's with the natural logarithm, unseen categories included."""
    reference, window = SEEDED.choice(list("abc"), 1500, p=[0.5, 0.3, 0.2]), SEEDED.choice(list("bcd"), 90)
    p = [(reference == name).mean() for name in "abcd"]
    q = [(window == name).mean() for name in "abcd"]
    found = score(reference.tolist(), window.tolist(), "cat").value
    assert found == pytest.approx(distance.jensenshannon(p, q), rel=1e-12)


def test_chi_square_with_every_category_in_the_window() -> None:
    """The reference's scaled counts are taken as observed and the window's as expected, as in 2022."""
    reference, window = ["a"] * 50 + ["b"] * 30 + ["c"] * 20, ["a"] * 20 + ["b"] * 20 + ["c"] * 10
    expected = stats.chisquare(f_obs=[25, 15, 10], f_exp=[20, 20, 10]).pvalue
    assert score(reference, window, "cat").value == pytest.approx(expected, rel=1e-12)


def test_chi_square_without_a_category_in_the_window() -> None:
    """A category that the window lacks calls for homogeneity of the two samples, not for p = 0."""
    reference, window = ["a"] * 50 + ["b"] * 48 + ["c"] * 2, ["a"] * 26 + ["b"] * 24
    expected = stats.chi2_contingency([[50, 48, 2], [26, 24, 0]], correction=False).pvalue
    found = score(reference, window, "cat")
    assert found.value == pytest.approx(expected, rel=1e-12)
    assert not found.drifted


def test_two_proportions() -> None:
    """30 of 100 against 45 of 100: z = 0.15 / sqrt(0.375 * 0.625 * 0.02), both tails."""
    reference, window = ["yes"] * 30 + ["no"] * 70, ["no"] * 55 + ["yes"] * 45
    expected = math.erfc(0.15 / math.sqrt(0.375 * 0.625 * 0.02) / math.sqrt(2))
    found = score(reference, window, "cat")
    assert found.value == pytest.approx(expected, rel=1e-12)
    assert found.drifted


def test_one_value_everywhere_has_no_p_value() -> None:
    """Where both sides are one constant there is nothing to test, and no drift."""
    assert score(["a"] * 10, ["a"] * 5, "cat") == Score("z", None, drifted=False)


@pytest.mark.parametrize("side", [0, 1])
def test_an_empty_side_has_no_score(side: int) -> None:
    """A column of missing values on either side is not compared."""
    columns = [np.arange(10.0), np.arange(10.0)]
    columns[side] = np.full(10, np.nan)
    assert compare(Distribution.of(columns[0]), Distribution.of(columns[1]), "num") is None


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=40), st.sampled_from(["num", "cat"]), st.booleans())
def test_identical_samples_do_not_drift(values: list[int], feature_type: str, large: bool) -> None:
    """A sample against itself has p-value 1 or distance 0, by whichever test is chosen."""
    reference = np.array(values * (1001 if large else 1), dtype=float)
    found = score(reference, reference, feature_type)
    assert not found.drifted
    assert found.value is None or found.value == pytest.approx(0.0 if large else 1.0, abs=1e-7)
