"""Wasserstein in standard deviations of the reference, so that columns can be compared."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from modelvane.divergences import wasserstein as plain
from modelvane.divergences.base import NUMERICAL, Divergence, in_blocks
from modelvane.divergences.moments import moments
from modelvane.tallies.sample import Sample


@in_blocks
def wasserstein_normed(reference: Sample, current: Sample) -> NDArray[np.float64]:
    """Give the Wasserstein distance divided by the reference's standard deviation.

    NaN where the reference has none: one row, or all rows equal. Shape ``(...)``.
    """
    deviation = np.sqrt(moments(reference)[1])
    distance = plain.wasserstein(reference, current)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.where(deviation > 0, distance / deviation, np.nan)


def error_bound(reference: Sample, current: Sample) -> float:
    """Give how much larger the value of the raw rows can be; 0 where there is no value."""
    deviation = math.sqrt(float(moments(reference)[1]))
    return plain.error_bound(reference, current) / deviation if deviation > 0 else 0.0


WASSERSTEIN_NORMED = Divergence(
    name="wasserstein_normed",
    title="Wasserstein distance in standard deviations",
    kinds=NUMERICAL,
    kernel=wasserstein_normed,
    zero_cells="Over an empty cell both functions are flat, and their distance counts with the cell's width.",
    source="Vallender, 1974; divided by the reference's standard deviation",
    undefined="the reference has no standard deviation: a single row, or one value only",
    error_bound=error_bound,
)
