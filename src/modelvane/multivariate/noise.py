"""How much correlations change, and how far rows are from the plane, when nothing changed: noise, and habit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from modelvane.calibration.habit import Habit, habit_of
from modelvane.calibration.null import DRAWS, NullMoments, moments_of, pearson_tail, sizes
from modelvane.multivariate.correlation import FEWEST, largest_change, of_sums
from modelvane.multivariate.moments import CrossMoments, at_once
from modelvane.multivariate.plane import Plane
from modelvane.multivariate.scores import Scores

# from so many rows on the change is what its limit says: as the root of 1 / n
_LIMIT = 1000
# products of rows that are held at once
_HELD = 1 << 22

Floats = NDArray[np.float64]
Value = Callable[[Floats, Floats, Floats], Floats]
"""Of rows, sums and products of many windows, their axes leading."""


def change_null(scores: Scores, known: int, *, draws: int = DRAWS, seed: int = 0) -> NullMoments:
    """Draw windows of the reference, and compare the correlations in each with those in the rest.

    Parameters
    ----------
    scores
        Of its rows, shape ``(rows, columns)``.
    known
        Rows of the reference that windows are going to be compared with.

    Returns
    -------
    NullMoments
        Of windows up to `_LIMIT` rows as drawn; of larger ones in proportion to 1 / n + 1 / N, as sampling errors go.
    """
    rows = len(scores)
    whole = CrossMoments.of(list(scores.T))
    rng = np.random.default_rng(seed)
    drawn = sorted({min(n, rows // 2) for n in (FEWEST, 100, 300, _LIMIT)})
    found = []
    for n in drawn:
        squares = np.concatenate(
            [
                largest_change(
                    of_sums(np.full(len(sums), rows - n), whole.sums - sums, whole.products - products),
                    of_sums(np.full(len(sums), n), sums, products),
                )
                ** 2
                for sums, products in _windows(scores, n, draws, rng)
            ]
        )
        mean, std, skew = moments_of(squares)
        found.append((n, *_scaled(mean, std, (1 / n + 1 / known) / (1 / n + 1 / (rows - n))), skew))
    last, mean, std, skew = found[-1]
    found += [
        (n, *_scaled(mean, std, (1 / n + 1 / known) / (1 / last + 1 / known)), skew)
        for n in sizes(known)
        if n > last
    ]
    return NullMoments(*np.array(found, np.float64).T)


def _scaled(mean: float, std: float, by: float) -> tuple[float, float]:
    return mean * by, std * by


def _windows(scores: Scores, n: int, draws: int, rng: np.random.Generator) -> Iterator[tuple[Floats, Floats]]:
    """Draw windows without replacement; give their sums and products."""
    rows, columns = scores.shape
    per_shuffle = max(1, min(rows // n, _HELD // (n * columns), draws))
    for start in range(0, draws, per_shuffle):
        some = min(per_shuffle, draws - start)
        picked = (
            rng.permutation(rows)[: some * n] if some * n * 4 > rows else rng.choice(rows, some * n, False)
        )
        yield _summed(scores[picked].reshape(some, n, columns))


def _summed(windows: Scores) -> tuple[Floats, Floats]:
    some, n, columns = windows.shape
    held, products = windows.astype(np.float32), np.zeros((some, columns, columns))
    width = at_once(columns)
    for start in range(0, n, width):
        part = held[:, start : start + width]
        products += np.swapaxes(part, 1, 2) @ part
    return windows.sum(axis=1, dtype=np.float64), products


class ErrorNull:
    """Noise of the mean reconstruction error: a mean of rows, whose moments are those of one row over powers of n.

    Parameters
    ----------
    moments
        Mean, standard deviation and skewness of one row's error.
    known
        Rows that they were taken from.
    """

    def __init__(self, moments: tuple[float, float, float], known: int) -> None:
        self.moments = moments
        self.known = known

    @classmethod
    def of(cls, errors: Floats) -> ErrorNull:
        """Take the moments of the errors of the reference's rows."""
        return cls(moments_of(errors), len(errors))

    def exceeded_with(self, level: float, n: int) -> float:
        """Give the mean that windows of ``n`` rows exceed with probability ``level``: a Pearson III (1895).

        The reference's own mean is known from so many rows only: the window's error and its own together.
        """
        mean, std, skew = self.moments
        return pearson_tail(level, mean, std * (1 / n + 1 / self.known) ** 0.5, skew / n**0.5)


def habits(scores: Scores, plane: Plane, spacing: float) -> tuple[Habit | None, Habit | None]:
    """Fit how correlations and errors of the reference's windows, in time order, usually go up and down.

    Parameters
    ----------
    scores
        Of its rows in time order, shape ``(rows, columns)``.
    spacing
        Rows of the stream for each of these.
    """
    whole = CrossMoments.of(list(scores.T))

    def change(n: Floats, sums: Floats, products: Floats) -> Floats:
        rest = of_sums(whole.n - n, whole.sums - sums, whole.products - products)
        return largest_change(rest, of_sums(n, sums, products))

    return _habit(scores, change, spacing), _habit(scores, plane.error, spacing)


def _habit(scores: Scores, value: Value, spacing: float) -> Habit | None:
    def value_of(starts: NDArray[np.int64], n: int) -> Floats:
        sums, products = _of_windows(scores, starts, n)
        return value(np.full(len(starts), float(n)), sums, products)

    found = habit_of(len(scores), value_of, bounded=False)
    if found is None:
        return None
    return Habit(found.sizes * spacing, found.middle, found.spread, found.bounded)


def _of_windows(scores: Scores, starts: NDArray[np.int64], n: int) -> tuple[Floats, Floats]:
    """Give sums and products of windows of ``n`` rows, which may overlap."""
    if n * len(starts) * scores.shape[1] <= _HELD:
        return _summed(scores[starts[:, None] + np.arange(n)])
    # what lies between two limits is summed once, whatever windows it is in
    limits = np.unique(np.concatenate((starts, starts + n)))
    between = [CrossMoments.of(list(scores[a:b].T)) for a, b in pairwise(limits)]
    sums = np.cumsum([np.zeros_like(between[0].sums), *(part.sums for part in between)], axis=0)
    products = np.cumsum([np.zeros_like(between[0].products), *(part.products for part in between)], axis=0)
    first, last = np.searchsorted(limits, starts), np.searchsorted(limits, starts + n)
    return (sums[last] - sums[first]).astype(float), (products[last] - products[first]).astype(float)
