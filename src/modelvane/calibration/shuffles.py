"""Random windows of units: they say nothing of values, so that columns of as many rows share them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from threading import Lock
from typing import Any, TypeAlias

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

_BLOCKS = 128
_SHUFFLES = 16
# bytes of shuffles that are kept for the columns to come: a hundred shuffles of 300 000 rows
_KEPT = 1 << 25


class Shuffle(Struct, frozen=True, eq=False):
    """Units in a random order, cut into blocks, and windows of them.

    Parameters
    ----------
    places
        The block of each unit, shape ``(units,)``; ``blocks`` for those that are in none.
    blocks
        How many there are, of as many units each.
    windows
        Which blocks a window is made of, shape ``(windows, blocks)``; ``None`` where each is a window.
    """

    places: NDArray[np.unsignedinteger]
    blocks: int
    windows: NDArray[np.bool_] | None

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        return self.places.nbytes + (0 if self.windows is None else self.windows.nbytes)


class _Drawn(Struct, frozen=True, eq=False):
    """Shuffles, and the state of the generator after them."""

    shuffles: tuple[Shuffle, ...]
    after: Mapping[str, Any]

    @property
    def nbytes(self) -> int:
        return sum(each.nbytes for each in self.shuffles)


_Key: TypeAlias = tuple[str, int, int, int, bool]


class Shuffles:
    """Draws windows without replacement, and keeps what it drew for whoever begins at the same seed with as many units.

    Safe to use from several threads; two that ask at once for what is not kept draw the same.
    """

    def __init__(self) -> None:
        self._kept: dict[_Key, _Drawn] = {}
        self._bytes = 0
        self._lock = Lock()

    def draw(
        self, units: int, n: int, draws: int, rng: np.random.Generator, *, one_by_one: bool
    ) -> Iterable[Shuffle]:
        """Give windows of ``n`` units, ``draws`` of them.

        Parameters
        ----------
        one_by_one
            Whether no two windows of a shuffle share a unit. Otherwise, from 128 units on, windows are unions of the
            blocks of few shuffles: each is a draw without replacement, too.
        """
        drawn = _one_by_one(units, n, draws, rng) if one_by_one else _unions(units, n, draws, rng)
        if units * (draws * n // units if one_by_one else _SHUFFLES) > _KEPT:
            return drawn
        key = (str(rng.bit_generator.state), units, n, draws, one_by_one)
        with self._lock:
            kept = self._kept.get(key)
        if kept is None:
            kept = _Drawn(tuple(drawn), rng.bit_generator.state)
        rng.bit_generator.state = kept.after
        self._keep(key, kept)
        return kept.shuffles

    def _keep(self, key: _Key, drawn: _Drawn) -> None:
        with self._lock:
            before = self._kept.pop(key, None)
            self._bytes += drawn.nbytes - (0 if before is None else before.nbytes)
            # those that nobody asked for longest are the first to be forgotten
            self._kept[key] = drawn
            while self._bytes > _KEPT:
                self._bytes -= self._kept.pop(next(iter(self._kept))).nbytes


def _one_by_one(units: int, n: int, draws: int, rng: np.random.Generator) -> Iterator[Shuffle]:
    per_shuffle = units // n
    for start in range(0, draws, per_shuffle):
        blocks = min(per_shuffle, draws - start)
        yield Shuffle(_places(units, blocks, n, rng), blocks, None)


def _unions(units: int, n: int, draws: int, rng: np.random.Generator) -> Iterator[Shuffle]:
    width = units // _BLOCKS
    picked = max(1, round(n / width))
    for _ in range(_SHUFFLES):
        places = _places(units, _BLOCKS, width, rng)
        windows = np.zeros((draws // _SHUFFLES, _BLOCKS), bool)
        for window in windows:
            window[rng.choice(_BLOCKS, picked, replace=False)] = True
        yield Shuffle(places, _BLOCKS, windows)


def _places(units: int, blocks: int, width: int, rng: np.random.Generator) -> NDArray[np.unsignedinteger]:
    """Put the units in a random order, and give the block of each: ``width`` of them from the first on."""
    places = np.full(units, blocks, np.min_scalar_type(blocks))
    places[rng.permutation(units)[: blocks * width]] = np.repeat(np.arange(blocks, dtype=places.dtype), width)
    return places
