"""Numbers counted on a ruler, a block at a time: sorted where the processor's cache holds them, added in place."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from modelvane import fixed
from modelvane.ruler import NumericalRuler
from modelvane.tallies.cells import LOW_WORD, WORD_BITS, Cells
from modelvane.tallies.distinct import DistinctTally

Floats = NDArray[np.float64]

# a block and its quanta stay in a processor's second-level cache; a sort that leaves it takes twice as long
BLOCK = 1 << 16
# between edges a value is at most 2^41 quanta from the centre: so many fit one machine word
_WORD_ROWS = 1 << 21


class NumericalCount:
    """Counts and exact sums of finite numbers on a ruler, which grow in place.

    Numpy does the work outside Python's lock, so that columns are counted at once; one count belongs to one thread.
    In an open cell lies what sorts between two edges, so the edges are looked up among the sorted values, and counts
    and sums of cells are differences of positions and of running sums.

    Parameters
    ----------
    ruler
        Frozen from the reference.
    """

    __slots__ = (
        "_high",
        "_low",
        "_pending",
        "_sums",
        "above",
        "below",
        "counts",
        "distinct",
        "maximum",
        "minimum",
        "ruler",
        "square",
    )

    def __init__(self, ruler: NumericalRuler) -> None:
        self.ruler = ruler
        self.counts = np.zeros(ruler.size, np.int64)
        self._sums = np.zeros(ruler.size, np.int64)
        self._high = np.zeros(ruler.size, np.int64)
        self._low = np.zeros(ruler.size, np.int64)
        self._pending = 0
        self.below = self.above = self.square = 0
        self.minimum, self.maximum = math.inf, -math.inf
        self.distinct = DistinctTally.zero()

    def add(self, values: Floats) -> None:
        """Count finite values, in any order; they are left as they are."""
        for at in range(0, len(values), BLOCK):
            self._add(np.sort(values[at : at + BLOCK]))

    def cells(self) -> Cells:
        """Give rows and sums per cell."""
        self._carry()
        return Cells.of_words(self.counts.copy(), self._high.copy(), self._low.copy())

    def _add(self, ordered: Floats) -> None:
        rows, edges = len(ordered), len(self.ruler.edges)
        # where each cell begins, and where the last one ends
        bounds = np.empty(2 * edges + 2, np.intp)
        bounds[0], bounds[-1] = 0, rows
        bounds[1:-1:2] = left = np.searchsorted(ordered, self.ruler.edges, "left")
        bounds[2:-1:2] = right = _behind(ordered, self.ruler.edges, left)
        counts = np.diff(bounds)
        self.counts += counts
        self._add_sums(ordered, bounds)
        # adding 0.0 makes -0.0 and 0.0 one value
        self.minimum = min(self.minimum, float(ordered[0]) + 0.0)
        self.maximum = max(self.maximum, float(ordered[-1]) + 0.0)
        if int(counts[::2].sum()):
            self.distinct = self.distinct.including(ordered, _first_between_edges(ordered, left, right))

    def _add_sums(self, ordered: Floats, bounds: NDArray[np.intp]) -> None:
        ruler = self.ruler
        quanta = fixed.quantise(ordered, ruler.center, ruler.quantum)
        if quanta[0] < -fixed.WORD or quanta[-1] >= fixed.WORD:
            self._add_far(ordered, quanta)
        words = quanta.astype(np.int64)
        self.square += fixed.sum_of_squares(words, np.square(quanta, out=quanta))
        running = np.zeros(len(words) + 1, np.int64)
        np.cumsum(words, out=running[1:])
        sums = np.diff(running[bounds])
        # sums of the unbounded cells may be of any size, those of edges follow from the counts
        self.below += int(sums[0])
        self.above += int(sums[-1]) if len(sums) > 1 else 0
        sums[[0, -1]] = sums[1::2] = 0
        self._pending += len(words)
        if self._pending > _WORD_ROWS:
            self._carry()
            self._pending = len(words)
        self._sums += sums

    def _add_far(self, ordered: Floats, quanta: Floats) -> None:
        """Add what is too many quanta from the centre for one word, and take it out of ``quanta``."""
        ruler = self.ruler
        first, last = np.searchsorted(quanta, (-fixed.WORD, fixed.WORD), "left").tolist()
        below = fixed.big(ordered[:first], ruler.center, ruler.quantum)
        above = fixed.big(ordered[last:], ruler.center, ruler.quantum)
        self.below += sum(below)
        self.above += sum(above)
        self.square += sum(value * value for value in (*below, *above))
        quanta[:first] = quanta[last:] = 0.0

    def _carry(self) -> None:
        """Move the sums from one word to two."""
        self._low += self._sums & LOW_WORD
        self._high += (self._sums >> WORD_BITS) + (self._low >> WORD_BITS)
        self._low &= LOW_WORD
        self._sums[:] = 0


def _behind(ordered: Floats, edges: Floats, left: NDArray[np.intp]) -> NDArray[np.intp]:
    """Give where the rows at each edge end; few edges have any, where values are all different."""
    right = left.copy()
    at = np.flatnonzero(ordered[np.minimum(left, len(ordered) - 1)] == edges)
    right[at] = np.searchsorted(ordered, edges[at], "right")
    return right


def _first_between_edges(
    ordered: Floats, left: NDArray[np.intp], right: NDArray[np.intp]
) -> NDArray[np.bool_]:
    is_new = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=is_new[1:])
    # the first row at an edge; those after it are not new
    is_new[left[right > left]] = False
    return is_new
