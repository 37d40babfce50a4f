"""How far errors move by bin when nothing changed: windows drawn from the reference, and those that it had."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import cached_property

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from modelvane.calibration.habit import Habit, habit_of
from modelvane.calibration.null import DRAWS, NullMoments, moments_of, sizes
from modelvane.concept.relation import Side, squared_distance
from modelvane.ruler import Floats

# windows of more rows are as those of so many, but for their size: sums of many rows are nearly normal
_LARGEST_DRAWN = 1000
_FURTHER = (10, 10**3, 10**6)
# longer windows in order of time begin at a multiple of so many rows
_STEP = 100
# rows that are shuffled at once
_HELD_ROWS = 1 << 17


class Look(Struct, frozen=True, eq=False, dict=True):
    """The reference's rows in the bins of one column.

    Parameters
    ----------
    codes
        Bin of each row, in order of time where there is one, shape ``(rows,)``.
    left
        What inputs do not explain of each signal, shape ``(signals, rows)``.
    variance
        Of it, by bin, shape ``(signals, bins)``.
    """

    codes: NDArray[np.uint8]
    left: Floats
    variance: Floats

    def squares(self, windows: NDArray[np.intp], values: Floats | None = None) -> Floats:
        """Compare windows with the rest, shape ``(signals, windows)``.

        Parameters
        ----------
        windows
            Their rows, shape ``(windows, n)``.
        values
            ``left`` of these rows, where it is at hand.
        """
        places = self.codes.take(windows) + np.arange(len(windows))[:, None] * self.bins
        of_rows = self.left.take(windows, axis=1) if values is None else values
        return self._against_rest(self._by_bin(places), np.stack([self._by_bin(places, v) for v in of_rows]))

    @property
    def bins(self) -> int:
        """How many there are."""
        return int(self.variance.shape[1])

    def _by_bin(self, places: NDArray[np.intp], values: Floats | None = None) -> Floats:
        weights = None if values is None else values.ravel()
        found = np.bincount(places.ravel(), weights, len(places) * self.bins)
        return np.asarray(found, np.float64).reshape(-1, self.bins)

    @cached_property
    def _whole(self) -> tuple[Floats, Floats]:
        places = self.codes[None].astype(np.intp)
        return self._by_bin(places), np.stack([self._by_bin(places, values[None]) for values in self.left])

    def _against_rest(self, rows: Floats, sums: Floats) -> Floats:
        all_rows, all_sums = self._whole
        before = Side(all_rows - rows, all_sums - sums)
        return squared_distance(before, Side(rows, sums), self.variance[:, None])

    def habits(self) -> list[Habit | None]:
        """Give for each signal how far windows in order of time are from the rest."""
        alone = (
            replace(self, left=left[None], variance=variance[None])
            for left, variance in zip(self.left, self.variance, strict=True)
        )
        return [habit_of(len(self.codes), each.in_order, bounded=False) for each in alone]

    def in_order(self, starts: NDArray[np.int64], n: int) -> Floats:
        """Compare windows of ``n`` rows in order of time with the rest, for the first signal."""
        if n <= _LARGEST_DRAWN:
            squares = self.squares(starts[:, None] + np.arange(n))
        else:
            first, last = starts // _STEP, (starts + n) // _STEP
            rows, *sums = (each[last] - each[first] for each in self._running())
            squares = self._against_rest(rows, np.stack(sums))
        return np.asarray(np.sqrt(squares[0]), np.float64)

    def _running(self) -> Iterator[Floats]:
        """Give rows by bin, then each signal's sums, up to every `_STEP` rows."""
        steps = len(self.codes) // _STEP
        places = self.codes[: steps * _STEP].reshape(steps, _STEP) + (np.arange(steps)[:, None] * self.bins)
        for values in (None, *self.left):
            part = None if values is None else values[: steps * _STEP]
            counted = self._by_bin(places, part)
            yield np.concatenate((np.zeros((1, counted.shape[1])), np.cumsum(counted, axis=0)))


def drawn_nulls(looks: Mapping[str, Look], draws: int = DRAWS) -> dict[str, list[NullMoments]]:
    """Draw windows without replacement and compare each with the rest, in the bins of every column at once.

    Parameters
    ----------
    looks
        Of the same rows.

    Returns
    -------
    dict
        One null for each signal, of the squared distance, by the name of the look.
    """
    rng = np.random.default_rng(0)
    first = next(iter(looks.values()))
    rows = len(first.codes)
    drawn = [n for n in sizes(rows) if 2 * n <= rows and n <= _LARGEST_DRAWN]
    moments: dict[str, list[list[tuple[float, ...]]]] = {name: [] for name in looks}
    for n in drawn:
        values: dict[str, list[Floats]] = {name: [] for name in looks}
        for windows in _windows(rows, n, draws, rng):
            left = first.left.take(windows, axis=1)
            for name, look in looks.items():
                values[name].append(look.squares(windows, left))
        for name, parts in values.items():
            told = np.isfinite(looks[name].variance).sum(axis=1).tolist()
            squares = zip(np.concatenate(parts, axis=1), told, strict=True)
            moments[name].append(
                [(n, *_at_least_chi_square(moments_of(each), bins)) for each, bins in squares]
            )
    return {
        name: [_extended(of_signal) for of_signal in zip(*found, strict=True)]
        for name, found in moments.items()
    }


def _at_least_chi_square(moments: tuple[float, float, float], bins: int) -> tuple[float, float, float]:
    """Give moments no narrower and no less skewed than those of a chi-square of as many degrees of freedom as bins.

    No sum of squares of deviates that are normal or have longer tails is either; but a few thousand draws seldom have
    the largest, and moments without them make a line too low.
    """
    mean, std, skew = moments
    return mean, max(std, mean * math.sqrt(2 / max(bins, 1))), max(skew, math.sqrt(8 / max(bins, 1)))


def _windows(rows: int, n: int, draws: int, rng: np.random.Generator) -> Iterator[NDArray[np.intp]]:
    """Give the rows of windows, shape ``(some, n)``: the pieces of shuffles of all rows, some shuffles at once."""
    per_shuffle = rows // n
    shuffles = -(-draws // per_shuffle)
    at_once = max(1, _HELD_ROWS // rows)
    for at in range(0, shuffles, at_once):
        order = np.tile(np.arange(rows), (min(at_once, shuffles - at), 1))
        yield rng.permuted(order, axis=1)[:, : per_shuffle * n].reshape(-1, n)


def _extended(moments: tuple[tuple[float, ...], ...]) -> NullMoments:
    """Give the moments of larger windows, too: the squared distance shrinks as they grow, and nothing else."""
    n, mean, std, skew = moments[-1]
    further = [(n * times, mean / times, std / times, skew) for times in _FURTHER]
    return NullMoments(*np.array([*moments, *further], np.float64).T)
