"""What is remembered of how unlike the reference rows are: how many have which score, and the most outlying ones."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.errors import TallyMismatchError
from modelvane.times import NO_TIME

TOP = 10


class ScoredCell(Struct, frozen=True):
    """A cell of a row, and what it adds to the row's score.

    Parameters
    ----------
    column
        Its name.
    bits
        Its surprisal, see `modelvane.outliers.surprisal`; by an isolation forest its part in percent.
    value
        A number, or a category in canonical form; ``None`` where there is none.
    fault
        Why there is no value: ``"missing"``, ``"infinite"``, ``"-infinite"``, ``"wrong type"``, ``"hidden"``; empty
        otherwise.
    beyond
        How far a number is below the smallest or above the largest of the reference, in the column's unit.
    """

    column: str
    bits: int
    value: float | str | None
    fault: str = ""
    beyond: float | None = None

    def redacted(self, hidden: Collection[str]) -> ScoredCell:
        """Give the same without its value where its column is among the hidden ones."""
        return ScoredCell(self.column, self.bits, None, "hidden") if self.column in hidden else self


@dataclass(frozen=True, slots=True)
class OutlyingRow:
    """One of the most outlying rows.

    Parameters
    ----------
    score
        In bits; by an isolation forest in thousandths.
    digest
        Of all its rare cells, or of all its cells: rows of equal score and digest are told alike.
    cells
        Its rarest cells, what is rarest first.
    time
        Of the event, microseconds since 1970; of its arrival, or `modelvane.times.NO_TIME`, where it has none. A
        batch does not know when such a row came, so this is no part of what makes two of them equal.
    """

    score: int
    digest: int
    cells: tuple[ScoredCell, ...]
    time: int = field(default=NO_TIME, compare=False)

    @property
    def key(self) -> tuple[int, int, int]:
        """What orders rows: the higher score first, then the digest, then the later."""
        return -self.score, self.digest, -self.time


class OutlierTally(Struct, frozen=True, eq=False):
    """Rows by score, and the `TOP` most outlying ones; tallies add, bit for bit in any grouping.

    Parameters
    ----------
    counts
        Rows by score, from 0 bits to the most that a row can have.
    top
        In order of `OutlyingRow.key`; of the reference itself none is kept.
    """

    counts: NDArray[np.int64]
    top: tuple[OutlyingRow, ...] = ()

    def __add__(self, other: OutlierTally) -> OutlierTally:
        if len(self.counts) != len(other.counts):
            raise TallyMismatchError(
                "Two tallies of outliers were counted against different references",
                received=f"{len(self.counts) - 1} and {len(other.counts) - 1} bits at most",
                expected="one reference",
                remedy="Count both with the same reference file",
            )
        rows = sorted((*self.top, *other.top), key=lambda row: row.key)
        return OutlierTally(self.counts + other.counts, tuple(rows[:TOP]))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, OutlierTally)
            and np.array_equal(self.counts, other.counts)
            and self.top == other.top
        )

    __hash__ = None  # type: ignore[assignment] # compared by arrays

    @property
    def rows(self) -> int:
        """All rows."""
        return int(self.counts.sum())

    @property
    def n(self) -> int:
        """All rows, as row rulers call them."""
        return self.rows

    def facts(self) -> dict[str, Any]:
        """Give nothing: all that is kept of a reference are arrays."""
        return {}

    def above(self, threshold: int) -> int:
        """Give how many rows have a score of more bits."""
        return int(self.counts[threshold + 1 :].sum())

    def quantile(self, level: float) -> int:
        """Give the smallest score that at most a share ``1 - level`` of the rows exceeds.

        >>> OutlierTally(np.array([90, 8, 0, 2])).quantile(0.98)
        1
        """
        exceeding = self.rows - np.cumsum(self.counts)
        # the share of 1 - 0.999 is a little more than a thousandth, and rows are whole
        allowed = np.floor((1 - level) * self.rows + 1e-9)
        return int(np.argmax(exceeding <= allowed))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give what is kept of a reference."""
        return {"counts": self.counts}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> OutlierTally:
        """Read what `arrays` gave."""
        return cls(arrays["counts"])
