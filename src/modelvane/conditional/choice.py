"""Which one or two columns a numerical one is looked at beside: those given which it moves least from time to time.

Of all that could be given, those are best that leave the mean of a stretch of rows where it was: what then moves it is
no change of the mix. So stretches in order of time are compared with what the other rows expect of them, as a window
will be; of exchangeable rows that is the unexplained variance over the share of rows that are covered, and where a
stream breathes it is also how far what is left breathes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.conditional.levels import Ranked
from modelvane.ruler import Floats

STRETCHES = 50
"""Stretches of neighbouring rows whose means are compared."""
FOLDS = 5
"""Parts of the rows, neighbours together: what is expected of each is learned from the others."""
LEAST_COVERED = 0.3
"""Share of a column's rows that must be in cells with rows enough."""
LEAST_GAIN = 2.0
"""How many times less the mean of a stretch must vary than it does given nothing: otherwise it says what drift says."""

# single columns of which all pairs are tried
_TRIED_TOGETHER = 6


class Grid(Struct, frozen=True, eq=False):
    """Some columns' levels, crossed: which cell each row is in.

    Parameters
    ----------
    names
        Of the columns.
    cells
        Of each row, shape ``(rows,)``.
    alike
        Whether the rows of a cell are, shape ``(cells,)``.
    """

    names: tuple[str, ...]
    cells: NDArray[np.intp]
    alike: NDArray[np.bool_]

    @classmethod
    def of(cls, name: str, codes: NDArray[np.uint8], alike: NDArray[np.bool_]) -> Grid:
        """Give the levels of one column as they are."""
        return cls((name,), codes.astype(np.intp), alike)

    def crossed(self, other: Grid) -> Grid:
        """Give the pairs of levels of both."""
        cells = self.cells * len(other.alike) + other.cells
        return Grid((*self.names, *other.names), cells, np.outer(self.alike, other.alike).ravel())


def folds_of(rows: int) -> NDArray[np.intp]:
    """Give the fold of each row."""
    return np.arange(rows) * FOLDS // max(rows, 1)


def left_over(column: Ranked, grid: Grid, fewest: float) -> tuple[Floats, NDArray[np.bool_]]:
    """Give what other folds do not expect of each row's rank, and which rows are covered.

    A row is expected to be at the mean of its cell's rows in the other folds; covered are those whose cell has
    ``fewest`` there, in proportion to their number.
    """
    size, folds = len(grid.alike), folds_of(len(column.ranks))
    places = np.where(column.is_known, grid.cells, size) * FOLDS + folds
    counts = np.bincount(places, minlength=(size + 1) * FOLDS).reshape(-1, FOLDS)[:size]
    sums = np.bincount(places, column.ranks, (size + 1) * FOLDS).reshape(-1, FOLDS)[:size]
    others = counts.sum(axis=1, keepdims=True) - counts
    enough = (others >= max(fewest * (1 - 1 / FOLDS), 1.0)) & grid.alike[:, None]
    expected = np.where(enough, (sums.sum(axis=1, keepdims=True) - sums) / np.maximum(others, 1), np.nan)
    left = column.ranks - np.append(expected, np.full((1, FOLDS), np.nan)).ravel()[places]
    return left, ~np.isnan(left)


def spread(column: Ranked, grid: Grid, fewest: float) -> float:
    """Give how far the mean of a stretch is from what is expected of it, root mean square; infinite of too few rows."""
    left, is_covered = left_over(column, grid, fewest)
    stretches = np.arange(len(left)) * STRETCHES // max(len(left), 1)
    rows = np.bincount(stretches[is_covered], minlength=STRETCHES)
    if not rows.all() or is_covered.sum() < LEAST_COVERED * column.is_known.sum():
        return math.inf
    means = np.bincount(stretches[is_covered], left[is_covered], STRETCHES) / rows
    return float(np.sqrt(np.mean(np.square(means))))


def best_given(
    column: Ranked, grids: Mapping[str, Grid], names: Sequence[str], fewest: float
) -> tuple[str, ...]:
    """Choose what is given: one column or two, or nothing where that gains too little.

    Parameters
    ----------
    column
        Whose mean is to stay where it was, in order of time where there is one.
    grids
        Of each other column.
    names
        Of those that may be given.
    fewest
        Rows that a cell takes.

    Notes
    -----
    Every column by itself, and all pairs of the best.
    """
    alone: dict[tuple[str, ...], float] = {(name,): spread(column, grids[name], fewest) for name in names}
    best = [name for (name,) in sorted(alone, key=alone.__getitem__)[:_TRIED_TOGETHER]]
    pairs: dict[tuple[str, ...], float] = {
        (one, other): spread(column, grids[one].crossed(grids[other]), fewest)
        for one, other in combinations(best, 2)
    }
    found = {**alone, **pairs}
    nothing = Grid((), np.zeros(len(column.ranks), np.intp), np.ones(1, bool))
    given = min(found, key=found.__getitem__, default=())
    if not given or not math.isfinite(found[given]):
        return ()
    return given if found[given] ** 2 * LEAST_GAIN <= spread(column, nothing, fewest) ** 2 else ()
