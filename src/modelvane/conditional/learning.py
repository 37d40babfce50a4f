"""Learning from the reference's rows which columns explain which, and how far what they leave moves by itself."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import ClassVar

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from modelvane.calibration.mean_habit import MeanHabit
from modelvane.casting import Numbers
from modelvane.concept.bins import Bins
from modelvane.conditional.choice import Grid, best_given, left_over
from modelvane.conditional.levels import UNIT, Integers, Ranked, alike, levels_of, middle_ranks
from modelvane.conditional.relation import FACTORS, Relation
from modelvane.conditional.ruler import NAME, ConditionalRuler
from modelvane.estimates.lines import moments_of_rows
from modelvane.multivariate.learning import CrossMomentsKind
from modelvane.row_ruler import Learned
from modelvane.ruler import Floats
from modelvane.schema import Schema

LEAST_ROWS = 500
"""Rows of the reference that it takes."""
FEWEST_ROWS = 20
"""Rows of the reference that a cell takes: of fewer it is not known where their mean is."""
MOST_CELLS = 1024
"""Cells of one column, those with the most rows: what is remembered of a window does not grow with categories."""
MOST_RELATIONS = 20
"""Columns that are looked at beside others, the first in the schema's order that others explain."""

# rows on which it is tried what explains what, and those of which values are multiplied
_TRIED_ROWS, _MULTIPLIED_ROWS = 20_000, 5_000
# a cell's own variance counts as that of all until it rests on about so many rows
_BORROWED = 20


class ConditionalKind:
    """Learns numerical columns beside others; a row kind (see `modelvane.row_ruler.RowKind`)."""

    name: ClassVar[str] = NAME

    def wanted(self, schema: Schema) -> Sequence[str]:
        """Give the features and predictions that have single values; none where there is only one."""
        return CrossMomentsKind().wanted(schema)

    def learn(self, learned: Learned) -> ConditionalRuler | None:
        """Learn from all rows; ``None`` of too few, or where no numerical column is explained by others."""
        block = learned.block
        if block.rows < LEAST_ROWS:
            return None
        known = {name: levels_of(learned.rulers[name], column) for name, column in block.columns.items()}
        levels = {name: each for name, each in known.items() if each is not None}
        codes = {name: each.codes(block.columns[name]) for name, each in levels.items()}
        features = [column.name for column in learned.schema.features if column.name in levels]
        tried = np.linspace(0, block.rows - 1, min(block.rows, _TRIED_ROWS)).astype(np.intp)
        grids = {name: Grid.of(name, codes[name][tried], alike(levels[name])) for name in features}
        fewest = FEWEST_ROWS * len(tried) / block.rows
        relations: dict[str, Relation] = {}
        for name, column in block.columns.items():
            if not isinstance(column, Numbers) or len(relations) == MOST_RELATIONS:
                continue
            ranks = middle_ranks(np.bincount(codes[name], minlength=levels[name].size))
            others = [each for each in features if each != name]
            given = best_given(Ranked.of(codes[name][tried], ranks), grids, others, fewest)
            if given:
                relations[name] = _related(name, given, ranks, codes, levels, learned)
        if not relations:
            return None
        used = {*relations, *(name for each in relations.values() for name in each.given)}
        return ConditionalRuler({name: each for name, each in levels.items() if name in used}, relations)


def _related(
    name: str,
    given: tuple[str, ...],
    ranks: Integers,
    codes: Mapping[str, NDArray[np.uint8]],
    levels: Mapping[str, Bins],
    learned: Learned,
) -> Relation:
    column = Ranked.of(codes[name], ranks)
    parts = [Grid.of(each, codes[each], alike(levels[each])) for each in given]
    grid = reduce(Grid.crossed, parts)
    rows = np.bincount(grid.cells[column.is_known], minlength=len(grid.alike)) * grid.alike
    most = np.argsort(-rows, kind="stable")[:MOST_CELLS]
    places = np.sort(most[rows[most] >= FEWEST_ROWS])
    # what neighbours in time do not expect, of rows in cells that windows are going to be compared in
    is_cell = np.zeros(len(rows), bool)
    is_cell[places] = True
    left, is_covered = left_over(column, replace(grid, alike=is_cell), FEWEST_ROWS)
    left = left[is_covered] / UNIT
    spacing = learned.tally.rows / learned.block.rows
    # of what was never seen one row more than there were, half of all ranks off: no noise is nothing
    variance, skewness = moments_of_rows(np.append(left, 0.5))
    return Relation(
        column=name,
        given=given,
        ranks=ranks,
        widths=tuple(levels[each].size for each in given),
        places=places.astype(np.int32),
        variance=_by_cell(column, grid.cells, places, variance),
        skewness=skewness,
        moved=_moved(learned.block.columns[name], levels[name], ranks, np.flatnonzero(is_covered)),
        habit=MeanHabit.of(left, spacing) if learned.in_time_order else None,
    )


def _by_cell(column: Ranked, cells: NDArray[np.intp], places: NDArray[np.intp], of_all: float) -> Floats:
    """Give the variance of ranks in each cell, that of few rows leaning on that of all."""
    at, ranks = cells[column.is_known], column.ranks[column.is_known] / UNIT
    size = int(at.max(initial=0)) + 1
    rows, sums, squares = (
        np.bincount(at, weights, size)[places] for weights in (None, ranks, np.square(ranks))
    )
    within = np.maximum(squares - np.square(sums) / rows, 0.0)
    return np.asarray((within + _BORROWED * of_all) / (rows - 1 + _BORROWED), np.float64)


def _moved(column: object, levels: Bins, ranks: Integers, rows: NDArray[np.intp]) -> Floats:
    """Give how far the mean rank of some rows moves where their values are multiplied by each factor."""
    assert isinstance(column, Numbers)  # noqa: S101 - as it was asked for
    some = rows[np.linspace(0, len(rows) - 1, min(len(rows), _MULTIPLIED_ROWS)).astype(np.intp)]
    values = column.values[some]
    if values.min(initial=math.inf) < 0 or not values.any():
        return np.empty(0)
    with np.errstate(over="ignore"):
        means = [ranks[levels.codes(Numbers(values * factor, None))].mean() for factor in FACTORS]
    return np.maximum.accumulate(np.array(means) - means[len(means) // 2]) / UNIT
