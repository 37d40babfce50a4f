"""G-test of homogeneity: the likelihood ratio, as an effect that does not grow with the rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from modelvane.divergences.base import CATEGORICAL, Divergence
from modelvane.divergences.contingency import chi_square_tail, harmonic_rows, log_likelihood_ratio
from modelvane.tallies.sample import Sample


def g_test(reference: Sample, current: Sample) -> NDArray[np.float64]:
    """Give ``sqrt(G / m)`` with ``G = 2 sum observed ln(observed / expected)`` and ``m = n N / (n + N)``.

    On the scale of Cohen's w (see `chi_square`), and equal to it to first order for small changes. Shape
    ``(...)``.
    """
    return np.sqrt(log_likelihood_ratio(reference, current) / harmonic_rows(reference, current))


def p_value(value: float, reference: Sample, current: Sample) -> float:
    """Give the probability of an effect this large when nothing changed, by the chi-square distribution.

    NaN where categories are too sparse for it, see `chi_square_tail`.
    """
    return chi_square_tail(value * value * float(harmonic_rows(reference, current)), reference, current)


G_TEST = Divergence(
    name="g_test",
    title="G-test effect",
    kinds=CATEGORICAL,
    kernel=g_test,
    zero_cells="A category empty on both sides is left out, with its degree of freedom; empty on one side it "
    "adds what the other side has above expectation.",
    source="Wilks, 1938; Sokal and Rohlf, Biometry, 1981",
    p_value=p_value,
)
