"""What every injected fault has in common: its column, when it begins, and whom it hits."""

from __future__ import annotations

import shlex
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from modelvane.casting import as_categories
from modelvane.errors import ConfigError
from modelvane.raw_column import RawColumn
from modelvane.table import Table

Hit: TypeAlias = "NDArray[np.bool_]"
Change: TypeAlias = "Callable[[RawColumn, Hit], RawColumn]"
"""Takes a column and which of its rows are hit, gives the column with those changed."""


@dataclass(frozen=True, kw_only=True)
class InjectedFault(ABC):
    """Something that goes wrong with one column of a stream, from some row on.

    Which rows are hit depends on their position and ``seed`` alone, so that a stream that is read in batches is hit
    as it is when read at once.

    Parameters
    ----------
    column
        What it changes.
    start, stop
        First row that may be hit, and the first that may not any more, counted from the beginning of the stream;
        ``stop=None`` is for ever.
    ramp
        Rows over which the share that is hit grows from 0 to ``share``; 0 is sudden.
    share
        Of the rows, how many are hit.
    where
        A column and a category: only rows that have it are hit.
    seed
        Of the draw of the rows that are hit.

    Raises
    ------
    ConfigError
        For positions and shares that are none.
    """

    name: ClassVar[str]

    column: str
    start: int = 0
    stop: int | None = None
    ramp: int = 0
    share: float = 1.0
    where: tuple[str, str] | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        self._must(self.start >= 0 and self.ramp >= 0, "start and ramp of at least 0 rows")
        self._must(self.stop is None or self.stop > self.start, "a stop after the start")
        self._must(0 < self.share <= 1, "a share above 0 and at most 1")

    def __str__(self) -> str:
        """Give it as `fault_of` reads it, without what is as by default."""
        told = [f for f in fields(self) if f.name != "column" and getattr(self, f.name) != f.default]
        values = {f.name: getattr(self, f.name) for f in told}
        if self.where is not None:
            values["where"] = "=".join(self.where)
        return shlex.join([self.name, self.column, *(f"{name}={value}" for name, value in values.items())])

    def _must(self, holds: bool, expected: str) -> None:
        if not holds:
            raise ConfigError(
                f"The fault {self.name!r} cannot be injected", received=str(self), expected=expected
            )

    def hits(self, table: Table, first: int) -> Hit:
        """Say which rows of a table are hit, whose first row is the stream's row ``first``."""
        position = np.arange(first, first + table.rows)
        within = position >= self.start
        if self.stop is not None:
            within &= position < self.stop
        grown = 1.0 if not self.ramp else np.minimum(1.0, (position - self.start + 1) / self.ramp)
        within &= uniform(position, self.seed) < self.share * grown
        return within if self.where is None else within & _having(table, *self.where)

    @abstractmethod
    def begin(self) -> Change:
        """Give the change of one stream, which may remember what went by."""


def _having(table: Table, column: str, category: str) -> Hit:
    categories = as_categories(table[column])
    wanted = [code for code, name in enumerate(categories.names) if name == category]
    return np.isin(categories.codes, wanted)


def uniform(position: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """Draw a number in [0, 1) for each position, the same for the same position and seed.

    SplitMix64 (Steele, Lea and Flood 2014) of the position as its counter.

    Examples
    --------
    >>> once = uniform(np.arange(10), seed=1)
    >>> bool((once[4:] == uniform(np.arange(4, 10), seed=1)).all())
    True
    """
    with np.errstate(over="ignore"):
        start = np.uint64(seed) * np.uint64(0xD1342543DE82EF95)
        z = (position.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15) + start
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(11)) / float(1 << 53)
