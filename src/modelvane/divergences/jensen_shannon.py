"""Jensen-Shannon distance: how far both sides are from their mixture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from modelvane.divergences.base import BOTH, Divergence
from modelvane.tallies.sample import Sample


def jensen_shannon(reference: Sample, current: Sample) -> NDArray[np.float64]:
    """Give the square root of the Jensen-Shannon divergence in bits, between 0 and 1.

    ``sqrt((KL(p | m) + KL(q | m)) / 2)`` with ``m = (p + q) / 2``, over bins or categories. Shape ``(...)``.
    """
    p = reference.bins / reference.n[..., None]
    q = current.bins / current.n[..., None]
    bits = (special.xlogy(p, p) + special.xlogy(q, q) - special.xlogy(p + q, (p + q) / 2)).sum(axis=-1)
    return np.sqrt(np.clip(bits / (2 * np.log(2)), 0.0, 1.0))


JENSEN_SHANNON = Divergence(
    name="jensen_shannon",
    title="Jensen-Shannon distance",
    kinds=BOTH,
    kernel=jensen_shannon,
    zero_cells="A cell that one side leaves empty counts with its share times one bit at most: never infinite.",
    source="Lin, Divergence measures based on the Shannon entropy, 1991; Endres and Schindelin, 2003",
    unit="ratio",
)
