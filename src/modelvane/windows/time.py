"""The rows of the last seconds by event time: a ring of panes, each a tally."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from modelvane.block import Block
from modelvane.counting import Counter
from modelvane.ruler import Ruler
from modelvane.tallies.dataset import DatasetTally
from modelvane.times import NO_TIME
from modelvane.windows.ring import joined

# rows that a pane holds as columns before it counts them: counting has a fixed cost per call
_HELD_ROWS = 4096
# a row from further ahead of its arrival has a wrong time, and would make every other row late; nor may it be further
# ahead than the window is long
_MOST_AHEAD = 86_400.0


@dataclass(slots=True)
class _Pane:
    tally: DatasetTally | None = None
    held: list[Block] = field(default_factory=list)
    held_rows: int = 0

    def counted(self, count: Callable[[Sequence[Block]], DatasetTally]) -> DatasetTally | None:
        if self.held:
            part = count(self.held)
            self.tally = part if self.tally is None else self.tally + part
            self.held, self.held_rows = [], 0
        return self.tally


class TimeWindow:
    """A sliding window by event time.

    The newest event time seen is the watermark: the window is the ``panes`` panes up to the one that holds it. The
    oldest pane is dropped as a whole; nothing is ever subtracted. Rows older than that are late, counted apart.

    Parameters
    ----------
    seconds
        Length of the window.
    panes
        How many steps it moves in.
    rulers
        By name of the columns that are counted.
    count
        What tallies a block.
    before
        Windows before this one whose panes are kept, too.
    """

    def __init__(
        self,
        seconds: float,
        panes: int,
        rulers: Mapping[str, Ruler],
        count: Callable[[Block], DatasetTally],
        before: int = 0,
    ) -> None:
        self._width = max(1, round(seconds * 1e6 / panes))
        self._most = panes
        self._kept = panes * (1 + before)
        self._count = lambda blocks: count(joined(blocks, rulers))
        self._panes: dict[int, _Pane] = {}
        self.newest: int | None = None
        self.late = 0

    @property
    def _last(self) -> int:
        assert self.newest is not None  # noqa: S101 - asked by the caller
        return self.newest // self._width

    def push(self, block: Block) -> None:
        """Add rows, each with an event time, and move the watermark."""
        if block.rows:
            self.advance(int(block.times.max()))
            self.add(block)

    def advance(self, newest: int) -> None:
        """Move the watermark to this time, if it is later; panes that fall out of the window are dropped."""
        if self.newest is not None and newest <= self.newest:
            return
        self.newest = newest
        for old in [number for number in self._panes if number <= self._last - self._kept]:
            del self._panes[old]

    def add(self, block: Block) -> None:
        """Add rows, each with an event time, and leave the watermark; only those in a pane that is kept count."""
        if self.newest is None:
            return
        pane_of = block.times // self._width
        self.late += int((pane_of <= self._last - self._most).sum())
        in_time = (pane_of > self._last - self._kept) & (pane_of <= self._last)
        for number in np.unique(pane_of[in_time]).tolist():
            part = block.take(np.flatnonzero(pane_of == number))
            pane = self._panes.setdefault(number, _Pane())
            pane.held.append(part)
            pane.held_rows += part.rows
            if pane.held_rows >= _HELD_ROWS:
                pane.counted(self._count)

    def tally(self) -> DatasetTally | None:
        """Give the sum of the panes of the window; ``None`` while there are no rows."""
        return self._sum(lambda number: number > self._last - self._most)

    def before(self) -> DatasetTally | None:
        """Give the sum of the panes that are kept before the window; ``None`` while there are no rows."""
        return self._sum(lambda number: number <= self._last - self._most)

    def _sum(self, is_asked: Callable[[int], bool]) -> DatasetTally | None:
        asked = (number for number in sorted(self._panes) if is_asked(number))
        counted = (self._panes[number].counted(self._count) for number in asked)
        some = [tally for tally in counted if tally is not None]
        return reduce(add, some) if some else None

    @property
    def since(self) -> int | None:
        """Where the window starts, microseconds since 1970; ``None`` before the first row."""
        return None if self.newest is None else (self._last - self._most + 1) * self._width

    @property
    def period_before(self) -> tuple[int, int] | None:
        """From when until when the panes before it are kept, microseconds since 1970; ``None`` before the first row."""
        since = self.since
        return None if since is None else (since - (self._kept - self._most) * self._width, since)


class TimeWindows(NamedTuple):
    """The window of all rows and that of the labelled ones, of one period: the first moves the watermark of both."""

    predicted: TimeWindow
    labelled: TimeWindow
    seconds: float

    @classmethod
    def of(cls, seconds: float | None, panes: int, counter: Counter, before: int = 0) -> TimeWindows | None:
        """Make both; ``None`` without a length."""
        if seconds is None:
            return None
        predicted, labelled = (
            TimeWindow(seconds, panes, counter.rulers, count, before)
            for count in (counter.rows, counter.labelled)
        )
        return cls(predicted, labelled, seconds)

    def push(self, block: Block, arrived: NDArray[np.float64]) -> None:
        """Add rows, each with an event time and when it arrived, in seconds since 1970."""
        ahead = are_ahead(block.times, arrived, self.seconds)
        self.predicted.late += int(ahead.sum())
        self.predicted.push(block.take(np.flatnonzero(~ahead)) if ahead.any() else block)
        if self.predicted.newest is not None:
            self.labelled.advance(self.predicted.newest)

    def tally(self) -> tuple[DatasetTally | None, DatasetTally | None]:
        """Count both; ``None`` for one without rows."""
        return self.predicted.tally(), self.labelled.tally()


def are_ahead(times: NDArray[np.int64], arrived: NDArray[np.float64], seconds: float) -> NDArray[np.bool_]:
    """Say which event times, microseconds since 1970, are too far after their arrival for a window of ``seconds``."""
    return np.asarray(times > (arrived + min(_MOST_AHEAD, seconds)) * 1e6, np.bool_)


def with_times(block: Block, received: NDArray[np.int64]) -> Block:
    """Give rows that have no event time the time at which each was received, microseconds since 1970."""
    lacking = block.times == NO_TIME
    if not lacking.any():
        return block
    return Block(block.rows, block.columns, np.where(lacking, received, block.times), block.absent)
