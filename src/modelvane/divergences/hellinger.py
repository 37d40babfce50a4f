"""Hellinger distance: the distance of the square roots of shares."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from modelvane.divergences.base import BOTH, Divergence
from modelvane.divergences.bin_shares import bin_shares
from modelvane.tallies.sample import Sample


def hellinger(reference: Sample, current: Sample) -> NDArray[np.float64]:
    """Give ``sqrt(sum (sqrt(p) - sqrt(q))^2 / 2)`` over bins or categories: shape ``(...)``, from 0 to 1."""
    p, q = bin_shares(reference, current)
    squares = np.square(np.sqrt(p) - np.sqrt(q)).sum(axis=-1)
    return np.asarray(np.sqrt(np.minimum(squares / 2, 1.0)))


HELLINGER = Divergence(
    name="hellinger",
    title="Hellinger distance",
    kinds=BOTH,
    kernel=hellinger,
    zero_cells="A cell that one side leaves empty counts with half of the other's share, under the root.",
    source="Hellinger, 1909",
    unit="ratio",
)
