"""Population stability index: Kullback-Leibler both ways."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from modelvane.divergences.base import BOTH, Divergence
from modelvane.divergences.bin_shares import bin_shares, half_a_row_where_empty
from modelvane.tallies.sample import Sample


def psi(reference: Sample, current: Sample) -> NDArray[np.float64]:
    """Give ``sum (q - p) ln(q / p)`` over bins or categories, in nats.

    A bin that only one side leaves empty has half a row there. Each term is at least 0, equal shares give
    exactly 0 for any numbers of rows, and the value is the textbook's wherever both sides fill the same bins.
    Shape ``(...)``.
    """
    p, q = bin_shares(reference, current)
    filled_p = half_a_row_where_empty(p, q, reference.n)
    filled_q = half_a_row_where_empty(q, p, current.n)
    # bins empty on both sides are given equal shares: they add nothing
    nowhere = filled_p == 0
    ratio = np.where(nowhere, 1.0, filled_q) / np.where(nowhere, 1.0, filled_p)
    return np.asarray(((filled_q - filled_p) * np.log(ratio)).sum(axis=-1))


PSI = Divergence(
    name="psi",
    title="Population stability index",
    kinds=BOTH,
    kernel=psi,
    zero_cells="A cell that one side leaves empty has half a row there: never infinite. Empty on both: 0.",
    source="Jeffreys, 1946; as an index: Lewis, An Introduction to Credit Scoring, 1992",
    unit="nats",
    degree=2,
)
