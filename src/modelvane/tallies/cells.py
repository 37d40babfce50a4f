"""Integers per cell of a ruler: sparse while there are fewer rows than cells."""

from __future__ import annotations

from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Integers = NDArray[np.int64]

WORD_BITS = 32
LOW_WORD = (1 << WORD_BITS) - 1


class Cells(Struct, frozen=True, eq=False):
    """Counts and exact sums of quanta per cell.

    A sum is ``high * 2**32 + low`` with ``0 <= low < 2**32``: two words before it could overflow. ``index`` names the
    cells that are held when rows are fewer than cells; otherwise it is ``None`` and every cell is held. Which of the
    two it is follows from the counts alone, so equal contents are equal arrays.
    """

    size: int
    index: NDArray[np.int32] | None
    counts: Integers
    high: Integers
    low: Integers

    @classmethod
    def of(cls, counts: Integers, sums: Integers | None = None) -> Cells:
        """Hold dense counts, and sums that each fit one word."""
        if sums is None:
            return cls.of_words(counts, np.zeros_like(counts), np.zeros_like(counts))
        return cls.of_words(counts, sums >> WORD_BITS, sums & LOW_WORD)

    @classmethod
    def zero(cls, size: int) -> Cells:
        """Hold nothing."""
        nothing = np.empty(0, np.int64)
        return cls(size, np.empty(0, np.int32), nothing, nothing, nothing)

    @classmethod
    def of_words(cls, counts: Integers, high: Integers, low: Integers) -> Cells:
        """Hold dense counts, and sums in two words."""
        size = len(counts)
        if int(counts.sum()) >= size:
            return cls(size, None, counts, high, low)
        index = np.flatnonzero(counts)
        return cls(size, index.astype(np.int32), counts[index], high[index], low[index])

    def dense(self) -> tuple[Integers, Integers, Integers]:
        """Give counts, high and low words of every cell."""
        if self.index is None:
            return self.counts, self.high, self.low
        full = np.zeros((3, self.size), np.int64)
        full[:, self.index] = self.counts, self.high, self.low
        return full[0], full[1], full[2]

    def __add__(self, other: Cells) -> Cells:
        counts, high, low = (a + b for a, b in zip(self.dense(), other.dense(), strict=True))
        return Cells.of_words(counts, high + (low >> WORD_BITS), low & LOW_WORD)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Cells)
            and self.size == other.size
            and all(np.array_equal(a, b) for a, b in zip(self.dense(), other.dense(), strict=True))
        )

    __hash__ = None  # type: ignore[assignment] # compared by arrays

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give what `from_arrays` reads."""
        held = {"counts": self.counts, "high": self.high, "low": self.low}
        return held if self.index is None else {**held, "index": self.index}

    @classmethod
    def from_arrays(cls, size: int, arrays: dict[str, NDArray[Any]]) -> Cells:
        """Read what `arrays` gave."""
        return cls(size, arrays.get("index"), arrays["counts"], arrays["high"], arrays["low"])

    @property
    def total(self) -> int:
        """All rows held."""
        return int(self.counts.sum())

    def sum_of_sums(self) -> int:
        """Give the exact sum over all cells."""
        return (int(self.high.sum()) << WORD_BITS) + int(self.low.sum())
