"""Whether a classifier can tell the window's rows from the reference's, and by which columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane import tails
from modelvane.multivariate.embedding import Embedding
from modelvane.multivariate.scores import UNIT, Scores

FEWEST = 100
"""In fewer rows of a sample nothing can be learned."""
_RIDGE = 0.01
_FOLDS = 2

Floats = NDArray[np.float64]


class Domains(Struct, frozen=True):
    """How well the rows' origins can be told apart.

    Parameters
    ----------
    auc
        Of rows that the classifier had not seen, mean of two halves; 0.5 is a coin.
    spread
        Standard deviation of one half's AUC where there is nothing to tell.
    """

    auc: float
    spread: float

    def noise_floor(self, level: float) -> float:
        """Give the AUC that is exceeded with probability ``level`` where there is nothing to tell.

        The two halves' AUCs are not two looks: where one of them is high by chance the other is, too. So the mean has
        the spread of one.
        """
        return min(1.0, 0.5 + self.spread * tails.normal_point(level))


class DomainClassifier(Struct, frozen=True, eq=False):
    """Learns to tell two samples apart on one half of each, and is tried on the other; both ways.

    It is Fisher's discriminant (1936) with a ridge, on scores and their random Fourier features, so that it sees what
    columns have to do with each other.

    Parameters
    ----------
    embedding
        Of the reference.
    reference, current
        Scores, shape ``(rows, columns)``, in an order that says nothing.
    weights
        Of the current rows, which add up to 1.
    """

    embedding: Embedding
    reference: Scores
    current: Scores
    weights: Floats

    def domains(self) -> Domains:
        """Give how well the samples can be told apart."""
        halves = [self._half(fold) for fold in range(_FOLDS)]
        areas = [_area(tried.points @ direction, tried) for tried, direction in halves]
        return Domains(float(np.mean(areas)), max(tried.spread for tried, _ in halves))

    def importances(self, rows: int = 500) -> Floats:
        """Give for each column what the AUC loses when its values are exchanged between rows (Breiman, 2001).

        Parameters
        ----------
        rows
            Of each half on which that is tried, at most.
        """
        rng, lost = np.random.default_rng(0), np.zeros(self.current.shape[1])
        for fold in range(_FOLDS):
            tried, direction = self._half(fold)
            some = tried.some(rng.permutation(len(tried.scores))[:rows])
            before = _area(some.points @ direction, some)
            for column in range(len(lost)):
                mixed = some.scores.copy()
                mixed[:, column] = rng.permutation(mixed[:, column])
                after = _area(_points(self.embedding, mixed) @ direction, some)
                lost[column] += (before - after) / _FOLDS
        return lost

    def _half(self, fold: int) -> tuple[_Rows, Floats]:
        """Give the rows to try, and the direction that was learned from the others."""
        n, m = len(self.reference), len(self.current)
        scores = np.concatenate((self.reference, self.current))
        shares = np.concatenate((np.full(n, 1 / n), self.weights))
        both = _Rows(scores, _points(self.embedding, scores), np.arange(n + m) >= n, shares)
        half = np.concatenate((np.arange(n), np.arange(m))) % _FOLDS
        return both.some(np.flatnonzero(half == fold)), _direction(both.some(np.flatnonzero(half != fold)))


class _Rows(Struct, frozen=True, eq=False):
    """Rows of both samples: which are current, and their shares."""

    scores: Scores
    points: Floats
    is_current: NDArray[np.bool_]
    shares: Floats

    def some(self, at: NDArray[np.intp]) -> _Rows:
        return _Rows(self.scores[at], self.points[at], self.is_current[at], self.shares[at])

    @property
    def spread(self) -> float:
        """Standard deviation of the area where both are alike: Mann and Whitney, 1947, on effective sizes."""
        sides = self.shares[~self.is_current], self.shares[self.is_current]
        n, m = (float(each.sum() ** 2 / (each**2).sum()) for each in sides)
        return float(((n + m + 1) / (12 * n * m)) ** 0.5)


def _points(embedding: Embedding, scores: Scores) -> Floats:
    return np.concatenate((scores / UNIT, embedding.features(scores)), axis=1).astype(np.float64)


def _direction(rows: _Rows) -> Floats:
    """Give the discriminant's direction; both origins count the same."""
    current, shares = rows.is_current, rows.shares
    weights = shares / np.where(current, shares[current].sum(), shares[~current].sum()) / 2
    centred = rows.points - weights @ rows.points
    spread = centred.T @ (centred * weights[:, None])
    ridge = _RIDGE * np.trace(spread) / len(spread) or 1.0
    apart = centred.T @ (weights * np.where(current, 1.0, -1.0))
    return np.asarray(np.linalg.solve(spread + ridge * np.eye(len(spread)), apart))


def _area(values: Floats, rows: _Rows) -> float:
    """Give the weighted area under the ROC curve; ties count half."""
    kept, at = np.unique(values, return_inverse=True)
    current = np.bincount(at, np.where(rows.is_current, rows.shares, 0.0), len(kept))
    reference = np.bincount(at, np.where(rows.is_current, 0.0, rows.shares), len(kept))
    below = np.cumsum(reference) - reference / 2
    return float(current @ below / (current.sum() * reference.sum()))


def most_telling(importances: Floats, names: Sequence[str], most: int) -> list[str]:
    """Give the columns without which the classifier loses most, that first."""
    order = np.argsort(-importances, kind="stable")[:most]
    return [names[at] for at in order if importances[at] > 0]
