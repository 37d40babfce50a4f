"""Total variation: the share of rows that would have to move."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from modelvane.divergences.base import BOTH, Divergence
from modelvane.divergences.bin_shares import bin_shares
from modelvane.tallies.sample import Sample


def total_variation(reference: Sample, current: Sample) -> NDArray[np.float64]:
    """Give ``sum |p - q| / 2`` over bins or categories: shape ``(...)``, between 0 and 1."""
    p, q = bin_shares(reference, current)
    return np.asarray(np.minimum(np.abs(p - q).sum(axis=-1) / 2, 1.0))


TOTAL_VARIATION = Divergence(
    name="total_variation",
    title="Total variation",
    kinds=BOTH,
    kernel=total_variation,
    zero_cells="A cell that one side leaves empty counts with half of the other's share.",
    source="Levin and Peres, Markov Chains and Mixing Times, 2017",
    unit="ratio",
)
