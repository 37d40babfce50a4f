"""How good predicted classes are: statistics of the confusion matrix.

A class without predictions has no precision, one without targets no recall, and averages are taken over the
classes that have a value (scikit-learn's ``zero_division=nan``): a 0 there would tell of the window's rows,
not of the model. Classes that are not on the ruler share one cell. They count in accuracy, micro averages,
Matthews and kappa, and as errors of the others, but have no precision or recall of their own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from modelvane.statistics.base import LabelledStatistic, Statistic
from modelvane.statistics.exact import share
from modelvane.tallies.classification import ConfusionTally
from modelvane.undefined import Undefined, Value

NO_ROWS = "no rows with a prediction and a target in the window"
NEITHER = "neither predictions nor targets of this class in the window"
ONE_CLASS = "one class only in the window"

_PerClass: TypeAlias = Callable[[ConfusionTally], dict[str, Value]]


def accuracy(tally: ConfusionTally) -> Value:
    """Give the share of rows whose predicted class is the target."""
    return share(tally.correct, tally.n, NO_ROWS)


def balanced_accuracy(tally: ConfusionTally) -> Value:
    """Give the mean recall of the classes among the targets (Brodersen et al., 2010); it takes two."""
    found = [value for value in recall_per_class(tally).values() if isinstance(value, float)]
    if len(found) == 1:
        return Undefined(ONE_CLASS)
    return _mean(found, tally)


def precision_per_class(tally: ConfusionTally) -> dict[str, Value]:
    """Give, per class, the share of its predictions that are right."""
    return _per_class(
        tally, _hits(tally), tally.matrix.sum(axis=0), "no predictions of this class in the window"
    )


def recall_per_class(tally: ConfusionTally) -> dict[str, Value]:
    """Give, per class, the share of its targets that were predicted."""
    return _per_class(tally, _hits(tally), tally.matrix.sum(axis=1), "no targets of this class in the window")


def f1_per_class(tally: ConfusionTally) -> dict[str, Value]:
    """Give, per class, ``2 hits / (predictions + targets)``, the harmonic mean of precision and recall."""
    both = tally.matrix.sum(axis=0) + tally.matrix.sum(axis=1)
    return _per_class(tally, 2 * _hits(tally), both, NEITHER)


def support(tally: ConfusionTally) -> dict[str, float]:
    """Give, per class, the rows that have it as the target; the last is for all other classes."""
    return dict(zip(tally.labels, map(float, tally.matrix.sum(axis=1).tolist()), strict=True))


def predicted_share(tally: ConfusionTally) -> dict[str, Value]:
    """Give, per class, the share of rows for which it was predicted; the last is for all others."""
    columns = tally.matrix.sum(axis=0).tolist()
    return {label: share(rows, tally.n, NO_ROWS) for label, rows in zip(tally.labels, columns, strict=True)}


def confusion(tally: ConfusionTally) -> dict[str, Value]:
    """Give the rows per pair ``"target -> prediction"`` that occurs in the window."""
    pairs = zip(*(axis.tolist() for axis in np.nonzero(tally.matrix)), strict=True)
    names = tally.labels
    return {
        f"{names[true]} -> {names[predicted]}": float(tally.matrix[true, predicted])
        for true, predicted in pairs
    }


def macro(per_class: _PerClass) -> Callable[[ConfusionTally], Value]:
    """Give the plain mean over the classes that have a value."""

    def average(tally: ConfusionTally) -> Value:
        return _mean([value for value in per_class(tally).values() if isinstance(value, float)], tally)

    return average


def weighted(per_class: _PerClass) -> Callable[[ConfusionTally], Value]:
    """Give the mean over the classes that have a value, weighted by their targets."""

    def average(tally: ConfusionTally) -> Value:
        weights = support(tally)
        found = [
            (value, weights[name]) for name, value in per_class(tally).items() if isinstance(value, float)
        ]
        total = sum(weight for _, weight in found)
        if not total:
            return _mean([], tally)
        return sum(value * weight for value, weight in found) / total

    return average


def matthews_correlation(tally: ConfusionTally) -> Value:
    """Give the correlation of predicted and true classes, -1 to 1 (Matthews, 1975; Gorodkin, 2004).

    Undefined when all predictions or all targets are one class, where scikit-learn says 0.0.
    """
    if not tally.n:
        return Undefined(NO_ROWS)
    hits, chance, predictions, targets = _agreement(tally)
    rows = tally.n**2
    if rows in (predictions, targets):
        return Undefined(ONE_CLASS)
    value = (hits - chance) / math.sqrt((rows - predictions) * (rows - targets))
    return min(1.0, max(-1.0, value))


def cohen_kappa(tally: ConfusionTally) -> Value:
    """Give the agreement beyond chance, ``(observed - expected) / (1 - expected)`` (Cohen, 1960)."""
    if not tally.n:
        return Undefined(NO_ROWS)
    hits, chance, _, _ = _agreement(tally)
    if chance == tally.n**2:
        return Undefined(ONE_CLASS)
    return (hits - chance) / (tally.n**2 - chance)


def _agreement(tally: ConfusionTally) -> tuple[int, int, int, int]:
    # a new class predicted for another new one is wrong: such targets count as a class that is never predicted
    strangers = int(tally.matrix[-1, -1]) - tally.other_correct
    predictions = [*tally.matrix.sum(axis=0).tolist(), 0]
    *targets, other = tally.matrix.sum(axis=1).tolist()
    targets += [other - strangers, strangers]
    # Python integers: the product of two counts of rows does not fit a machine word in a long window
    return (
        tally.correct * tally.n,
        sum(p * t for p, t in zip(predictions, targets, strict=True)),
        sum(p * p for p in predictions),
        sum(t * t for t in targets),
    )


def _hits(tally: ConfusionTally) -> NDArray[np.int64]:
    return tally.matrix.diagonal()


def _per_class(
    tally: ConfusionTally, part: NDArray[np.int64], whole: NDArray[np.int64], why: str
) -> dict[str, Value]:
    why = why if tally.n else NO_ROWS
    named = zip(tally.ruler.names, part.tolist(), whole.tolist(), strict=False)
    return {name: share(some, all_, why) for name, some, all_ in named}


def _mean(values: list[float], tally: ConfusionTally) -> Value:
    if values:
        return sum(values) / len(values)
    return Undefined("no class of the reference in the window" if tally.n else NO_ROWS)


def _averages(
    name: str, title: str, per_class: _PerClass, formula: str
) -> tuple[Statistic[ConfusionTally] | LabelledStatistic[ConfusionTally], ...]:
    means = (
        ("macro", macro(per_class), "mean over classes"),
        # over all classes a wrong row is one false prediction and one missed target: all three are accuracy
        ("micro", accuracy, "over the rows of all classes: equal to accuracy"),
        ("weighted", weighted(per_class), "mean over classes, weighted by targets"),
    )
    return (
        *(
            Statistic(
                f"{name}_{kind}", f"{title}, {kind} average", function, "ratio", f"{formula}; {how}", "higher"
            )
            for kind, function, how in means
        ),
        LabelledStatistic(
            f"class_{name}", f"{title} per class", per_class, "ratio", formula, "class", "higher"
        ),
    )


CLASSIFICATION: tuple[Statistic[ConfusionTally] | LabelledStatistic[ConfusionTally], ...] = (
    Statistic("accuracy", "Accuracy", accuracy, "ratio", "correct / rows", "higher"),
    Statistic(
        "balanced_accuracy",
        "Balanced accuracy",
        balanced_accuracy,
        "ratio",
        "mean recall: Brodersen et al., 2010",
        "higher",
    ),
    *_averages("precision", "Precision", precision_per_class, "hits / predictions"),
    *_averages("recall", "Recall", recall_per_class, "hits / targets"),
    *_averages("f1", "F1", f1_per_class, "2 hits / (predictions + targets)"),
    Statistic(
        "matthews_correlation",
        "Matthews correlation",
        matthews_correlation,
        "",
        "Matthews, 1975; several classes: Gorodkin, 2004",
        "higher",
    ),
    Statistic("cohen_kappa", "Cohen's kappa", cohen_kappa, "", "Cohen, 1960", "higher"),
    LabelledStatistic("class_support", "Targets per class", support, "rows", "targets of the class", "class"),
    LabelledStatistic(
        "class_predicted_share",
        "Share of predictions per class",
        predicted_share,
        "ratio",
        "predictions of the class / rows",
        "class",
    ),
    LabelledStatistic("confusion", "Confusion", confusion, "rows", "rows per target -> prediction", "class"),
)
