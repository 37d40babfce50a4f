"""Correlations of scores, and how much they changed: functions of one tally of cross moments, and of two.

A score is a normal score of ranks, or the place of a category; a correlation of them is van der Waerden's of ranks
(1952), which no single value can move, and whose sampling error is that of Pearson's.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelvane.multivariate.moments import CrossMoments

FEWEST = 30
"""In fewer rows a correlation is noise alone."""

Floats = NDArray[np.float64]


def correlations(moments: CrossMoments) -> Floats:
    """Give the correlation matrix; a column of one value only correlates with nothing, nor with itself.

    Returns
    -------
    numpy.ndarray
        Shape ``(columns, columns)``.
    """
    return of_sums(np.float64(moments.n), moments.sums, moments.products)


def of_sums(n: Floats | np.float64, sums: NDArray[Any], products: NDArray[Any]) -> Floats:
    """Give the correlation matrices of many tallies, whose axes lead: see `CrossMoments`."""
    totals = np.asarray(sums, np.float64)
    spreads = (
        np.asarray(n)[..., None, None] * np.asarray(products, np.float64)
        - totals[..., :, None] * totals[..., None, :]
    )
    scale = np.sqrt(np.maximum(np.diagonal(spreads, axis1=-2, axis2=-1), 0.0))
    both = scale[..., :, None] * scale[..., None, :]
    return np.asarray(np.divide(spreads, both, out=np.zeros_like(spreads), where=both > 0))


def largest_change(reference: Floats, current: Floats) -> Floats:
    """Give the largest change of a correlation between two columns, shape ``(...)``; at most 2.

    >>> float(largest_change(np.array([[1, 0.9], [0.9, 1]]), np.array([[1, -0.1], [-0.1, 1]])))
    1.0
    """
    above = np.triu(np.ones(reference.shape[-2:], bool), 1)
    return np.asarray(np.abs(reference - current)[..., above].max(axis=-1))


def most_changed(reference: Floats, current: Floats, most: int) -> list[tuple[int, int]]:
    """Give the pairs of columns whose correlation changed most, that first."""
    rows, columns = np.triu_indices(len(reference), 1)
    order = np.argsort(-np.abs(reference - current)[rows, columns], kind="stable")
    return [(int(rows[at]), int(columns[at])) for at in islice(order, most)]
