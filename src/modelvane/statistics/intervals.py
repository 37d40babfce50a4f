"""How far a comparison of two groups may be from the one of all rows that there could be.

Each function gives the two ends of an interval of about the asked confidence, or ``None`` where its formula has none.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple


class Share(NamedTuple):
    """Rows that have something, of those that could."""

    part: int
    whole: int

    @property
    def value(self) -> float:
        """The share; of no rows there is none."""
        return self.part / self.whole


class Mean(NamedTuple):
    """A mean, the rows that it is of, and the unbiased variance of their values (``None`` of fewer than two rows)."""

    value: float
    whole: int
    variance: float | None


def wilson(share: Share, confidence: float = 0.95) -> tuple[float, float]:
    """Give the score interval of a share (Wilson, 1927).

    >>> [round(end, 4) for end in wilson(Share(0, 10))]
    [0.0, 0.2775]
    """
    z, n, p = _z(confidence), share.whole, share.value
    centre = p + z * z / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


def difference_of_shares(one: Share, other: Share, confidence: float = 0.95) -> tuple[float, float]:
    """Give the interval of ``one - other`` from their Wilson intervals (Newcombe, 1998, method 10).

    >>> [round(end, 4) for end in difference_of_shares(Share(56, 70), Share(48, 80))]
    [0.0524, 0.3339]
    """
    difference = one.value - other.value
    (low, high), (other_low, other_high) = wilson(one, confidence), wilson(other, confidence)
    return (
        difference - math.hypot(one.value - low, other_high - other.value),
        difference + math.hypot(high - one.value, other.value - other_low),
    )


def ratio_of_shares(one: Share, other: Share, confidence: float = 0.95) -> tuple[float, float] | None:
    """Give the interval of ``one / other``, normal in its logarithm (Katz et al., 1978); none where a share is 0.

    >>> [round(end, 3) for end in ratio_of_shares(Share(30, 100), Share(60, 100))]
    [0.356, 0.702]
    """
    if not one.part or not other.part:
        return None
    variance = 1 / one.part - 1 / one.whole + 1 / other.part - 1 / other.whole
    reach = math.exp(_z(confidence) * math.sqrt(max(variance, 0.0)))
    ratio = one.value / other.value
    return ratio / reach, ratio * reach


def difference_of_means(one: Mean, other: Mean, confidence: float = 0.95) -> tuple[float, float] | None:
    """Give the normal interval of ``one - other`` with variances of their own; none where a group has one row.

    >>> [round(end, 4) for end in difference_of_means(Mean(3.0, 100, 4.0), Mean(2.0, 100, 4.0))]
    [0.4456, 1.5544]
    """
    if one.variance is None or other.variance is None:
        return None
    reach = _z(confidence) * math.sqrt(one.variance / one.whole + other.variance / other.whole)
    difference = one.value - other.value
    return difference - reach, difference + reach


def _z(confidence: float) -> float:
    return NormalDist().inv_cdf(0.5 + confidence / 2)
