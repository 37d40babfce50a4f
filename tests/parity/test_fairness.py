"""Fairness as fairlearn has it, and intervals as scipy has them or their papers print them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import fairlearn.metrics as fairlearn
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import mean_absolute_error, precision_score

from modelvane.findings import Findings
from modelvane.monitor import Monitor
from modelvane.reference import Reference
from modelvane.settings import Protected, Settings, Window
from modelvane.statistics.intervals import (
    Mean,
    Share,
    difference_of_means,
    difference_of_shares,
    ratio_of_shares,
    wilson,
)

GROUPS = ("f", "m", "x")
N = 700


def _rows(rng: np.random.Generator) -> dict[str, np.ndarray[Any, Any]]:
    group = rng.choice(GROUPS, N, p=[0.45, 0.35, 0.2])
    repaid = (rng.random(N) < np.where(group == "m", 0.6, 0.4)).astype(int)
    score = np.clip(0.5 + 0.3 * (repaid - 0.5) + rng.normal(0, 0.3, N) - 0.1 * (group == "x"), 0.0, 1.0)
    return {"group": group, "repaid": repaid, "score": score, "approved": (score >= 0.5).astype(int)}


def _found(reference: Reference, rows: Any, fair: Protected) -> Findings:
    monitor = Monitor("loans", reference, Settings(Window(rows=N), fairness=(fair,)))
    monitor.push(rows)
    return monitor.findings()


@pytest.fixture(scope="module", params=["classes", "probabilities"])
def watched(request: pytest.FixtureRequest) -> tuple[Findings, dict[str, np.ndarray[Any, Any]]]:
    """Give what is found of a classifier that answers with classes, and of one with probabilities."""
    rng = np.random.default_rng(5)
    answer = "approved" if request.param == "classes" else "score"
    names = ("group", "repaid", answer)
    rows = _rows(rng)
    reference = Reference.of(
        {name: values for name, values in _rows(rng).items() if name in names},
        target="repaid",
        prediction=answer,
        task="classification",
        segments=["group"],
    )
    told = {name: rows[name] for name in names}
    return _found(reference, told, Protected("group", least_rows=1)), rows


def _precision(targets: Any, predictions: Any) -> float:
    return float(precision_score(targets, predictions))


_BY_GROUP = {
    "group_selection_rate": fairlearn.selection_rate,
    "group_true_positive_rate": fairlearn.true_positive_rate,
    "group_false_positive_rate": fairlearn.false_positive_rate,
    "group_precision": _precision,
}


@pytest.mark.parametrize("measure", _BY_GROUP)
def test_groups_have_the_rates_of_fairlearn(
    watched: tuple[Findings, dict[str, np.ndarray[Any, Any]]], measure: str
) -> None:
    """Every group's rate is that of fairlearn's MetricFrame."""
    found, rows = watched
    frame = fairlearn.MetricFrame(
        metrics=_BY_GROUP[measure],
        y_true=rows["repaid"],
        y_pred=rows["approved"],
        sensitive_features=rows["group"],
    )
    for group in GROUPS:
        finding = found.get(measure, "group", label=group)
        assert finding is not None
        assert finding.value == pytest.approx(frame.by_group[group], abs=1e-12)


_BETWEEN: dict[str, Callable[..., float]] = {
    "demographic_parity_difference": fairlearn.demographic_parity_difference,
    "demographic_parity_ratio": fairlearn.demographic_parity_ratio,
    "equalised_odds_difference": fairlearn.equalized_odds_difference,
    "equalised_odds_ratio": fairlearn.equalized_odds_ratio,
    "equal_opportunity_difference": fairlearn.equal_opportunity_difference,
    "equal_opportunity_ratio": fairlearn.equal_opportunity_ratio,
    "predictive_parity_difference": fairlearn.make_derived_metric(
        metric=_precision, transform="difference", sample_param_names=[]
    ),
    "predictive_parity_ratio": fairlearn.make_derived_metric(
        metric=_precision, transform="ratio", sample_param_names=[]
    ),
}


@pytest.mark.parametrize("measure", _BETWEEN)
def test_gaps_are_those_of_fairlearn(
    watched: tuple[Findings, dict[str, np.ndarray[Any, Any]]], measure: str
) -> None:
    """Every difference and every ratio over all pairs of groups is that of fairlearn."""
    found, rows = watched
    expected = _BETWEEN[measure](rows["repaid"], rows["approved"], sensitive_features=rows["group"])
    finding = found.get(measure, "group")
    assert finding is not None
    assert finding.value == pytest.approx(expected, abs=1e-12)


def test_errors_are_compared_as_they_are_defined() -> None:
    """Mean error and mean absolute error differ between groups by what the rows say, in a regression."""
    rng = np.random.default_rng(6)
    group = rng.choice(GROUPS, N)
    target = rng.normal(10, 3, N)
    rows = {
        "group": group,
        "target": target,
        "prediction": target + rng.normal(0, 1, N) + 0.5 * (group == "x"),
    }
    reference = Reference.of(rows, task="regression", segments=["group"])
    found = _found(reference, rows, Protected("group"))
    frame = fairlearn.MetricFrame(
        metrics=mean_absolute_error, y_true=target, y_pred=rows["prediction"], sensitive_features=group
    )
    finding = found.get("mean_absolute_error_difference", "group")
    assert finding is not None
    assert finding.value == pytest.approx(frame.difference(), abs=1e-6)
    error = rows["prediction"] - target
    means = [error[group == name].mean() for name in GROUPS]
    finding = found.get("mean_error_difference", "group")
    assert finding is not None
    assert finding.value == pytest.approx(max(means) - min(means), abs=1e-6)


@given(st.integers(0, 400), st.integers(1, 400), st.sampled_from([0.5, 0.9, 0.95, 0.999]))
def test_wilson_is_scipys(part: int, whole: int, confidence: float) -> None:
    """The interval of one share is scipy's, at both ends."""
    part = min(part, whole)
    theirs = binomtest(part, whole).proportion_ci(confidence, method="wilson")
    assert wilson(Share(part, whole), confidence) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@pytest.mark.parametrize(
    ("one", "other", "ends"),
    [
        ((56, 70), (48, 80), (0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.1705, 0.8090)),
        ((6, 7), (2, 7), (0.0582, 0.8062)),
        ((5, 56), (0, 29), (-0.0381, 0.1926)),
        ((0, 10), (0, 20), (-0.1611, 0.2775)),
        ((10, 10), (0, 20), (0.6791, 1.0)),
    ],
)
def test_newcombe_is_that_of_the_paper(
    one: tuple[int, int], other: tuple[int, int], ends: tuple[float, float]
) -> None:
    """Differences of shares have the intervals of table II of Newcombe, 1998, method 10."""
    assert difference_of_shares(Share(*one), Share(*other)) == pytest.approx(ends, abs=6e-5)


