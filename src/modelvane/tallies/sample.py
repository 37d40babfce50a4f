"""Two sides of a comparison are samples: counts on a ruler, one sample or many at once."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.ruler import CategoricalRuler, NumericalRuler, Ruler

Array = NDArray[np.float64]


class Sample(Struct, frozen=True, eq=False, dict=True):
    """Counts of rows on a ruler.

    Every array may have leading axes: a thousand draws from the reference are one sample of shape ``(1000, cells)``,
    and a divergence gives a thousand values at once.

    Parameters
    ----------
    ruler
        The ruler of both sides.
    counts
        Shape ``(..., ruler.size)``.
    slack
        Numerical only, shape ``(..., edges + 1)``: for each open cell the summed distance of its values to the edge
        above it (for the last, unbounded one: to the edge below it). With it the Wasserstein distance is exact
        wherever the two distribution functions do not cross inside a cell.
    mean, variance
        Numerical only, shape ``(...)``.
    """

    ruler: Ruler
    counts: NDArray[np.int64] | Array
    slack: Array | None = None
    mean: Array | np.float64 | None = None
    variance: Array | np.float64 | None = None

    @cached_property
    def n(self) -> Array:
        """Rows, shape ``(...)``."""
        return np.asarray(self.counts.sum(axis=-1), np.float64)

    @cached_property
    def shares(self) -> Array:
        """Share of rows per cell, shape ``(..., ruler.size)``."""
        return self.counts / self.n[..., None]

    @cached_property
    def cumulative(self) -> Array:
        """The distribution function at the end of each cell, shape ``(..., ruler.size)``."""
        return np.asarray(np.cumsum(self.counts, axis=-1) / self.n[..., None], np.float64)

    @cached_property
    def bins(self) -> NDArray[np.int64] | Array:
        """Rows per bin (numerical) or per category, shape ``(..., bins)``."""
        if isinstance(self.ruler, NumericalRuler):
            return np.add.reduceat(self.counts, self.ruler.bin_starts, axis=-1)
        return self.counts

    def with_counts(self, counts: NDArray[np.int64] | Array) -> Sample:
        """Give the sample of other rows on the same ruler, of which only the counts are known.

        Parameters
        ----------
        counts
            Shape ``(..., ruler.size)``. Where in an open cell its rows lie is taken from this sample, on average.
        """
        if self.slack is None:
            return Sample(self.ruler, counts)
        held = np.asarray(self.counts[..., ::2], np.float64)
        per_row = np.divide(self.slack, held, out=np.zeros_like(self.slack), where=held > 0)
        return Sample(self.ruler, counts, np.multiply(counts[..., ::2], per_row, dtype=np.float64))

    def one(self, at: tuple[int, ...]) -> Sample:
        """Give one of many samples, by its place on the leading axes; a single sample is all of them."""
        if self.counts.ndim == 1:
            return self
        parts = (
            None if part is None else np.asarray(part)[at] for part in (self.slack, self.mean, self.variance)
        )
        return Sample(self.ruler, self.counts[at], *parts)

    def on_bins(self) -> Sample:
        """Give the same rows with one cell per bin, for divergences that look no closer."""
        if not isinstance(self.ruler, NumericalRuler):
            return self
        return Sample(CategoricalRuler(tuple(map(str, range(self.ruler.bin_count - 1)))), self.bins)
