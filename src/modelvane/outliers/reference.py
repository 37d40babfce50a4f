"""The scores of the reference's own rows: how often which score is usual."""

from __future__ import annotations

from threading import Lock

import numpy as np

from modelvane.block import Encoded
from modelvane.calibration.calibration import Key
from modelvane.calibration.habit import Habit, share_habit
from modelvane.casting import Numbers
from modelvane.outliers.ruler import OutlierRuler, scored, surprisal_of
from modelvane.outliers.surprisal import NumericalSurprisal
from modelvane.schema import Schema
from modelvane.tallies.categorical import Codes
from modelvane.tallies.dataset import ColumnTally
from modelvane.tallies.outliers import OutlierTally

MEASURE = "outlier_share"
QUANTILES = (0.9, 0.95, 0.99, 0.995, 0.999, 0.9995, 0.9999)
"""Those for whose thresholds it is learned how the share of outliers usually goes up and down."""


class ReferenceScores:
    """Scores the rows of a reference, each against all others, while its columns are measured one by one.

    Against all others, since a row that is counted itself is never the only one of its kind: current rows, which are
    not, would exceed a quantile of such scores more often than it says.

    Parameters
    ----------
    schema
        Of the reference.
    rows
        How many.
    """

    def __init__(self, schema: Schema, rows: int) -> None:
        self._schema = schema
        self._names = frozenset(scored(schema))
        self._scores = np.zeros(rows if self._names else 0, np.int32)
        self._tallies: dict[str, ColumnTally] = {}
        self._lock = Lock()

    def add(self, name: str, tally: ColumnTally, column: Encoded) -> None:
        """Add a column, in whatever order, from whatever thread."""
        if name not in self._names or not len(self._scores):
            return
        surprisal = surprisal_of(tally, leave_one_out=True)
        if isinstance(surprisal, NumericalSurprisal):
            assert isinstance(column, Numbers)  # noqa: S101 - as its tally says
            bits = surprisal.of_column(column)
        else:
            assert isinstance(column, Codes)  # noqa: S101 - as its tally says
            assert surprisal is not None  # noqa: S101 - columns of lists are not among the names
            bits = surprisal.of_column(column)
        with self._lock:
            self._scores += bits
            self._tallies[name] = tally

    def tally(self) -> OutlierTally | None:
        """Give the rows by score; ``None`` where nothing was scored."""
        ruler = OutlierRuler.of(self._schema, self._tallies) if self._tallies else None
        if ruler is None:
            return None
        return OutlierTally(np.bincount(self._scores, minlength=ruler.most + 1).astype(np.int64))

    def habits(self) -> dict[Key, Habit]:
        """Give how the share of outliers usually goes up and down, where the rows came in time order."""
        tally = self.tally()
        if tally is None:
            return {}
        found = {level: share_habit(self._scores > tally.quantile(level)) for level in QUANTILES}
        return {habit_key(level): habit for level, habit in found.items() if habit is not None}


def habit_key(level: float) -> Key:
    """Give where the habit for the threshold at a quantile is kept."""
    return "", "", f"{MEASURE}@{level}"
