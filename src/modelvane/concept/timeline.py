"""Sums of signals by time: what says when a relation changed."""

from __future__ import annotations

from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.casting import NO_TIME

MOST_BUCKETS = 512

Integers = NDArray[np.int64]

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

    A bucket is ``2^exponent`` microseconds wide and begins at a multiple of that since 1970. Buckets are as narrow as
    `MOST_BUCKETS` of them allow from the first row to the last, so that the width follows from the rows alone: of two
    timelines that are added, buckets are joined in pairs until they all fit.

    Parameters
    ----------
    exponent
        Of the width.
    first
        Number of the first bucket since 1970; the first and the last have rows.
    rows
        Of each bucket, shape ``(buckets,)``.
    sums
        Of each signal, in its quanta, shape ``(signals, buckets)``.
    large
        Rows of each bucket whose error is among the largest (see `modelvane.concept.ruler.ConceptRuler`).
    untimed
        Rows without a time, which are in no bucket.
    """

    exponent: int
    first: int
    rows: Integers
    sums: Integers
    large: Integers
    untimed: int = 0

    @classmethod
    def zero(cls, signals: int, untimed: int = 0) -> Timeline:
        """Give the timeline of no rows."""
        none = np.empty(0, np.int64)
        return cls(0, 0, none, np.empty((signals, 0), np.int64), none, untimed)

    @classmethod
    def of(cls, times: Integers, values: Integers, large: NDArray[np.bool_]) -> Timeline:
        """Tally rows: event times in microseconds since 1970, signals of shape ``(signals, rows)``."""
        known = times != NO_TIME
        untimed = len(times) - int(np.count_nonzero(known))
        if untimed:
            times, values, large = times[known], values[:, known], large[known]
        if not len(times):
            return cls.zero(len(values), untimed)
        low, high = int(times.min()), int(times.max())
        exponent = _exponent(low, high)
        first = low >> exponent
        places = ((times >> exponent) - first).astype(np.intp)
        width = (high >> exponent) - first + 1
        return cls(
            exponent,
            first,
            np.bincount(places, minlength=width).astype(np.int64),
            sums_by(places, values, width),
            np.bincount(places[large], minlength=width).astype(np.int64),
            untimed,
        )

    def __add__(self, other: Timeline) -> Timeline:
        untimed = self.untimed + other.untimed
        if not len(self.rows) or not len(other.rows):
            kept = self if len(self.rows) else other
            return Timeline(kept.exponent, kept.first, kept.rows, kept.sums, kept.large, untimed)
        exponent = max(self.exponent, other.exponent)
        low = min(each.first >> (exponent - each.exponent) for each in (self, other))
        high = max(each.last >> (exponent - each.exponent) for each in (self, other))
        wider = _exponent(low, high)
        exponent, low, high = exponent + wider, low >> wider, high >> wider
        one, two = (each.on(exponent, low, high) for each in (self, other))
        rows, sums, large = (mine + theirs for mine, theirs in zip(one, two, strict=True))
        return Timeline(exponent, low, rows, sums, large, untimed)

    def on(self, exponent: int, low: int, high: int) -> tuple[Integers, Integers, Integers]:
        """Give the arrays in wider buckets, from bucket ``low`` to ``high``."""
        places = ((self.first + np.arange(len(self.rows))) >> (exponent - self.exponent)) - low
        starts = np.flatnonzero(np.diff(places, prepend=-1))
        found = []
        for array in (self.rows, self.sums, self.large):
            wide = np.zeros((*array.shape[:-1], high - low + 1), np.int64)
            wide[..., places[starts]] = np.add.reduceat(array, starts, axis=-1)
            found.append(wide)
        return found[0], found[1], found[2]

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Timeline)
            and (self.exponent, self.first, self.untimed) == (other.exponent, other.first, other.untimed)
            and np.array_equal(self.rows, other.rows)
            and np.array_equal(self.sums, other.sums)
            and np.array_equal(self.large, other.large)
        )

    __hash__ = None  # type: ignore[assignment] # compared by arrays

    @property
    def n(self) -> int:
        """Rows that have a time."""
        return int(self.rows.sum())

    @property
    def last(self) -> int:
        """Number of the last bucket since 1970."""
        return self.first + len(self.rows) - 1

    @property
    def filled(self) -> NDArray[np.intp]:
        """The buckets that have rows."""
        return np.flatnonzero(self.rows)

    def starts(self) -> Integers:
        """Give when each bucket begins, microseconds since 1970."""
        return (self.first + np.arange(len(self.rows))) << self.exponent

    def facts(self) -> dict[str, Any]:
        """Give what is no array, as JSON values."""
        return {"exponent": self.exponent, "first": self.first, "untimed": self.untimed}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the arrays."""
        return {"rows": self.rows, "sums": self.sums, "large": self.large}

    @classmethod
    def from_arrays(cls, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Timeline:
        """Read what `facts` and `arrays` gave."""
        rows, sums, large = (arrays[name].astype(np.int64) for name in ("rows", "sums", "large"))
        return cls(facts["exponent"], facts["first"], rows, sums, large, facts["untimed"])


def _exponent(low: int, high: int) -> int:
    """Give how often numbers have to be halved until they are in fewer than `MOST_BUCKETS` buckets."""
    exponent = 0
    while (high >> exponent) - (low >> exponent) >= MOST_BUCKETS:
        exponent += 1
    return exponent
