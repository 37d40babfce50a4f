"""What is remembered of a numerical column."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelvane import fixed
from modelvane.casting import Fault, Numbers
from modelvane.ruler import NumericalRuler, require_same
from modelvane.tallies.cells import Cells
from modelvane.tallies.distinct import DistinctTally
from modelvane.tallies.sample import Sample

_BATCH = 1 << 20


@dataclass(frozen=True, eq=False)
class NumericalTally:
    """Counts and exact sums on a ruler; tallies of one ruler add, bit for bit in any grouping.

    Parameters
    ----------
    ruler
        Frozen from the reference.
    cells
        Rows per cell; for the inner open cells also the sum of their values in quanta from the centre.
    below, above
        Exact sums, in quanta, of the values under the first and over the last edge: they may be of any size.
    square
        Exact sum of squared quanta of all values.
    missing, positive_infinite, negative_infinite, wrong_type
        Rows that have no finite number.
    minimum, maximum
        Of the finite values; infinite (inf, -inf) while there are none.
    distinct
        Of the finite values that are no edges.
    """

    ruler: NumericalRuler
    cells: Cells
    below: int
    above: int
    square: int
    missing: int
    positive_infinite: int
    negative_infinite: int
    wrong_type: int
    minimum: float
    maximum: float
    distinct: DistinctTally

    @classmethod
    def zero(cls, ruler: NumericalRuler) -> NumericalTally:
        """Give the tally of no rows."""
        return cls(
            ruler, Cells.zero(ruler.size), 0, 0, 0, 0, 0, 0, 0, math.inf, -math.inf, DistinctTally.zero()
        )

    @classmethod
    def of(cls, ruler: NumericalRuler, numbers: Numbers) -> NumericalTally:
        """Tally one column of rows."""
        if len(numbers) > _BATCH:
            batches = (slice(at, at + _BATCH) for at in range(0, len(numbers), _BATCH))
            return reduce(add, (cls.of(ruler, numbers.take(batch)) for batch in batches))
        values, faults = numbers.values, [0] * len(Fault)
        if numbers.faults is not None:
            faults = np.bincount(numbers.faults, minlength=len(Fault)).tolist()
            values = values[numbers.faults == Fault.NONE]
        counted = _Counted.of(ruler, np.sort(values))
        return cls(
            ruler,
            counted.cells,
            counted.below,
            counted.above,
            counted.square,
            faults[Fault.MISSING],
            faults[Fault.POSITIVE_INFINITE],
            faults[Fault.NEGATIVE_INFINITE],
            faults[Fault.WRONG_TYPE],
            counted.minimum,
            counted.maximum,
            counted.distinct,
        )

    def __add__(self, other: NumericalTally) -> NumericalTally:
        require_same(self.ruler, other.ruler)
        return NumericalTally(
            self.ruler,
            self.cells + other.cells,
            self.below + other.below,
            self.above + other.above,
            self.square + other.square,
            self.missing + other.missing,
            self.positive_infinite + other.positive_infinite,
            self.negative_infinite + other.negative_infinite,
            self.wrong_type + other.wrong_type,
            min(self.minimum, other.minimum),
            max(self.maximum, other.maximum),
            self.distinct + other.distinct,
        )

    def _state(self) -> tuple[object, ...]:
        return (
            self.below,
            self.above,
            self.square,
            self.missing,
            self.positive_infinite,
            self.negative_infinite,
            self.wrong_type,
            self.minimum,
            self.maximum,
        )

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, NumericalTally)
            and self.ruler.digest == other.ruler.digest
            and self._state() == other._state()
            and self.cells == other.cells
            and self.distinct == other.distinct
        )

    __hash__ = None  # type: ignore[assignment] # compared by arrays

    def facts(self) -> dict[str, Any]:
        """Give the scalars as JSON values; integers as text, since they may be of any size."""
        return {
            "sums": [str(self.below), str(self.above), str(self.square)],
            "faults": [self.missing, self.positive_infinite, self.negative_infinite, self.wrong_type],
            "range": [self.minimum.hex(), self.maximum.hex()],
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the arrays."""
        return {**self.cells.arrays(), "distinct": self.distinct.hashes}

    @classmethod
    def from_arrays(
        cls, ruler: NumericalRuler, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]
    ) -> NumericalTally:
        """Read what `facts` and `arrays` gave."""
        below, above, square = map(int, facts["sums"])
        missing, positive_infinite, negative_infinite, wrong_type = facts["faults"]
        minimum, maximum = map(float.fromhex, facts["range"])
        return cls(
            ruler,
            Cells.from_arrays(ruler.size, arrays),
            below,
            above,
            square,
            missing,
            positive_infinite,
            negative_infinite,
            wrong_type,
            minimum,
            maximum,
            DistinctTally(arrays["distinct"]),
        )

    @cached_property
    def n(self) -> int:
        """Rows with a finite number."""
        return self.cells.total

    @property
    def infinite(self) -> int:
        """Rows with an infinite number."""
        return self.positive_infinite + self.negative_infinite

    @property
    def rows(self) -> int:
        """All rows."""
        return self.n + self.missing + self.infinite + self.wrong_type

    @cached_property
    def total(self) -> int:
        """Exact sum of all values, in quanta from the centre."""
        at_edges = fixed.dot(self.cells.dense()[0][1::2], self.ruler.steps)
        return at_edges + self.cells.sum_of_sums() + self.below + self.above

    @property
    def mean(self) -> float:
        """Mean of the finite values; needs ``n >= 1``."""
        return fixed.mean_of(self.total, self.n, self.ruler.center, self.ruler.quantum)

    @property
    def variance(self) -> float:
        """Unbiased variance of the finite values; needs ``n >= 2``."""
        return fixed.variance_of(self.total, self.square, self.n, self.ruler.quantum)

    @cached_property
    def sample(self) -> Sample:
        """What divergences compare."""
        counts, high, low = self.cells.dense()
        ruler = self.ruler
        slack = np.zeros(len(ruler.edges) + 1)
        if len(ruler.edges):
            inner, steps = slice(2, -1, 2), ruler.steps
            # word by word: the product of a count and a step can be more than one holds
            upper = counts[inner] * (steps[1:] >> 32) - high[inner]
            lower = counts[inner] * (steps[1:] & 0xFFFFFFFF) - low[inner]
            slack[1:-1] = (upper * 2.0**32 + lower) * ruler.quantum
            slack[0] = fixed.scaled(int(counts[0]) * int(steps[0]) - self.below, ruler.quantum)
            slack[-1] = fixed.scaled(self.above - int(counts[-1]) * int(steps[-1]), ruler.quantum)
        mean = self.mean if self.n else math.nan
        variance = self.variance if self.n > 1 else math.nan
        return Sample(ruler, counts, np.maximum(slack, 0.0), np.float64(mean), np.float64(variance))


