"""The 2 x K table of counts per category, reference over current: what tests of homogeneity look at."""

from __future__ import annotations

import math

import numpy as np

from modelvane import tails
from modelvane.divergences.entropy import relative_entropy
from modelvane.tallies.sample import Array, Sample


def harmonic_rows(reference: Sample, current: Sample) -> Array:
    """Give ``m = n N / (n + N)``, the rows that a comparison of two sides is worth; shape ``(...)``."""
    return np.asarray(reference.n * current.n / (reference.n + current.n))


def filled_categories(reference: Sample, current: Sample) -> Array:
    """Give how many categories have a row on either side, the unseen ones as one; shape ``(...)``."""
    return np.asarray(np.count_nonzero(reference.counts + current.counts, axis=-1), np.float64)


def pearson(reference: Sample, current: Sample) -> Array:
    """Give Pearson's ``sum (observed - expected)^2 / expected``; categories empty on both sides are left out.

    For two rows that is ``sum (a n - b N)^2 / ((a + b) n N)``. Shape ``(...)``.
    """
    n, N = current.n[..., None], reference.n[..., None]
    both = reference.counts + current.counts
    # differences of whole numbers: proportional counts give exactly 0
    squares = np.square(reference.counts * n - current.counts * N)
    terms = np.divide(squares, both * n * N, out=np.zeros_like(squares), where=both > 0)
    return np.asarray(terms.sum(axis=-1))


def log_likelihood_ratio(reference: Sample, current: Sample) -> Array:
    """Give ``2 sum observed ln(observed / expected)``; categories empty on either side add nothing there.

    Shape ``(...)``.
    """
    n, N = current.n, reference.n
    expected = (reference.counts + current.counts) / (n + N)[..., None]
    surprise = N * relative_entropy(reference.shares, expected).sum(axis=-1)
    surprise += n * relative_entropy(current.shares, expected).sum(axis=-1)
    return np.asarray(np.maximum(2 * surprise, 0.0))


def chi_square_tail(statistic: float, reference: Sample, current: Sample) -> float:
    """Give the upper tail of chi-square with one degree of freedom less than there are filled categories.

    NaN where too few rows are expected for it to be a probability: under 1 in any cell of the table, or under 5 in
    more than a fifth of them (Cochran, Biometrics, 1954).
    """
    freedom = float(filled_categories(reference, current)) - 1
    if freedom <= 0:
        return 1.0
    if not _has_enough_rows(reference, current):
        return math.nan
    return tails.chi_square_tail(freedom, statistic)


def _has_enough_rows(reference: Sample, current: Sample) -> bool:
    both = reference.counts + current.counts
    shares = both[both > 0] / both.sum()
    expected = np.concatenate((shares * reference.n, shares * current.n))
    return bool(expected.min() >= 1 and np.mean(expected < 5) <= 0.2)
