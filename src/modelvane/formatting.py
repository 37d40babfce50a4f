"""Numbers as people read them."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from datetime import UTC, datetime

# narrow and does not break: the separator of thousands, and the space before a unit
THIN = "\u202f"
NOTHING = "–"
# of the lines and distances that are shown none that is smaller differs from nothing
_LEAST = 1e-15
_STEPS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def number_text(value: float) -> str:
    """Write a number with about three significant digits, and every digit of a whole number.

    Examples
    --------
    >>> [number_text(x).replace(THIN, " ") for x in (0.0, 0.05349, 3.14159, 25.0, 0.0000123, 1e-300)]
    ['0', '0.053', '3.14', '25', '1.2e-05', '≈ 0']
    """
    size = abs(value)
    if not math.isfinite(value):
        return "∞" if value > 0 else "−∞" if value < 0 else NOTHING
    if 0 < size < _LEAST:
        return f"≈{THIN}0"
    if size >= 1e12 or 0 < size < 0.001:
        text = f"{value:.2g}"
    elif size >= 1000 or value % 1 == 0:
        text = f"{value:,.0f}".replace(",", THIN)
    else:
        text = f"{value:.{1 if size >= 100 else 2 if size >= 1 else 3}f}"
    return _with_minus(text)


def number_texts(values: Sequence[float]) -> list[str]:
    """Write ascending numbers, each with as few digits as tell it from its neighbours.

    Examples
    --------
    >>> number_texts([1.0, 40.7512, 40.7534])
    ['1', '40.751', '40.753']
    """
    return [_told_apart(value, {*values[max(0, i - 1) : i + 2]} - {value}) for i, value in enumerate(values)]


def _told_apart(value: float, others: Collection[float]) -> str:
    if number_text(value) not in map(number_text, others):
        return number_text(value)
    # of some 17 digits no two numbers are written alike
    texts = (f"{value:.{digits}g}" for digits in range(4, 18) if _differs(value, others, digits))
    return _with_minus(next(texts))


def _differs(value: float, others: Collection[float], digits: int) -> bool:
    return f"{value:.{digits}g}" not in (f"{other:.{digits}g}" for other in others)


def share_text(value: float, digits: int | None = None) -> str:
    """Write a ratio as a percentage.

    Parameters
    ----------
    digits
        After the point; as many as it takes otherwise.

    Examples
    --------
    >>> [share_text(x).replace(THIN, " ") for x in (0.0, 1e-6, 0.0004, 0.0312, 0.99999, 1.0)]
    ['0 %', '< 0.01 %', '0.04 %', '3.1 %', '> 99.9 %', '100 %']
    >>> share_text(0.95, 0).replace(THIN, " ")
    '95 %'
    """
    percent = value * 100
    if not math.isfinite(percent):
        return number_text(percent)
    if digits is not None:
        return _with_minus(f"{percent:.{digits}f}{THIN}%")
    # what is not quite nothing, or not quite all, does not read as if it were
    if 0 < percent < 0.005:
        return f"<{THIN}0.01{THIN}%"
    if 99.95 <= percent < 100:
        return f">{THIN}99.9{THIN}%"
    digits = 0 if percent in (0, 100) else 2 if abs(percent) < 0.1 else 1
    return _with_minus(f"{percent:.{digits}f}{THIN}%")


def duration_text(seconds: float) -> str:
    """Write a duration in its two largest units.

    Examples
    --------
    >>> [duration_text(x).replace(THIN, " ") for x in (1e-6, 0.0004, 0.25, 3.2, 90000)]
    ['< 0.1 ms', '0.4 ms', '250 ms', '3 s', '1 d 1 h']
    """
    if not math.isfinite(seconds):
        return number_text(seconds)
    if seconds < 0:
        return "−" + duration_text(-seconds)
    if 0 < seconds < 0.0001:
        return f"<{THIN}0.1{THIN}ms"
    if seconds < 1:
        return f"{seconds * 1000:.{2 if seconds < 0.01 else 3}g}{THIN}ms" if seconds else f"0{THIN}s"
    left = round(seconds)
    parts: list[str] = []
    for size, unit in _STEPS:
        if left >= size and len(parts) < 2:
            parts.append(f"{left // size}{THIN}{unit}")
            left %= size
        elif parts:
            break
    return " ".join(parts)


def ago_text(seconds: float) -> str:
    """Write how long ago something was.

    Examples
    --------
    >>> [ago_text(x).replace(THIN, " ") for x in (0.2, 75.0)]
    ['just now', '1 min 15 s ago']
    """
    return f"{duration_text(seconds)} ago" if seconds >= 1 else "just now"


def value_text(value: float | None, unit: str = "") -> str:
    """Write a finding's value in its unit (see `modelvane.findings.Finding`); a dash when there is none."""
    if value is None or math.isnan(value):
        return NOTHING
    if unit == "ratio":
        return share_text(value)
    if unit == "seconds":
        return duration_text(value)
    # a count that is estimated, such as that of distinct values, is still one of whole things
    return number_text(round(value) if unit == "rows" and math.isfinite(value) else value)


def clock_text(seconds: float, span: float = 0.0) -> str:
    """Write a moment (seconds since 1970) in UTC: the time of day, with the day when ``span`` exceeds one."""
    if span > 7 * 86400:
        return written(seconds, "%d %b")
    if span > 86400:
        return written(seconds, "%d %b %H:%M")
    return written(seconds, "%H:%M:%S" if 0 < span < 300 else "%H:%M", pads=True)


def moment_text(seconds: float) -> str:
    """Write a moment (seconds since 1970) in full, in UTC."""
    return written(seconds, "%d %b %Y, %H:%M:%S UTC")


def slice_text(seconds: float, *, year: bool = True) -> str:
    """Write when a slice begins (seconds since 1970), to the minute, in UTC.

    Examples
    --------
    >>> slice_text(1_641_106_810.3), slice_text(1_641_106_810.3, year=False)
    ('2 Jan 2022, 07:00', '2 Jan 07:00')
    """
    pattern = "%d %b %Y, %H:%M" if year else "%d %b %H:%M"
    return written(round(seconds / 60) * 60, pattern)


def span_text(since: float, until: float) -> str:
    """Write a period (seconds since 1970), to the minute, in UTC; the day once where it is one day.

    Examples
    --------
    >>> span_text(1_640_995_200, 1_643_673_600)
    '1 Jan 2022, 00:00 to 1 Feb 2022, 00:00 UTC'
    >>> span_text(1_640_995_200, 1_640_998_800)
    '1 Jan 2022, 00:00 to 01:00 UTC'
    """
    begin, end = slice_text(since), slice_text(until)
    day, _, clock = end.rpartition(", ")
    return f"{begin} to {clock if begin.startswith(day + ',') else end} UTC"


def written(seconds: float, pattern: str, *, pads: bool = False) -> str:
    """Write a moment (seconds since 1970) in UTC, by a pattern of ``strftime``; one beyond the calendar by its year.

    Examples
    --------
    >>> written(1_640_995_200.0, "%d %b"), written(1e12, "%d %b").replace(THIN, " ")
    ('1 Jan', 'year 33 658')
    """
    try:
        text = datetime.fromtimestamp(seconds, UTC).strftime(pattern)
    except (ValueError, OverflowError, OSError):
        # nanoseconds that were read as microseconds are beyond the year 9999, and no reason to say nothing
        year = 1970 + seconds / 31_556_952
        return f"year {number_text(math.floor(year))}"
    return text if pads else text.lstrip("0")


def _with_minus(text: str) -> str:
    return text.replace("-", "−", 1) if text.startswith("-") else text
