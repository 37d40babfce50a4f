"""What is remembered of numerical columns beside others: rows, and sums of ranks, by cell."""

from __future__ import annotations

from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.conditional.levels import Integers
from modelvane.ruler import require_same


class ConditionalTally(Struct, frozen=True, eq=False):
    """Rows and sums of ranks by cell; tallies of one ruler add, bit for bit.

    Parameters
    ----------
    digest
        Of the ruler.
    n
        Rows.
    counts, sums
        By cell, those of all columns one behind the other: rows that have a number there, and the sum of its ranks.
    """

    digest: bytes
    n: int
    counts: Integers
    sums: Integers

    def __add__(self, other: ConditionalTally) -> ConditionalTally:
        require_same(self, other)
        return ConditionalTally(
            self.digest, self.n + other.n, self.counts + other.counts, self.sums + other.sums
        )

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, ConditionalTally)
            and (self.digest, self.n) == (other.digest, other.n)
            and np.array_equal(self.counts, other.counts)
            and np.array_equal(self.sums, other.sums)
        )

    __hash__ = None  # type: ignore[assignment] # compared by arrays

    def facts(self) -> dict[str, Any]:
        """Give what is no array, as JSON values."""
        return {"n": self.n}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the arrays."""
        return {"counts": self.counts, "sums": self.sums}

    @classmethod
    def from_arrays(
        cls, digest: bytes, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]
    ) -> ConditionalTally:
        """Read what `facts` and `arrays` gave."""
        counts, sums = (arrays[name].astype(np.int64) for name in ("counts", "sums"))
        return cls(digest, facts["n"], counts, sums)
