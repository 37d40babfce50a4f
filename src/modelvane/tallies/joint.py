"""Two numerical columns together: how many rows fall into each pair of their bins."""

from __future__ import annotations

from typing import Self

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.casting import Numbers
from modelvane.errors import TallyMismatchError
from modelvane.ruler import NumericalRuler


class JointTally(Struct, frozen=True, eq=False):
    """Counts of rows by the bin of one column (down) and the bin of another (across).

    Parameters
    ----------
    down, across
        Upper limits of the bins but the last, ascending.
    counts
        int64, ``(len(down) + 1, len(across) + 1)``; rows that lack either value are not counted.
    """

    down: NDArray[np.float64]
    across: NDArray[np.float64]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, rulers: tuple[NumericalRuler, NumericalRuler], columns: tuple[Numbers, Numbers]) -> Self:
        """Count two columns of the same rows."""
        down, across = (np.array([high for _, high in r.bin_limits()][:-1], np.float64) for r in rulers)
        first, second = (column.values for column in columns)
        known = ~(np.isnan(first) | np.isnan(second))
        places = _bins(down, first[known]) * np.uint16(len(across) + 1) + _bins(across, second[known])
        size = (len(down) + 1, len(across) + 1)
        return cls(down, across, np.bincount(places, minlength=size[0] * size[1]).reshape(size))

    def __add__(self, other: Self) -> Self:
        if not (np.array_equal(self.down, other.down) and np.array_equal(self.across, other.across)):
            raise TallyMismatchError(
                "Two joint tallies have different bins", expected="one ruler for each column"
            )
        return type(self)(self.down, self.across, self.counts + other.counts)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, JointTally)
            and np.array_equal(self.down, other.down)
            and np.array_equal(self.across, other.across)
            and np.array_equal(self.counts, other.counts)
        )

    __hash__ = None  # type: ignore[assignment] # compared by arrays


def _bins(limits: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.uint16]:
    """Give the bin of each value; a bin holds its upper limit, as those of the rulers do."""
    bins = np.zeros(len(values), np.uint16)
    # comparing all with each of twenty limits is several times as fast as searching for each among them
    for limit in limits.tolist():
        bins += values > limit
    return bins
