"""L-infinity: the largest change of a single category's share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from modelvane.divergences.base import CATEGORICAL, Divergence
from modelvane.divergences.bin_shares import bin_shares
from modelvane.tallies.sample import Sample


def l_infinity(reference: Sample, current: Sample) -> NDArray[np.float64]:
    """Give ``max |p - q|`` over categories: shape ``(...)``, between 0 and 1."""
    p, q = bin_shares(reference, current)
    return np.asarray(np.abs(p - q).max(axis=-1))


L_INFINITY = Divergence(
    name="l_infinity",
    title="L-infinity",
    kinds=CATEGORICAL,
    kernel=l_infinity,
    zero_cells="A cell that one side leaves empty counts with the other's share.",
    source="Chebyshev distance of the shares; TensorFlow Data Validation's skew comparator, 2018",
    unit="ratio",
)