@dataclass(frozen=True, eq=False, slots=True)
class _Counted:
    """What sorting gives: the finite values of some rows on their ruler."""

    cells: Cells
    below: int
    above: int
    square: int
    minimum: float
    maximum: float
    distinct: DistinctTally

    @classmethod
    def of(cls, ruler: NumericalRuler, ordered: NDArray[np.float64]) -> _Counted:
        if len(ordered) == 0:
            return cls(Cells.zero(ruler.size), 0, 0, 0, math.inf, -math.inf, DistinctTally.zero())
        left = np.searchsorted(ordered, ruler.edges, "left")
        right = np.searchsorted(ordered, ruler.edges, "right")
        quanta = fixed.quantise(ordered, ruler.center, ruler.quantum)
        # far beyond the edges a value may be more quanta than one word holds
        first, last = np.searchsorted(quanta, (-fixed.WORD, fixed.WORD), "left").tolist()
        words = quanta[first:last].astype(np.int64)
        far_below = fixed.big(ordered[:first], ruler.center, ruler.quantum)
        far_above = fixed.big(ordered[last:], ruler.center, ruler.quantum)
        low_end, high_start = (int(left[0]), int(right[-1])) if len(left) else (last, last)
        return cls(
            _count(ruler, len(ordered), words, left, right, first),
            int(words[: low_end - first].sum()) + sum(far_below),
            int(words[high_start - first :].sum()) + sum(far_above),
            fixed.sum_of_squares(words) + sum(value * value for value in (*far_below, *far_above)),
            # adding 0.0 makes -0.0 and 0.0 one value
            float(ordered[0]) + 0.0,
            float(ordered[-1]) + 0.0,
            _distinct_between_edges(ordered, left, right),
        )


def _count(
    ruler: NumericalRuler,
    rows: int,
    words: NDArray[np.int64],
    left: NDArray[np.intp],
    right: NDArray[np.intp],
    first: int,
) -> Cells:
    counts = np.zeros(ruler.size, np.int64)
    if len(left) == 0:
        counts[0] = rows
        return Cells.of(counts)
    counts[0] = left[0]
    counts[-1] = rows - right[-1]
    counts[1::2] = right - left
    counts[2:-1:2] = left[1:] - right[:-1]
    start = left[0]
    running = np.zeros(right[-1] - start + 1, np.int64)
    np.cumsum(words[start - first : right[-1] - first], out=running[1:])
    sums = np.zeros(ruler.size, np.int64)
    sums[2:-1:2] = running[left[1:] - start] - running[right[:-1] - start]
    return Cells.of(counts, sums)


def _distinct_between_edges(
    ordered: NDArray[np.float64], left: NDArray[np.intp], right: NDArray[np.intp]
) -> DistinctTally:
    is_new = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=is_new[1:])
    # the first row at an edge; those after it are not new
    is_new[left[right > left]] = False
    return DistinctTally.of(ordered[is_new])
