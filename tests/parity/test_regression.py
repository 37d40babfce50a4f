"""Regression statistics against scikit-learn and numpy on the raw rows."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from modelvane.casting import Numbers, as_numbers
from modelvane.statistics.regression import LEVELS, REGRESSION
from modelvane.tallies.regression import RegressionRuler, RegressionTally
from modelvane.undefined import Undefined

FUNCTIONS = {statistic.name: statistic.function for statistic in REGRESSION}
EXPECTED = {
    "mean_error": lambda p, t: np.mean(p - t),
    "mean_absolute_error": lambda p, t: metrics.mean_absolute_error(t, p),
    "root_mean_squared_error": lambda p, t: metrics.root_mean_squared_error(t, p),
    "mean_absolute_percentage_error": lambda p, t: metrics.mean_absolute_percentage_error(t, p),
    "symmetric_mean_absolute_percentage_error": lambda p, t: np.mean(2 * abs(p - t) / (abs(p) + abs(t))),
    "r_squared": lambda p, t: metrics.r2_score(t, p),
    "max_error": lambda p, t: metrics.max_error(t, p),
    "error_standard_deviation": lambda p, t: np.std(p - t, ddof=1),
}


def _rows(seed: int, n: int, drift: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    target = rng.lognormal(2.5, 0.6, n)
    return target * rng.lognormal(drift, 0.1, n) + rng.normal(0.0, 2.0, n), target


def _tally(ruler: RegressionRuler, prediction: np.ndarray, target: np.ndarray) -> RegressionTally:
    return RegressionTally.of(ruler, Numbers(prediction, None), Numbers(target, None))


def _ruler(prediction: np.ndarray | None, target: np.ndarray) -> RegressionRuler:
    return RegressionRuler.of(
        Numbers(target, None), None if prediction is None else Numbers(prediction, None)
    )


@pytest.mark.parametrize("with_predictions", [True, False])
@pytest.mark.parametrize("drift", [0.0, 0.7])
@pytest.mark.parametrize("name", EXPECTED)
def test_means_agree_to_the_quantum(name: str, drift: float, with_predictions: bool) -> None:
    """Means of errors and their squares equal scikit-learn's to 1e-9, drifted or not."""
    reference = _rows(1, 20_000)
    ruler = _ruler(reference[0] if with_predictions else None, reference[1])
    prediction, target = _rows(2, 5_000, drift)
    found = FUNCTIONS[name](_tally(ruler, prediction, target))
    assert found == pytest.approx(EXPECTED[name](prediction, target), rel=1e-9, abs=1e-11)


@pytest.mark.parametrize("n", [1, 2, 7, 100, 5_000])
def test_error_quantiles_agree_within_a_cell(n: int) -> None:
    """Error quantiles are within the largest cell around the raw rows' own, and nearly equal in small windows."""
    ruler = _ruler(*_rows(1, 20_000))
    prediction, target = _rows(3, n)
    found = FUNCTIONS["error_quantile"](_tally(ruler, prediction, target))
    expected = np.quantile(prediction - target, LEVELS)
    assert [float(level) for level in found] == list(LEVELS)
    assert list(found.values()) == pytest.approx(expected.tolist(), abs=0.01)


def test_error_quantiles_are_exact_where_errors_are_edges() -> None:
    """Where every error is an edge, quantiles equal numpy's."""
    rng = np.random.default_rng(4)
    target = rng.integers(1, 50, 4_000).astype(float)
    prediction = target + rng.integers(-30, 31, 4_000) / 4
    found = FUNCTIONS["error_quantile"](_tally(_ruler(prediction, target), prediction[:999], target[:999]))
    assert list(found.values()) == np.quantile((prediction - target)[:999], LEVELS).tolist()


def test_estimation_groups_agree_with_numpy() -> None:
    """Groups are those of the reference's 5 % and 95 % error quantiles, applied to the window."""
    reference = _rows(1, 20_000)
    low, high = np.quantile(reference[0] - reference[1], (0.05, 0.95))
    prediction, target = _rows(2, 5_000, 0.05)
    error = prediction - target
    tally = _tally(_ruler(*reference), prediction, target)
    groups = {"under": error < low, "majority": (error >= low) & (error <= high), "over": error > high}
    for name, rows in groups.items():
        assert FUNCTIONS["estimation_group_share"](tally)[name] == rows.mean()
        assert FUNCTIONS["estimation_group_mean_error"](tally)[name] == pytest.approx(
            error[rows].mean(), rel=1e-9
        )


def test_targets_of_zero_are_left_out_of_percentages_and_counted() -> None:
    """A target of 0 has no percentage error: it is counted apart and the others keep theirs."""
    ruler = _ruler(*_rows(1, 1_000))
    tally = _tally(ruler, np.array([1.0, 11.0, 0.0]), np.array([0.0, 10.0, 0.0]))
    assert tally.sums.zero_targets == 2
    assert FUNCTIONS["mean_absolute_percentage_error"](tally) == pytest.approx(0.1)
    # 2, 2/21 and, both being 0, 0
    assert FUNCTIONS["symmetric_mean_absolute_percentage_error"](tally) == pytest.approx((2 + 2 / 21) / 3)
    zeros = _tally(ruler, np.array([1.0]), np.array([0.0]))
    assert FUNCTIONS["mean_absolute_percentage_error"](zeros) == Undefined("every target in the window is 0")


def test_a_constant_target_has_no_r_squared() -> None:
    """R² is undefined for a constant target and for a single row."""
    ruler = _ruler(*_rows(1, 1_000))
    constant = _tally(ruler, np.array([1.0, 2.0]), np.array([3.3, 3.3]))
    assert FUNCTIONS["r_squared"](constant) == Undefined("the target is constant in the window")
    assert isinstance(FUNCTIONS["r_squared"](_tally(ruler, np.array([1.0]), np.array([3.3]))), Undefined)


def test_groups_need_predictions_in_the_reference() -> None:
    """Without reference predictions there are no limits, so groups are undefined and the rest is not."""
    tally = _tally(_ruler(None, _rows(1, 1_000)[1]), *_rows(2, 100))
    shares = FUNCTIONS["estimation_group_share"](tally)
    assert set(shares) == {"under", "majority", "over"}
    assert all(isinstance(value, Undefined) and "no predictions" in value.why for value in shares.values())
    assert isinstance(FUNCTIONS["mean_error"](tally), float)


def test_one_huge_error_leaves_the_root_of_its_square_in_range() -> None:
    """An error whose square is beyond any float still has a root mean square."""
    ruler = _ruler(*_rows(1, 1_000))
    tally = RegressionTally.of(ruler, as_numbers([1e250, 1.0]), as_numbers([0.0, 1.0]))
    assert FUNCTIONS["root_mean_squared_error"](tally) == pytest.approx(1e250 / np.sqrt(2))
