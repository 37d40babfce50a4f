"""Periods of time as people write them: a length, a moment, the last whole day."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from modelvane.errors import ConfigError
from modelvane.times import NO_TIME, microseconds

DAY = 86_400.0
_UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": DAY, "w": 7 * DAY}
_LENGTH = re.compile(rf"(\d+(?:\.\d+)?)\s*({'|'.join(_UNITS)})")
# Monday, 5 January 1970: whole weeks begin on a Monday, whole days at midnight, in UTC
_A_MONDAY = 4 * DAY

Period = tuple[float, float]
"""Seconds since 1970, half open."""


def length_of(text: str) -> float:
    """Read a length of time, in seconds.

    Raises
    ------
    ConfigError
        When it is none.

    Examples
    --------
    >>> length_of("1d"), length_of("90min"), length_of("0s")
    (86400.0, 5400.0, 0.0)
    """
    found = _LENGTH.fullmatch(text.strip())
    if found is None:
        raise ConfigError(
            "This is no length of time",
            received=text,
            expected="a number and a unit, such as 30min, 6h, 1d or 1w",
        )
    return float(found[1]) * _UNITS[found[2]]


def moment_of(text: str) -> float:
    """Read a moment, in seconds since 1970: ISO 8601, in UTC unless it has an offset, or such a number.

    Raises
    ------
    ConfigError
        When it is none.

    Examples
    --------
    >>> moment_of("1970-01-02"), moment_of("1970-01-02T01:00+01:00"), moment_of("90")
    (86400.0, 86400.0, 90.0)
    """
    found = microseconds(text.strip())
    if found == NO_TIME and re.fullmatch(r"\d+(\.\d+)?", text.strip()):
        found = microseconds(float(text))
    if found == NO_TIME:
        raise ConfigError(
            "This is no time",
            received=text,
            expected="ISO 8601, such as 2022-01-31 or 2022-01-31T06:00+01:00, or seconds since 1970",
        )
    return found / 1e6


def last_whole(length: float, now: float) -> Period:
    """Give the last period of a length that has ended: for a day yesterday, for a week from Monday to Monday.

    Periods follow each other without a gap, so that whoever asks again within the next one gets the same.

    Examples
    --------
    >>> last_whole(DAY, now=10.5 * DAY) == (9 * DAY, 10 * DAY)
    True
    """
    end = _A_MONDAY + (now - _A_MONDAY) // length * length
    return end - length, end


def before(period: Period, times: int) -> Period:
    """Give so many periods of the same length before one, as one.

    >>> before((10.0, 12.0), 3)
    (4.0, 10.0)
    """
    since, until = period
    return since - times * (until - since), since


def period_text(period: Period) -> str:
    """Write a period in UTC, as short as it can be said.

    Examples
    --------
    >>> period_text((0.0, DAY)), period_text((0.0, 3600.0))
    ('1970-01-01', '1970-01-01T00:00:00Z to 1970-01-01T01:00:00Z')
    """
    since, until = period
    if since % DAY == 0 and until - since == DAY:
        return _stamp(since)[: len("1970-01-01")]
    return f"{_stamp(since)} to {_stamp(until)}"


def _stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
