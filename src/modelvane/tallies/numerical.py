"""What is remembered of a numerical column."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelvane.casting import Fault, Numbers
from modelvane.ruler import NumericalRuler, require_same
from modelvane.tallies import fixed
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
            first = Numbers(
                numbers.values[:_BATCH], None if numbers.faults is None else numbers.faults[:_BATCH]
            )
            rest = Numbers(
                numbers.values[_BATCH:], None if numbers.faults is None else numbers.faults[_BATCH:]
            )
            return cls.of(ruler, first) + cls.of(ruler, rest)
        values, faults = numbers.values, (0, 0, 0, 0)
        if numbers.faults is not None:
            by_fault = np.bincount(numbers.faults, minlength=len(Fault)).tolist()
            faults = tuple(by_fault[1:])
            values = values[numbers.faults == Fault.NONE]
        if len(values) == 0:
            empty = cls.zero(ruler)
            return cls(
                ruler, empty.cells, 0, 0, 0, *faults, empty.minimum, empty.maximum, DistinctTally.zero()
            )
        ordered = np.sort(values)
        left = np.searchsorted(ordered, ruler.edges, "left")
        right = np.searchsorted(ordered, ruler.edges, "right")
        quanta = fixed.quantise(ordered, ruler.center, ruler.quantum)
        cells, low_end, high_start = _count(ruler, quanta, left, right)
        return cls(
            ruler,
            cells,
            fixed.exact_sum(quanta[:low_end]),
            fixed.exact_sum(quanta[high_start:]),
            fixed.exact_sums(quanta)[1],
            *faults,
            float(ordered[0]) + 0.0,
            float(ordered[-1]) + 0.0,
            _distinct_between_edges(ordered, left, right),
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
        return cls(
            ruler,
            Cells.from_arrays(ruler.size, arrays),
            *map(int, facts["sums"]),
            *facts["faults"],
            *map(float.fromhex, facts["range"]),
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
        at_edges = self.cells.dense()[0][1::2]
        used = np.flatnonzero(at_edges)
        held = zip(at_edges[used].tolist(), self.ruler.steps[used].tolist(), strict=True)
        edges = sum(int(count) * int(step) for count, step in held)
        return edges + self.cells.sum_of_sums() + self.below + self.above

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
            whole = counts[inner] * steps[1:] - ((high[inner] << 32) + low[inner])
            slack[1:-1] = whole * ruler.quantum
            slack[0] = float(int(counts[0]) * int(steps[0]) - self.below) * ruler.quantum
            slack[-1] = float(self.above - int(counts[-1]) * int(steps[-1])) * ruler.quantum
        mean = self.mean if self.n else math.nan
        variance = self.variance if self.n > 1 else math.nan
        return Sample(ruler, counts, np.maximum(slack, 0.0), np.float64(mean), np.float64(variance))


def _count(
    ruler: NumericalRuler,
    quanta: NDArray[np.float64],
    left: NDArray[np.intp],
    right: NDArray[np.intp],
) -> tuple[Cells, int, int]:
    counts = np.zeros(ruler.size, np.int64)
    sums = np.zeros(ruler.size, np.int64)
    if len(left) == 0:
        counts[0] = len(quanta)
        return Cells.of(counts), len(quanta), len(quanta)
    low_end, high_start = int(left[0]), int(right[-1])
    counts[0] = low_end
    counts[-1] = len(quanta) - high_start
    counts[1::2] = right - left
    counts[2:-1:2] = left[1:] - right[:-1]
    running = np.zeros(high_start - low_end + 1, np.int64)
    np.cumsum(quanta[low_end:high_start].astype(np.int64), out=running[1:])
    sums[2:-1:2] = running[left[1:] - low_end] - running[right[:-1] - low_end]
    return Cells.of(counts, sums), low_end, high_start


def _distinct_between_edges(
    ordered: NDArray[np.float64], left: NDArray[np.intp], right: NDArray[np.intp]
) -> DistinctTally:
    used = right > left
    if int((right - left).sum()) == len(ordered):
        return DistinctTally.zero()
    turns = np.zeros(len(ordered) + 1, np.int8)
    turns[left[used]] += 1
    turns[right[used]] -= 1
    between = ordered[np.cumsum(turns[:-1], dtype=np.int8) == 0]
    is_new = np.ones(len(between), bool)
    np.not_equal(between[1:], between[:-1], out=is_new[1:])
    return DistinctTally.of(between[is_new])
