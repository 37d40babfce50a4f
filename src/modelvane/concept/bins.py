"""The bins of a column in which errors are looked at: unions of its ruler's cells, and one for what has no value."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, ClassVar, TypeAlias

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.block import Encoded
from modelvane.casting import Numbers
from modelvane.causes.bins import between
from modelvane.ruler import CategoricalRuler, Floats, NumericalRuler, Ruler
from modelvane.tallies.categorical import Codes

MOST_CATEGORIES = 16
"""Categories that have a bin each, the reference's most frequent; the others share one."""

FEWEST_ROWS = 100
"""Rows of the reference that a bin takes: the errors of fewer do not tell how far errors can go."""

# a block of this many values stays in the processor's cache while every limit is held against it
_BLOCK = 1 << 14

NO_VALUE = "no value"
OTHERS = "others"


class NumericalBins(Struct, frozen=True, eq=False):
    """Half-open intervals: bin j holds what is above ``limits[j - 1]``, up to and with ``limits[j]``.

    Parameters
    ----------
    limits
        Ascending; the last bin of values is what is above all of them.
    """

    limits: Floats
    kind: ClassVar[str] = "numerical"

    @property
    def size(self) -> int:
        """Number of bins, that of missing and broken values last."""
        return len(self.limits) + 2

    @property
    def names(self) -> list[str]:
        """What each bin holds."""
        ends = [-math.inf, *self.limits.tolist(), math.inf]
        return [*(between(low, high) for low, high in pairwise(ends)), NO_VALUE]

    def facts(self) -> list[str]:
        """Give plain JSON values, from which `bins_from` makes them again."""
        return [float(limit).hex() for limit in self.limits]

    def frequent(self, rows: NDArray[np.intp]) -> NumericalBins:
        """Give bins of enough rows each, neighbours together, from how many rows each of these has."""
        kept, before = [], 0
        for limit, upto in zip(self.limits.tolist(), np.cumsum(rows).tolist(), strict=False):
            if upto - before >= FEWEST_ROWS:
                kept.append(limit)
                before = upto
        if kept and rows[:-1].sum() - before < FEWEST_ROWS:
            kept.pop()
        return NumericalBins(np.array(kept, np.float64))

    def codes(self, column: Encoded) -> NDArray[np.uint8]:
        """Give the bin of each row."""
        assert isinstance(column, Numbers)  # noqa: S101 - encoded on the column's ruler
        found = np.zeros(len(column), np.uint8)
        # fewer than two dozen comparisons of whole vectors are quicker than a search for each value
        for at in range(0, len(column), _BLOCK):
            values, block = column.values[at : at + _BLOCK], found[at : at + _BLOCK]
            for limit in self.limits:
                block += (values > limit).view(np.uint8)
        if column.faults is not None:
            found[column.faults != 0] = self.size - 1
        return found


class CategoricalBins(Struct, frozen=True, eq=False):
    """The most frequent categories, one bin for all others.

    Parameters
    ----------
    shown
        Categories that have a bin each.
    """

    shown: tuple[str, ...]
    kind: ClassVar[str] = "categorical"

    @property
    def size(self) -> int:
        """Number of bins, that of missing and broken values last."""
        return len(self.shown) + 2

    @property
    def names(self) -> list[str]:
        """What each bin holds."""
        return [*self.shown, OTHERS, NO_VALUE]

    def facts(self) -> int:
        """Give a plain JSON value, from which `bins_from` makes them again."""
        return len(self.shown)

    def frequent(self, rows: NDArray[np.intp]) -> CategoricalBins:
        """Give bins of enough rows each, the rarer categories with the others.

        One that is frequent may be rare among labelled rows: those after it are with the others, too.
        """
        few = np.append(rows[:-2] < FEWEST_ROWS, True)
        return CategoricalBins(self.shown[: int(np.argmax(few))])

    def codes(self, column: Encoded) -> NDArray[np.uint8]:
        """Give the bin of each row."""
        assert isinstance(column, Codes)  # noqa: S101 - encoded on the column's ruler
        others = len(self.shown)
        # faults, which are negative, become the largest numbers
        found = np.minimum(column.codes, others).astype(np.uint8)
        found[column.codes < 0] = self.size - 1
        return found


Bins: TypeAlias = NumericalBins | CategoricalBins


def bins_of(ruler: Ruler) -> Bins | None:
    """Give the bins of a column, those that its drift is measured on; ``None`` of lists.

    >>> ruler = NumericalRuler.of(np.array([1.0, 2.0, 3.0]))
    >>> bins_of(ruler).names
    ['up to 1', '1 to 2', 'over 2', 'no value']
    """
    if isinstance(ruler, NumericalRuler):
        return NumericalBins(ruler.edges[ruler.bins])
    if isinstance(ruler, CategoricalRuler):
        return CategoricalBins(ruler.names[:MOST_CATEGORIES])
    return None


def bins_from(ruler: Ruler, facts: Any) -> Bins:
    """Make bins from their facts and their column's ruler."""
    if isinstance(ruler, CategoricalRuler):
        return CategoricalBins(ruler.names[:facts])
    return NumericalBins(np.array([float.fromhex(limit) for limit in facts], np.float64))
