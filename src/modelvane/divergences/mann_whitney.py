"""Mann-Whitney: how far the odds that current exceeds the reference are from even."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from modelvane.divergences.base import NUMERICAL, Divergence, in_blocks
from modelvane.tallies.sample import Sample


@in_blocks
def mann_whitney(reference: Sample, current: Sample) -> NDArray[np.float64]:
    """Give the rank-biserial correlation ``|2 U / (n N) - 1|``, ties counted half: between 0 and 1.

    0 where a row of current is as often above a row of the reference as below; 1 where all are on one side.
    It sees shifts, not spreads. Shape ``(...)``.
    """
    # twice the rows below, plus those tied: whole numbers, so that equal samples give exactly 0
    below = 2 * np.cumsum(reference.counts, axis=-1) - reference.counts
    twice_u = np.einsum("...i,...i->...", current.counts, below)
    pairs = reference.n * current.n
    return np.asarray(np.abs(twice_u - pairs) / pairs)


def error_bound(reference: Sample, current: Sample) -> float:
    """Give what rows of both sides in one open cell can hide: they count as tied, and may be in any order."""
    tied = np.asarray(reference.shares * current.shares)[..., ::2]
    return float(tied.sum())


def p_value(value: float, reference: Sample, current: Sample) -> float:
    """Give the two-sided probability of an effect this large when nothing changed.

    By the normal approximation with the correction for ties and for continuity; rows of one open cell count
    as tied.
    """
    n, N = float(current.n), float(reference.n)
    rows = n + N
    ties = np.asarray(reference.counts + current.counts, np.float64)
    tied = float((ties**3 - ties).sum())
    variance = n * N / 12 * ((rows + 1) - tied / (rows * (rows - 1)))
    # all rows tied: what is left of the variance is rounding
    if variance <= 1e-9 * n * N * rows:
        return 1.0
    z = (value * n * N / 2 - 0.5) / math.sqrt(variance)
    return min(1.0, math.erfc(z / math.sqrt(2)))


MANN_WHITNEY = Divergence(
    name="mann_whitney",
    title="Mann-Whitney (rank-biserial)",
    kinds=NUMERICAL,
    kernel=mann_whitney,
    zero_cells="Empty cells hold no pairs: they add nothing.",
    source="Mann and Whitney, 1947; Wendt, rank-biserial correlation, 1972",
    unit="ratio",
    p_value=p_value,
    error_bound=error_bound,
)
