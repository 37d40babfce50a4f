"""What every store does with values: columns as Python values, what text can be kept, JSON of anything."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from modelvane.casting import canonical, is_missing
from modelvane.raw_column import RawColumn

# microseconds since 1970 of the second day of the year 1 and the last but one of 9999: any time zone has them
_EARLIEST, _LATEST = -62_135_510_400_000_000, 253_402_214_400_000_000


def python_values(column: RawColumn) -> list[Any]:
    """Give a column as Python values, by way of numpy where that is the same and several times faster.

    A time that Python has none for, before the year 1 or after 9999, is ISO 8601 text.

    >>> python_values(pa.chunked_array([pa.array([0, 253_402_300_800], pa.timestamp("s"))]))
    [datetime.datetime(1970, 1, 1, 0, 0), '10000-01-01T00:00:00.000000']
    """
    if isinstance(column, list):
        return column
    kind = column.type
    if pa.types.is_timestamp(kind):
        # nanoseconds would need pandas to become Python values
        return _moments(pc.cast(column, pa.timestamp("us", kind.tz), safe=False))
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    values: list[Any]
    if (is_number and not column.null_count) or pa.types.is_string(kind):
        values = column.to_numpy().tolist()
    else:
        values = column.to_pylist()
    return values


def _moments(column: pa.ChunkedArray) -> list[Any]:
    microseconds = pc.cast(column, pa.int64()).fill_null(0).to_numpy()
    beyond = np.flatnonzero((microseconds < _EARLIEST) | (microseconds > _LATEST)).tolist()
    if not beyond:
        return cast("list[Any]", column.to_pylist())
    is_beyond = np.zeros(len(column), np.bool_)
    is_beyond[beyond] = True
    values: list[Any] = pc.if_else(pa.array(is_beyond), None, column).to_pylist()
    # numpy knows no time zones: a moment is said in UTC
    offset = "+00:00" if column.type.tz else ""
    for at in beyond:
        values[at] = f"{np.datetime64(int(microseconds[at]), 'us')}{offset}"
    return values


def is_unicode(text: str) -> bool:
    """Say whether a text can be written as UTF-8; lone surrogates, which JSON can carry, cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def storable_id(value: object) -> str | None:
    """Give the form in which an id is stored, or ``None`` for what is no id."""
    text = canonical(value)
    if text is None or is_unicode(text):
        return text
    return text.encode("utf-8", "backslashreplace").decode()


def to_json(value: object) -> str:
    """Give JSON text of any value; what JSON has no form for becomes text."""
    try:
        return json.dumps(value, default=_as_json, separators=(",", ":"))
    except (TypeError, ValueError):
        # keys that are no text, or an object that holds itself
        return json.dumps(str(value))


def _as_json(value: object) -> object:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    return value.isoformat() if isinstance(value, datetime | date | time) else str(value)


def columns_of(texts: Sequence[str | None], parse: Callable[[str], dict[str, Any]]) -> dict[str, list[Any]]:
    """Give columns from an object of column and value in JSON for each row; ``None`` where a row has no value."""
    columns: dict[str, list[Any]] = {}
    for row, text in enumerate(texts):
        if text is not None:
            for name, value in parse(text).items():
                columns.setdefault(name, [None] * len(texts))[row] = value
    return columns


def filled(column: RawColumn, beside: Sequence[Any]) -> list[Any]:
    """Give a column with what did not fit it, or came before the schema had it."""
    own = column if isinstance(column, list) else column.to_pylist()
    return [other if value is None else value for value, other in zip(own, beside, strict=True)]


def given(column: RawColumn) -> NDArray[np.bool_]:
    """Say which values are some: neither null nor NaN.

    >>> given([1.0, None, float("nan"), "?"]).tolist()
    [True, False, False, True]
    """
    if isinstance(column, list):
        return np.array([not is_missing(value) for value in column], np.bool_)
    return np.asarray(pc.invert(pc.is_null(column, nan_is_null=True)), np.bool_)


def is_same(left: Any, right: Any) -> bool:
    """Say whether two targets are one: NaN is itself, 1 is 1.0, True is not 1."""
    if isinstance(left, bool) is not isinstance(right, bool):
        return False
    if isinstance(left, float) and isinstance(right, float) and math.isnan(left):
        return math.isnan(right)
    return bool(left == right) or to_json(left) == to_json(right)
