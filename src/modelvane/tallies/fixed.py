"""Exact sums: values rounded to a quantum, added as integers, so that no grouping changes a bit."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

# beyond this many quanta a value is added as a Python integer, one by one
WORD = 1 << 42
_LIMB = 21
_MASK = (1 << _LIMB) - 1
_CHUNK = 1 << 20


def quantise(values: NDArray[np.float64], center: float, quantum: float) -> NDArray[np.float64]:
    """Give finite values as whole numbers of quanta from the centre, still as floats."""
    return np.rint((values - center) / quantum)


def exact_sum(quanta: NDArray[np.float64]) -> int:
    """Add whole numbers exactly, whatever their size."""
    small, large = _split(quanta)
    return int(sum(int(part.sum()) for part in _chunks(small))) + sum(large)


def exact_sums(quanta: NDArray[np.float64]) -> tuple[int, int]:
    """Add whole numbers, and their squares, exactly."""
    small, large = _split(quanta)
    total, square = sum(large), sum(value * value for value in large)
    for part in _chunks(small):
        high, low = part >> _LIMB, part & _MASK
        total += int(part.sum())
        square += (int(high @ high) << 2 * _LIMB) + (int(high @ low) << (_LIMB + 1)) + int(low @ low)
    return total, square


def big(quanta: NDArray[np.float64]) -> list[int]:
    """Give whole numbers as Python integers."""
    return [int(value) for value in quanta.tolist()]


def _split(quanta: NDArray[np.float64]) -> tuple[NDArray[np.int64], list[int]]:
    inside = np.abs(quanta) <= WORD
    if inside.all():
        return quanta.astype(np.int64), []
    return quanta[inside].astype(np.int64), big(quanta[~inside])


def _chunks(values: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    return [values[at : at + _CHUNK] for at in range(0, len(values), _CHUNK)]


def mean_of(total: int, n: int, center: float, quantum: float) -> float:
    """Give the mean of ``n`` values from their exact sum in quanta from the centre."""
    return center + _ratio(total, n) * quantum


def variance_of(total: int, square: int, n: int, quantum: float) -> float:
    """Give the unbiased variance from exact sums; it cannot come out negative.

    ``(n sum(q^2) - sum(q)^2) / (n (n - 1))`` in integers, then one division.
    """
    return _ratio(n * square - total * total, n * (n - 1)) * quantum * quantum


def _ratio(numerator: int, denominator: int) -> float:
    try:
        return numerator / denominator
    except OverflowError:
        return math.copysign(math.inf, numerator)
