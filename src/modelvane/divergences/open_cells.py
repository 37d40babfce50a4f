"""What is known of two distribution functions between edges, where only counts and sums are kept."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from modelvane.ruler import NumericalRuler
from modelvane.tallies.sample import Array, Sample


class OpenCells(Struct, frozen=True, eq=False):
    """F - G, of the reference and of current, over each open cell; the two unbounded ones included.

    Every array has shape ``(..., edges + 1)``.

    Parameters
    ----------
    start, end
        F - G where the cell begins and where it ends; 0 at both infinities.
    lowest, highest
        F - G stays between these, wherever in the cell the rows are.
    """

    start: Array
    end: Array
    lowest: Array
    highest: Array

    @classmethod
    def of(cls, reference: Sample, current: Sample) -> OpenCells:
        """Look at what lies between the edges of the two samples' ruler."""
        F_start, F_end = _ends(reference)
        G_start, G_end = _ends(current)
        return cls(F_start - G_start, F_end - G_end, F_start - G_end, F_end - G_start)


def areas(reference: Sample, current: Sample, cells: OpenCells) -> Array:
    """Give ``integral of F - G`` over each open cell, shape ``(..., edges + 1)``, exact to the ruler's quantum."""
    area = slack_per_row(reference) - slack_per_row(current)
    area[..., 1:-1] += cells.start[..., 1:-1] * widths(reference)
    # above the last edge slack is what F and G lack to 1
    area[..., -1] *= -1
    return area


def widths(sample: Sample) -> Array:
    """Give the widths of the bounded open cells, shape ``(edges - 1,)``."""
    return np.diff(require_numerical(sample).edges)


def slack_per_row(sample: Sample) -> Array:
    """Give what each open cell's own rows add to the integral of F, shape ``(..., edges + 1)``."""
    return require_slack(sample) / sample.n[..., None]


def require_slack(sample: Sample) -> Array:
    """Give the sample's slack.

    Raises
    ------
    TypeError
        For a sample that was made without: a mistake of the caller, not of the data.
    """
    if sample.slack is None:
        raise TypeError("This divergence measures distances: build the sample with its slack")
    return sample.slack


def require_numerical(sample: Sample) -> NumericalRuler:
    """Give the sample's ruler.

    Raises
    ------
    TypeError
        For a categorical sample: a mistake of the caller, not of the data.
    """
    if not isinstance(sample.ruler, NumericalRuler):
        raise TypeError("Only numerical samples have distances")
    return sample.ruler


def rounding(reference: Sample, current: Sample) -> float:
    """Give how far areas can be off: slack is a sum of whole quanta, a quantum per row between edges."""
    between = float(reference.shares[::2].sum() + current.shares[::2].sum())
    return require_numerical(reference).quantum * between


def _ends(sample: Sample) -> tuple[Array, Array]:
    ends = sample.cumulative
    start = np.zeros((*ends.shape[:-1], (ends.shape[-1] + 1) // 2))
    start[..., 1:] = ends[..., 1::2]
    return start, ends[..., ::2]
