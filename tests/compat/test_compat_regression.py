"""Regression series: against numpy and scipy, and hand-worked."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from tests.compat.tables import Values, compute

from modelvane.compat.regression import normal_line

NAN = math.nan
MONITOR = "regression_performance"


def bias(values: Values, feature: str, prefix: str = "current_") -> Values:
    groups = ("majority", "under", "over", "range")
    found = {}
    for group in groups:
        for feature_type in ("num", "cat"):
            labels = f"feature={feature},feature_type={feature_type},metric={prefix}{group}"
            name = f"{MONITOR}:feature_error_bias{{{labels}}}"
            if name in values:
                found[group] = values[name]
    return found


def regression(**window: object) -> Values:
    """Compute the series of a window that is its own reference."""
    return compute(MONITOR, window, window, task="regression")


def test_quality() -> None:
    """Errors 1, -2, 3: means and deviations with ddof 1; the mean percentage in percent, its deviation a ratio."""
    values = regression(target=[10.0, 20.0, 5.0], prediction=[11.0, 18.0, 8.0])
    relative = np.array([0.1, 0.1, 0.6])
    expected = {
        "mean_error": 2 / 3,
        "mean_abs_error": 2.0,
        "mean_abs_perc_error": 100 * relative.mean(),
        "error_std": np.std([1, -2, 3], ddof=1),
        "abs_error_std": 1.0,
        "abs_perc_error_std": relative.std(ddof=1),
    }
    for dataset in ("reference", "current"):
        for metric, value in expected.items():
            assert values[f"{MONITOR}:quality{{dataset={dataset},metric={metric}}}"] == pytest.approx(value)


@pytest.mark.parametrize("rows", [2, 3, 50])
def test_normality(rows: int) -> None:
    """Slope, intercept and r are scipy's least-squares line of a normal probability plot."""
    values = np.random.default_rng(rows).gamma(2, size=rows)
    slope, intercept, r = stats.probplot(values, dist="norm")[1]
    assert normal_line(values) == pytest.approx((slope, intercept, r), rel=1e-12)


def test_normality_of_equal_errors_is_undefined() -> None:
    """A line through equal errors has no correlation, and so no series."""
    values = regression(target=[1.0, 2.0, 3.0], prediction=[2.0, 3.0, 4.0])
    assert not [name for name in values if "error_normality" in name]
    assert values[f"{MONITOR}:quality{{dataset=current,metric=mean_error}}"] == 1.0


def test_error_groups() -> None:
    """Errors -10 to 10: quantiles -9 and 9, so that two errors are in either tail and 17 between."""
    errors = np.arange(-10.0, 11.0)
    values = regression(target=np.zeros(21), prediction=errors)
    expected = {
        ("underestimation", "mean_error"): -9.5,
        ("underestimation", "std_error"): math.sqrt(0.5),
        ("majority", "mean_error"): 0.0,
        ("majority", "std_error"): np.arange(-8, 9).std(ddof=1),
        ("overestimation", "mean_error"): 9.5,
        ("overestimation", "std_error"): math.sqrt(0.5),
    }
    for (group, metric), value in expected.items():
        name = f"{MONITOR}:underperformance{{dataset=current,metric={metric},type={group}}}"
        assert values[name] == pytest.approx(value, abs=1e-12)


def test_numerical_bias() -> None:
    """A feature's mean over all rows and per tail, and their distance in percent of the feature's range."""
    errors = np.arange(-10.0, 11.0)
    values = regression(target=np.zeros(21), prediction=errors, x=errors**2)
    expected = {"majority": np.mean(errors**2), "under": 90.5, "over": 90.5, "range": 0.0}
    assert bias(values, "x") == bias(values, "x", "ref_") == pytest.approx(expected)
    shifted = regression(target=np.zeros(21), prediction=errors, x=errors)
    assert bias(shifted, "x")["range"] == pytest.approx(100 * 19 / 20)


def test_categorical_bias() -> None:
    """Modes of numeric categories are series, the first of equally common ones; the range says if they differ."""
    errors = np.arange(-10.0, 11.0)
    groups = [3, 2] + [5] * 17 + [5, 5]
    values = regression(target=np.zeros(21), prediction=errors, c=groups)
    assert bias(values, "c") == {"majority": 5.0, "under": 3.0, "over": 5.0, "range": 1.0}
    names = regression(target=np.zeros(21), prediction=errors, c=["a"] * 21)
    assert bias(names, "c") == {"range": 0.0}


def test_constant_feature_has_no_range() -> None:
    """A constant feature's bias range is 0, however its means are rounded."""
    values = regression(target=np.zeros(21), prediction=np.arange(-10.0, 11.0), x=np.full(21, 0.1))
    assert bias(values, "x")["range"] == 0.0


def test_only_rows_without_target_or_prediction_are_left_out() -> None:
    """A missing target drops its row everywhere; a missing feature drops it from that feature's bias alone."""
    whole = regression(
        target=[1.0, 2.0, 3.0], prediction=[2.0, 4.0, 6.0], x=[1.0, 2.0, NAN], y=[1.0, 2.0, 3.0]
    )
    part = regression(
        target=[1.0, NAN, 2.0, 3.0, 9.0],
        prediction=[2.0, 5.0, 4.0, 6.0, math.inf],
        x=[1.0, 7.0, 2.0, NAN, 8.0],
        y=[1.0, 7.0, 2.0, 3.0, 8.0],
    )
    assert part == whole
    assert bias(whole, "x")["majority"] == 1.5
    assert bias(whole, "y")["majority"] == 2.0


def test_a_missing_feature_loses_its_bias_alone() -> None:
    """A window without a feature, or with an empty one, has every other series as before."""
    table = {
        "target": [1.0, 2.0, 3.0],
        "prediction": [2.0, 4.0, 6.0],
        "x": [1.0, 2.0, 3.0],
        "c": ["a", "a", "b"],
    }
    whole = compute(MONITOR, table, table, task="regression")
    without = {name: values for name, values in table.items() if name not in ("x", "c")}
    empty = {**table, "x": [NAN] * 3, "c": [None] * 3}
    for window in (without, empty):
        found = compute(MONITOR, table, window, task="regression")
        assert found.items() <= whole.items()
        assert {name for name in whole if name not in found} == {
            name for name in whole if "feature_error_bias" in name and "metric=current_" in name
        }


def test_without_labels_there_is_the_reference_alone() -> None:
    """A window without targets has no series of its own, and no error."""
    reference = {"target": [1.0, 2.0, 3.0], "prediction": [2.0, 4.0, 6.0]}
    found = compute(MONITOR, reference, {"prediction": [2.0]}, task="regression")
    assert found
    assert not [name for name in found if "current" in name]
