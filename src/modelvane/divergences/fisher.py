"""Fisher's exact test of a 2 x 2 table, with the difference of shares as its value."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from modelvane.divergences.base import CATEGORICAL, Divergence
from modelvane.divergences.contingency import filled_categories
from modelvane.divergences.total_variation import total_variation
from modelvane.tallies.sample import Sample


def fisher(reference: Sample, current: Sample) -> NDArray[np.float64]:
    """Give ``|p - q|``, the difference of the share of either of two categories.

    Not the log odds ratio, which is infinite as soon as one cell is empty, just where the exact test is asked
    for. NaN where more than two categories have rows on either side. Shape ``(...)``, between 0 and 1.
    """
    two = filled_categories(reference, current) <= 2
    return np.where(two, total_variation(reference, current), np.nan)


def p_value(value: float, reference: Sample, current: Sample) -> float:  # noqa: ARG001 # counts do
    """Give the exact two-sided probability, by scipy: of all tables with these margins that are no likelier."""
    from scipy import stats  # noqa: PLC0415 # 0.7 s to import: only for those who ask

    filled = np.flatnonzero(reference.counts + current.counts)
    if len(filled) < 2:
        return 1.0
    return float(stats.fisher_exact([reference.counts[filled], current.counts[filled]]).pvalue)


FISHER = Divergence(
    name="fisher",
    title="Difference of shares (Fisher's exact test)",
    kinds=CATEGORICAL,
    kernel=fisher,
    zero_cells="A category that one side leaves empty is a share of 0; one category on both sides gives 0.",
    source="Fisher, 1922; two-sided as in Freeman and Halton, 1951",
    unit="ratio",
    undefined="more than two categories: Fisher's test compares one share",
    p_value=p_value,
)
