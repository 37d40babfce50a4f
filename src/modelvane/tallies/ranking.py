"""What is remembered of ranked items and of what was chosen afterwards."""

from __future__ import annotations

from enum import IntEnum
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.casting import Fault
from modelvane.errors import TallyMismatchError
from modelvane.ruler import CategoricalRuler
from modelvane.tallies.categorical import Codes
from modelvane.tallies.list_column import Lists

QUANTUM = 2.0**-32
"""Every answer's value enters a sum rounded to it; sums are exact up to 2^31 answers."""


class Sum(IntEnum):
    """What is summed over answers at each k."""

    HITS = 0
    """Served items that were chosen; a plain count, as is the next."""
    HIT = 1
    """Answers with at least one such item."""
    RECALL = 2
    """In quanta, as are those below."""
    PRECISION = 3
    """Average precision."""
    RECIPROCAL = 4
    """Reciprocal rank of the first hit."""
    GAIN = 5
    """Normalised discounted cumulative gain."""


class RankingRuler(Struct, frozen=True, eq=False, dict=True):
    """The lengths at which ranked lists are cut, increasing; frozen with the reference."""

    ks: tuple[int, ...]

    @cached_property
    def digest(self) -> bytes:
        """What tells two rulers apart."""
        return blake2b(np.array(self.ks, np.int64).tobytes(), digest_size=16).digest()

    @cached_property
    def discounts(self) -> NDArray[np.float64]:
        """``1 / log2(rank + 1)`` of the ranks up to the largest k: read from one table, equal ranks are equal bits."""
        return 1.0 / np.log2(np.arange(2, max(self.ks) + 2, dtype=np.float64))

    @cached_property
    def ideal(self) -> NDArray[np.float64]:
        """Gain of a list that begins with so many chosen items, from 0 on."""
        return np.concatenate(([0.0], np.cumsum(self.discounts)))


