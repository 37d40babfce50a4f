"""Windows drawn from a reference without replacement: of single values, or of whole lists."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.ruler import NumericalRuler, Ruler

# counts of a draw come from one shuffle while that is cheap; above it, from unions of blocks of shuffles
_DIRECT_VALUES = 1 << 21
_BLOCKS = 128
_SHUFFLES = 16


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

    def draw(self, n: int, draws: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
        """Give the counts of windows of ``n`` units, in parts of shape ``(some, cells)``."""
        units = len(self)
        if n * self.values_per_unit * draws <= _DIRECT_VALUES or units < 4 * _BLOCKS:
            per_shuffle = units // n
            for start in range(0, draws, per_shuffle):
                yield self._shuffled(min(per_shuffle, draws - start), n, rng)
            return
        # any union of blocks of a shuffle is a draw without replacement too
        width = units // _BLOCKS
        picked = max(1, round(n / width))
        # float32 is exact below 2^24, and its products are twice as fast
        precision = np.float32 if len(self.codes) < 1 << 24 else np.float64
        for _ in range(_SHUFFLES):
            blocks = self._shuffled(_BLOCKS, width, rng)
            unions = np.zeros((draws // _SHUFFLES, _BLOCKS), precision)
            for union in unions:
                union[rng.choice(_BLOCKS, picked, replace=False)] = 1
            yield np.rint(unions @ blocks.astype(precision)).astype(np.int64)

    def _shuffled(self, blocks: int, width: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Count blocks of ``width`` units each, in a random order of all."""
        if self.lengths is None:
            codes = rng.permutation(self.codes)[: blocks * width]
            values = np.full(blocks, width, np.int64)
        else:
            order = rng.permutation(len(self.lengths))[: blocks * width]
            lengths = self.lengths[order]
            shifts = (np.cumsum(self.lengths) - self.lengths)[order] - (np.cumsum(lengths) - lengths)
            codes = self.codes[np.arange(int(lengths.sum())) + np.repeat(shifts, lengths)]
            values = lengths.reshape(blocks, width).sum(axis=1)
        keys = codes + np.repeat(np.arange(blocks, dtype=np.int64) * self.cells, values)
        return np.bincount(keys, minlength=blocks * self.cells).reshape(blocks, self.cells)
