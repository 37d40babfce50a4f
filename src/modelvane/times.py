"""Columns as they came to times, in microseconds since 1970."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from modelvane.casting import array_of, as_numbers, is_missing
from modelvane.later import compute as pc
from modelvane.python_values import python_values
from modelvane.raw_column import RawColumn, decoded

NO_TIME = np.iinfo(np.int64).min
# numbers beyond this are no seconds since 1970
MOST_SECONDS = 1e12


def as_times(raw: RawColumn) -> NDArray[np.int64]:
    """Cast a column to microseconds since 1970 in UTC; `NO_TIME` where there is none.

    Numbers are seconds since 1970; text is ISO 8601; without an offset a time is taken as UTC.
    """
    if not isinstance(raw, list):
        if pa.types.is_dictionary(raw.type):
            raw = decoded(raw)
        if pa.types.is_timestamp(raw.type):
            return _microseconds(pc.cast(raw, pa.timestamp("us", raw.type.tz), safe=False))
        if pa.types.is_date(raw.type):
            with suppress(pa.ArrowInvalid):
                return _microseconds(pc.cast(raw, pa.timestamp("us")))
        raw = python_values(raw)
    return _times_of_list(raw)


def _times_of_list(raw: list[Any]) -> NDArray[np.int64]:
    types = set(map(type, raw)) if len(raw) > 1 else set()
    if types == {str}:
        try:
            return _microseconds(pc.cast(pa.chunked_array([pa.array(raw)]), pa.timestamp("us")))
        except (pa.ArrowInvalid, UnicodeError):
            # offsets, rarer forms of ISO 8601, or no times at all: one by one
            pass
    elif types and types <= {int, float}:
        seconds = as_numbers(raw).values
        known = np.abs(seconds) < MOST_SECONDS
        return np.where(known, np.rint(np.where(known, seconds, 0.0) * 1e6).astype(np.int64), NO_TIME)
    return np.fromiter(map(microseconds, raw), np.int64, len(raw))


def _microseconds(stamps: pa.ChunkedArray) -> NDArray[np.int64]:
    filled = pc.fill_null(pc.cast(stamps, pa.int64()), NO_TIME)
    return array_of(filled).astype(np.int64, copy=False)


def microseconds(value: object) -> int:
    """Give one time in microseconds since 1970, or `NO_TIME`.

    >>> microseconds("1970-01-01T00:00:01"), microseconds(1.5), microseconds(np.datetime64("1970-01-01T00:01"))
    (1000000, 1500000, 60000000)
    """
    if type(value) is str:
        try:
            return _since_1970(datetime.fromisoformat(value))
        except ValueError:
            return NO_TIME
    if isinstance(value, bool) or is_missing(value):
        return NO_TIME
    if isinstance(value, np.integer):
        value = int(value)
    if isinstance(value, int | float):
        return round(value * 1e6) if -MOST_SECONDS < value < MOST_SECONDS else NO_TIME
    if isinstance(value, str):
        return microseconds(str(value))
    if isinstance(value, np.datetime64):
        seconds = int(value.astype("datetime64[s]").astype(np.int64))
        return (
            int(value.astype("datetime64[us]").astype(np.int64)) if abs(seconds) < MOST_SECONDS else NO_TIME
        )
    if isinstance(value, date):
        return _since_1970(
            value if isinstance(value, datetime) else datetime(value.year, value.month, value.day, tzinfo=UTC)
        )
    return NO_TIME


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_IN_UTC = datetime(1970, 1, 1)  # noqa: DTZ001 - what has no offset is taken as UTC


def _since_1970(moment: datetime) -> int:
    # exact: a float of seconds loses microseconds after the year 2100
    delta = moment - (_EPOCH_IN_UTC if moment.tzinfo is None else _EPOCH)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds
