"""Scores of categories: those that tell most of the row's other columns.

A category has no order, and a score by name or by frequency would hide what it has to do with the other columns. So the
categories of a column are placed where the means of the others differ most: on the first axis of the between-category
means, as correspondence analysis does (Hirschfeld, 1935; Gifi, Nonlinear Multivariate Analysis, 1990). No target is
asked.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from modelvane.multivariate.scores import CategoricalScores, Scores, whole

# a category of so few rows is half way to the middle
_SHRINKAGE = 10
# of another categorical column that many categories are looked at, each by itself
_SHOWN = 8
# means of categories need no more, evenly spaced
_ROWS = 20_000

Floats = NDArray[np.float64]


def quantified(
    numerical: Mapping[str, Scores], categorical: Mapping[str, NDArray[np.int32]], sizes: Mapping[str, int]
) -> dict[str, CategoricalScores]:
    """Learn the scores of all categorical columns of some rows.

    Parameters
    ----------
    numerical
        Scores of the numerical columns, shape ``(rows,)`` each.
    categorical
        Codes of the others; those from ``sizes`` on and negative ones are no category of the reference.
    sizes
        Categories of the reference by column.
    """
    rows = max((len(each) for part in (numerical, categorical) for each in part.values()), default=0)
    kept = slice(None) if rows <= _ROWS else np.linspace(0, rows - 1, _ROWS).astype(np.intp)
    numerical = {name: scores[kept] for name, scores in numerical.items()}
    categorical = {name: codes[kept] for name, codes in categorical.items()}
    seen = {name: _standardised(scores[:, None].astype(np.float64)) for name, scores in numerical.items()}
    for name, codes in categorical.items():
        seen[name] = _standardised((codes[:, None] == np.arange(min(_SHOWN, sizes[name]))).astype(np.float64))
    found = {}
    for name, codes in categorical.items():
        others = [values for other, values in seen.items() if other != name]
        found[name] = _placed(codes, sizes[name], np.hstack(others)) if others else _nowhere(sizes[name])
    return found


def _standardised(values: Floats) -> Floats:
    spread = values.std(axis=0)
    return np.asarray((values - values.mean(axis=0))[:, spread > 0] / spread[spread > 0])


def _nowhere(size: int) -> CategoricalScores:
    return CategoricalScores(np.zeros(size, np.int8))


def _placed(codes: NDArray[np.int32], size: int, others: Floats) -> CategoricalScores:
    known = (codes >= 0) & (codes < size)
    counts = np.bincount(codes[known], minlength=size)
    if not known.any() or not others.shape[1]:
        return _nowhere(size)
    present = np.flatnonzero(counts)
    order = np.flatnonzero(known)[np.argsort(codes[known], kind="stable")]
    starts = np.concatenate(([0], np.cumsum(counts[present])[:-1]))
    means = np.add.reduceat(others[order], starts, axis=0) / (counts[present] + _SHRINKAGE)[:, None]
    weights = counts[present] / counts.sum()
    means -= weights @ means
    axis = np.linalg.svd(np.sqrt(weights)[:, None] * means, full_matrices=False)[2][0]
    # an axis has two directions: the largest of its parts is positive
    placed = means @ axis * np.sign(axis[np.argmax(np.abs(axis))])
    spread = float(np.sqrt(weights @ placed**2))
    scores = np.zeros(size)
    if spread > 0:
        scores[present] = placed / spread
    return CategoricalScores(whole(scores))
