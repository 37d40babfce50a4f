"""Kullback-Leibler divergence: how surprising current is to one who expects the reference."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from modelvane.divergences.base import BOTH, Divergence
from modelvane.divergences.bin_shares import bin_shares, half_a_row_where_empty
from modelvane.divergences.entropy import relative_entropy
from modelvane.tallies.sample import Sample


def kullback_leibler(reference: Sample, current: Sample) -> NDArray[np.float64]:
    """Give ``KL(current | reference) = sum q ln(q / p)`` over bins or categories, in nats.

    This direction, since a small window leaves many of the reference's bins empty and they cost nothing here.
    A bin that only the reference leaves empty has half a row there, and its shares are scaled to add up to 1
    again: the value is then never negative. Shape ``(...)``.
    """
    p, q = bin_shares(reference, current)
    filled = half_a_row_where_empty(p, q, reference.n)
    added = (filled - p).sum(axis=-1, keepdims=True)
    return np.asarray(np.maximum(relative_entropy(q, filled / (1 + added)).sum(axis=-1), 0.0))


KULLBACK_LEIBLER = Divergence(
    name="kullback_leibler",
    title="Kullback-Leibler divergence",
    kinds=BOTH,
    kernel=kullback_leibler,
    zero_cells="A cell that only the reference leaves empty has half a row there: never infinite. One that "
    "current leaves empty adds nothing.",
    source="Kullback and Leibler, 1951",
    unit="nats",
    degree=2,
)
