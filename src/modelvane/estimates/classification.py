"""What is estimated of a classifier: every statistic that says how good it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

from modelvane.estimates import gradients
from modelvane.estimates.estimate import EstimatedByScore, Moves
from modelvane.estimates.expected import Expected, losses
from modelvane.estimates.gradients import ByClass
from modelvane.estimates.isotonic import Floats
from modelvane.statistics.base import LabelledStatistic, Statistic
from modelvane.statistics.classification import CLASSIFICATION
from modelvane.statistics.probabilities import PROBABILITIES

_STATISTICS: dict[str, Statistic[Any] | LabelledStatistic[Any]] = {
    each.name: each for each in (*CLASSIFICATION, *PROBABILITIES)
}


_NEEDS = "probabilities of classes, and a target in the reference"
_SOURCE = "labels as the reference's of such scores: Bialek et al., 2024"


def _estimated(
    name: str,
    kind: Literal["confusion", "scores"],
    moves: Callable[[Expected], Iterator[Moves]],
    by_matrix: Callable[[Floats], Iterator[Floats]] | None = None,
    bend: Callable[[Floats, Floats], Floats] | None = None,
) -> EstimatedByScore:
    return EstimatedByScore(_STATISTICS[name], _NEEDS, _SOURCE, kind, moves, by_matrix, bend)


def _of_matrix(name: str, by_matrix: Callable[[Floats], Iterator[Floats]]) -> EstimatedByScore:
    def moves(expected: Expected) -> Iterator[Moves]:
        return (_by_score(expected, each) for each in by_matrix(expected.matrix))

    return _estimated(name, "confusion", moves, by_matrix)


def _confusion(name: str, gradient: Callable[[Floats], Floats]) -> EstimatedByScore:
    return _of_matrix(name, lambda matrix: iter((gradient(matrix),)))


def _averages(name: str, by_class: Callable[[Floats], ByClass]) -> Iterator[EstimatedByScore]:
    yield _confusion(f"{name}_macro", gradients.macro(by_class))
    yield _confusion(f"{name}_weighted", gradients.weighted(by_class))
    yield _of_matrix(f"class_{name}", gradients.each(by_class))


def _by_score(expected: Expected, gradient: Floats) -> Moves:
    positive, negative = expected.by.sides
    predicted = expected.by.predicted
    return gradient[positive][predicted], gradient[negative][predicted]


def _ranking(
    name: str,
    gradient: Callable[[Floats, Floats], Moves],
    bend: Callable[[Floats, Floats], Floats] | None = None,
) -> EstimatedByScore:
    def moves(expected: Expected) -> Iterator[Moves]:
        yield gradient(expected.positives, expected.negatives)

    return _estimated(name, "scores", moves, bend=bend)


def _mean(name: str) -> EstimatedByScore:
    def moves(expected: Expected) -> Iterator[Moves]:
        of_positive, of_negative = (side[name] for side in losses())
        mean = (expected.positives @ of_positive + expected.negatives @ of_negative) / expected.n
        yield (of_positive - mean) / expected.n, (of_negative - mean) / expected.n

    return _estimated(name, "scores", moves)


CLASSIFIER: tuple[EstimatedByScore, ...] = (
    _confusion("accuracy", gradients.accuracy),
    _confusion("balanced_accuracy", gradients.macro(gradients.recall_by_class)),
    *_averages("precision", gradients.precision_by_class),
    *_averages("recall", gradients.recall_by_class),
    *_averages("f1", gradients.f1_by_class),
    _confusion("matthews_correlation", gradients.matthews),
    _confusion("cohen_kappa", gradients.kappa),
    _ranking("roc_auc", gradients.roc_auc),
    _ranking("average_precision", gradients.average_precision, gradients.average_precision_bend),
    _mean("log_loss"),
    _mean("brier_score"),
)
"""Of probabilities of several classes all but the log loss.

Averages over rows, such as ``precision_micro``, are the accuracy; ``class_roc_auc`` of one class is ``roc_auc``.
"""
