"""Classification series: against scikit-learn, and hand-worked."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from sklearn import metrics
from tests.compat.tables import Values, columns_of, compute

from modelvane.compat.confusion import MAX_CLASSES
from modelvane.compat.probabilities import log_loss, roc_auc

NAN = math.nan
LABELS = "classification_performance"
PROBABILITIES = "prob_classification_performance"
ANIMALS = ("cat", "dog", "fox")


def expected_of_labels(monitor: str, dataset: str, true: Sequence[object], guess: Sequence[object]) -> Values:
    """Say with scikit-learn what the series of labels are."""
    true, guess = [str(value) for value in true], [str(value) for value in guess]
    report = metrics.classification_report(true, guess, output_dict=True, zero_division=0)
    matrix = metrics.confusion_matrix(true, guess)
    classes = sorted({*true, *guess})
    values = {f"{monitor}:quality{{dataset={dataset},metric=accuracy}}": metrics.accuracy_score(true, guess)}
    for ours, theirs in (("precision", "precision"), ("recall", "recall"), ("f1", "f1-score")):
        values[f"{monitor}:quality{{dataset={dataset},metric={ours}}}"] = report["macro avg"][theirs]
        for name in classes:
            labels = f"{{class_name={name},dataset={dataset},metric={ours}}}"
            values[f"{monitor}:class_quality{labels}"] = report[name][theirs]
    each = metrics.multilabel_confusion_matrix(true, guess, labels=classes)
    for i, name in enumerate(classes):
        of_class = f"{{class_name={name},dataset={dataset}"
        values[f"{monitor}:class_representation{of_class},type=target}}"] = matrix[i].sum()
        values[f"{monitor}:class_representation{of_class},type=prediction}}"] = matrix[:, i].sum()
        for metric, count in zip(("TN", "FP", "FN", "TP"), each[i].ravel(), strict=True):
            values[f"{monitor}:class_confusion{of_class},metric={metric}}}"] = count
        for j, other in enumerate(classes):
            labels = f"{{class_x_name={name},class_y_name={other},dataset={dataset}}}"
            values[f"{monitor}:confusion{labels}"] = matrix[i, j]
    return values


def drawn(rows: int, seed: int) -> tuple[list[str], list[str]]:
    rng = np.random.default_rng(seed)
    return rng.choice(ANIMALS, rows).tolist(), rng.choice(ANIMALS, rows, p=[0.7, 0.2, 0.1]).tolist()


def test_labels() -> None:
    """Every series of labels is scikit-learn's, for the reference and for the window."""
    (true, guess), (true_now, guess_now) = drawn(60, 1), drawn(25, 2)
    reference = {"target": true, "prediction": guess}
    found = compute(LABELS, reference, {"target": true_now, "prediction": guess_now})
    expected = expected_of_labels(LABELS, "reference", true, guess)
    expected |= expected_of_labels(LABELS, "current", true_now, guess_now)
    assert found == pytest.approx(expected)


def test_rates_without_rows_are_zero() -> None:
    """A class never predicted has precision 0 and a class never true recall 0, as scikit-learn had it."""
    true, guess = ["a", "a", "b"], ["a", "c", "a"]
    table = {"target": true, "prediction": guess}
    found = compute(LABELS, table, table)
    expected = expected_of_labels(LABELS, "reference", true, guess)
    assert found == pytest.approx(expected | expected_of_labels(LABELS, "current", true, guess))
    assert found[f"{LABELS}:class_quality{{class_name=b,dataset=current,metric=precision}}"] == 0
    assert found[f"{LABELS}:class_quality{{class_name=c,dataset=current,metric=recall}}"] == 0


def test_a_vanished_class_has_no_series() -> None:
    """A class that the window lacks, as target and as prediction, has no current series."""
    reference = {"target": list("abc"), "prediction": list("abc")}
    found = compute(LABELS, reference, {"target": ["a"], "prediction": ["b"]})
    current = [name for name in found if "dataset=current" in name]
    assert current
    assert not [name for name in current if "name=c," in name]
    assert [name for name in found if "class_name=c,dataset=reference" in name]


