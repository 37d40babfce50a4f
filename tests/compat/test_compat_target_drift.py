"""Target drift series: correlations, counts, and which columns are compared."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from tests.compat.tables import compute

NAN = math.nan


def test_correlations() -> None:
    """Each feature correlates with target and prediction over the rows where both are there, and each with itself."""
    rng = np.random.default_rng(3)
    table = {name: rng.normal(size=40) for name in ("target", "prediction", "x")}
    gaps = {**table, "x": np.where(np.arange(40) % 4 == 0, NAN, table["x"])}
    values = compute("num_target_drift", table, gaps, task="regression")
    there = np.isfinite(gaps["x"])
    for kind in ("target", "prediction"):
        labels = f"{{feature=x,feature_type=num,kind={kind}}}"
        expected = np.corrcoef(table["x"], table[kind])[0, 1]
        now = np.corrcoef(table["x"][there], table[kind][there])[0, 1]
        assert values[f"num_target_drift:reference_correlations{labels}"] == pytest.approx(expected)
        assert values[f"num_target_drift:current_correlations{labels}"] == pytest.approx(now)
        itself = f"num_target_drift:current_correlations{{feature={kind},feature_type=num,kind={kind}}}"
        assert values[itself] == pytest.approx(1.0)


def test_a_constant_feature_has_no_correlation() -> None:
    """A correlation with a constant is undefined, and has no series."""
    table = {"target": [1.0, 2.0, 3.0], "x": [4.0, 4.0, 4.0]}
    values = compute("num_target_drift", table, table)
    assert not [name for name in values if "feature=x" in name]


def test_numerical_drift_and_counts() -> None:
    """Counts are of all rows; the score is Kolmogorov-Smirnov's for a small reference."""
    reference, window = {"target": np.arange(20.0)}, {"target": np.arange(5.0, 17.0)}
    values = compute("num_target_drift", reference, window)
    assert values["num_target_drift:count{dataset=reference}"] == 20
    assert values["num_target_drift:count{dataset=current}"] == 12
    expected = stats.ks_2samp(reference["target"], window["target"]).pvalue
    assert values["num_target_drift:drift{kind=target}"] == expected


def test_text_has_no_numerical_drift() -> None:
    """A target of text keeps its counts and has no numerical drift or correlation."""
    table = {"target": ["a", "b"], "prediction": ["a", "b"], "x": [1.0, 2.0]}
    values = compute("num_target_drift", table, table)
    assert values == {
        "num_target_drift:count{dataset=reference}": 2,
        "num_target_drift:count{dataset=current}": 2,
    }


def test_categorical_drift() -> None:
    """Target and prediction are compared as categories, and the reference's rows go by both names."""
    reference = {"target": ["a"] * 50 + ["b"] * 30 + ["c"] * 20, "prediction": ["a", "b"] * 50}
    window = {"target": ["a"] * 20 + ["b"] * 20 + ["c"] * 10, "prediction": ["a"] * 40 + ["b"] * 10}
    values = compute("cat_target_drift", reference, window)
    z = (0.5 - 0.8) / math.sqrt(0.6 * 0.4 * (1 / 100 + 1 / 50))
    assert values == {
        "cat_target_drift:count{dataset=reference}": 100,
        "cat_target_drift:count{dataset=prediction}": 100,
        "cat_target_drift:count{dataset=current}": 50,
        "cat_target_drift:drift{kind=target}": pytest.approx(
            stats.chisquare([25, 15, 10], [20, 20, 10]).pvalue
        ),
        "cat_target_drift:drift{kind=prediction}": pytest.approx(math.erfc(abs(z) / math.sqrt(2))),
    }


def test_numeric_classes_are_categories() -> None:
    """Numeric classes are compared as categories, missing ones left out."""
    numbers = compute("cat_target_drift", {"target": [0.0] * 6 + [1.0] * 4}, {"target": [0.0, 1.0, 1.0, NAN]})
    words = compute("cat_target_drift", {"target": ["n"] * 6 + ["y"] * 4}, {"target": ["n", "y", "y", None]})
    assert numbers == words
    assert "cat_target_drift:drift{kind=target}" in numbers


def test_probabilities_drift_as_labels() -> None:
    """A prediction given as probabilities drifts as the labels that follow from it."""
    reference = {"yes": [0.9] * 30 + [0.2] * 70, "no": [0.1] * 30 + [0.8] * 70}
    window = {"yes": [0.5] * 20 + [0.4] * 20, "no": [0.5] * 20 + [0.6] * 20}
    found = compute("cat_target_drift", reference, window, prediction=["yes", "no"])
    labels = {"prediction": ["yes"] * 30 + ["no"] * 70}, {"prediction": ["yes"] * 20 + ["no"] * 20}
    assert found == compute("cat_target_drift", *labels)
    assert "data_drift:p_value{feature=predicted_labels,feature_type=cat}" in compute(
        "data_drift", reference, window, prediction=["yes", "no"]
    )


def test_correlation_of_huge_values() -> None:
    """Values whose squares overflow have their correlation all the same."""
    small = np.array([1.0, 2.0, 4.0, 3.0])
    table = {"target": small, "x": np.array([1.0, 3.0, 2.0, 5.0])}
    name = "num_target_drift:current_correlations{feature=x,feature_type=num,kind=target}"
    expected = compute("num_target_drift", table, table)[name]
    huge = {**table, "x": table["x"] * 1e300}
    assert compute("num_target_drift", huge, huge)[name] == pytest.approx(expected)
