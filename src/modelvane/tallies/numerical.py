"""What is remembered of a numerical column."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelvane import fixed
from modelvane.casting import Fault, Numbers
from modelvane.ruler import NumericalRuler, require_same
from modelvane.tallies.cells import Cells
from modelvane.tallies.distinct import DistinctTally
from modelvane.tallies.sample import Sample
from modelvane.tallies.sorting import NumericalCount


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
    values
        Statistics of it, kept once they were asked for.
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
    values: dict[Any, Any] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def zero(cls, ruler: NumericalRuler) -> NumericalTally:
        """Give the tally of no rows."""
        return cls(
            ruler, Cells.zero(ruler.size), 0, 0, 0, 0, 0, 0, 0, math.inf, -math.inf, DistinctTally.zero()
        )

    @classmethod
    def of(cls, ruler: NumericalRuler, numbers: Numbers) -> NumericalTally:
        """Tally one column of rows."""
        count = NumericalCount(ruler)
        if numbers.faults is None:
            count.add(numbers.values)
            return cls.of_count(count, ())
        faults = np.bincount(numbers.faults, minlength=len(Fault)).tolist()
        count.add(numbers.values[numbers.faults == Fault.NONE])
        return cls.of_count(count, faults)

    @classmethod
    def of_count(cls, count: NumericalCount, faults: Sequence[int]) -> NumericalTally:
        """Give the tally of what was counted, and of rows by `Fault`; none of them where there are no faults."""
        by_fault = faults or (0,) * len(Fault)
        return cls(
            count.ruler,
            count.cells(),
            count.below,
            count.above,
            count.square,
            by_fault[Fault.MISSING],
            by_fault[Fault.POSITIVE_INFINITE],
            by_fault[Fault.NEGATIVE_INFINITE],
            by_fault[Fault.WRONG_TYPE],
            count.minimum,
            count.maximum,
            count.distinct,
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
