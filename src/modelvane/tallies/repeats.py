"""How often the same item is recommended to the same subject again."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.ruler import CategoricalRuler, name_hashes
from modelvane.tallies.categorical import Codes
from modelvane.tallies.list_column import Lists

KEEP = 1024

_NONE = np.empty(0, np.uint64)
_NO_COUNTS = np.empty(0, np.int64)


class RepeatTally(Struct, frozen=True, eq=False):
    """How often each pair of subject and item was served, for the ``KEEP`` pairs with the smallest hashes.

    Those are the same pairs in any grouping, each with its exact count, and a random sample of all pairs. While there
    are fewer, all are held, and `repeat_share` is exact.

    Parameters
    ----------
    hashes
        Of pairs, increasing.
    counts
        How often each was served.
    """

    hashes: NDArray[np.uint64]
    counts: NDArray[np.int64]

    @classmethod
    def zero(cls) -> RepeatTally:
        """Give the tally of no rows."""
        return cls(_NONE, _NO_COUNTS)

    @classmethod
    def of(
        cls, rulers: tuple[CategoricalRuler, CategoricalRuler], subject: Codes, served: Lists
    ) -> RepeatTally:
        """Tally the items of every row that has a subject.

        Parameters
        ----------
        rulers
            Of subjects and of items.
        """
        items = served.values
        assert isinstance(items, Codes)  # noqa: S101 - items are categories
        of_entry = subject.codes[served.rows]
        known = of_entry >= 0
        subjects, things = (
            _hashes(ruler, column, codes[known])
            for ruler, column, codes in zip(rulers, (subject, items), (of_entry, items.codes), strict=True)
        )
        hashes, counts = np.unique(_paired(subjects, things), return_counts=True)
        return cls(hashes[:KEEP], counts[:KEEP].astype(np.int64))

    def __add__(self, other: RepeatTally) -> RepeatTally:
        every = np.concatenate((self.hashes, other.hashes))
        hashes, places = np.unique(every, return_inverse=True)
        counts = np.zeros(len(hashes), np.int64)
        np.add.at(counts, places, np.concatenate((self.counts, other.counts)))
        return RepeatTally(hashes[:KEEP], counts[:KEEP])

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, RepeatTally)
            and np.array_equal(self.hashes, other.hashes)
            and np.array_equal(self.counts, other.counts)
        )

    __hash__ = None  # type: ignore[assignment] # compared by arrays

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the arrays."""
        return {"hashes": self.hashes, "counts": self.counts}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> RepeatTally:
        """Read what `arrays` gave."""
        return cls(arrays["hashes"], arrays["counts"])

    @property
    def exact(self) -> bool:
        """Whether every pair is held."""
        return len(self.hashes) < KEEP

    @property
    def served(self) -> int:
        """How often the pairs that are held were served."""
        return int(self.counts.sum())

    @property
    def standard_error(self) -> float:
        """Standard error of ``1 - pairs / served``, since only a sample of the pairs is held; 0 where all are.

        By the delta method for ``1 - 1 / m`` with the mean count m of the pairs held: ``sd / (sqrt(pairs) m^2)``.
        """
        if self.exact:
            return 0.0
        spread, mean = float(np.std(self.counts)), float(np.mean(self.counts))
        return spread / (math.sqrt(len(self.counts)) * mean**2)


def _hashes(ruler: CategoricalRuler, column: Codes, codes: NDArray[np.int32]) -> NDArray[np.uint64]:
    """Give the hash of each code's category; names that these rows do not have are not hashed."""
    used, at = np.unique(codes, return_inverse=True)
    names = (column.unseen[code - ruler.unseen] for code in used[used >= ruler.unseen].tolist())
    return np.concatenate((ruler.hashes[used[used < ruler.unseen]], name_hashes(names)))[at]


def _paired(subjects: NDArray[np.uint64], items: NDArray[np.uint64]) -> NDArray[np.uint64]:
    # one odd multiple tells subject from item; the last steps of splitmix64 (Steele, Lea and Flood, 2014) mix the rest
    bits = subjects * np.uint64(0x9E3779B97F4A7C15) + items
    bits ^= bits >> np.uint64(30)
    bits *= np.uint64(0xBF58476D1CE4E5B9)
    bits ^= bits >> np.uint64(27)
    bits *= np.uint64(0x94D049BB133111EB)
    bits ^= bits >> np.uint64(31)
    return bits
