"""Hours of the week, put together to classes that each have enough rows: frozen from the reference."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pyarrow as pa
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.errors import ConfigError
from modelvane.later import compute as pc
from modelvane.times import NO_TIME

WEEK = 168
LEAST_ROWS = 300
_LEAST_WEEKS = 2
# with fewer of each, a day that is left out is too much of what it is compared with
_WEEKS_BY_DAY = 8
_WEEK_MICROSECONDS = 7 * 86_400_000_000


class Hours(Struct, frozen=True, eq=False):
    """Which class each hour of the week is of.

    An hour is what the clock on the wall shows: where clocks are set back it has the rows of two hours, and the one
    that is skipped has none.

    Parameters
    ----------
    zone
        Whose clock, a name of the time-zone database such as ``America/New_York``.
    classes
        From Monday 0 o'clock on, shape ``(168,)``; numbered from 0.
    """

    zone: str
    classes: NDArray[np.int64]

    @classmethod
    def of(cls, times: NDArray[np.int64], zone: str) -> Hours:
        """Choose classes for a reference.

        The seven days are told apart where it spans eight weeks or more, otherwise working days and the weekend. Then
        each hour of such a day is joined with those after it, until together they have `LEAST_ROWS` rows.

        Parameters
        ----------
        times
            Of its rows, microseconds since 1970; `NO_TIME` where there is none.

        Raises
        ------
        ConfigError
            For a zone that does not exist, or where the times span less than two weeks.
        """
        _check_zone(zone)
        known = times[times != NO_TIME]
        weeks = (int(known.max()) - int(known.min())) / _WEEK_MICROSECONDS if len(known) else 0.0
        if weeks < _LEAST_WEEKS:
            raise ConfigError(
                "A reference by hour of the week needs every hour twice, by its time column",
                received=f"{weeks:.1f} weeks" if len(known) else "no times",
                expected=f"{_LEAST_WEEKS} weeks or more",
                remedy="Name the column of the event's time, or compare with the reference as a whole",
            )
        rows = np.bincount(_hours_of_week(known, zone), minlength=WEEK).reshape(7, 24)
        days = np.arange(7) if weeks >= _WEEKS_BY_DAY else np.repeat([0, 1], [5, 2])
        of_days = [_bands(rows[days == day].sum(axis=0)) for day in range(int(days[-1]) + 1)]
        firsts = np.cumsum([0, *(int(bands[-1]) + 1 for bands in of_days)])
        return cls(zone, np.concatenate([of_days[day] + firsts[day] for day in days.tolist()]))

    def __len__(self) -> int:
        return int(self.classes.max()) + 1

    def of_rows(self, times: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give the class of each row; -1 where it has no time."""
        found = np.full(len(times), -1, np.int64)
        known = times != NO_TIME
        found[known] = self.classes[_hours_of_week(times[known], self.zone)]
        return found

    def count(self, times: NDArray[np.int64]) -> NDArray[np.int64]:
        """Count rows by class, shape ``(classes,)``; those without a time are in none."""
        return np.bincount(self.of_rows(times) + 1, minlength=len(self) + 1)[1:].astype(np.int64)


def _check_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(
            "There is no such time zone", received=zone, expected="a name such as UTC or America/New_York"
        ) from error


def _hours_of_week(times: NDArray[np.int64], zone: str) -> NDArray[np.int64]:
    local: Any = pa.array(times, pa.timestamp("us", zone))
    day, hour = (np.asarray(part(local), np.int64) for part in (pc.day_of_week, pc.hour))
    return day * 24 + hour


def _bands(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the band of each hour of a day."""
    ends = list(_ends(rows.tolist()))
    return np.searchsorted(ends, np.arange(len(rows)), "right").astype(np.int64)


def _ends(rows: list[int]) -> Iterator[int]:
    """Say before which hours a band ends; too few rows at the end of the day belong to the last."""
    held, left = 0, sum(rows)
    for hour, count in enumerate(rows, 1):
        held, left = held + count, left - count
        if held >= LEAST_ROWS and left >= LEAST_ROWS:
            yield hour
            held = 0
