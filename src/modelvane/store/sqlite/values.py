"""Python values in SQLite and back, each as it came.

SQLite keeps 64-bit integers, floats and text natively. What it has no type for is a blob: JSON text (NaN,
lists, objects, larger integers, a boolean in a column that is not boolean), or raw bytes behind a NUL byte,
with which no JSON text begins. ``CAST(column AS TEXT)`` shows the JSON. Times become ISO 8601 text, as JSON
clients send them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from operator import ne
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from modelvane.python_values import python_values
from modelvane.raw_column import RawColumn
from modelvane.store.values import is_unicode, to_json

Stored: TypeAlias = "int | float | str | bytes | None"

PLAIN = frozenset({int, float, str, type(None)})
_PLAIN_BOOLEAN = frozenset({bool, float, str, type(None)})
_NUMBERS = frozenset({int, float})
_RAW_BYTES = b"\0"


def encode(column: RawColumn, *, boolean: bool = False) -> Sequence[Any]:
    """Give the values of a column as SQLite keeps them; in a boolean column True is the integer 1.

    Integers beyond 64 bits and text that is not Unicode pass unseen: binding refuses them, `encode_value`
    does not.
    """
    values = python_values(column)
    types = set(map(type, values))
    if types <= (_PLAIN_BOOLEAN if boolean else PLAIN) and not _has_nan(values, types):
        return values
    return [encode_value(value, boolean=boolean) for value in values]


def _has_nan(values: list[Any], types: set[type]) -> bool:
    if float not in types:
        return False
    if types <= _NUMBERS:
        try:
            # one NaN makes the sum NaN, and so do opposite infinities, hence the second look
            if not math.isnan(sum(values)):
                return False
        except OverflowError:
            pass
    return any(map(ne, values, values))


def encode_value(value: Any, *, boolean: bool = False) -> Stored:  # noqa: PLR0911 - one line per type
    """Give one value of any type as SQLite keeps it."""
    if value is None:
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool):
        return int(value) if boolean else _json(value)
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 and not boolean else _json(value)
    if isinstance(value, float):
        return _json(math.nan) if math.isnan(value) else float(value)
    if isinstance(value, str):
        return value if is_unicode(value) else _json(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return encode_value(float(value))
    if isinstance(value, bytes | bytearray | memoryview):
        return _RAW_BYTES + bytes(value)
    return _json(value)


def _json(value: object) -> bytes:
    return to_json(value).encode()


def decode_value(value: Any, *, boolean: bool = False) -> Any:
    """Give back one value."""
    if isinstance(value, bytes):
        return value[1:] if value.startswith(_RAW_BYTES) else json.loads(value)
    return value == 1 if boolean and isinstance(value, int) else value


_ARROW_TYPES = {
    "halffloat": pa.float64(),
    "float": pa.float64(),
    "double": pa.float64(),
    "bool": pa.bool_(),
    "string": pa.string(),
    "large_string": pa.string(),
} | {f"{sign}int{bits}": pa.int64() for sign in ("", "u") for bits in (8, 16, 32, 64)}
_FITTING = {
    pa.float64(): frozenset({float, int, type(None)}),
    pa.int64(): frozenset({int, type(None)}),
    pa.bool_(): frozenset({bool, type(None)}),
    pa.string(): frozenset({str, type(None)}),
}


def decode(stored: Sequence[Any], dtype: str = "") -> RawColumn:
    """Give back the column that `encode` was given: an Arrow array where every value fits its type, else a list."""
    boolean = dtype == "bool"
    types = set(map(type, stored))
    if bytes in types or (boolean and int in types):
        stored = [decode_value(value, boolean=boolean) for value in stored]
        types = set(map(type, stored))
    arrow = _ARROW_TYPES.get(dtype)
    if arrow is not None and types <= _FITTING[arrow]:
        try:
            return pa.chunked_array([pa.array(stored, arrow)])
        except (pa.ArrowInvalid, OverflowError, UnicodeEncodeError):
            # an integer that a double cannot hold exactly, a lone surrogate
            pass
    return list(stored)
