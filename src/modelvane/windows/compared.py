"""Labelled rows on their way to the comparison of versions: counting has a fixed cost per call, so they wait."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from modelvane.block import Block
from modelvane.versions import Comparison, VersionRuler
from modelvane.windows.ring import joined

_HELD_ROWS = 4096


class ComparedRows:
    """Counts labelled rows for a comparison of versions, some at a time.

    Parameters
    ----------
    ruler, champion
        See `modelvane.versions.Comparison`.
    """

    def __init__(self, ruler: VersionRuler, champion: str) -> None:
        self._ruler = ruler
        self._comparison = Comparison(ruler, champion)
        self._rulers = {name: ruler.performance.rulers[name] for name in ruler.columns}
        self._hold_none()
        self._is_paused = False

    def add(self, block: Block) -> None:
        """Take rows whose targets became known."""
        if self._is_paused:
            return
        columns = {name: block.columns[name] for name in self._rulers}
        self._held.append(Block(block.rows, columns, block.times))
        self._held_rows += block.rows
        if self._held_rows >= _HELD_ROWS:
            self._count()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Count nothing meanwhile: what comes was counted before."""
        self._is_paused = True
        try:
            yield
        finally:
            self._is_paused = False

    @property
    def comparison(self) -> Comparison:
        """What all rows so far say."""
        self._count()
        return self._comparison

    def _count(self) -> None:
        if self._held:
            self._comparison.add(joined(self._held, self._rulers))
            self._hold_none()

    def _hold_none(self) -> None:
        self._held: list[Block] = []
        self._held_rows = 0

    def restore(self, state: Mapping[str, Any] | None) -> None:
        """Take up what the comparison's state was."""
        self._hold_none()
        self._comparison.restore(state)
