"""How much a row moves a value, against what happens when a row is added."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from modelvane.estimates import gradients
from modelvane.statistics import classification as of
from modelvane.statistics import probabilities
from modelvane.tallies.cells import Cells
from modelvane.tallies.classification import ClassRuler, ConfusionTally

Floats = NDArray[np.float64]
_RULER = ClassRuler.named("a", "b", "c")
_STEP = 2.0**-10
_BY_CLASS = {
    "precision": (of.precision_per_class, gradients.precision_by_class),
    "recall": (of.recall_per_class, gradients.recall_by_class),
    "f1": (of.f1_per_class, gradients.f1_by_class),
}
_PAIRS: dict[str, tuple[Callable[[ConfusionTally], Any], Callable[[Floats], Floats]]] = {
    "accuracy": (of.accuracy, gradients.accuracy),
    "matthews": (of.matthews_correlation, gradients.matthews),
    "kappa": (of.cohen_kappa, gradients.kappa),
    **{f"{name}_macro": (of.macro(value), gradients.macro(by)) for name, (value, by) in _BY_CLASS.items()},
    **{
        f"{name}_weighted": (of.weighted(value), gradients.weighted(by))
        for name, (value, by) in _BY_CLASS.items()
    },
}


def _tally(matrix: Floats) -> ConfusionTally:
    counts = np.zeros((4, 4), np.int64)
    counts[:3, :3] = np.rint(matrix * 2.0**30)
    return ConfusionTally(_RULER, Cells.of(counts.ravel()), 0, 0)


def _slopes(value: Callable[[Floats], float], at: Floats) -> Floats:
    slopes = np.zeros_like(at)
    for place in np.ndindex(at.shape):
        step = np.zeros_like(at)
        step[place] = _STEP
        slopes[place] = (value(at + step) - value(at - step)) / (2 * _STEP)
    return slopes


@pytest.mark.parametrize("name", _PAIRS)
def test_gradients_of_a_confusion_are_its_slopes(name: str) -> None:
    """Derivatives by counts are the slopes of the statistic itself, also with a class that is never predicted."""
    statistic, gradient = _PAIRS[name]
    matrix = np.random.default_rng(0).uniform(5, 50, (3, 3))
    np.testing.assert_allclose(gradient(matrix), _slopes(lambda m: statistic(_tally(m)), matrix), atol=1e-7)
    if "f1" not in name and "precision" in name:
        matrix[:, 2] = 0
        moved = gradient(matrix)[:, :2]
        slopes = _slopes(lambda m: statistic(_tally(np.column_stack((m, matrix[:, 2])))), matrix[:, :2])
        np.testing.assert_allclose(moved, slopes, atol=1e-7)


@pytest.mark.parametrize("name", _BY_CLASS)
def test_gradients_of_one_class_are_its_slopes(name: str) -> None:
    """The same holds for each class by itself."""
    statistic, by_class = _BY_CLASS[name]
    matrix = np.random.default_rng(1).uniform(5, 50, (3, 3))
    for label, moved in zip(_RULER.names, gradients.each(by_class)(matrix), strict=True):
        slopes = _slopes(lambda m, label=label: statistic(_tally(m))[label], matrix)  # type: ignore[misc] # it infers none with a default
        np.testing.assert_allclose(moved, slopes, atol=1e-7)


@pytest.mark.parametrize(
    ("value", "gradient"),
    [
        (probabilities._roc_auc, gradients.roc_auc),
        (probabilities._average_precision, gradients.average_precision),
    ],
)
def test_gradients_of_rankings_are_their_slopes(value: Any, gradient: Any) -> None:
    """Derivatives by positives and by negatives of each cell are slopes, too."""
    rng = np.random.default_rng(2)
    positives, negatives = rng.uniform(0.5, 9, (2, 7))
    of_positives, of_negatives = gradient(positives, negatives)
    np.testing.assert_allclose(of_positives, _slopes(lambda p: value(p, negatives), positives), atol=1e-7)
    np.testing.assert_allclose(of_negatives, _slopes(lambda n: value(positives, n), negatives), atol=1e-7)


def test_the_bend_of_average_precision_is_half_its_second_slope() -> None:
    """By labels of each cell that turn positive, rows staying as many; a cell without rows has none."""
    rng = np.random.default_rng(3)
    positives, negatives = rng.uniform(0.5, 9, (2, 7))
    positives[2] = negatives[2] = 0.0

    def value(turned: Floats) -> float:
        return probabilities._average_precision(positives + turned, negatives - turned)  # type: ignore[arg-type] # counts may be parts of rows here

    bent = np.zeros(7)
    for cell in (0, 1, 3, 4, 5, 6):
        step = _STEP * np.eye(7)[cell]
        bent[cell] = (value(step) - 2 * value(0 * step) + value(-step)) / (2 * _STEP**2)
    np.testing.assert_allclose(gradients.average_precision_bend(positives, negatives), bent, atol=1e-7)
