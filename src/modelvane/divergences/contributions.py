"""Which bins or categories a change comes from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from modelvane.divergences.bin_shares import bin_shares
from modelvane.divergences.jensen_shannon import divergence_of_bins
from modelvane.tallies.sample import Sample


def contributions(reference: Sample, current: Sample) -> NDArray[np.float64]:
    """Give each bin's share of the Jensen-Shannon divergence, positive where current has more.

    Parameters
    ----------
    reference, current
        Single samples, or of shape ``(..., cells)``, with rows on both sides.

    Returns
    -------
    numpy.ndarray
        Shape ``(..., bins)``; bins as in ``ruler.bin_limits()``, categories as in ``ruler.names`` and the
        unseen ones last. Absolute values add up to 1, or are all 0 where both sides are equal.

    Examples
    --------
    >>> from modelvane.ruler import CategoricalRuler
    >>> ruler = CategoricalRuler(("card", "cash"))
    >>> before = Sample(ruler, np.array([90, 10, 0]))
    >>> after = Sample(ruler, np.array([30, 10, 10]))
    >>> contributions(before, after).round(2).tolist()
    [-0.16, 0.09, 0.75]
    """
    p, q = bin_shares(reference, current)
    bits = divergence_of_bins(p, q)
    total = bits.sum(axis=-1, keepdims=True)
    share = np.divide(bits, total, out=np.zeros_like(bits), where=total > 0)
    return np.asarray(np.sign(q - p) * share)
