"""What is remembered of how predictions were off: by bin of every column, and by time."""

from __future__ import annotations

from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from modelvane.concept.timeline import Integers, Timeline
from modelvane.ruler import require_same
from modelvane.tallies.codec import inside, nested


class ConceptTally(Struct, frozen=True, eq=False):
    """Rows, and sums of signals, by bin of every column and by time; tallies of one ruler add, bit for bit.

    The sums are of what the inputs do not explain: of each row's signal less what its bins make one expect, in whole
    quanta. What they do explain follows from the rows per bin.

    Parameters
    ----------
    digest
        Of the ruler.
    counts
        Rows per bin, the bins of all columns one behind the other, shape ``(bins,)``.
    sums
        Of each signal over the rows of each bin, shape ``(signals, bins)``.
    n
        Rows that have a prediction and a target.
    unusable
        The other rows.
    timeline
        The same sums by time.
    """

    digest: bytes
    counts: Integers
    sums: Integers
    n: int
    unusable: int
    timeline: Timeline

    def __add__(self, other: ConceptTally) -> ConceptTally:
        require_same(self, other)
        return ConceptTally(
            self.digest,
            self.counts + other.counts,
            self.sums + other.sums,
            self.n + other.n,
            self.unusable + other.unusable,
            self.timeline + other.timeline,
        )

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, ConceptTally)
            and (self.digest, self.n, self.unusable) == (other.digest, other.n, other.unusable)
            and np.array_equal(self.counts, other.counts)
            and np.array_equal(self.sums, other.sums)
            and self.timeline == other.timeline
        )

    __hash__ = None  # type: ignore[assignment] # compared by arrays

    def timed(self, time: int) -> ConceptTally:
        """Give the same rows, those without a time as if they were of this one (microseconds since 1970)."""
        missing = self.timeline.untimed
        if not missing:
            return self
        nothing = np.zeros((len(self.sums), 1), np.int64)
        first = Timeline(0, np.array([time]), np.array([missing]), nothing, np.zeros(1, np.int64))
        return replace(self, timeline=replace(self.timeline, untimed=0) + first)

    def facts(self) -> dict[str, Any]:
        """Give what is no array, as JSON values."""
        return {"n": self.n, "unusable": self.unusable, "timeline": self.timeline.facts()}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the arrays."""
        return {
            "counts": self.counts,
            "sums": self.sums,
            **nested("timeline", self.timeline.arrays()),
        }

    @classmethod
    def from_arrays(
        cls, digest: bytes, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]
    ) -> ConceptTally:
        """Read what `facts` and `arrays` gave."""
        return cls(
            digest,
            arrays["counts"].astype(np.int64),
            arrays["sums"].astype(np.int64),
            facts["n"],
            facts["unusable"],
            Timeline.from_arrays(facts["timeline"], inside("timeline", arrays)),
        )
