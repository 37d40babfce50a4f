"""Python values in PostgreSQL and back: in typed columns where they fit, as JSON beside them where not."""

from __future__ import annotations

import base64
import json
import math
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from modelvane.python_values import python_values
from modelvane.raw_column import RawColumn
from modelvane.store.values import is_unicode

_TAG = "$modelvane"
"""Marks what JSON has no form for: ``{"$modelvane": "nan"}``."""


@dataclass(frozen=True, slots=True)
class ColumnType:
    """How a column is kept, and what it can hold."""

    sql: str
    arrow: pa.DataType
    python: frozenset[type]

    def holds(self, value: Any) -> bool:
        """Say whether a value comes back from a column of this type as it went in; an integer as a double may."""
        kind = type(value)
        if kind not in self.python:
            return False
        if kind is str:
            return "\0" not in value and is_unicode(value)
        if kind is int and self is DOUBLE:
            return bool(abs(value) <= 2**53)
        return kind is not int or bool(-(2**63) <= value < 2**63)


_NONE = type(None)
DOUBLE = ColumnType("double precision", pa.float64(), frozenset({float, int, _NONE}))
BIGINT = ColumnType("bigint", pa.int64(), frozenset({int, _NONE}))
BOOLEAN = ColumnType("boolean", pa.bool_(), frozenset({bool, _NONE}))
TEXT = ColumnType("text", pa.string(), frozenset({str, _NONE}))
JSON = ColumnType("json", pa.string(), frozenset())
"""For columns of no known type: everything fits."""

BY_SQL = {type_.sql: type_ for type_ in (DOUBLE, BIGINT, BOOLEAN, TEXT, JSON)}


def type_of(dtype: str) -> ColumnType:
    """Give the type that keeps an Arrow type; times are ISO 8601 text, as JSON clients send them."""
    if dtype in ("double", "float", "halffloat"):
        return DOUBLE
    if dtype.removeprefix("u") in ("int8", "int16", "int32", "int64"):
        return BIGINT
    if dtype == "bool":
        return BOOLEAN
    if dtype in ("string", "large_string") or dtype.startswith(("timestamp", "date", "time")):
        return TEXT
    return JSON


def fitted(raw: RawColumn, type_: ColumnType) -> tuple[pa.Array | pa.ChunkedArray, dict[int, Any]]:
    """Give a column as its type holds it, with nulls where it does not, and by row what came there."""
    if type_ is JSON:
        return pa.array(
            [None if value is None else to_json(value) for value in python_values(raw)], pa.string()
        ), {}
    if not isinstance(raw, list):
        column = _cast(raw, type_)
        if column is not None:
            return column, {}
        raw = python_values(raw)
    if set(map(type, raw)) <= type_.python:
        try:
            column = pa.array(raw, type_.arrow)
        except (pa.ArrowInvalid, OverflowError, UnicodeEncodeError):
            # an integer that is too large, a lone surrogate
            pass
        else:
            if type_ is not TEXT or not _has_nul(column):
                return column, {}
    values = [_plain(value) for value in raw]
    beside = {row: value for row, value in enumerate(values) if not (value is None or type_.holds(value))}
    return pa.array(
        [None if row in beside else value for row, value in enumerate(values)], type_.arrow
    ), beside


def _cast(column: pa.ChunkedArray, type_: ColumnType) -> pa.ChunkedArray | None:
    """Cast an Arrow column to the type if all of its values survive that."""
    kind = column.type
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    is_number = pa.types.is_integer(kind) or (type_ is DOUBLE and pa.types.is_floating(kind))
    if (type_ is TEXT and is_text) or (type_ in (DOUBLE, BIGINT) and is_number) or kind == type_.arrow:
        try:
            cast = pc.cast(column, type_.arrow)
        except pa.ArrowInvalid:
            return None
        return None if is_text and _has_nul(cast) else cast
    return pa.chunked_array([pa.nulls(len(column), type_.arrow)]) if pa.types.is_null(kind) else None


def _has_nul(column: pa.Array | pa.ChunkedArray) -> bool:
    """Say whether a text has a NUL character, which PostgreSQL does not keep."""
    return bool(pc.any(pc.match_substring(column, "\0")).as_py())


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return bytes(value) if isinstance(value, bytearray | memoryview) else value


def to_json(value: Any) -> str:
    """Give JSON that PostgreSQL takes, from which `from_json` has the value again.

    Examples
    --------
    >>> to_json([1, "a", None])
    '[1,"a",null]'
    >>> to_json(float("nan"))
    '{"$modelvane":"nan"}'
    """
    try:
        text = _dumped(value)
        if _TAG not in text:
            return text
    except (TypeError, ValueError, RecursionError):
        # NaN, infinities, bytes, or what JSON has no form for
        pass
    try:
        return _dumped(_tagged(value))
    except (ValueError, RecursionError):
        return _dumped(str(type(value)))


def _dumped(value: Any) -> str:
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


def _tagged(value: Any) -> Any:
    value = value.tolist() if isinstance(value, np.ndarray) else _plain(value)
    if isinstance(value, float) and not math.isfinite(value):
        return {_TAG: str(value)}
    if isinstance(value, bytes):
        return {_TAG: "bytes", "base64": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        items = {str(key): _tagged(item) for key, item in value.items()}
        return {_TAG: "object", "items": list(map(list, items.items()))} if _TAG in items else items
    if isinstance(value, list | tuple):
        return list(map(_tagged, value))
    return value if value is None or isinstance(value, str | int | float) else str(value)


def from_json(text: str) -> Any:
    """Give back what `to_json` was given."""
    return json.loads(text, object_hook=_untagged) if _TAG in text else json.loads(text)


def _untagged(found: dict[str, Any]) -> Any:
    tag = found.get(_TAG)
    if tag == "bytes":
        return base64.b64decode(found["base64"])
    if tag == "object":
        return dict(found["items"])
    return found if tag is None else float(tag)
