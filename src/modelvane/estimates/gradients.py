"""How much each row moves a value: derivatives by the counts of a confusion matrix, and of positives and negatives.

A value that does not change when all counts are doubled changes by ``sum(d v)`` when the counts change by d, so that
its variance over samples of independent rows is ``sum(n v^2)`` over counts n (the delta method; Cramer, 1946).

A confusion matrix has targets along its first axis, predictions along its second. Shares without rows to be a share of
have no value, and nothing moves them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class ByClass(NamedTuple):
    """A value per class, and how much it moves with hits, all targets and all predictions of the class."""

    values: Floats
    hits: Floats
    targets: Floats
    predictions: Floats


def accuracy(matrix: Floats) -> Floats:
    """Give that of the share of hits."""
    n = matrix.sum()
    return np.asarray((np.eye(len(matrix)) - np.trace(matrix) / n) / n)


def precision_by_class(matrix: Floats) -> ByClass:
    """Give those of hits / predictions."""
    hits, predictions = matrix.diagonal(), matrix.sum(axis=0)
    share = _over(hits, predictions)
    return ByClass(share, _over(1.0, predictions), np.zeros_like(share), -_over(share, predictions))


def recall_by_class(matrix: Floats) -> ByClass:
    """Give those of hits / targets."""
    hits, targets = matrix.diagonal(), matrix.sum(axis=1)
    share = _over(hits, targets)
    return ByClass(share, _over(1.0, targets), -_over(share, targets), np.zeros_like(share))


def f1_by_class(matrix: Floats) -> ByClass:
    """Give those of 2 hits / (predictions + targets)."""
    both = matrix.sum(axis=0) + matrix.sum(axis=1)
    value = _over(2 * matrix.diagonal(), both)
    falls = -_over(value, both)
    return ByClass(value, _over(2.0, both), falls, falls)


def _over(part: Floats | float, whole: Floats) -> Floats:
    quotient = np.full_like(whole, np.nan)
    return np.divide(part, whole, out=quotient, where=whole > 0)


def each(by_class: Callable[[Floats], ByClass]) -> Callable[[Floats], Iterator[Floats]]:
    """Give what gives the derivatives of each class by themselves."""

    def of(matrix: Floats) -> Iterator[Floats]:
        found = by_class(matrix)
        for k in range(len(matrix)):
            moved = np.zeros_like(matrix)
            moved[k, k] = found.hits[k]
            moved[k, :] += found.targets[k]
            moved[:, k] += found.predictions[k]
            yield moved

    return of


def macro(by_class: Callable[[Floats], ByClass]) -> Callable[[Floats], Floats]:
    """Give what gives those of the plain mean over classes that have a value."""

    def of(matrix: Floats) -> Floats:
        found = by_class(matrix)
        known = ~np.isnan(found.values)
        return _sum(found, known / max(int(known.sum()), 1))

    return of


def weighted(by_class: Callable[[Floats], ByClass]) -> Callable[[Floats], Floats]:
    """Give what gives those of the mean over classes that have a value, weighted by their targets."""

    def of(matrix: Floats) -> Floats:
        found = by_class(matrix)
        targets = np.where(np.isnan(found.values), 0.0, matrix.sum(axis=1))
        total = max(float(targets.sum()), np.finfo(float).tiny)
        mean = float(np.nansum(found.values * targets)) / total
        # a target more is also more weight to its class
        weight = np.where(targets > 0, found.values - mean, 0.0) / total
        return _sum(found, targets / total) + weight[:, None]

    return of


def _sum(found: ByClass, weights: Floats) -> Floats:
    hits, targets, predictions = (np.where(weights > 0, part * weights, 0.0) for part in found[1:])
    return np.diag(hits) + targets[:, None] + predictions[None, :]


def matthews(matrix: Floats) -> Floats:
    """Give those of `modelvane.statistics.classification.matthews_correlation`."""
    n, right, predictions, targets = _margins(matrix)
    over, by_prediction, by_target = (
        right * n - predictions @ targets,
        n**2 - predictions @ predictions,
        n**2 - targets @ targets,
    )
    below = np.sqrt(by_prediction * by_target)
    of_over = np.eye(len(matrix)) * n + right - predictions[:, None] - targets[None, :]
    logs = (n - predictions)[None, :] / by_prediction + (n - targets)[:, None] / by_target
    return (of_over - over * logs) / below


def kappa(matrix: Floats) -> Floats:
    """Give those of `modelvane.statistics.classification.cohen_kappa`."""
    n, right, predictions, targets = _margins(matrix)
    over, below = right * n - predictions @ targets, n**2 - predictions @ targets
    chance = predictions[:, None] + targets[None, :]
    of_over = np.eye(len(matrix)) * n + right - chance
    return (of_over - over / below * (2 * n - chance)) / below


def _margins(matrix: Floats) -> tuple[float, float, Floats, Floats]:
    return float(matrix.sum()), float(np.trace(matrix)), matrix.sum(axis=0), matrix.sum(axis=1)


def roc_auc(positives: Floats, negatives: Floats) -> tuple[Floats, Floats]:
    """Give those of the ROC AUC by the positives and by the negatives of each cell: DeLong et al., 1988."""
    above = positives.sum() - np.cumsum(positives) + positives / 2
    below = np.cumsum(negatives) - negatives / 2
    of_positives, of_negatives = float(positives.sum()), float(negatives.sum())
    pairs = of_positives * of_negatives
    value = float(positives @ below) / pairs
    return (below / of_negatives - value) / of_positives, (above / of_positives - value) / of_negatives


def average_precision(positives: Floats, negatives: Floats) -> tuple[Floats, Floats]:
    """Give those of the average precision by the positives and by the negatives of each cell."""
    down, up = positives[::-1], negatives[::-1]
    hits, rows = np.cumsum(down), np.cumsum(down + up)
    held = np.where(rows > 0, rows, 1.0)
    precision = hits / held
    # a row more in a cell also enters the precisions of all cells below
    of_hits = np.cumsum((down * (rows - hits) / held**2)[::-1])[::-1]
    of_misses = np.cumsum((down * hits / held**2)[::-1])[::-1]
    total = float(down.sum())
    value = float(down @ precision) / total
    return ((precision + of_hits - value) / total)[::-1], (-of_misses / total)[::-1]


def average_precision_bend(positives: Floats, negatives: Floats) -> Floats:
    """Give half the second derivative by a label of each cell that turns positive, its rows staying as many.

    A positive raises the precision of its own cell at once: ``(1 / rows from there up - slope) / positives``. Cells
    without rows have no label: 0.
    """
    of_positives, of_negatives = average_precision(positives, negatives)
    up = (positives + negatives)[::-1]
    own = np.divide(1.0, np.cumsum(up), out=np.zeros_like(up), where=up > 0)[::-1]
    return np.where(own > 0, own - (of_positives - of_negatives), 0.0) / float(positives.sum())
