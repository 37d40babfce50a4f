"""What looks at several columns of a row together, learned from the reference."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol, Self, TypeVar

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.block import Block, Encoded
from modelvane.breakdown import Breakdown
from modelvane.ruler import Ruler
from modelvane.schema import Schema
from modelvane.tallies.dataset import DatasetTally

T = TypeVar("T")

MOST_COLUMNS = 64
"""Columns that one row ruler may look at: those of a batch are held until all of them are there."""
MOST_ROWS = 200_000
"""Rows of the reference, evenly spaced, that one is learned from."""


class RowTally(Protocol):
    """What a row ruler remembers of rows; tallies add, bit for bit in any grouping."""

    @property
    def n(self) -> int:
        """Rows."""

    def __add__(self, other: Self) -> Self: ...

    def facts(self) -> dict[str, Any]:
        """Give what is plain JSON values of it."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the rest."""


class RowRuler(Protocol):
    """Counts rows by several of their columns; frozen from the reference.

    Parameters
    ----------
    name
        Of what it counts: no other of a reference has it.
    of_truth
        Whether it counts the rows whose target is known, or all rows. In either some may have no value where one is
        expected; of the reference all rows are counted.
    columns
        Those that it looks at, at most `MOST_COLUMNS`.
    """

    @property
    def name(self) -> str:
        """See the class."""

    @property
    def of_truth(self) -> bool:
        """See the class."""

    @property
    def columns(self) -> Sequence[str]:
        """See the class."""

    def count(self, block: Block) -> RowTally:
        """Count rows, also none; there are at least ``columns``."""

    def facts(self) -> dict[str, Any]:
        """Give what is plain JSON values of it."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the rest."""

    def tally_of(self, facts: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> RowTally:
        """Read a tally's facts and arrays."""


class Divider(Protocol):
    """Which rows are in which segment of a breakdown: `modelvane.segments.SegmentRuler`."""

    @property
    def breakdown(self) -> Breakdown:
        """What was asked for."""

    def divide(self, columns: Mapping[str, Encoded]) -> Iterator[tuple[str, NDArray[np.intp]]]:
        """Give the rows of each segment that has any."""

    def facts(self) -> dict[str, Any]:
        """Give what is plain JSON values of it."""


class Learned(Struct, frozen=True, eq=False, dict=True):
    """What a row ruler may be learned from.

    Parameters
    ----------
    schema, rulers
        Of the reference.
    tally
        Of all of its rows.
    block
        Its rows with the wanted columns, in order of time where they have one; evenly spaced where they are more than
        `MOST_ROWS`.
    in_time_order
        Whether they have one.
    breakdowns
        Which rows are in which segments.
    """

    schema: Schema
    rulers: Mapping[str, Ruler]
    tally: DatasetTally
    block: Block
    in_time_order: bool
    breakdowns: tuple[Divider, ...] = ()

    @cached_property
    def _found(self) -> dict[Callable[[Learned], Any], Any]:
        return {}

    def once(self, learn: Callable[[Learned], T]) -> T:
        """Give what several kinds learn of these rows, which the first of them does."""
        if learn not in self._found:
            self._found[learn] = learn(self)
        found: T = self._found[learn]
        return found


class RowKind(Protocol):
    """Learns row rulers of one kind."""

    @property
    def name(self) -> str:
        """That of its rulers."""

    def wanted(self, schema: Schema) -> Sequence[str]:
        """Give the columns that it needs to learn; none where it does not apply."""

    def learn(self, learned: Learned) -> RowRuler | None:
        """Learn a ruler; ``None`` where there is nothing to learn."""
