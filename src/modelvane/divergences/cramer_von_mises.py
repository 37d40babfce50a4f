"""Cramer-von Mises: the mean squared difference of two distribution functions over the rows of both."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from modelvane.divergences.base import NUMERICAL, Divergence, in_blocks
from modelvane.divergences.open_cells import OpenCells
from modelvane.later import special
from modelvane.tallies.sample import Array, Sample


@in_blocks
def cramer_von_mises(reference: Sample, current: Sample) -> NDArray[np.float64]:
    """Give Anderson's two-sample ``T = n N / (n + N)^2 sum (F - G)^2`` over the rows of both sides.

    scipy's statistic wherever no rows are tied. With ties scipy puts midranks into the formula for ranks,
    which is not 0 between equal distributions of different sizes; the sum itself is. T grows with the rows;
    without any change it is about 1/6 at every size. Rows of an open cell are taken one after the other,
    the two sides mixed evenly. Shape ``(...)``.
    """
    rows = np.asarray(reference.counts + current.counts, np.float64)
    at_edges = (reference.cumulative - current.cumulative)[..., 1::2]
    total = np.einsum("...i,...i,...i->...", at_edges, at_edges, rows[..., 1::2])
    total += _between_edges(OpenCells.of(reference, current), rows[..., ::2]).sum(axis=-1)
    return np.asarray(reference.n * current.n / np.square(reference.n + current.n) * total)


def _between_edges(cells: OpenCells, rows: Array) -> Array:
    """Give the sum of squares of F - G over rows that take it in equal steps from a cell's start to its end."""
    few = np.maximum(rows, 1.0)
    change = cells.end - cells.start
    middle = cells.start + change * (1 + 1 / few) / 2
    return np.asarray(rows * (np.square(middle) + np.square(change) * (1 - 1 / np.square(few)) / 12))


def error_bound(reference: Sample, current: Sample) -> float:
    """Give how far the value of the raw rows can be: those of one open cell may be tied, and in any order."""
    cells = OpenCells.of(reference, current)
    rows = np.asarray(reference.counts + current.counts, np.float64)[::2]
    low, high = np.square(cells.lowest), np.square(cells.highest)
    most = np.maximum(low, high)
    least = np.where((cells.lowest < 0) & (cells.highest > 0), 0.0, np.minimum(low, high))
    taken = _between_edges(cells, rows)
    off = np.where(rows > 1, np.maximum(rows * most - taken, taken - rows * least), 0.0)
    return float(reference.n * current.n / (reference.n + current.n) ** 2 * off.sum())


def p_value(value: float, reference: Sample, current: Sample) -> float:
    """Give the probability of a T this large when nothing changed: the limit law at T's mean and variance.

    For columns without heavy ties; 1 - law is resolved down to about 1e-14.
    """
    n, N = float(current.n), float(reference.n)
    rows, pairs = n + N, n * N
    mean = (1 + 1 / rows) / 6
    variance = (rows + 1) * (4 * pairs * rows - 3 * (n * n + N * N) - 2 * pairs) / (180 * rows * rows * pairs)
    # two rows have but one T
    like_limit = 1 / 6 + (value - mean) / math.sqrt(45 * variance) if variance > 0 else 0.0
    # below, the limit law has no more mass than a float resolves
    return 1.0 if like_limit < 0.003 else min(1.0, max(0.0, 1 - _limit_law(like_limit)))


def _limit_law(x: float, terms: int = 40) -> float:
    k = np.arange(terms)
    weight = np.exp(special.gammaln(k + 0.5) - special.gammaln(k + 1)) * np.sqrt(4 * k + 1)
    q = np.square(4 * k + 1) / (16 * x)
    # kve is kv without its exponential factor, which would underflow before its product does
    return float((weight * np.exp(-2 * q) * special.kve(0.25, q)).sum() / (math.pi**1.5 * math.sqrt(x)))


CRAMER_VON_MISES = Divergence(
    name="cramer_von_mises",
    title="Cramer-von Mises",
    kinds=NUMERICAL,
    kernel=cramer_von_mises,
    zero_cells="Empty cells have no rows to weigh the difference by: they add nothing.",
    source="Anderson, 1962; limit law: Csorgo and Faraway, 1996",
    p_value=p_value,
    error_bound=error_bound,
    degree=2,
)
