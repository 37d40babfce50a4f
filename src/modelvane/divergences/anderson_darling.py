"""Anderson-Darling: Cramer-von Mises with the tails weighed up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from modelvane.divergences.base import NUMERICAL, Divergence, in_blocks
from modelvane.tallies.sample import Array, Sample


@in_blocks
def anderson_darling(reference: Sample, current: Sample) -> NDArray[np.float64]:
    """Give the two-sample ``A^2`` of Scholz and Stephens, their equation 7, at midpoints of ties.

    ``(M - 1) / (M n N) sum l (n R - N S)^2 / (B (M - B) - M l / 4)`` over values with l rows, of which R, S and
    B = R + S are those below, half of the tied ones included; ``M = n + N``. About 1 without any change; grows
    with the rows. Rows of an open cell are taken one after the other, the two sides mixed evenly. Shape ``(...)``.
    """
    n, N = current.n[..., None], reference.n[..., None]
    M = n + N
    R, S = _middles(reference), _middles(current)
    a, b = np.asarray(reference.counts, np.float64), np.asarray(current.counts, np.float64)
    at, between = np.s_[..., 1::2], np.s_[..., ::2]
    ties = a[at] + b[at]
    total = (ties * _term(R[at], S[at], ties, n, N)).sum(axis=-1)
    total += _one_by_one(R[between], S[between], a[between], b[between], n, N).sum(axis=-1)
    return np.asarray((M - 1)[..., 0] / (M * n * N)[..., 0] * total)


def error_bound(reference: Sample, current: Sample) -> float:
    """Give how far the value of the raw rows can be: those of one open cell may be tied, and in any order."""
    n, N = float(current.n), float(reference.n)
    M = n + N
    a, b = (np.asarray(side.counts, np.float64)[::2] for side in (reference, current))
    rows = a + b
    one = np.minimum(rows, 1.0)
    R, S = _middles(reference)[::2] - a / 2, _middles(current)[::2] - b / 2
    first, last = R + S, R + S + rows
    low, high = n * R - N * (S + b), n * (R + a) - N * S
    largest = np.maximum(low * low, high * high)
    smallest = np.where((low < 0) & (high > 0), 0.0, np.minimum(low * low, high * high))
    # a tie can have 1 to all of the cell's rows, and be anywhere in it: the spread is concave in both
    tightest = np.minimum(_spread(first + one / 2, one, M), _spread(last - one / 2, one, M))
    tightest = np.minimum(tightest, _spread(first + rows / 2, rows, M))
    widest = _spread(np.clip(M / 2, first + one / 2, last - one / 2), one, M)
    # beyond the outermost edges rows of one side alone are at most what their last is, tied or not
    alone = ((a == 0) | (b == 0)) & ((first == 0) | (last == M))
    inner_end = np.where(first == 0, last, first)
    tightest = np.where(alone, inner_end * (M - inner_end), tightest)
    most = rows * np.divide(largest, tightest, out=np.zeros_like(rows), where=tightest > 0)
    least = rows * np.divide(smallest, widest, out=np.zeros_like(rows), where=widest > 0)
    taken = _one_by_one(R + a / 2, S + b / 2, a, b, n, N)
    off_by = np.where(rows > 1, np.maximum(most - taken, taken - least), 0.0)
    return float((M - 1) / (M * n * N) * off_by.sum())


def _middles(sample: Sample) -> Array:
    """Give the rows below the middle of each cell; halves of whole numbers, so equal samples give exactly 0."""
    return np.asarray(np.cumsum(sample.counts, axis=-1) - sample.counts / 2, np.float64)


def _term(R: Array, S: Array, tied: Array, n: Array | float, N: Array | float) -> Array:
    """Give what one of ``tied`` rows adds; 0 where there are none, or no others."""
    spread = _spread(R + S, tied, n + N)
    return np.divide(
        np.square(n * R - N * S), spread, out=np.zeros_like(spread), where=(tied > 0) & (spread > 0)
    )


def _one_by_one(R: Array, S: Array, a: Array, b: Array, n: Array | float, N: Array | float) -> Array:
    """Give what ``a + b`` untied rows of a cell add, around R and S rows below its middle."""
    rows = a + b
    one = np.minimum(rows, 1.0)
    # two rows, this share of the cell's from its middle, have the mean and the spread of all of them
    aside = np.sqrt((1 - 1 / np.square(np.maximum(rows, 1.0))) / 12)
    pair = (_term(R + off * a, S + off * b, one, n, N) for off in (-aside, aside))
    return np.asarray(rows * sum(pair) / 2)


def _spread(below: Array, tied: Array, M: Array | float) -> Array:
    return np.asarray(below * (M - below) - M * tied / 4)


ANDERSON_DARLING = Divergence(
    name="anderson_darling",
    title="Anderson-Darling",
    kinds=NUMERICAL,
    kernel=anderson_darling,
    zero_cells="Empty cells have no rows to weigh the difference by: they add nothing.",
    source="Scholz and Stephens, K-sample Anderson-Darling tests, 1987",
    error_bound=error_bound,
    degree=2,
)
