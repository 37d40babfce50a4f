"""Where the axes of charts have their marks: at round times, durations and numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from modelvane.formatting import THIN, clock_text, duration_text, number_text, written

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0
_STEPS = (
    *(1.0, 2.0, 5.0, 10.0, 15.0, 30.0),
    *(size * _MINUTE for size in (1, 2, 5, 10, 15, 30)),
    *(size * _HOUR for size in (1, 2, 3, 6, 12)),
    *(size * _DAY for size in (1, 2, 4, 7, 14, 28, 56, 112, 224, 365, 730, 1825)),
)
_MOST = 5
# a mark at the very end would push its text out of the picture
_EDGE = 0.06


def time_ticks(times: Sequence[float]) -> list[float]:
    """Give at most five round moments between the first and the last of some (seconds since 1970, ascending).

    Examples
    --------
    >>> [clock_text(at) for at in time_ticks([1_640_995_440.0, 1_640_996_060.0])]
    ['00:06', '00:08', '00:10', '00:12']
    """
    if not times or times[0] == times[-1]:
        return list(times[:1])
    span = times[-1] - times[0]
    first, last = times[0] + _EDGE * span, times[-1] - _EDGE * span
    step = _time_step(last - first)
    return _multiples(step, first, last) or [(first + last) / 2]


def time_tick_text(at: float, times: Sequence[float]) -> str:
    """Write a moment of an axis: without the time of day where all of its marks are midnights."""
    span = times[-1] - times[0] if times else 0.0
    if span >= _DAY and _time_step(span * (1 - 2 * _EDGE)) >= _DAY:
        return written(at, "%d %b")
    return clock_text(at, span)


def duration_ticks(highest: float) -> list[float]:
    """Give round durations from nothing to at least one, in seconds; none below two seconds, which have decimals.

    Examples
    --------
    >>> [duration_text(at).replace(THIN, " ") for at in duration_ticks(23_000.0)]
    ['0 s', '2 h', '4 h', '6 h']
    """
    if not 2 <= highest < math.inf:
        return []
    return _multiples(_time_step(highest), 0.0, highest)


def tick_text(value: float, unit: str = "") -> str:
    r"""Write a number of an axis without the zeros that a value would have.

    Examples
    --------
    >>> [tick_text(x) for x in (0.4, 1.2, 4000.0)], tick_text(0.08, "ratio").replace(THIN, " ")
    (['0.4', '1.2', '4\u202f000'], '8 %')
    """
    if unit == "seconds":
        return duration_text(value)
    size = 100 * value if unit == "ratio" else value
    text = f"{size:.4g}" if abs(size) < 1000 else number_text(size)
    return text.replace("-", "−", 1) + (f"{THIN}%" if unit == "ratio" else "")


def _time_step(span: float) -> float:
    # with the day and the time of day a text is wide: there is room for three
    least = max(span / _MOST, 0.0 if span <= _DAY else _DAY / 2 if span <= 1.5 * _DAY else _DAY)
    fitting = (step for step in _STEPS if step >= least)
    return next(fitting, _DAY * 10.0 ** math.ceil(math.log10(max(least / _DAY, 1.0))))


def _multiples(step: float, first: float, last: float) -> list[float]:
    return [step * count for count in range(math.ceil(first / step), math.floor(last / step) + 1)]
