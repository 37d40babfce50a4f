"""Sums of signals by time: what says when a relation changed."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from modelvane.times import NO_TIME

MOST_BUCKETS = 512

Integers = NDArray[np.int64]

# times are looked at in so many bits first: where those are enough they need not be sorted
_SPREAD = 20
_BITS = 64
# whole numbers below 2^53 add up exactly as floats: blocks of so many of at most 2^32
_BLOCK = 1 << 20


def sums_by(places: NDArray[np.intp], values: Integers, width: int) -> Integers:
    """Add whole numbers of at most 2^32 by place, exactly; shape ``(..., rows)`` gives ``(..., width)``."""
    found = np.zeros((*values.shape[:-1], width), np.int64)
    for at in range(0, len(places), _BLOCK):
        part = places[at : at + _BLOCK]
        for where in np.ndindex(*values.shape[:-1]):
            found[where] += np.bincount(part, values[where][at : at + _BLOCK], width).astype(np.int64)
    return found


class Timeline(Struct, frozen=True, eq=False):
    """Rows and sums of signals in buckets of event time; timelines add, bit for bit in any grouping.

    A bucket is ``2^exponent`` microseconds wide and begins at a multiple of that since 1970; only those that have rows
    are held. They are as narrow as `MOST_BUCKETS` of them allow, so that the width follows from the rows alone, and a
    few wrong times, of 1970 say, take a few buckets and make no other wider.

    Parameters
    ----------
    exponent
        Of the width.
    buckets
        Their numbers since 1970, ascending, shape ``(buckets,)``.
    rows
        Of each bucket, at least 1.
    sums
        Of each signal, in its quanta, shape ``(signals, buckets)``.
    large
        Rows of each bucket whose error is among the largest (see `modelvane.concept.ruler.ConceptRuler`).
    untimed
        Rows without a time, which are in no bucket.
    """

    exponent: int
    buckets: Integers
    rows: Integers
    sums: Integers
    large: Integers
    untimed: int = 0

    @classmethod
    def zero(cls, signals: int, untimed: int = 0) -> Timeline:
        """Give the timeline of no rows."""
        none = np.empty(0, np.int64)
        return cls(0, none, none, np.empty((signals, 0), np.int64), none, untimed)

    @classmethod
    def of(cls, times: Integers, values: Integers, large: NDArray[np.bool_]) -> Timeline:
        """Tally rows: event times in microseconds since 1970, signals of shape ``(signals, rows)``."""
        known = times != NO_TIME
        untimed = len(times) - int(np.count_nonzero(known))
        if untimed:
            times, values, large = times[known], values[:, known], large[known]
        if not len(times):
            return cls.zero(len(values), untimed)
        exponent = _exponent_of(times)
        buckets, places = np.unique(times >> exponent, return_inverse=True)
        width = len(buckets)
        return cls(
            exponent,
            buckets,
            np.bincount(places, minlength=width).astype(np.int64),
            sums_by(places, values, width),
            np.bincount(places[large], minlength=width).astype(np.int64),
            untimed,
        )

    def __add__(self, other: Timeline) -> Timeline:
        untimed = self.untimed + other.untimed
        if not len(self.rows) or not len(other.rows):
            kept = self if len(self.rows) else other
            return replace(kept, untimed=untimed)
        exponent = max(self.exponent, other.exponent)
        numbers = np.concatenate([each.buckets >> (exponent - each.exponent) for each in (self, other)])
        wider = _exponent(np.unique(numbers))
        buckets, places = np.unique(numbers >> wider, return_inverse=True)

        def added(mine: Integers, theirs: Integers) -> Integers:
            found = np.zeros((*mine.shape[:-1], len(buckets)), np.int64)
            np.add.at(found.T, places, np.concatenate((mine, theirs), axis=-1).T)
            return found

        return Timeline(
            exponent + wider,
            buckets,
            added(self.rows, other.rows),
            added(self.sums, other.sums),
            added(self.large, other.large),
            untimed,
        )

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Timeline)
            and (self.exponent, self.untimed) == (other.exponent, other.untimed)
            and all(
                np.array_equal(mine, theirs)
                for mine, theirs in zip(self.arrays().values(), other.arrays().values(), strict=True)
            )
        )

    __hash__ = None  # type: ignore[assignment] # compared by arrays

    @property
    def n(self) -> int:
        """Rows that have a time."""
        return int(self.rows.sum())

    def starts(self) -> Integers:
        """Give when each bucket begins, microseconds since 1970."""
        return self.buckets << self.exponent

    def facts(self) -> dict[str, Any]:
        """Give what is no array, as JSON values."""
        return {"exponent": self.exponent, "untimed": self.untimed}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the arrays."""
        return {"buckets": self.buckets, "rows": self.rows, "sums": self.sums, "large": self.large}

    @classmethod
    def from_arrays(cls, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Timeline:
        """Read what `facts` and `arrays` gave."""
        buckets, rows, sums, large = (
            arrays[name].astype(np.int64) for name in ("buckets", "rows", "sums", "large")
        )
        return cls(facts["exponent"], buckets, rows, sums, large, facts["untimed"])


def _exponent_of(times: Integers) -> int:
    """Give how often times have to be halved until they are in at most `MOST_BUCKETS` buckets."""
    low, high = int(times.min()), int(times.max())
    exponent = max(0, (high - low).bit_length() - _SPREAD)
    filled = np.zeros((high >> exponent) - (low >> exponent) + 1, bool)
    filled[(times >> exponent) - (low >> exponent)] = True
    wider = _exponent(np.flatnonzero(filled) + (low >> exponent))
    return exponent + wider if wider or not exponent else _exponent(np.unique(times))


def _exponent(numbers: Integers) -> int:
    """Give the same of numbers that ascend and differ."""

    def is_enough(exponent: int) -> bool:
        return int(np.count_nonzero(np.diff(numbers >> exponent))) < MOST_BUCKETS

    return bisect_left(range(_BITS), True, key=is_enough)
