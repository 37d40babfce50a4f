"""Shares of rows per bin or category, the common ground of the divergences between bins."""

from __future__ import annotations

import numpy as np

from modelvane.tallies.sample import Array, Sample


def bin_shares(reference: Sample, current: Sample) -> tuple[Array, Array]:
    """Give both sides' share of rows per bin (numerical) or category, each of shape ``(..., bins)``."""
    return reference.bins / reference.n[..., None], current.bins / current.n[..., None]


def half_a_row_where_empty(shares: Array, other: Array, n: Array) -> Array:
    """Give ``shares`` with half a row in each bin that this side leaves empty and the other does not.

    A logarithm of a share needs a share. Half a row lies between none and one, bins filled on both sides keep
    the textbook value, bins empty on both sides stay empty, and equal shares stay equal whatever the numbers
    of rows.
    """
    return np.where((shares == 0) & (other > 0), 0.5 / n[..., None], shares)
