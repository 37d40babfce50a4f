"""How well the domain classifier usually tells windows of the reference from the rest of it."""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from modelvane.calibration.habit import Habit, habit_of
from modelvane.multivariate.classifier import FEWEST, DomainClassifier
from modelvane.multivariate.embedding import Embedding
from modelvane.multivariate.sample import MOST_ROWS
from modelvane.multivariate.scores import Scores

# classifiers that are fitted for windows of one size: each takes some 20 ms
_TRIED = 40

Floats = NDArray[np.float64]


def auc_habit(embedding: Embedding, table: Scores, spacing: float) -> Habit | None:
    """Fit how well windows in time order are told from the rest, each by as many rows as a sample has.

    Parameters
    ----------
    embedding
        Of the reference.
    table
        Scores of its rows in time order, shape ``(rows, columns)``.
    spacing
        Rows of the stream for each of these.
    """

    def value_of(starts: NDArray[np.int64], n: int) -> Floats:
        found = np.full(len(starts), np.nan)
        if n >= FEWEST:
            for at in np.linspace(0, len(starts) - 1, min(_TRIED, len(starts))).astype(int).tolist():
                found[at] = _auc(embedding, table, int(starts[at]), n)
        return found

    found = habit_of(len(table), value_of, bounded=True)
    return None if found is None else replace(found, sizes=found.sizes * spacing)


def _auc(embedding: Embedding, table: Scores, start: int, n: int) -> float:
    """Tell a window's rows from the rest's; those that are alike are one, as in a sample."""
    window = table[start : start + n]
    different, counts = np.unique(window[:: -(-n // MOST_ROWS)], axis=0, return_counts=True)
    # in no order: halves are taken by turns
    order = np.random.default_rng(start).permutation(len(different))
    rest = np.delete(np.arange(len(table)), np.s_[start : start + n])
    rest = rest[np.linspace(0, len(rest) - 1, min(MOST_ROWS, len(rest))).astype(np.intp)]
    weights = counts[order] / counts.sum()
    if 1 / np.square(weights).sum() < FEWEST:
        return np.nan
    return DomainClassifier(embedding, table[rest], different[order], weights).domains().auc
