"""Columns as Python values, whatever is in them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from modelvane.later import compute as pc
from modelvane.raw_column import RawColumn

# microseconds since 1970 of the second day of the year 1 and the last but one of 9999: any time zone has them
_EARLIEST, _LATEST = -62_135_510_400_000_000, 253_402_214_400_000_000


def python_values(column: RawColumn) -> list[Any]:
    """Give a column as Python values, by way of numpy where that is the same and several times faster.

    What Python has no value for is text: a time before the year 1 or after 9999 in ISO 8601, any other its number.

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
    if (is_number and not column.null_count) or pa.types.is_string(kind):
        values: list[Any] = column.to_numpy().tolist()
        return values
    if kind == pa.duration("ns"):
        column = pc.cast(column, pa.duration("us"), safe=False)
    elif kind == pa.time64("ns"):
        column = pc.cast(column, pa.time64("us"), safe=False)
    return _listed(column)


def _moments(column: pa.ChunkedArray) -> list[Any]:
    microseconds = pc.cast(column, pa.int64()).fill_null(0).to_numpy()
    beyond = np.flatnonzero((microseconds < _EARLIEST) | (microseconds > _LATEST)).tolist()
    if not beyond:
        return _listed(column)
    is_beyond = np.zeros(len(column), np.bool_)
    is_beyond[beyond] = True
    values = _listed(pc.if_else(pa.array(is_beyond), None, column))
    # numpy knows no time zones: a moment is said in UTC
    offset = "+00:00" if column.type.tz else ""
    for at in beyond:
        values[at] = f"{np.datetime64(int(microseconds[at]), 'us')}{offset}"
    return values


def _listed(column: pa.ChunkedArray) -> list[Any]:
    try:
        values: list[Any] = column.to_pylist()
    except Exception:  # noqa: BLE001 - of Arrow, of Python, or of who knows time zones: that of one value is found below
        return [_value(scalar) for scalar in column]
    return values


def _value(scalar: pa.Scalar[Any]) -> Any:
    try:
        return scalar.as_py()
    except Exception:  # noqa: BLE001 - as above
        return str(getattr(scalar, "value", scalar))
