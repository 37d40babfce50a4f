"""Labels, ROC AUC and log loss from class probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from modelvane.compat.columns import Columns, kind_of, object_array

if TYPE_CHECKING:
    from collections.abc import Sequence

THRESHOLD = 0.5
SMALLEST = 1e-15
"""Probabilities are kept this far from 0 and 1 in the logarithm, as scikit-learn did in 2022."""


def probability_matrix(columns: Columns, names: Sequence[str]) -> np.ndarray | None:
    """Stack the probability columns, rows x classes; ``None`` if one is absent or not numerical."""
    if not names or any(kind_of(columns.get(name)) != "numerical" for name in names):
        return None
    return np.column_stack([columns[name] for name in names]).astype(np.float64)


def predicted_labels(probabilities: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Give the predicted class of each row; ``None`` where a probability is missing or infinite.

    Of two columns it is the first if its probability is at least 0.5, of more the most probable (of equals
    the first).

    >>> predicted_labels(np.array([[0.5, 0.5], [0.2, 0.8], [np.nan, 1.0]]), ("yes", "no")).tolist()
    ['yes', 'no', None]
    """
    there = np.isfinite(probabilities).all(axis=1)
    chosen = np.zeros(len(probabilities), dtype=np.int64)
    if len(names) == 2:
        chosen[there] = np.where(probabilities[there, 0] >= THRESHOLD, 0, 1)
    elif there.any():
        chosen[there] = probabilities[there].argmax(axis=1)
    return object_array(names[i] if ok else None for i, ok in zip(chosen.tolist(), there, strict=True))


def roc_auc(positive: np.ndarray, score: np.ndarray) -> float | None:
    """Give the area under the ROC curve; ``None`` if all rows, or none, are positive.

    The share of (positive, negative) pairs that the score orders rightly, ties counting half.

    >>> roc_auc(np.array([True, False, True, False]), np.array([0.9, 0.1, 0.4, 0.4]))
    0.875
    """
    above, below = score[positive], np.sort(score[~positive])
    if not above.size or not below.size:
        return None
    wins = np.searchsorted(below, above, side="left") + np.searchsorted(below, above, side="right")
    return float(wins.sum() / (2 * above.size * below.size))


def macro_roc_auc(onehot: np.ndarray, probabilities: np.ndarray) -> float | None:
    """Average the one-versus-rest areas over the classes that have one; ``None`` if no class has."""
    areas = [roc_auc(onehot[:, i], probabilities[:, i]) for i in range(onehot.shape[1])]
    defined = [area for area in areas if area is not None]
    return float(np.mean(defined)) if defined else None


def log_loss(onehot: np.ndarray, probabilities: np.ndarray) -> float:
    """Average minus the logarithm of the true class's probability, each row scaled to a sum of 1.

    A row of a class that has no column adds nothing to the sum but counts in the mean, as it did in 2022.
    """
    p = np.clip(probabilities, SMALLEST, 1 - SMALLEST)
    p /= p.sum(axis=1, keepdims=True)
    return float(-np.where(onehot, np.log(p), 0.0).sum() / len(p))
