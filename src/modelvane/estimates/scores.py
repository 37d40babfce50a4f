"""Rows by predicted probability, and what share of those of each probability was positive in the reference.

All of it is on the cells of `modelvane.tallies.scores`, to which rows come from two sides: from the tally of a column
of predictions, which needs no labels, and from that of predictions with their targets.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from modelvane import fixed
from modelvane.estimates.isotonic import Floats, isotonic
from modelvane.tallies.cells import WORD_BITS, Integers
from modelvane.tallies.numerical import NumericalTally
from modelvane.tallies.scores import CELLS, ScoreTally, edges

THRESHOLD = 0.5
"""The probability from which on a row is predicted to be positive."""


@cache
def middles() -> Floats:
    """Give a probability for each cell: the middle of its limits; exactly 0 and 1 for the first and the last."""
    limits = edges()
    found = (np.concatenate(([0.0], limits)) + np.concatenate((limits, [1.0]))) / 2
    found[0] = 0.0
    found.flags.writeable = False
    return found


def cell_of(scores: Floats) -> NDArray[np.intp]:
    """Give the cell of each probability."""
    return np.searchsorted(edges(), scores, "right")


@cache
def first_positive() -> int:
    """Give the first cell of rows that are predicted to be positive."""
    return int(cell_of(np.array([THRESHOLD]))[0])


def rows_by_score(tally: NumericalTally) -> Integers:
    """Give the rows of a column of probabilities by cell, shape ``(CELLS,)``; other numbers are left out.

    Rows between two edges of the column's ruler are taken to be at their mean, which the tally knows exactly.
    """
    points, counts = _points(tally)
    scores = np.clip(points, 0.0, 1.0)
    # of values that are 0 or 1 the mean is so to a quantum
    within = (np.abs(points - scores) <= tally.ruler.quantum) & (counts > 0)
    found = np.bincount(cell_of(scores[within]), counts[within], CELLS)
    return np.rint(found).astype(np.int64)


def _points(tally: NumericalTally) -> tuple[Floats, Integers]:
    counts, high, low = tally.cells.dense()
    ruler = tally.ruler
    sums = high * 2.0**WORD_BITS + low
    if len(counts) > 1:
        # sums beyond the outermost edges are kept apart
        sums[0], sums[-1] = (fixed.scaled(each, 1.0) for each in (tally.below, tally.above))
    else:
        sums[0] = fixed.scaled(tally.below + tally.above, 1.0)
    points = ruler.center + ruler.quantum * sums / np.maximum(counts, 1)
    points[1::2] = ruler.edges
    return points, counts


def labelled_rows(tally: ScoreTally) -> Integers:
    """Give the rows that have a target by cell, class after class: shape ``(scored, CELLS)``."""
    positives, negatives = tally.by_class
    return positives + negatives


def calibrated(tally: ScoreTally) -> Floats:
    """Give the share of positives that a row of each cell is expected to have, shape ``(scored, CELLS)``.

    The nondecreasing shares nearest to those of the cells that have rows (Zadrozny and Elkan, 2002), and straight lines
    between them. A class without rows has no such shares: NaN.
    """
    found = np.full((tally.ruler.scored, CELLS), np.nan)
    for shares, positives, rows in zip(found, tally.by_class[0], labelled_rows(tally), strict=True):
        held = np.flatnonzero(rows)
        if len(held):
            fitted = isotonic(positives[held] / rows[held], rows[held].astype(np.float64))
            shares[:] = np.interp(middles(), middles()[held], fitted)
    return found
