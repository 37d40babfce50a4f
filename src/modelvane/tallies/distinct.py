"""How many different values: the smallest hashes, which merge in any grouping."""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

KEEP = 256

_NONE = np.empty(0, np.uint64)


class DistinctTally(Struct, frozen=True, eq=False):
    """The ``KEEP`` smallest hashes of the values seen; exact while there are fewer.

    Bar-Yossef et al., Counting distinct elements in a data stream, 2002 (the k minimum values sketch).
    """

    hashes: NDArray[np.uint64]

    @classmethod
    def zero(cls) -> DistinctTally:
        """Give the tally of no values."""
        return cls(_NONE)

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> DistinctTally:
        """Tally finite numbers that are all different."""
        if len(values) == 0:
            return cls.zero()
        hashes = _hash(values)
        if len(hashes) > 8 * KEEP:
            # far fewer than all need sorting: those below a limit that leaves about twice what is kept
            few = hashes[hashes < np.uint64(2 * KEEP / len(hashes) * 2.0**64)]
            hashes = few if len(few) >= KEEP else hashes
        return cls(np.sort(hashes)[:KEEP])

    def including(self, ordered: NDArray[np.float64], is_new: NDArray[np.bool_]) -> DistinctTally:
        """Tally finite numbers too: those of ``ordered`` where ``is_new``, which are all different."""
        # few values among many rows are hashed alone; among many values it takes longer to pick than to hash
        if self.exact or 2 * np.count_nonzero(is_new) < len(is_new):
            ordered, is_new = ordered[is_new], is_new[is_new]
        if self.exact:
            found = DistinctTally.of(ordered)
            return self + found if len(self.hashes) else found
        hashes = _hash(ordered)
        near = np.flatnonzero(hashes < self.hashes[-1])
        near = near[is_new[near]]
        return self + DistinctTally(hashes[near]) if len(near) else self

    def __add__(self, other: DistinctTally) -> DistinctTally:
        both = np.sort(np.concatenate((self.hashes, other.hashes)))
        is_new = np.ones(len(both), bool)
        np.not_equal(both[1:], both[:-1], out=is_new[1:])
        return DistinctTally(both[is_new][:KEEP])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DistinctTally) and np.array_equal(self.hashes, other.hashes)

    __hash__ = None  # type: ignore[assignment] # compared by an array

    @property
    def exact(self) -> bool:
        """Whether `estimate` is the number itself."""
        return len(self.hashes) < KEEP

    @property
    def estimate(self) -> float:
        """The number of distinct values; with all ``KEEP`` hashes, within about 6 % (one standard error)."""
        if self.exact:
            return float(len(self.hashes))
        return (KEEP - 1) * 2.0**64 / float(self.hashes[-1])


def _hash(values: NDArray[np.float64]) -> NDArray[np.uint64]:
    # splitmix64 (Steele, Lea and Flood, 2014); adding 0.0 makes -0.0 and 0.0 one value
    bits = (values + 0.0).view(np.uint64)
    bits += np.uint64(0x9E3779B97F4A7C15)
    bits ^= bits >> np.uint64(30)
    bits *= np.uint64(0xBF58476D1CE4E5B9)
    bits ^= bits >> np.uint64(27)
    bits *= np.uint64(0x94D049BB133111EB)
    bits ^= bits >> np.uint64(31)
    return bits
