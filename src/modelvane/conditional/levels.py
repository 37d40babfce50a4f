"""Levels of a column: rows of one level are alike in it, and a number's level says its rank, too."""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.block import Encoded
from modelvane.concept.bins import Bins, CategoricalBins, bins_of
from modelvane.ruler import CategoricalRuler, Ruler

MOST_LEVELS = 254
"""Categories that have a level each, the reference's most frequent; with those of others and of none it is a byte."""

UNIT = 10_000
"""Rank of the reference's largest value, so that 100 is a percentile: whole numbers, whose sums add bit for bit."""

Integers = NDArray[np.int64]


def levels_of(ruler: Ruler, column: Encoded) -> Bins | None:
    """Give the levels of a column that the reference has rows enough of; ``None`` of lists."""
    known: Bins | None
    known = (
        CategoricalBins(ruler.names[:MOST_LEVELS]) if isinstance(ruler, CategoricalRuler) else bins_of(ruler)
    )
    return None if known is None else known.frequent(np.bincount(known.codes(column), minlength=known.size))


def alike(levels: Bins) -> NDArray[np.bool_]:
    """Say of each level whether its rows are alike: all but the rare categories together, whose own mix may move."""
    found = np.ones(levels.size, bool)
    if isinstance(levels, CategoricalBins):
        found[-2] = False
    return found


def middle_ranks(rows: NDArray[np.intp]) -> Integers:
    """Give the rank of each level of a number from the rows that have it: of its middle, in parts of `UNIT`.

    The last level, of rows without a number, has none: 0.

    >>> middle_ranks(np.array([1, 2, 1, 5])).tolist()
    [1250, 5000, 8750, 0]
    """
    known = rows[:-1].astype(np.float64)
    middle = (np.cumsum(known) - known / 2) / max(known.sum(), 1.0)
    return np.append(np.rint(middle * UNIT), 0).astype(np.int64)


class Ranked(Struct, frozen=True, eq=False):
    """A numerical column of some rows.

    Parameters
    ----------
    ranks
        Of each row, shape ``(rows,)``; 0 where it has no number.
    is_known
        Whether it has one.
    """

    ranks: Integers
    is_known: NDArray[np.bool_]

    @classmethod
    def of(cls, codes: NDArray[np.uint8], ranks: Integers) -> Ranked:
        """Look the rank of each row's level up."""
        return cls(ranks[codes], codes != len(ranks) - 1)
