"""Jensen-Shannon distance: how far both sides are from their mixture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from modelvane.divergences.base import BOTH, Divergence
from modelvane.divergences.bin_shares import bin_shares
from modelvane.divergences.entropy import relative_entropy
from modelvane.tallies.sample import Array, Sample


def jensen_shannon(reference: Sample, current: Sample) -> NDArray[np.float64]:
    """Give the square root of the Jensen-Shannon divergence in bits, between 0 and 1.

    ``sqrt((KL(p | m) + KL(q | m)) / 2)`` with ``m = (p + q) / 2``, over bins or categories. Shape ``(...)``.
    """
    bits = divergence_of_bins(*bin_shares(reference, current)).sum(axis=-1)
    return np.asarray(np.sqrt(np.minimum(bits, 1.0)))


def divergence_of_bins(p: Array, q: Array) -> Array:
    """Give what each bin adds to the divergence in bits, never negative, from the shares of both sides."""
    m = (p + q) / 2
    # (p + q) times what the entropy of p / (p + q) lacks to one bit: negative only by rounding
    nats = np.maximum(relative_entropy(p, m) + relative_entropy(q, m), 0.0)
    return np.asarray(nats / (2 * np.log(2)))


JENSEN_SHANNON = Divergence(
    name="jensen_shannon",
    title="Jensen-Shannon distance",
    kinds=BOTH,
    kernel=jensen_shannon,
    zero_cells="A cell that one side leaves empty counts with half a bit per share: never infinite.",
    source="Lin, Divergence measures based on the Shannon entropy, 1991; Endres and Schindelin, 2003",
    unit="ratio",
)
