"""Classification statistics against scikit-learn on the raw rows."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics
from tests.laws.regrouping import values_of

from modelvane.casting import as_categories
from modelvane.ruler import CategoricalRuler
from modelvane.statistics.classification import CLASSIFICATION
from modelvane.tallies.categorical import Codes
from modelvane.tallies.classification import ClassRuler, ConfusionTally, categories_of
from modelvane.undefined import Undefined

FUNCTIONS = {statistic.name: statistic.function for statistic in CLASSIFICATION}
MEASURES = {
    "precision": metrics.precision_score,
    "recall": metrics.recall_score,
    "f1": metrics.f1_score,
}


def _rows(classes: int, n: int, seed: int = 1) -> tuple[list[str], list[str]]:
    rng = np.random.default_rng(seed)
    target = rng.choice(classes, n, p=rng.dirichlet(np.full(classes, 2.0)))
    prediction = np.where(rng.random(n) < 0.7, target, rng.integers(0, classes, n))
    return [f"class {code}" for code in prediction], [f"class {code}" for code in target]


def _tally(ruler: ClassRuler, prediction: list[object], target: list[object]) -> ConfusionTally:
    return ConfusionTally.of(ruler, as_categories(prediction), as_categories(target))


@pytest.fixture(params=[2, 3, 12])
def rows(request: pytest.FixtureRequest) -> tuple[list[str], list[str]]:
    """Predictions and targets of several classes, all of which occur on both sides."""
    return _rows(request.param, 4_000)


def _ruled(rows: tuple[list[str], list[str]]) -> tuple[ConfusionTally, list[str]]:
    ruler = ClassRuler.of(*map(as_categories, rows))
    return _tally(ruler, *rows), list(ruler.names)


def test_scalars_agree(rows: tuple[list[str], list[str]]) -> None:
    """Accuracy, balanced accuracy, Matthews and kappa equal scikit-learn's."""
    tally, _ = _ruled(rows)
    prediction, target = rows
    assert FUNCTIONS["accuracy"](tally) == metrics.accuracy_score(target, prediction)
    expected = {
        "balanced_accuracy": metrics.balanced_accuracy_score(target, prediction),
        "matthews_correlation": metrics.matthews_corrcoef(target, prediction),
        "cohen_kappa": metrics.cohen_kappa_score(target, prediction),
    }
    assert {name: FUNCTIONS[name](tally) for name in expected} == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
@pytest.mark.parametrize("measure", MEASURES)
def test_averages_agree(rows: tuple[list[str], list[str]], measure: str, average: str) -> None:
    """Averages of precision, recall and F1 equal scikit-learn's."""
    tally, _ = _ruled(rows)
    expected = MEASURES[measure](rows[1], rows[0], average=average)
    assert FUNCTIONS[f"{measure}_{average}"](tally) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("measure", MEASURES)
def test_values_per_class_agree(rows: tuple[list[str], list[str]], measure: str) -> None:
    """Precision, recall and F1 per class equal scikit-learn's."""
    tally, names = _ruled(rows)
    expected = MEASURES[measure](rows[1], rows[0], average=None, labels=names)
    found = FUNCTIONS[f"class_{measure}"](tally)
    assert list(found) == names
    assert list(found.values()) == pytest.approx(expected.tolist(), rel=1e-12)


def test_the_matrix_agrees(rows: tuple[list[str], list[str]]) -> None:
    """The confusion matrix is scikit-learn's, with one more row and column for other classes."""
    tally, names = _ruled(rows)
    expected = metrics.confusion_matrix(rows[1], rows[0], labels=names)
    assert (tally.matrix[:-1, :-1] == expected).all()
    assert tally.matrix[-1].sum() == tally.matrix[:, -1].sum() == 0
    labelled = FUNCTIONS["confusion"](tally)
    assert labelled["class 0 -> class 1"] == expected[names.index("class 0"), names.index("class 1")]
    assert sum(labelled.values()) == tally.n
    support = FUNCTIONS["class_support"](tally)
    assert [support[name] for name in names] == expected.sum(axis=1).tolist()
    shares = FUNCTIONS["class_predicted_share"](tally)
    assert [shares[name] for name in names] == (expected.sum(axis=0) / tally.n).tolist()


