"""How improbable a cell is under the reference's tally of its column, in whole bits.

The surprisal of a cell is ``floor(-log2(p))``, where p is the share of rows that are at least as extraordinary, the row
itself among them: ``(1 + c) / (N + 1)`` for c of the reference's N rows (Davison and Hinkley, 1997, section 4.2.3, so
that nothing is impossible). As extraordinary are

- of a number, twice those that are as far out on its own side: c + 1 is doubled, as of a two-sided test;
- of a category, those whose category is as rare or rarer; of one that the reference lacks, those that are alone in
  theirs, since unseen categories are as common as these (Good, 1953);
- of a missing, infinite or wrong-typed value, those with the same fault.

A number beyond the reference's range has one bit more for each doubling of ``1 + distance / range``, at most
`FURTHEST`: nothing is known of the tail there, and this is a heavy one, of which half is beyond twice the distance.

So all columns are on one scale, whatever their kind: of rows like the reference's one in 2^b has a cell of b bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.casting import Fault, Numbers
from modelvane.tallies.categorical import CategoricalTally, Codes
from modelvane.tallies.numerical import NumericalTally

Bits: TypeAlias = "NDArray[np.uint8]"

FURTHEST = 8
"""Bits that a number may have for its distance from the reference's range."""

# comparing a block with every limit is ten times faster than looking its values up, while it stays in the cache
_BLOCK = 1 << 16
# about half of the rows reach the next limit each: after so many, those that did are looked at alone
_OF_MANY = 2


def bits_of(as_extraordinary: NDArray[np.float64], rows: int) -> Bits:
    """Give ``floor(log2((N + 1) / as_extraordinary))``, where the row itself is among the as extraordinary ones."""
    shares = np.minimum(as_extraordinary / (rows + 1), 1.0)
    return np.floor(-np.log2(shares)).astype(np.uint8)


class NumericalSurprisal(Struct, frozen=True, eq=False):
    """Bits of numbers: ``base``, and more for each limit that a number has reached.

    Parameters
    ----------
    below, above
        Limits and the bits that numbers up to, or from, each of them have more; what is further out comes later.
    faults
        Bits by `modelvane.casting.Fault`.
    least, most
        Of the reference; NaN where it has no number.
    """

    base: int
    below: tuple[tuple[float, int], ...]
    above: tuple[tuple[float, int], ...]
    faults: Bits
    least: float
    most: float

    @classmethod
    def of(cls, tally: NumericalTally, *, leave_one_out: bool = False) -> NumericalSurprisal:
        """Read it off a tally; ``leave_one_out`` of each row against the others, for rows that were counted."""
        itself = 0 if leave_one_out else 1
        rows = tally.rows - 1 + itself
        counts = tally.cells.dense()[0]
        up_to = np.cumsum(counts)
        tails = np.minimum(up_to, tally.n - up_to + counts)
        bits = bits_of(2.0 * np.maximum(tails + itself, 1), rows).astype(np.int64)
        valley = int(np.argmin(bits))
        edges = tally.ruler.edges
        left, right = -np.diff(bits[: valley + 1]), np.diff(bits[valley:])
        # the last cell of a region to the left is an edge, or ends before one; to the right it begins at or behind one
        ends = [(int(cell), int(left[cell])) for cell in np.flatnonzero(left)]
        starts = [(valley + 1 + int(cell), int(right[cell])) for cell in np.flatnonzero(right)]
        least, most = (tally.minimum, tally.maximum) if tally.n else (np.nan, np.nan)
        away = _distances(least, most)
        return cls(
            int(bits[valley]),
            tuple((_last(edges, cell), more) for cell, more in reversed(ends))
            + tuple((least - each, 1) for each in away),
            tuple((_first(edges, cell), more) for cell, more in starts)
            + tuple((most + each, 1) for each in away),
            _of_faults(tally, itself, rows),
            least,
            most,
        )

    def of_column(self, column: Numbers) -> Bits:
        """Give the bits of each row."""
        bits = np.full(len(column), self.base, np.uint8)
        for start in range(0, len(column), _BLOCK):
            values, block = column.values[start : start + _BLOCK], bits[start : start + _BLOCK]
            for limits, compare in ((self.below, np.less_equal), (self.above, np.greater_equal)):
                _add_reached(values, limits[:_OF_MANY], compare, block)
                if len(limits) > _OF_MANY:
                    far = np.flatnonzero(compare(values, limits[_OF_MANY - 1][0]))
                    more = np.zeros(len(far), np.uint8)
                    _add_reached(values[far], limits[_OF_MANY:], compare, more)
                    block[far] += more
        if column.faults is None:
            return bits
        return np.where(column.faults == Fault.NONE, bits, self.faults[column.faults])


