"""Chi-square test of homogeneity, as an effect that does not grow with the rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from modelvane.divergences.base import CATEGORICAL, Divergence
from modelvane.divergences.contingency import chi_square_tail, harmonic_rows, pearson
from modelvane.tallies.sample import Sample


def chi_square(reference: Sample, current: Sample) -> NDArray[np.float64]:
    """Give Cohen's ``w = sqrt(X^2 / m)`` with Pearson's X^2 of the 2 x K table and ``m = n N / (n + N)``.

    X^2 itself grows with the window, and Cramer's V, ``sqrt(X^2 / (n + N))``, shrinks as the reference
    outgrows it; w is ``sqrt(sum (p - q)^2 / h)`` with the pooled shares h: one line to compare windows of any
    size by. For given sizes it orders windows as X^2 does, so an alarm on it is as powerful. Shape ``(...)``.
    """
    return np.sqrt(pearson(reference, current) / harmonic_rows(reference, current))


def p_value(value: float, reference: Sample, current: Sample) -> float:
    """Give the probability of an effect this large when nothing changed, by the chi-square distribution.

    No continuity correction. NaN where categories are too sparse for it, see `chi_square_tail`.
    """
    return chi_square_tail(value * value * float(harmonic_rows(reference, current)), reference, current)


CHI_SQUARE = Divergence(
    name="chi_square",
    title="Chi-square effect (Cohen's w)",
    kinds=CATEGORICAL,
    kernel=chi_square,
    zero_cells="A category empty on both sides is left out, with its degree of freedom; empty on one side it "
    "counts as any other.",
    source="Pearson, 1900; Cohen, Statistical Power Analysis for the Behavioral Sciences, 1988",
    p_value=p_value,
)