@pytest.mark.parametrize("average", ["macro", "weighted"])
@pytest.mark.parametrize("measure", MEASURES)
def test_absent_classes_are_left_out_of_averages(measure: str, average: str) -> None:
    """A class that lacks predictions, targets or both counts as scikit-learn's ``zero_division=nan``."""
    names = ["both", "never predicted", "never true", "right", "absent"]
    target = ["both", "never predicted", "both", "right", "right", "both"]
    prediction = ["both", "both", "never true", "right", "right", "right"]
    tally = _tally(ClassRuler.named(*names), prediction, target)
    expected = MEASURES[measure](target, prediction, labels=names, average=average, zero_division=np.nan)
    assert FUNCTIONS[f"{measure}_{average}"](tally) == pytest.approx(expected, rel=1e-12)
    per_class = FUNCTIONS[f"class_{measure}"](tally)
    each = MEASURES[measure](target, prediction, labels=names, average=None, zero_division=np.nan)
    for name, value in zip(names, each.tolist(), strict=True):
        assert isinstance(per_class[name], Undefined) == np.isnan(value)


def test_one_class_leaves_agreement_undefined() -> None:
    """With one class in the window there is accuracy, but nothing that compares classes."""
    tally = _tally(ClassRuler.named("a", "b"), ["a", "a"], ["a", "a"])
    assert FUNCTIONS["accuracy"](tally) == 1.0
    for name in ("balanced_accuracy", "matthews_correlation", "cohen_kappa"):
        assert FUNCTIONS[name](tally) == Undefined("one class only in the window")


def test_classes_that_the_reference_lacks_are_errors_of_the_others() -> None:
    """A new class lowers precision and recall of the known ones and has none of its own."""
    tally = _tally(ClassRuler.named("a"), ["a", "a", "x", "x", "x"], ["a", "x", "a", "x", "y"])
    values = values_of(CLASSIFICATION, tally)
    assert values["accuracy"] == 2 / 5
    assert values["class_precision/a"] == values["class_recall/a"] == 1 / 2
    assert values["class_support/other"] == 3.0
    assert "class_recall/other" not in values


def test_new_classes_that_differ_do_not_agree_by_chance() -> None:
    """Kappa and Matthews equal scikit-learn's where the reference lacks a class of each side."""
    prediction, target = ["x", "x", "x", "a", "b", "x"], ["b", "y", "y", "a", "b", "a"]
    tally = _tally(ClassRuler.named("a", "b"), prediction, target)
    expected = {
        "cohen_kappa": metrics.cohen_kappa_score(target, prediction),
        "matthews_correlation": metrics.matthews_corrcoef(target, prediction),
    }
    assert {name: FUNCTIONS[name](tally) for name in expected} == pytest.approx(expected, rel=1e-12)


def test_classes_are_known_by_their_canonical_form() -> None:
    """Predictions 1.0 and targets 1 and "1" are one class, in reading order."""
    ruler = ClassRuler.of(as_categories([10, 2, 1]), as_categories([1.0, 2.0, 33.0]))
    assert ruler.names == ("1", "2", "10", "33")
    assert FUNCTIONS["accuracy"](_tally(ruler, [1.0, "2", 10], [1, 2.0, "10"])) == 1.0


def test_more_classes_than_the_budget_share_the_last_cell() -> None:
    """The most frequent classes keep cells of their own."""
    ruler = ClassRuler.of(as_categories(["a", "b", "b", "c", "c", "c"]), budget=2)
    assert ruler.names == ("b", "c")


def test_columns_on_other_rulers_can_be_tallied() -> None:
    """A column that a window holds on its own ruler gives the same tally as the raw column."""
    prediction, target = ["a", "b", None, "new"], ["a", "new", "a", "new"]
    own = CategoricalRuler(("b", "a"))
    held = [categories_of(own, Codes.of(own, as_categories(column))) for column in (prediction, target)]
    ruler = ClassRuler.named("a", "b")
    assert ConfusionTally.of(ruler, *held) == _tally(ruler, prediction, target)
