"""From exact sums to floats: one rounding, and a reason instead of an infinity."""

from __future__ import annotations

import math
from fractions import Fraction

from modelvane.undefined import Undefined, Value

TOO_LARGE = Undefined("beyond the range of a 64-bit float")

_ROOT_BITS = 128


def number(exact: Fraction) -> Value:
    """Give the nearest float; `Undefined` where it would be infinite.

    >>> number(Fraction(1, 4)), number(Fraction(10) ** 400)
    (0.25, Undefined(why='beyond the range of a 64-bit float'))
    """
    try:
        return float(exact)
    except OverflowError:
        return TOO_LARGE


def ratio(top: int, bottom: int) -> Value:
    """Give the float nearest to ``top / bottom``; `Undefined` where it would be infinite."""
    try:
        return top / bottom
    except OverflowError:
        return TOO_LARGE


def root(exact: Fraction) -> Value:
    """Give the square root of a number that is not negative, even where the number itself is out of range.

    >>> root(Fraction(9, 4)), root(Fraction(10) ** 600)
    (1.5, 1e+300)
    """
    top, bottom = exact.numerator, exact.denominator
    shift = max(0, _ROOT_BITS - top.bit_length() + bottom.bit_length())
    shift += shift & 1
    return number(Fraction(math.isqrt((top << shift) // bottom), 1 << (shift >> 1)))


def share(part: int, whole: int, why: str) -> Value:
    """Give ``part / whole``, or `Undefined` with the reason when there is no whole."""
    return part / whole if whole else Undefined(why)
