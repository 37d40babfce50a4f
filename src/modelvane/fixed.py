"""Exact sums: values rounded to a quantum, added as integers, so that no grouping changes a bit."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

# beyond this many quanta a value is added as a Python integer, one by one
WORD = 1 << 42
_LIMB = 21
_MASK = (1 << _LIMB) - 1
_CHUNK = 1 << 20
_NEAR_ENOUGH = 2.0**114


def quantise(values: NDArray[np.float64], center: float, quantum: float) -> NDArray[np.float64]:
    """Give finite values as whole numbers of quanta from the centre, still as floats.

    ``quantum`` is a power of two, so that scaling before subtracting changes no bit. A value that is too many quanta
    away for a float comes out infinite; `big` gives it.
    """
    scale = 1 / quantum
    with np.errstate(over="ignore"):
        quanta = values * scale
    quanta -= center * scale
    return np.rint(quanta, out=quanta)


def exact_sum(quanta: NDArray[np.float64]) -> int:
    """Add finite whole numbers exactly, whatever their size."""
    small, large = _split(quanta)
    return sum(int(part.sum()) for part in _chunks(small)) + sum(large)


def exact_sums(quanta: NDArray[np.float64]) -> tuple[int, int]:
    """Add finite whole numbers, and their squares, exactly."""
    small, large = _split(quanta)
    total, square = sum(large), sum(value * value for value in large)
    for part in _chunks(small):
        total += int(part.sum())
        square += sum_of_squares(part)
    return total, square


def rounded_sum(ordered: NDArray[np.float64], counts: NDArray[np.intp]) -> float:
    """Give the float nearest to the sum of finite values in order, each as often as its count says.

    It is that of `math.fsum`, which takes values one by one. Up to 2^30 rows.
    """
    bits = ordered.view(np.int64)
    # sign and exponent change together along values in order, so that each pair of them is one run
    kinds = bits >> 52
    starts = np.concatenate(([0], np.flatnonzero(kinds[1:] != kinds[:-1]) + 1))
    mantissas = bits & (2**52 - 1)
    upper, lower = (
        np.add.reduceat(part * counts, starts) for part in (mantissas >> 21, mantissas & (2**21 - 1))
    )
    rows = np.add.reduceat(counts, starts)
    total = 0
    runs = (kinds[starts], upper, lower, rows)
    for kind, high, low, n in zip(*(run.tolist() for run in runs), strict=True):
        exponent = kind & 0x7FF
        # every float is a whole number of 2^-1074; those without an exponent lack the leading bit
        whole = (high << 21) + low + (n << 52 if exponent else 0)
        whole <<= max(exponent - 1, 0)
        total += -whole if kind < 0 else whole
    return total / 2**1074


def sum_of_squares(words: NDArray[np.int64], squares: NDArray[np.float64] | None = None) -> int:
    """Add the squares of at most 2^20 integers of at most `WORD`; ``squares`` where their floats are known.

    A machine word keeps the sum modulo 2^64, and a sum of floats is near enough to tell which of those it is.
    """
    near = float((np.square(words.astype(np.float64)) if squares is None else squares).sum())
    # each addition rounds by at most 2^-53 of the sum, so that the two are less than 2^62 apart
    if near * len(words) < _NEAR_ENOUGH:
        apart = (int(words @ words) - int(near)) & (2**64 - 1)
        return int(near) + (apart if apart < 2**63 else apart - 2**64)
    high, low = words >> _LIMB, words & _MASK
    return (int(high @ high) << 2 * _LIMB) + (int(high @ low) << (_LIMB + 1)) + int(low @ low)


def dot(counts: NDArray[np.int64], words: NDArray[np.int64]) -> int:
    """Add integers of at most `WORD`, each as often as its count says: exact up to 2^41 rows."""
    return (int(counts @ (words >> _LIMB)) << _LIMB) + int(counts @ (words & _MASK))


def big(values: NDArray[np.float64], center: float, quantum: float) -> list[int]:
    """Give values as whole numbers of quanta from the centre, as Python integers: exact, whatever their size."""
    origin, unit = Fraction(center), Fraction(quantum)
    return [round((Fraction(value) - origin) / unit) for value in values.tolist()]


def _split(quanta: NDArray[np.float64]) -> tuple[NDArray[np.int64], list[int]]:
    inside = np.abs(quanta) <= WORD
    if inside.all():
        return quanta.astype(np.int64), []
    return quanta[inside].astype(np.int64), [int(value) for value in quanta[~inside].tolist()]


def _chunks(values: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    return [values[at : at + _CHUNK] for at in range(0, len(values), _CHUNK)]


def mean_of(total: int, n: int, center: float, quantum: float) -> float:
    """Give the mean of ``n`` values from their exact sum in quanta from the centre."""
    unit, per = quantum.as_integer_ratio()
    return center + _ratio(total * unit, n * per)


def scaled(total: int, quantum: float) -> float:
    """Give a number of quanta as a float."""
    unit, per = quantum.as_integer_ratio()
    return _ratio(total * unit, per)


def variance_of(total: int, square: int, n: int, quantum: float) -> float:
    """Give the unbiased variance from exact sums; it cannot come out negative.

    ``(n sum(q^2) - sum(q)^2) / (n (n - 1))`` in integers, then one division.
    """
    unit, per = quantum.as_integer_ratio()
    return _ratio((n * square - total * total) * unit**2, n * (n - 1) * per**2)


def _ratio(numerator: int, denominator: int) -> float:
    try:
        return numerator / denominator
    except OverflowError:
        return math.inf if numerator > 0 else -math.inf
