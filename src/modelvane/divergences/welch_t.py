"""Welch's t: the change of the mean in its standard errors."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from modelvane.divergences.base import NUMERICAL, Divergence, in_blocks
from modelvane.divergences.moments import moments
from modelvane.later import special
from modelvane.tallies.sample import Sample


@in_blocks
def welch_t(reference: Sample, current: Sample) -> NDArray[np.float64]:
    """Give ``|mean - mean'| / sqrt(s^2 / n + s'^2 / N)``, from moments that are exact to the ruler's quantum.

    NaN where both sides are constant, a side has a single row, or a variance is no finite number. Shape ``(...)``.
    """
    mean, variance = moments(reference)
    other, other_variance = moments(current)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        error = np.sqrt(variance / reference.n + other_variance / current.n)
        t = np.abs(mean - other) / error
    return np.where((error > 0) & np.isfinite(error), t, np.nan)


def p_value(value: float, reference: Sample, current: Sample) -> float:
    """Give the two-sided probability of a t this large when the means are equal.

    Degrees of freedom by Welch and Satterthwaite.
    """
    parts = [float(moments(side)[1]) / float(side.n) for side in (reference, current)]
    total = sum(parts)
    # as fractions of the whole, so that squares of tiny or huge variances stay in range
    freedom = 1 / sum(
        (part / total) ** 2 / (float(side.n) - 1)
        for part, side in zip(parts, (reference, current), strict=True)
    )
    return float(2 * special.stdtr(freedom, -value))


def critical(level: float, n: float, N: float) -> float:
    """Give the t exceeded with probability ``level`` when nothing changed: variances are then equal, too."""
    if min(n, N) < 2:
        return math.inf
    freedom = (1 / n + 1 / N) ** 2 / (1 / (n * n * (n - 1)) + 1 / (N * N * (N - 1)))
    return float(-special.stdtrit(freedom, level / 2))


WELCH_T = Divergence(
    name="welch_t",
    title="Welch's t",
    kinds=NUMERICAL,
    kernel=welch_t,
    zero_cells="It has no cells: only means and variances are compared.",
    source="Welch, 1947; Satterthwaite, 1946",
    undefined="a t needs two rows on each side, and some variance that is finite",
    p_value=p_value,
    critical=critical,
)
