"""One numerical column, given one or two others: its cells, and how the rank varies in each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.calibration.mean_habit import MeanHabit
from modelvane.concept.bins import Bins
from modelvane.conditional.levels import Integers
from modelvane.ruler import Floats

FACTORS = 2.0 ** (np.arange(-12, 13) / 6)
"""By what the values of the reference were multiplied, to see by how much their ranks move: a quarter to four."""


class Relation(Struct, frozen=True, eq=False, dict=True):
    """One numerical column, given one or two others.

    Parameters
    ----------
    column, given
        Their names.
    ranks
        Of the column's levels.
    widths
        Levels of each of those given.
    places
        Where the cells are in the grid of these levels, ascending; int32, shape ``(cells,)``.
    variance
        Of the ranks in each cell, shape ``(cells,)``.
    skewness
        Of what the cells do not explain.
    moved
        By how much the mean rank moves where values are multiplied by each of `FACTORS`, as a share of all ranks;
        empty of a column with negative values.
    habit
        How far means of windows usually are from what is expected of them, by rows in cells; ``None`` without times.
    """

    column: str
    given: tuple[str, ...]
    ranks: Integers
    widths: tuple[int, ...]
    places: NDArray[np.int32]
    variance: Floats
    skewness: float
    moved: Floats
    habit: MeanHabit | None

    @cached_property
    def _cell_at(self) -> NDArray[np.int16]:
        """The cell at each place of the grid; one more than there are where it is none."""
        found = np.full(int(np.prod(self.widths)), len(self.places), np.int16)
        found[self.places] = np.arange(len(self.places))
        return found

    def cells(self, levels: Mapping[str, NDArray[np.uint8]]) -> NDArray[np.int16]:
        """Give the cell of each row; one more than there are of rows in none, and of those without a number."""
        places = np.ravel_multi_index(tuple(levels[name] for name in self.given), self.widths)
        cells = self._cell_at[places]
        cells[levels[self.column] == len(self.ranks) - 1] = len(self.places)
        return cells

    def count(self, levels: Mapping[str, NDArray[np.uint8]]) -> tuple[Integers, Integers]:
        """Count rows and add their ranks by cell."""
        cells, size = self.cells(levels), len(self.places)
        rows = np.bincount(cells, minlength=size + 1)[:size]
        # whole numbers, and sums that floats hold exactly
        sums = np.bincount(cells, self.ranks[levels[self.column]], size + 1)[:size]
        return rows.astype(np.int64), sums.astype(np.int64)

    def factor(self, shift: float) -> float | None:
        """Give by what the values would have to be multiplied for their mean rank to move so far.

        ``None`` where no factor of `FACTORS` does it.
        """
        if not len(self.moved) or not self.moved[0] < shift < self.moved[-1]:
            return None
        return float(np.exp(np.interp(shift, self.moved, np.log(FACTORS))))

    def names(self, cell: int, levels: Mapping[str, Bins]) -> str:
        """Say what the rows of a cell have in common."""
        at = np.unravel_index(self.places[cell], self.widths)
        return ", ".join(
            f"{name} {levels[name].names[int(level)]}" for name, level in zip(self.given, at, strict=True)
        )

    def facts(self) -> dict[str, Any]:
        """Give what is no array, as JSON values."""
        return {
            "column": self.column,
            "given": list(self.given),
            "widths": list(self.widths),
            "skewness": self.skewness.hex(),
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the arrays."""
        held: dict[str, NDArray[Any]] = {
            "ranks": self.ranks,
            "places": self.places,
            "variance": self.variance,
            "moved": self.moved,
        }
        return held if self.habit is None else {**held, "habit": self.habit.to_array()}

    @classmethod
    def read(cls, facts: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Relation:
        """Read what `facts` and `arrays` gave."""
        return cls(
            column=facts["column"],
            given=tuple(facts["given"]),
            ranks=arrays["ranks"].astype(np.int64),
            widths=tuple(facts["widths"]),
            places=arrays["places"].astype(np.int32),
            variance=arrays["variance"].astype(np.float64),
            skewness=float.fromhex(facts["skewness"]),
            moved=arrays["moved"].astype(np.float64),
            habit=MeanHabit.from_array(arrays["habit"]) if "habit" in arrays else None,
        )


def stretches(relations: Mapping[str, Relation]) -> Iterator[tuple[Relation, slice]]:
    """Give each relation, and where its cells are among those of all."""
    ends = np.cumsum([0, *(len(each.places) for each in relations.values())]).tolist()
    for relation, (start, end) in zip(relations.values(), pairwise(ends), strict=True):
        yield relation, slice(start, end)
