"""Edges of bins with about as many rows each, as numbers that people read."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from modelvane.casting import as_numbers

_MOST_DIGITS = 17


def quantile_edges(values: NDArray[np.float64], bins: int, dtype: str) -> tuple[float, ...]:
    """Give the inner edges of half-open bins with about as many of some finite values each.

    There are fewer bins where values are equal: equal ones are in one bin. Any edge between a value and the next
    smaller one parts the values alike; of these the one with the fewest digits is taken.

    Parameters
    ----------
    dtype
        Arrow type name of the column, to which edges are cast before values are compared with them.

    Examples
    --------
    >>> quantile_edges(np.arange(1000) / 999, 4, "double")
    (0.25, 0.5, 0.75)
    >>> quantile_edges(np.array([0.0, 0.0, 0.0, 2.5]), 4, "double")
    (2.0,)
    """
    ordered = np.sort(values)
    distinct = np.unique(ordered)
    found: dict[float, None] = {}
    for k in range(1, bins):
        if len(distinct) < 2:
            break
        # below the smallest value there is nobody: where it has more than its share it is a bin of its own
        at = max(1, int(np.searchsorted(distinct, ordered[k * len(ordered) // bins])))
        found[_shortest(float(distinct[at - 1]), float(distinct[at]), dtype)] = None
    return tuple(found)


def _shortest(above: float, up_to: float, dtype: str) -> float:
    for digits in range(1, _MOST_DIGITS):
        number = float(f"{up_to:.{digits}g}")
        if above < as_numbers([number], dtype).values[0] <= up_to:
            return number
    return up_to


def number_text(number: float) -> str:
    """Give a number as it stands in the name of a bin: exactly, and as short as that can be.

    >>> number_text(3.0), number_text(0.1), number_text(1e22), number_text(-0.0)
    ('3', '0.1', '1e+22', '0')
    """
    return repr(number + 0.0).removesuffix(".0")
