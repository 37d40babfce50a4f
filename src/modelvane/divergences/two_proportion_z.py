"""Two-proportion z: the change of a share in its standard errors."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from modelvane import tails
from modelvane.divergences.base import CATEGORICAL, Divergence
from modelvane.divergences.contingency import filled_categories, pearson
from modelvane.tallies.sample import Sample


def two_proportion_z(reference: Sample, current: Sample) -> NDArray[np.float64]:
    """Give ``|p - q| / sqrt(h (1 - h) (1 / n + 1 / N))`` with the pooled share h: the root of Pearson's X^2.

    NaN where more than two categories have rows on either side. Shape ``(...)``.
    """
    two = filled_categories(reference, current) <= 2
    return np.where(two, np.sqrt(pearson(reference, current)), np.nan)


def p_value(value: float, reference: Sample, current: Sample) -> float:  # noqa: ARG001 # z needs no sizes
    """Give the two-sided probability of a z this large when nothing changed."""
    return math.erfc(value / math.sqrt(2))


def critical(level: float, n: float, N: float) -> float:  # noqa: ARG001 # z needs no sizes
    """Give the z that is exceeded with probability ``level`` when nothing changed, on either side."""
    return tails.normal_point(level / 2)


TWO_PROPORTION_Z = Divergence(
    name="two_proportion_z",
    title="Two-proportion z",
    kinds=CATEGORICAL,
    kernel=two_proportion_z,
    zero_cells="A category that one side leaves empty is a share of 0; one category on both sides gives 0.",
    source="Fleiss, Statistical Methods for Rates and Proportions, 1973",
    undefined="more than two categories: a z compares one share",
    p_value=p_value,
    critical=critical,
)
