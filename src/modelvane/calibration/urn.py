"""Windows drawn from a reference without replacement: of single values, or of whole lists."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.calibration.shuffles import Shuffle, Shuffles
from modelvane.ruler import NumericalRuler, Ruler

# windows are drawn one by one while that is cheap; above it they are unions of blocks, of units enough
_DIRECT_VALUES = 1 << 21
_FEW_UNITS = 512


class Urn(Struct, frozen=True, eq=False):
    """What windows are drawn from.

    The entries of a list hang together, so that a window of few lists says less than one of as many single values.
    What is drawn are the units of a sample, here whole lists (cluster sampling: Kish, Survey Sampling, 1965).

    Parameters
    ----------
    codes
        Cell of each value; of lists, one behind the other.
    cells
        Number of cells.
    lengths
        Values of each list, at least one; ``None`` where every value is drawn by itself.
    """

    codes: NDArray[np.int32]
    cells: int
    lengths: NDArray[np.int64] | None = None

    @classmethod
    def of_counts(cls, counts: NDArray[np.int64]) -> Urn:
        """Give the values of a tally, each by itself."""
        return cls(np.repeat(np.arange(len(counts), dtype=np.int32), counts), len(counts))

    def __len__(self) -> int:
        return len(self.codes) if self.lengths is None else len(self.lengths)

    @property
    def values_per_unit(self) -> float:
        """Mean number of values that are drawn together."""
        return len(self.codes) / max(len(self), 1)

    def on_bins(self, ruler: Ruler) -> Urn:
        """Give the same with one cell per bin of a numerical ruler."""
        if not isinstance(ruler, NumericalRuler):
            return self
        bins = np.searchsorted(ruler.bin_starts, self.codes, "right") - 1
        return Urn(bins.astype(np.int32), ruler.bin_count, self.lengths)

    def draw(
        self, n: int, draws: int, rng: np.random.Generator, shuffles: Shuffles
    ) -> Iterator[NDArray[np.int64]]:
        """Give the counts of windows of ``n`` units, in parts of shape ``(some, cells)``."""
        units = len(self)
        is_cheap = n * self.values_per_unit * draws <= _DIRECT_VALUES or units < _FEW_UNITS
        # float32 is exact below 2^24, and its products are twice as fast
        precision = np.float32 if len(self.codes) < 1 << 24 else np.float64
        for shuffle in shuffles.draw(units, n, draws, rng, one_by_one=is_cheap):
            blocks = self._counts(shuffle)
            if shuffle.windows is None:
                yield blocks
            else:
                unions = shuffle.windows.astype(precision) @ blocks.astype(precision)
                yield np.rint(unions).astype(np.int64)

    def _counts(self, shuffle: Shuffle) -> NDArray[np.int64]:
        """Count the blocks of a shuffle."""
        cells = np.multiply(shuffle.places, self.cells, dtype=np.intp)
        if self.lengths is not None:
            cells = np.repeat(cells, self.lengths)
        cells += self.codes
        size = shuffle.blocks * self.cells
        return np.bincount(cells, minlength=size)[:size].reshape(shuffle.blocks, self.cells)