@pytest.mark.parametrize("window", [[0.0, 1.0, NAN, 1.0], [0, 1, None, 1], ["0", "1", None, "1"]])
def test_classes_go_by_one_name(window: list[object]) -> None:
    """0.0, 0 and "0" are one class, and rows without a label are left out."""
    reference = {"target": [0.0, 1.0, 0.0], "prediction": [0, 1, 1]}
    found = compute(LABELS, reference, {"target": window, "prediction": [1, 1, 1, 0]})
    expected = expected_of_labels(LABELS, "reference", [0, 1, 0], [0, 1, 1])
    expected |= expected_of_labels(LABELS, "current", [0, 1, 1], [1, 1, 0])
    assert found == pytest.approx(expected)


def test_target_names() -> None:
    """Names of the mapping stand for the classes in ascending order; a class without a name keeps its own."""
    reference, window = (
        {"target": [10, 9, 9], "prediction": [10, 9, 10]},
        {"target": [9, 11], "prediction": [9, 9]},
    )
    found = compute(LABELS, reference, window, target_names=["nine", "ten"])
    assert found[f"{LABELS}:class_representation{{class_name=nine,dataset=reference,type=target}}"] == 2
    assert found[f"{LABELS}:class_representation{{class_name=ten,dataset=reference,type=target}}"] == 1
    assert found[f"{LABELS}:confusion{{class_x_name=11,class_y_name=nine,dataset=current}}"] == 1


def test_too_many_classes() -> None:
    """Beyond 100 classes there are no classification series, since a confusion matrix has their square."""
    names = [f"class {i}" for i in range(MAX_CLASSES + 1)]
    for rows, found_any in ((MAX_CLASSES, True), (MAX_CLASSES + 1, False)):
        table = {"target": names[:rows], "prediction": names[:rows]}
        assert bool(compute(LABELS, table, table)) is found_any


def probabilities(rows: int, seed: int, names: Sequence[str]) -> dict[str, object]:
    rng = np.random.default_rng(seed)
    drawn = rng.dirichlet(np.ones(len(names)), rows)
    target = [names[rng.choice(len(names), p=row)] for row in drawn]
    return {"target": target} | {name: drawn[:, i].round(2) for i, name in enumerate(names)}


@pytest.mark.parametrize("names", [ANIMALS, ("yes", "no")])
def test_probabilities(names: Sequence[str]) -> None:
    """Labels, ROC AUC and log loss from probabilities are scikit-learn's, for two classes and for more."""
    tables = {"reference": probabilities(80, 5, names), "current": probabilities(40, 6, names)}
    found = compute(PROBABILITIES, *tables.values(), prediction=list(names))
    expected = {}
    for dataset, table in tables.items():
        true = table["target"]
        matrix = np.column_stack([table[name] for name in names])
        if len(names) == 2:
            guess = [names[0] if p >= 0.5 else names[1] for p in matrix[:, 0]]
        else:
            guess = [names[i] for i in matrix.argmax(axis=1)]
        expected |= expected_of_labels(PROBABILITIES, dataset, true, guess)
        onehot = np.array([[name == value for name in names] for value in true])
        area = metrics.roc_auc_score(onehot, matrix, average="macro")
        scaled = np.clip(matrix, 1e-15, 1 - 1e-15)
        scaled /= scaled.sum(axis=1, keepdims=True)
        expected[f"{PROBABILITIES}:quality{{dataset={dataset},metric=roc_auc}}"] = area
        # scikit-learn takes columns in alphabetical order of the classes
        order = np.argsort(names)
        loss = metrics.log_loss(true, scaled[:, order], labels=np.array(names)[order])
        expected[f"{PROBABILITIES}:quality{{dataset={dataset},metric=log_loss}}"] = loss
    assert found == pytest.approx(expected)


