"""The rows whose target is known: the performance window."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelvane.block import Block, encode_column
from modelvane.ruler import Ruler
from modelvane.windows.compared import ComparedRows
from modelvane.windows.ring import RowsRing
from modelvane.windows.time import TimeWindow


class LabelledRows:
    """The last labelled rows, and which of the last predictions are labelled.

    Predictions are known by their position: how many were pushed before them.

    Parameters
    ----------
    rulers, target
        Rulers by column name, and the name of the target; without a target's ruler nothing is kept.
    rows
        Labelled rows of the window.
    kept
        Those, and the rows before them that are kept.
    predictions
        Predictions for which it is remembered whether they are labelled.
    panes
        A window of labelled rows by event time, filled beside the last rows; its watermark is moved by the
        predictions, so that both windows are of one period.
    compared
        What compares versions by every labelled row; ``None`` where nothing does.

    Attributes
    ----------
    ring
        The rows with their targets.
    """

    def __init__(
        self,
        rulers: Mapping[str, Ruler],
        target: str | None,
        rows: int,
        kept: int,
        predictions: int,
        panes: TimeWindow | None,
        compared: ComparedRows | None = None,
    ) -> None:
        self._rows = rows
        self.ring = RowsRing(rulers, kept)
        self._ruler = rulers.get(target) if target is not None else None
        self._target = target
        self._panes = panes
        self._compared = compared
        self._places: dict[int, int] = {}
        self._is_labelled = np.zeros(predictions, bool)
        self._oldest = 0
        self._lags: deque[float] = deque(maxlen=rows)

    def predicted(self, positions: NDArray[np.int64]) -> None:
        """Begin to remember predictions, which are not labelled yet."""
        self._is_labelled[positions % len(self._is_labelled)] = False
        self._oldest = max(0, int(positions[-1]) + 1 - len(self._is_labelled))

    def has(self, positions: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Say which of these predictions, each remembered, are labelled."""
        return self._is_labelled[positions % len(self._is_labelled)]

    def add(
        self,
        block: Block,
        targets: Sequence[Any],
        times: NDArray[np.int64],
        positions: NDArray[np.int64] | None = None,
    ) -> None:
        """Add rows with their targets.

        Parameters
        ----------
        times
            When each target became known, microseconds since 1970.
        positions
            Of the predictions, where they are known; of those no longer remembered the rows count all the same.
        """
        if positions is not None:
            is_remembered = positions >= self._oldest
            remembered = positions[is_remembered]
            self._is_labelled[remembered % len(self._is_labelled)] = True
            places = self.ring.pushed + np.flatnonzero(is_remembered)
            self._places.update(zip(remembered.tolist(), places.tolist(), strict=True))
            self._forget()
        if self._ruler is None or self._target is None:
            return
        column = encode_column(self._ruler, list(targets), len(targets))
        labelled = Block(block.rows, {**block.columns, self._target: column}, block.times)
        self.ring.push(labelled)
        self._lags.extend(((times - block.times) / 1e6).tolist())
        if self._panes is not None:
            self._panes.add(labelled)
        if self._compared is not None:
            self._compared.add(labelled)

    def _forget(self) -> None:
        if len(self._places) > 2 * self.ring.capacity + 1024:
            oldest = self.ring.oldest
            self._places = {position: at for position, at in self._places.items() if at >= oldest}

    def correct(self, position: int, target: Any) -> None:
        """Give a row another target, if it is still among the last; a pane has counted its rows and keeps the first."""
        at = self._places.get(position)
        if self._ruler is None or self._target is None or at is None or at < self.ring.oldest:
            return
        self.ring.replace(np.array([at]), self._target, encode_column(self._ruler, [target], 1))

    def last(self) -> Block:
        """Give the last labelled rows, oldest first."""
        return self.ring.last(self._rows)

    def before(self) -> Block:
        """Give the labelled rows that are kept before the last, oldest first."""
        return self.ring.at(np.arange(self.ring.oldest, max(self.ring.oldest, self.ring.pushed - self._rows)))

    def none(self) -> Block:
        """Give no rows."""
        return self.ring.last(0)

    @property
    def lag(self) -> float | None:
        """Median seconds from prediction to target, over the last labelled rows."""
        return statistics.median(self._lags) if self._lags else None