def _add_reached(
    values: NDArray[np.float64], limits: Sequence[tuple[float, int]], compare: np.ufunc, bits: Bits
) -> None:
    """Add the bits of each limit, in place, where it is reached."""
    flags = np.empty(len(values), bool)
    for limit, more in limits:
        compare(values, limit, out=flags)
        if not flags.any():
            break
        bits += flags.view(np.uint8) if more == 1 else flags * np.uint8(more)


def _distances(least: float, most: float) -> list[float]:
    """Give how far beyond the range a number has one bit more, and one more; of one value, its size is the range."""
    length = (most - least) or abs(most) or 1.0
    away = [length * (2.0**doubled - 1) for doubled in range(1, FURTHEST + 1)]
    return [each for each in away if np.isfinite(least - each) and np.isfinite(most + each)]


def _last(edges: NDArray[np.float64], cell: int) -> float:
    return float(edges[cell // 2] if cell % 2 else np.nextafter(edges[cell // 2], -np.inf))


def _first(edges: NDArray[np.float64], cell: int) -> float:
    return float(edges[cell // 2] if cell % 2 else np.nextafter(edges[cell // 2 - 1], np.inf))


class CategoricalSurprisal(Struct, frozen=True, eq=False):
    """Bits of categories: by code, then of everything unseen, then of faults from the end."""

    bits: Bits

    @classmethod
    def of(cls, tally: CategoricalTally, *, leave_one_out: bool = False) -> CategoricalSurprisal:
        """Read it off a tally; ``leave_one_out`` of each row against the others, for rows that were counted."""
        itself = 0 if leave_one_out else 1
        rows = tally.rows - 1 + itself
        counts = tally.counts[:-1]
        sizes = np.sort(counts)
        summed = np.concatenate(([0], np.cumsum(sizes)))

        def as_rare(most: NDArray[np.int64]) -> NDArray[np.int64]:
            return np.asarray(summed[np.searchsorted(sizes, most, "right")])

        alone = int(as_rare(np.array([1]))[0])
        if leave_one_out:
            # without the row its category is one smaller, or unseen
            among = np.where(counts > 1, as_rare(counts - 1) + counts, np.maximum(alone, 1))
        else:
            among = as_rare(counts) + 1
        known = np.append(among, alone + itself if alone else 1).astype(np.float64)
        faults = _of_faults(tally, itself, rows)
        return cls(np.concatenate((bits_of(known, rows), faults[:0:-1])))

    def of_column(self, column: Codes) -> Bits:
        """Give the bits of each row."""
        unseen = len(self.bits) - len(Fault)
        codes = np.minimum(column.codes, unseen) if column.unseen else column.codes
        return np.asarray(self.bits[codes])


Surprisal: TypeAlias = NumericalSurprisal | CategoricalSurprisal


def _of_faults(tally: NumericalTally | CategoricalTally, itself: int, rows: int) -> Bits:
    positive, negative = (
        (tally.positive_infinite, tally.negative_infinite) if isinstance(tally, NumericalTally) else (0, 0)
    )
    by_fault = {
        Fault.NONE: tally.n,
        Fault.MISSING: tally.missing,
        Fault.POSITIVE_INFINITE: positive,
        Fault.NEGATIVE_INFINITE: negative,
        Fault.WRONG_TYPE: tally.wrong_type,
    }
    same = np.array([by_fault[fault] for fault in Fault], np.float64)
    return bits_of(np.maximum(same + itself, 1), rows)
