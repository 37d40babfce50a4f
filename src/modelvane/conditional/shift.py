"""How far a column is, given others, from where the reference has it: the mean shift of its rank."""

from __future__ import annotations

import math

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.calibration.null import pearson_tail
from modelvane.conditional.levels import UNIT
from modelvane.conditional.relation import Relation
from modelvane.conditional.tally import ConditionalTally
from modelvane.ruler import Floats


class Shift(Struct, frozen=True):
    """The mean shift of a rank where other columns are the same.

    Parameters
    ----------
    n
        Rows that it rests on: those in cells.
    mean
        ``sum n_c (m_c - M_c) / n`` over cells c, with the mean ranks ``m_c`` of the window and ``M_c`` of the
        reference: what is left of the window's mean after direct standardisation. A share of all ranks.
    variance
        Of it, by sampling alone: ``sum (n_c v_c + n_c^2 v_c / N_c) / n^2`` with the variance ``v_c`` of a rank, the
        window's own and that of the reference's means.
    skewness
        Of it, by sampling alone.
    by_cell
        What each cell adds to the mean, shape ``(cells,)``.
    rows
        Of the window by cell.
    """

    n: int
    mean: float
    variance: float
    skewness: float
    by_cell: Floats
    rows: NDArray[np.int64]

    def floor(self, level: float) -> float:
        """Give the size of a shift that sampling alone exceeds with probability ``level``, on either side.

        A mean of rows: a Pearson III (1895), on the side where its tail is the longer.
        """
        return max(pearson_tail(level / 2, 0.0, math.sqrt(self.variance), abs(self.skewness)), 0.0)


def shift_of(
    relation: Relation, cells: slice, reference: ConditionalTally, current: ConditionalTally
) -> Shift | None:
    """Compare the rows of a window with those of the reference in the same cells; ``None`` of no such rows."""
    before, rows = reference.counts[cells].astype(np.float64), current.counts[cells]
    n = int(rows.sum())
    if not n:
        return None
    expected = rows * (reference.sums[cells] / before)
    by_cell = (current.sums[cells] - expected) / UNIT / n
    variance = float(np.sum(relation.variance * rows * (1 + rows / before))) / n**2
    return Shift(
        n,
        float(by_cell.sum()),
        variance,
        relation.skewness / math.sqrt(n),
        np.asarray(by_cell, np.float64),
        rows,
    )
