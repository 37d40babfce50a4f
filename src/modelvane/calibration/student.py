"""Tail of Student's t, and the points that it exceeds; in plain Python, as `modelvane.tails`."""

from __future__ import annotations

import math
from functools import lru_cache

from modelvane import tails

_EPSILON = 1e-16


def student_tail(freedom: int, t: float) -> float:
    """Give the probability that Student's t (1908) exceeds ``t > 0``; of odd degrees of freedom, that of one fewer.

    What is left of ``1 / sin = sum (2k - 1)!! / (2k)!! cos^(2k)`` from ``k = freedom / 2`` on, where ``tan^2 = t^2 /
    freedom``: Abramowitz and Stegun, 1964, 26.7.4.

    >>> round(student_tail(10, 2.2281), 4)
    0.025
    """
    half = max(freedom // 2, 1)
    cosine = 2 * half / (2 * half + t * t)
    term = math.exp(math.lgamma(half + 0.5) - math.lgamma(half + 1) + half * math.log(cosine)) / math.sqrt(
        math.pi
    )
    total, k = 0.0, half
    while term > total * _EPSILON:
        total += term
        term *= cosine * (k + 0.5) / (k + 1)
        k += 1
    return total * math.sqrt(1 - cosine) / 2


@lru_cache(maxsize=4096)
def student_point(freedom: int, level: float) -> float:
    """Give what Student's t exceeds with probability ``level``, at most a quarter.

    >>> round(student_point(10, 0.025), 4)
    2.2281
    """
    half = max(freedom // 2, 1)
    log_peak = math.lgamma(half + 0.5) - math.lgamma(half) - math.log(2 * half * math.pi) / 2
    t = tails.normal_point(level)
    # the normal's is to the left, where tangents of the logarithm of the tail do not reach beyond the point
    for _ in range(100):
        tail = student_tail(freedom, t)
        density = math.exp(log_peak - (half + 0.5) * math.log1p(t * t / (2 * half)))
        change = math.log(tail / level) * tail / density
        t += change
        if abs(change) <= 1e-14 * t:
            break
    return t