class RankingTally(Struct, frozen=True, eq=False):
    """Sums over labelled answers at each k; tallies of one ruler add, bit for bit in any grouping.

    Parameters
    ----------
    ruler
        Frozen from the reference.
    n
        Answers whose served and chosen lists are both usable.
    chosen
        Those of them after which at least one item was chosen, whether or not it was served.
    unusable
        Rows of which one of the two lists is missing or of the wrong type.
    sums
        By k and `Sum`, shape ``(len(ruler.ks), len(Sum))``, int64.
    """

    ruler: RankingRuler
    n: int
    chosen: int
    unusable: int
    sums: NDArray[np.int64]

    @classmethod
    def zero(cls, ruler: RankingRuler) -> RankingTally:
        """Give the tally of no rows."""
        return cls(ruler, 0, 0, 0, np.zeros((len(ruler.ks), len(Sum)), np.int64))

    @classmethod
    def of(cls, ruler: RankingRuler, items: CategoricalRuler, served: Lists, chosen: Lists) -> RankingTally:
        """Tally the rows of two columns of equal length, both looked up on the ruler of items.

        Of an item that is served twice in one answer the first counts, the second is no hit and keeps its place; one
        that is chosen twice was chosen.
        """
        usable = (served.faults == Fault.NONE) & (chosen.faults == Fault.NONE)
        rows, kept = len(usable), np.flatnonzero(usable)
        if len(kept) < rows:
            served, chosen = served.take(kept), chosen.take(kept)
        hits, relevant = _hits(items, served, chosen)
        sums = np.zeros((len(ruler.ks), len(Sum)), np.int64)
        if len(kept):
            entries = _Entries.of(ruler, served, hits)
            for at, k in enumerate(ruler.ks):
                sums[at] = _sums(ruler, k, entries, relevant)
        return cls(ruler, len(kept), int(np.count_nonzero(relevant)), rows - len(kept), sums)

    def __add__(self, other: RankingTally) -> RankingTally:
        if self.ruler.ks != other.ruler.ks:
            raise TallyMismatchError(
                "Two tallies were counted at different k",
                received=[list(self.ruler.ks), list(other.ruler.ks)],
                expected="those of one reference",
            )
        return RankingTally(
            self.ruler,
            self.n + other.n,
            self.chosen + other.chosen,
            self.unusable + other.unusable,
            self.sums + other.sums,
        )

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, RankingTally)
            and self.ruler.ks == other.ruler.ks
            and (self.n, self.chosen, self.unusable) == (other.n, other.chosen, other.unusable)
            and np.array_equal(self.sums, other.sums)
        )

    __hash__ = None  # type: ignore[assignment] # compared by arrays

    def facts(self) -> dict[str, Any]:
        """Give what is no array, as JSON values."""
        return {"n": self.n, "chosen": self.chosen, "unusable": self.unusable}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the arrays."""
        return {"sums": self.sums}

    @classmethod
    def from_arrays(
        cls, ruler: RankingRuler, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]
    ) -> RankingTally:
        """Read what `facts` and `arrays` gave."""
        return cls(ruler, **facts, sums=arrays["sums"])

    @property
    def rows(self) -> int:
        """All rows."""
        return self.n + self.unusable

    def sum(self, k: int, of: Sum) -> int:
        """Give one sum."""
        return int(self.sums[self.ruler.ks.index(k), of])


class _Entries(Struct, frozen=True, eq=False):
    """Hits up to the largest k: the row and rank (from 1) of each, and how many its row has up to it."""

    rows: NDArray[np.int64]
    ranks: NDArray[np.int64]
    order: NDArray[np.int64]

    @classmethod
    def of(cls, ruler: RankingRuler, served: Lists, hits: NDArray[np.bool_]) -> _Entries:
        ranks = served.places + 1
        near = hits & (ranks <= max(ruler.ks))
        rows = served.rows[near]
        firsts = np.flatnonzero(np.concatenate(([True], rows[1:] != rows[:-1]))) if len(rows) else rows
        lengths = np.diff(np.concatenate((firsts, [len(rows)])))
        order = np.arange(len(rows)) - np.repeat(firsts, lengths) + 1
        return cls(rows, ranks[near], order)


def _hits(
    items: CategoricalRuler, served: Lists, chosen: Lists
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Give which served entries are hits, and how many different items were chosen after each answer."""
    one, other = served.values, chosen.values
    assert isinstance(one, Codes)  # noqa: S101 - items are categories
    assert isinstance(other, Codes)  # noqa: S101 - as above
    # what the ruler does not have is known to each column by a number of its own
    unseen = {name: items.unseen + at for at, name in enumerate(one.unseen)}
    numbers = [unseen.setdefault(name, items.unseen + len(unseen)) for name in other.unseen]
    renamed = np.concatenate((np.arange(items.unseen), np.array(numbers, np.int64)))
    size = items.unseen + len(unseen) + 1
    keys = served.rows * size + one.codes
    wanted = np.unique(chosen.rows * size + renamed[other.codes])
    relevant = np.bincount(wanted // size, minlength=len(chosen))
    is_first = np.zeros(len(keys), bool)
    is_first[np.unique(keys, return_index=True)[1]] = True
    return is_first & np.isin(keys, wanted), relevant


def _sums(ruler: RankingRuler, k: int, entries: _Entries, relevant: NDArray[np.int64]) -> list[int]:
    near = entries.ranks <= k
    rows, ranks, order = entries.rows[near], entries.ranks[near], entries.order[near]
    n = len(relevant)
    found = np.bincount(rows, minlength=n)
    # each row's own sum, in the order of its ranks: the same whatever rows are beside it
    precise = np.bincount(rows, order / ranks, minlength=n)
    gain = np.bincount(rows, ruler.discounts[ranks - 1], minlength=n)
    best = np.minimum(relevant, k)
    some = np.maximum(relevant, 1)
    is_first = order == 1
    return [
        int(found.sum()),
        int(np.count_nonzero(found)),
        _quanta(found / some),
        _quanta(precise / np.maximum(best, 1)),
        _quanta(1.0 / ranks[is_first]),
        _quanta(gain / np.where(best > 0, ruler.ideal[best], 1.0)),
    ]


def _quanta(values: NDArray[np.float64]) -> int:
    return int(np.rint(values / QUANTUM).astype(np.int64).sum())