def test_threshold_of_two_columns() -> None:
    """With two columns the label is the first if its probability is at least one half, whatever the second says."""
    table = {"target": ["yes", "no", "yes"], "yes": [0.5, 0.49, 0.6], "no": [0.9, 0.2, 0.7]}
    found = compute(PROBABILITIES, table, table, prediction=["yes", "no"])
    assert found[f"{PROBABILITIES}:quality{{dataset=current,metric=accuracy}}"] == 1.0


def test_one_class_alone_has_no_area() -> None:
    """A window of one class has no ROC AUC; the other series are there."""
    reference = {"target": ["yes", "no"], "yes": [0.8, 0.3], "no": [0.2, 0.7]}
    window = {"target": ["yes", "yes"], "yes": [0.8, 0.3], "no": [0.2, 0.7]}
    found = compute(PROBABILITIES, reference, window, prediction=["yes", "no"])
    assert f"{PROBABILITIES}:quality{{dataset=current,metric=roc_auc}}" not in found
    assert found[f"{PROBABILITIES}:quality{{dataset=current,metric=accuracy}}"] == 0.5
    expected = -(math.log(0.8) + math.log(0.3)) / 2
    assert found[f"{PROBABILITIES}:quality{{dataset=current,metric=log_loss}}"] == pytest.approx(expected)


def test_area_averages_the_classes_that_have_one() -> None:
    """A class that the window lacks takes no part in the macro average of areas."""
    reference = probabilities(40, 8, ANIMALS)
    window = {
        "target": ["cat", "dog", "cat"],
        "cat": [0.6, 0.5, 0.4],
        "dog": [0.3, 0.4, 0.2],
        "fox": [0.1, 0.1, 0.4],
    }
    found = compute(PROBABILITIES, reference, window, prediction=list(ANIMALS))
    # cat: 0.6 beats 0.5 and 0.4 does not; dog: 0.4 beats both
    assert found[f"{PROBABILITIES}:quality{{dataset=current,metric=roc_auc}}"] == pytest.approx((0.5 + 1) / 2)


def test_rows_without_a_probability_are_left_out() -> None:
    """A row that lacks a probability or the target is left out, and no other."""
    table = {"target": ["yes", "no", "yes", "no"], "yes": [0.8, 0.3, 0.1, 0.6], "no": [0.2, 0.7, 0.9, 0.4]}
    gaps = {
        "target": ["yes", None, "no", "yes", "no", "no"],
        "yes": [0.8, 0.9, 0.3, 0.1, 0.6, NAN],
        "no": [0.2, 0.1, 0.7, 0.9, 0.4, 0.5],
    }
    assert compute(PROBABILITIES, table, gaps, prediction=["yes", "no"]) == pytest.approx(
        compute(PROBABILITIES, table, table, prediction=["yes", "no"])
    )


def test_certain_and_wrong_is_finite() -> None:
    """A probability of 0 for the true class costs the logarithm of 1e-15, not infinity."""
    onehot, matrix = np.array([[True, False]]), np.array([[0.0, 1.0]])
    assert log_loss(onehot, matrix) == pytest.approx(-math.log(1e-15))


def test_area_counts_ties_half() -> None:
    """The area is scikit-learn's on scores full of ties."""
    rng = np.random.default_rng(11)
    positive, score = rng.random(200) < 0.3, rng.integers(0, 6, 200) / 6
    assert roc_auc(positive, score) == pytest.approx(metrics.roc_auc_score(positive, score))


def test_a_window_without_labels_has_no_current_series() -> None:
    """Without a target column, or a probability column, the window has no series and raises nothing."""
    table = {"target": ["yes", "no"], "yes": [0.8, 0.3], "no": [0.2, 0.7]}
    for gone in table:
        window = {name: values for name, values in table.items() if name != gone}
        found = compute(PROBABILITIES, table, window, prediction=["yes", "no"])
        assert found
        assert not [name for name in found if "dataset=current" in name]
    assert set(columns_of(table)) == {"target", "yes", "no"}
