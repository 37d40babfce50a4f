"""Quantiles of a column that is counted in cells, and how far they can be from those of the raw rows."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from modelvane.tallies.numerical import NumericalTally
from modelvane.undefined import Undefined, Value

LEVELS = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)

NO_VALUES = "no usable values in the window"


class _Place(NamedTuple):
    """Where a value is taken to lie, and the range outside of which it cannot be."""

    value: float
    low: float
    high: float

    @property
    def error(self) -> float:
        return min(max(self.value - self.low, self.high - self.value, 0.0), sys.float_info.max)


def quantile(tally: NumericalTally, level: float) -> Value:
    """Give the value below which the share ``level`` of the finite values lies.

    As numpy's default (Hyndman and Fan, 1996, type 7): linear between the two order statistics around rank
    ``level * (n - 1)``. An order statistic on an edge is exact, as are the smallest, the largest and, to a
    quantum, any that is alone in its cell; others are within their cell, spread evenly about its mean.
    """
    found = _places(tally, _with(level))
    return found[level].value if found else Undefined(NO_VALUES)


def quantile_error(tally: NumericalTally, level: float) -> float:
    """Give how far `quantile` can be from the one of the raw rows, beside the ruler's quantum; 0 where it is exact.

    Between its ends a cell is known by its rows and their sum: too many of them on one side of a value would need
    the others beyond the cell's other end.
    """
    found = _places(tally, _with(level))
    return found[level].error if found else 0.0


def quantiles(tally: NumericalTally, levels: Sequence[float] = LEVELS) -> dict[str, Value]:
    """Give several quantiles at once, each under its level; see `quantile`."""
    found = _places(tally, levels)
    return {str(level): found[level].value if found else Undefined(NO_VALUES) for level in levels}


def quantile_errors(tally: NumericalTally, levels: Sequence[float] = LEVELS) -> dict[str, float]:
    """Give how far each of several quantiles can be from that of the raw rows; see `quantile_error`."""
    return {str(level): place.error for level, place in _places(tally, levels).items()}


def _with(level: float) -> Sequence[float]:
    return LEVELS if level in LEVELS else (level,)


def _places(tally: NumericalTally, levels: Sequence[float]) -> dict[float, _Place]:
    """Place all levels at once, once for each tally; nothing where it has no values."""
    key = "quantiles", *levels
    if key not in tally.values:
        tally.values[key] = _placed(tally, levels) if tally.n else {}
    found: dict[float, _Place] = tally.values[key]
    return found


def _placed(tally: NumericalTally, levels: Sequence[float]) -> dict[float, _Place]:
    at = np.asarray(levels) * (tally.n - 1)
    lower = np.floor(at).astype(np.int64)
    upper = np.minimum(lower + 1, tally.n - 1)
    ranks = np.unique(np.concatenate((lower, upper)))
    known = dict(zip(ranks.tolist(), _order_statistics(tally, ranks), strict=True))
    return {
        level: _between(known[low], known[high], fraction)
        for level, low, high, fraction in zip(
            levels, lower.tolist(), upper.tolist(), (at - lower).tolist(), strict=True
        )
    }


def _between(below: _Place, above: _Place, fraction: float) -> _Place:
    # the sum of two shares, since the difference of two values can overflow
    return _Place(
        *(
            one if one == other else one * (1 - fraction) + other * fraction
            for one, other in zip(below, above, strict=True)
        )
    )


def _order_statistics(tally: NumericalTally, ranks: NDArray[np.int64]) -> list[_Place]:
    counts, high, low = tally.cells.dense()
    ends = np.cumsum(counts)
    cells = np.searchsorted(ends, ranks, side="right")
    held = counts[cells]
    quanta = (high[cells] << 32) + low[cells]
    means = tally.ruler.center + quanta / held * tally.ruler.quantum
    before = ranks - (ends[cells] - held)
    known = zip(cells.tolist(), means.tolist(), before.tolist(), held.tolist(), strict=True)
    found = [_in_cell(tally, *each) for each in known]
    if ranks[0] == 0:
        found[0] = _Place(*[tally.minimum] * 3)
    if ranks[-1] == tally.n - 1:
        found[-1] = _Place(*[tally.maximum] * 3)
    return found


def _in_cell(tally: NumericalTally, cell: int, mean: float, before: int, held: int) -> _Place:
    """Place the value of a cell that has ``before`` of the cell's ``held`` values before it."""
    edges, last = tally.ruler.edges, tally.ruler.size - 1
    if cell % 2:
        return _Place(*[float(edges[cell // 2])] * 3)
    low = max(float(edges[cell // 2 - 1]), tally.minimum) if cell else tally.minimum
    high = min(float(edges[cell // 2]), tally.maximum) if cell < last else tally.maximum
    if cell in (0, last):
        mean = _outer_mean(tally, cell, low, high)
    mean = min(max(mean, low), high)
    if held == 1:
        return _Place(mean, mean, mean)
    reach = min(mean / 2 - low / 2, high / 2 - mean / 2)
    value = mean + 4 * reach * ((before + 0.5) / held - 0.5)
    # those before it are at least the cell's lower end, those after it at least the value; and the other way round
    slack = tally.ruler.quantum
    most = (mean + slack - before / held * low) / ((held - before) / held)
    least = (mean - slack - (held - before - 1) / held * high) / ((before + 1) / held)
    return _Place(value, max(low, least), min(high, most))


def _outer_mean(tally: NumericalTally, cell: int, low: float, high: float) -> float:
    # sums of the unbounded cells may be beyond any float
    ruler, counts = tally.ruler, tally.cells.dense()[0]
    total = (0 if cell else tally.below) + (tally.above if cell == ruler.size - 1 else 0)
    exact_mean = Fraction(ruler.center) + Fraction(total, int(counts[cell])) * Fraction(ruler.quantum)
    return float(min(max(exact_mean, Fraction(low)), Fraction(high)))
