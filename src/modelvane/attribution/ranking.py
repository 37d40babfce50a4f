"""Whether features matter in the same order as in the reference."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ROUNDING = 1e-12
"""Distances that differ by less are one: a distance is the difference of two numbers near 1."""


def discounts(ranks: int) -> Floats:
    """Give what a gain counts at each rank, ``1 / log2(1 + rank)``, the first rank first."""
    return np.asarray(1 / np.log2(np.arange(2, ranks + 2)), np.float64)


def ndcg(gains: Floats, scores: Floats) -> float:
    """Give the normalised discounted cumulative gain of an order.

    ``DCG / ideal DCG``, where ``DCG = sum_i gain_i / log2(1 + rank_i)`` by descending score, and the ideal is by
    descending gain; features of equal score share the mean of their discounts (Järvelin and Kekäläinen, 2002; McSherry
    and Najork, 2008). 1 is the same order.

    Parameters
    ----------
    gains, scores
        Shape ``(features,)``; gains are 0 or more, and not all 0.

    Examples
    --------
    >>> ndcg(np.array([5.0, 2.0, 1.0]), np.array([9.0, 3.0, 2.0]))
    1.0
    >>> round(ndcg(np.array([5.0, 2.0, 1.0]), np.array([3.0, 9.0, 2.0])), 3)
    0.836
    """
    return _dcg(gains, scores) / _dcg(gains, gains)


def rank_distance(reference: Floats, current: Floats) -> float:
    """Give ``1 - NDCG`` of the current order, with the reference's mean sizes of contributions as gains; 0 to 1.

    Parameters
    ----------
    reference, current
        Mean sizes by feature, shape ``(features,)``.
    """
    found = 1.0 - ndcg(reference, current)
    return found if found > ROUNDING else 0.0


def _dcg(gains: Floats, scores: Floats) -> float:
    distinct, group = np.unique(-scores, return_inverse=True)
    if len(distinct) == len(scores):
        return float(gains[np.argsort(-scores)] @ discounts(len(gains)))
    sizes = np.bincount(group)
    ends = np.cumsum(sizes) - 1
    up_to = np.cumsum(discounts(len(gains)))[ends]
    return float(np.bincount(group, gains) / sizes @ np.diff(up_to, prepend=0.0))
