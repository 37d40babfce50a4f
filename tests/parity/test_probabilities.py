"""Statistics of probabilities against scikit-learn on the raw rows, within the stated error of the cells."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from modelvane.casting import Categories, Numbers
from modelvane.statistics.probabilities import PROBABILITIES, class_roc_auc_error_bounds
from modelvane.tallies.scores import CALIBRATION_BINS, ScoreRuler, ScoreTally, edges

FUNCTIONS = {statistic.name: statistic.function for statistic in PROBABILITIES}
# parameters of the beta distributions of negatives' and of positives' scores
SHAPES = {
    "usual": (2, 5, 5, 2),
    "rare": (1, 20, 1, 5),
    "sure": (0.5, 8, 8, 0.5),
    "blind": (2, 2, 2, 2),
    "inverted": (5, 2, 2, 5),
    "narrow": (200, 500, 210, 500),
    "tiny": (0.01, 3, 0.05, 3),
}


def _binary(shape: str, n: int = 10_000) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    a, b, c, d = SHAPES[shape]
    target = rng.random(n) < 0.2
    return np.where(target, rng.beta(c, d, n), rng.beta(a, b, n)), target


def _tally(scores: np.ndarray, target: np.ndarray) -> ScoreTally:
    categories = Categories(target.astype(np.int32), ["no", "yes"])
    return ScoreTally.of(ScoreRuler(("yes",)), [Numbers(scores, None)], categories)


def _several(n: int = 6_000, classes: int = 4) -> tuple[np.ndarray, np.ndarray, ScoreTally]:
    rng = np.random.default_rng(6)
    logits = rng.normal(0.0, 1.5, (n, classes))
    target = (logits + rng.gumbel(0.0, 1.0, (n, classes))).argmax(axis=1)
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    names = [f"class {code}" for code in range(classes)]
    columns = [Numbers(column, None) for column in scores.T]
    tally = ScoreTally.of(ScoreRuler(tuple(names)), columns, Categories(target.astype(np.int32), names))
    return scores, target, tally


@pytest.mark.parametrize("shape", SHAPES)
def test_ranking_agrees_within_its_stated_bound(shape: str) -> None:
    """ROC AUC and average precision are within their own error bound of scikit-learn's, whatever the scores."""
    scores, target = _binary(shape)
    tally = _tally(scores, target)
    expected = {
        "roc_auc": metrics.roc_auc_score(target, scores),
        "average_precision": metrics.average_precision_score(target, scores),
    }
    for name, value in expected.items():
        assert abs(FUNCTIONS[name](tally) - value) <= FUNCTIONS[f"{name}_error_bound"](tally) + 1e-12


@pytest.mark.parametrize("shape", ["usual", "rare", "sure", "blind", "inverted"])
def test_roc_auc_agrees_to_two_ten_thousandths(shape: str) -> None:
    """ROC AUC of scores that spread over a logit or more is within 2e-4 of scikit-learn's."""
    scores, target = _binary(shape)
    assert FUNCTIONS["roc_auc"](_tally(scores, target)) == pytest.approx(
        metrics.roc_auc_score(target, scores), abs=2e-4
    )


def test_ranking_is_exact_where_every_cell_has_one_score() -> None:
    """Scores that each have a cell of their own, 0 and 1 among them, rank exactly as raw."""
    scores, target = _binary("usual")
    scores = np.round(scores, 2)
    scores[:50], scores[50:100] = 0.0, 1.0
    tally = _tally(scores, target)
    expected = metrics.roc_auc_score(target, scores)
    assert FUNCTIONS["roc_auc"](tally) == pytest.approx(expected, rel=1e-12)
    expected = metrics.average_precision_score(target, scores)
    assert FUNCTIONS["average_precision"](tally) == pytest.approx(expected, rel=1e-12)


def test_scores_of_exactly_0_and_1_add_nothing_to_the_bounds() -> None:
    """Ties at exactly 0 and 1 are true ties, so a hard classifier has no bin error."""
    tally = _tally(np.array([0.0, 0.0, 1.0, 1.0]), np.array([False, True, False, True]))
    assert FUNCTIONS["roc_auc"](tally) == FUNCTIONS["average_precision"](tally) == 0.5
    assert FUNCTIONS["roc_auc_error_bound"](tally) == FUNCTIONS["average_precision_error_bound"](tally) == 0.0


@pytest.mark.parametrize("shape", SHAPES)
def test_log_loss_and_brier_agree(shape: str) -> None:
    """Log loss and Brier score equal scikit-learn's to 1e-10, with scores of exactly 0 and 1 among them."""
    scores, target = _binary(shape)
    scores[:3], scores[3:6] = 0.0, 1.0
    tally = _tally(scores, target)
    assert FUNCTIONS["log_loss"](tally) == pytest.approx(metrics.log_loss(target, scores), rel=1e-10)
    assert FUNCTIONS["brier_score"](tally) == pytest.approx(
        metrics.brier_score_loss(target, scores), abs=1e-12
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_calibration_error_agrees_with_its_formula(shape: str) -> None:
    """Expected calibration error equals the formula on raw rows."""
    scores, target = _binary(shape)
    bins = np.minimum((scores * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    expected = sum(
        abs(scores[bins == b].mean() - target[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins)
    )
    found = FUNCTIONS["expected_calibration_error"](_tally(scores, target))
    assert found == pytest.approx(expected, abs=1e-9)


def test_several_classes_agree() -> None:
    """With a column per class, ranking is the mean of one against the rest, and losses are over all columns."""
    scores, target, tally = _several()
    auc = metrics.roc_auc_score(target, scores, multi_class="ovr")
    assert FUNCTIONS["roc_auc"](tally) == pytest.approx(auc, abs=2e-4)
    for code in range(4):
        one = metrics.roc_auc_score(target == code, scores[:, code])
        name = f"class {code}"
        assert FUNCTIONS["class_roc_auc"](tally)[name] == pytest.approx(one, abs=2e-4)
        assert abs(FUNCTIONS["class_roc_auc"](tally)[name] - one) <= class_roc_auc_error_bounds(tally)[name]
    precision = np.mean([metrics.average_precision_score(target == c, scores[:, c]) for c in range(4)])
    bound = FUNCTIONS["average_precision_error_bound"](tally)
    assert FUNCTIONS["average_precision"](tally) == pytest.approx(precision, abs=bound)
    assert FUNCTIONS["log_loss"](tally) == pytest.approx(metrics.log_loss(target, scores), rel=1e-10)
    assert FUNCTIONS["brier_score"](tally) == pytest.approx(
        metrics.brier_score_loss(target, scores), rel=1e-10
    )


def test_a_calibrated_model_is_called_calibrated() -> None:
    """Scores that are the true probabilities have an expected calibration error of sampling noise only."""
    _, _, tally = _several(n=40_000)
    assert 0.0 < FUNCTIONS["expected_calibration_error"](tally) < 0.01


def test_cells_are_as_documented() -> None:
    """Limits rise strictly; 0 and 1 have cells of their own; between, logits are evenly spaced."""
    limits = edges()
    assert len(limits) == 2047
    assert (np.diff(limits) > 0).all()
    assert limits[0] == np.nextafter(0.0, 1.0)
    assert limits[-1] == 1.0
    assert limits[1023] == 0.5
    assert (limits[1:-1] + limits[-2:0:-1] == 1.0).all()
    logits = np.log(limits[1:1000] / (1.0 - limits[1:1000]))
    assert np.diff(logits) == pytest.approx(np.full(998, 36 / 2044), rel=1e-5)