def test_intervals_hold_what_they_promise() -> None:
    """Of 2000 draws about one in twenty lies outside, for differences and ratios of shares and differences of means."""
    rng = np.random.default_rng(8)
    outside = np.zeros(3)
    for a, b in rng.binomial((150, 220), (0.3, 0.45), (2000, 2)).tolist():
        one, other = Share(a, 150), Share(b, 220)
        ratio = ratio_of_shares(one, other)
        assert ratio is not None
        x, y = rng.gamma(2.0, 1.0, 150), rng.gamma(3.0, 1.0, 220)
        means = difference_of_means(
            Mean(float(x.mean()), 150, float(x.var(ddof=1))), Mean(float(y.mean()), 220, float(y.var(ddof=1)))
        )
        assert means is not None
        for at, (truth, (low, high)) in enumerate(
            ((-0.15, difference_of_shares(one, other)), (0.3 / 0.45, ratio), (-1.0, means))
        ):
            outside[at] += not low <= truth <= high
    assert (np.abs(outside / 2000 - 0.05) < 4 * math.sqrt(0.05 * 0.95 / 2000)).all()


def test_no_interval_is_no_number() -> None:
    """A ratio with a share of 0, and means of single rows, have no interval."""
    assert ratio_of_shares(Share(0, 40), Share(20, 40)) is None
    assert difference_of_means(Mean(1.0, 1, None), Mean(2.0, 40, 1.0)) is None
