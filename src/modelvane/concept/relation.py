"""How far errors moved where the inputs are the same: the distance between two tallies, and its bins."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from modelvane.ruler import Floats


class Side(NamedTuple):
    """Rows and sums of a signal by bin, shape ``(..., bins)``."""

    rows: NDArray[np.int64] | Floats
    sums: NDArray[np.int64] | Floats


def parts(reference: Side, current: Side, variance: Floats, rows: Floats | int) -> Floats:
    """Give what each bin adds to the squared distance; their sum is it.

    With n rows and mean m of the signal per bin, 0 before and 1 after, N1 all current rows, and v its variance::

        n1 n0 / (n1 + n0) / N1 * (m1 - m0)^2 / v

    Cohen's d (1969) of each bin, squared, and weighted by how much is known of it. Times N1 and without any change
    that is a chi-square of one degree of freedom per bin, whatever is before and after. A bin that either side lacks
    tells nothing.

    Parameters
    ----------
    rows
        All current rows, N1.
    """
    both = (reference.rows > 0) & (current.rows > 0)
    n0, n1 = np.where(both, reference.rows, 1), np.where(both, current.rows, 1)
    moved = current.sums / n1 - reference.sums / n0
    weights = np.where(both, n1 / (n1 + n0) * n0, 0.0) / rows
    return np.asarray(weights * np.square(moved) / variance, np.float64)


def squared_distance(reference: Side, current: Side, variance: Floats) -> Floats:
    """Give the squared distance, shape ``(...)``; see `parts`."""
    rows = np.maximum(current.rows.sum(axis=-1, keepdims=True), 1)
    return np.asarray(parts(reference, current, variance, rows).sum(axis=-1), np.float64)
