"""Lengths of time as Prometheus writes them."""

from __future__ import annotations

import re

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604_800.0, "y": 31_536_000.0}
_PART = re.compile(r"(\d+)(ms|[smhdwy])")


def seconds_of(length: str) -> float:
    """Give a length of time in seconds.

    >>> seconds_of("1m30s"), seconds_of("500ms")
    (90.0, 0.5)
    """
    return sum(float(count) * _SECONDS[unit] for count, unit in _PART.findall(length))
