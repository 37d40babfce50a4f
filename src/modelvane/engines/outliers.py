"""Scoring the rows of batches, whose columns may come in bands."""

from __future__ import annotations

from functools import reduce
from operator import add

import numpy as np
from numpy.typing import NDArray

from modelvane.block import Encoded
from modelvane.counting import Counter
from modelvane.engines.parts import Parts
from modelvane.outliers import OutlierCount
from modelvane.tallies.outliers import OutlierTally


class Outliers:
    """Tallies outliers by slice, and outside of all slices.

    Parameters
    ----------
    counter
        Knows what scores.
    """

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._running: tuple[OutlierCount, NDArray[np.int64], Parts] | None = None
        self._tallies: dict[int, OutlierTally] = {}

    def begin(self, times: NDArray[np.int64], parts: Parts) -> None:
        """Begin with other rows: those before have all of their columns now."""
        self._finish()
        count = self._counter.scoring(parts.rows)
        self._running = None if count is None else (count, times, parts)

    def add(self, name: str, column: Encoded) -> None:
        """Add a column of the rows that were begun with; called from several threads."""
        if self._running is not None and name in self._running[0].names:
            self._running[0].add(name, column)

    def _finish(self) -> None:
        if self._running is None:
            return
        count, times, parts = self._running
        self._running = None
        for place, index in parts.places:
            found = count.tally(times, index)
            before = self._tallies.get(place)
            self._tallies[place] = found if before is None else before + found

    def tally(self, place: int) -> OutlierTally | None:
        """Give the tally of a slice; ``None`` where nothing is scored."""
        self._finish()
        count = self._counter.scoring(0)
        return None if count is None else self._tallies.get(place, count.tally(np.empty(0, np.int64)))

    def whole(self) -> OutlierTally | None:
        """Give the tally of all rows; ``None`` where nothing is scored."""
        self._finish()
        return reduce(add, self._tallies.values()) if self._tallies else self.tally(0)
