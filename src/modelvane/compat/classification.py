"""``classification_performance`` and ``prob_classification_performance``: one set of series from labels.

Rows where the target or (any column of) the prediction is missing are left out, and only those. The classes
of a dataset are those that occur in its rows, so that the series of a class end when it has left the window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from modelvane.compat.columns import Category, Columns, is_missing
from modelvane.compat.confusion import MAX_CLASSES, Confusion, class_name, display_names
from modelvane.compat.distribution import Distribution
from modelvane.compat.probabilities import log_loss, macro_roc_auc, predicted_labels, probability_matrix
from modelvane.compat.sample import Dataset, Sample, sample

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelvane.compat.facts import Facts
    from modelvane.compat.mapping import Roles

LABELS = "classification_performance"
PROBABILITIES = "prob_classification_performance"


def reference(columns: Columns, roles: Roles) -> Iterator[Sample]:
    """Describe the labels of the reference."""
    counted = {name: Distribution.of(columns[name]) for name in _label_columns(roles)}
    yield from _from_labels(columns, roles, "reference", _known_classes(roles, counted))


def current(facts: Facts, window: Columns) -> Iterator[Sample]:
    """Describe the labels of the window."""
    yield from _from_labels(window, facts.roles, "current", _known_classes(facts.roles, facts.columns))


def probability_reference(columns: Columns, roles: Roles) -> Iterator[Sample]:
    """Describe the probabilities of the reference, and the labels that follow from them."""
    yield from _from_probabilities(columns, roles, "reference")


def probability_current(facts: Facts, window: Columns) -> Iterator[Sample]:
    """Describe the probabilities of the window, and the labels that follow from them."""
    yield from _from_probabilities(window, facts.roles, "current")


def _label_columns(roles: Roles) -> tuple[str, ...]:
    return tuple(name for name in (roles.target, roles.prediction) if isinstance(name, str))


def _known_classes(roles: Roles, counted: Mapping[str, Distribution]) -> set[Category]:
    found = [counted[name] for name in _label_columns(roles)]
    if any(distribution.values.size > MAX_CLASSES for distribution in found):
        return set()
    return {value for distribution in found for value in distribution.frequencies}


def _from_labels(columns: Columns, roles: Roles, dataset: Dataset, known: set[Category]) -> Iterator[Sample]:
    names = _label_columns(roles)
    if len(names) < 2 or not known or any(name not in columns for name in names):
        return
    target, prediction = (columns[name] for name in names)
    rows = _there(target) & _there(prediction)
    display = display_names(known, roles.target_names)
    confusion = Confusion.of(_displayed(target[rows], display), _displayed(prediction[rows], display))
    if confusion is not None:
        yield from _overall(LABELS, dataset, confusion)
        yield from _by_class(LABELS, dataset, confusion)


def _from_probabilities(columns: Columns, roles: Roles, dataset: Dataset) -> Iterator[Sample]:
    names = roles.probabilities
    probabilities = probability_matrix(columns, names)
    if probabilities is None or roles.target is None or roles.target not in columns:
        return
    target, prediction = columns[roles.target], predicted_labels(probabilities, names)
    rows = _there(target) & _there(prediction)
    display = display_names(names, roles.target_names)
    confusion = Confusion.of(_displayed(target[rows], display), _displayed(prediction[rows], display))
    if confusion is None:
        return
    yield from _overall(PROBABILITIES, dataset, confusion)
    # the columns are named after the classes
    onehot = np.array([[class_name(value) == name for name in names] for value in target[rows].tolist()])
    area, loss = macro_roc_auc(onehot, probabilities[rows]), log_loss(onehot, probabilities[rows])
    yield from sample(f"{PROBABILITIES}:quality", area, dataset=dataset, metric="roc_auc")
    yield from sample(f"{PROBABILITIES}:quality", loss, dataset=dataset, metric="log_loss")
    yield from _by_class(PROBABILITIES, dataset, confusion)


def _there(column: np.ndarray) -> np.ndarray:
    return np.array([not is_missing(value) for value in column.tolist()], dtype=bool)


def _displayed(column: np.ndarray, display: Mapping[str, str]) -> list[str]:
    names = [class_name(value) for value in column.tolist()]
    return [display.get(name, name) for name in names]


def _overall(monitor: str, dataset: Dataset, confusion: Confusion) -> Iterator[Sample]:
    values = {
        "accuracy": confusion.accuracy,
        "precision": confusion.precision.mean(),
        "recall": confusion.recall.mean(),
        "f1": confusion.f1.mean(),
    }
    for metric, value in values.items():
        yield from sample(f"{monitor}:quality", value, dataset=dataset, metric=metric)


def _by_class(monitor: str, dataset: Dataset, confusion: Confusion) -> Iterator[Sample]:
    names = confusion.classes
    positives = confusion.true_positives
    false_positives, false_negatives = confusion.predictions - positives, confusion.targets - positives
    negatives = confusion.counts.sum() - positives - false_positives - false_negatives
    families = (
        ("class_quality", "metric", "precision", confusion.precision),
        ("class_quality", "metric", "recall", confusion.recall),
        ("class_quality", "metric", "f1", confusion.f1),
        ("class_representation", "type", "target", confusion.targets),
        ("class_representation", "type", "prediction", confusion.predictions),
        ("class_confusion", "metric", "TP", positives),
        ("class_confusion", "metric", "FP", false_positives),
        ("class_confusion", "metric", "TN", negatives),
        ("class_confusion", "metric", "FN", false_negatives),
    )
    for series, label, which, values in families:
        for name, value in zip(names, values, strict=True):
            labels = {"dataset": dataset, "class_name": name, label: which}
            yield from sample(f"{monitor}:{series}", value, **labels)
    for i, true in enumerate(names):
        for j, guess in enumerate(names):
            labels = {"dataset": dataset, "class_x_name": true, "class_y_name": guess}
            yield from sample(f"{monitor}:confusion", confusion.counts[i, j], **labels)
