"""How many values lie where the reference has nearly none: a statistic whose limits are those of another tally."""

from __future__ import annotations

from functools import partial

import numpy as np
from msgspec import Struct

from modelvane.statistics import exact
from modelvane.statistics.base import Statistic
from modelvane.statistics.quantiles import NO_VALUES
from modelvane.tallies.numerical import NumericalTally
from modelvane.undefined import Undefined, Value

IN_EACH = 2000
"""One of so many values of the reference lies in each tail, or fewer.

The rarer values are in the reference, the fewer of them in a window are too many. After 20 000 rows, at a level of
5e-6, it takes 13 of a window of 2000 where one of 2000 is in each tail, 45 where one of 200 is. It takes 6 of those
beyond all (`out_of_range_share`), which whatever is within reach of the reference's largest outlier escapes.
"""
_KEPT = "tails"


class Tails(Struct, frozen=True):
    """Where the tails of a reference begin.

    Parameters
    ----------
    low, high
        Edges of the ruler, by position: values below the one and above the other are in a tail.
    """

    low: int
    high: int

    @classmethod
    def of(cls, reference: NumericalTally) -> Tails:
        """Find the innermost edges beyond which no more than one of `IN_EACH` values lies.

        Parameters
        ----------
        reference
            With values, on a ruler with edges.
        """
        known: Tails | None = reference.values.get(_KEPT)
        if known is None:
            ends = np.cumsum(reference.cells.dense()[0])
            most = reference.n // IN_EACH
            # up to the open cell below each edge, and with the edge itself
            below, upto = ends[:-1:2], ends[1::2]
            low = int(np.searchsorted(below, most, "right")) - 1
            high = int(np.searchsorted(upto, reference.n - most, "left"))
            # rows of another time than the ruler's may all be beyond its outermost edges
            known = reference.values[_KEPT] = cls(max(low, 0), min(high, len(upto) - 1))
        return known

    def counts(self, tally: NumericalTally) -> tuple[int, int]:
        """Give how many values are below and above, exactly: edges part cells."""
        counts = tally.cells.dense()[0]
        return int(counts[: 2 * self.low + 1].sum()), int(counts[2 * self.high + 2 :].sum())

    def told(self, tally: NumericalTally) -> str:
        """Say how many values are on which side."""
        edges = tally.ruler.edges
        sides = (("below", self.low), ("above", self.high))
        counted = zip(self.counts(tally), sides, strict=True)
        return ", ".join(f"{count} {side} {edges[at]:.6g}" for count, (side, at) in counted if count)


def tail_share_against(reference: NumericalTally | None) -> Statistic[NumericalTally]:
    """Give the statistic of windows that are held against a reference.

    Parameters
    ----------
    reference
        Counted on the same ruler; ``None`` where it has no such rows.
    """
    return Statistic(
        "tail_share",
        "In the reference's tails",
        partial(_tail_share, reference=reference),
        "ratio",
        f"values beyond edges that 1 of {IN_EACH} of the reference's are beyond, on either side / usable values",
        "lower",
    )


def _tail_share(tally: NumericalTally, reference: NumericalTally | None) -> Value:
    if reference is None or not reference.n or not len(reference.ruler.edges):
        return Undefined("no usable values in the reference")
    return exact.share(sum(Tails.of(reference).counts(tally)), tally.n, NO_VALUES)


TAIL_SHARE = tail_share_against(None)
"""As the catalogue has it."""
