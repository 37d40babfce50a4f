"""Python values in BSON and back, each as it came; names of columns as names of fields.

BSON keeps 64-bit integers, floats with NaN and the infinities, booleans, text, bytes, lists and objects
natively, and so do we. What it has no form for (larger integers, lone surrogates, objects whose keys MongoDB
refuses) is ``{"_modelvane": "<JSON>"}``. Times become ISO 8601 text, as JSON clients send them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
from bson import Binary, Decimal128, Int64, ObjectId

from modelvane.python_values import python_values
from modelvane.raw_column import RawColumn
from modelvane.store.values import is_unicode, to_json

OWN = "_modelvane"
"""The one field of a document that is ours, and the key of a boxed value."""

HAD_TARGET = "had_target"
"""In that field: the row came with a target, which a label took the place of."""

_LEAVES = frozenset({float, bool, type(None)})
_DEEPEST = 50
_ESCAPED = re.compile(r"%[0-9A-F]{2}")
_TO_ESCAPE = re.compile(r"[.\0\ud800-\udfff]|^\$|%(?=[0-9A-F]{2})")


def field_of(name: str) -> str:
    """Give the field in which a column lives: its own name, but for characters that MongoDB refuses.

    >>> field_of("distance"), field_of("trip.km"), field_of("$"), field_of("_id"), field_of("100 %")
    ('distance', 'trip%2Ekm', '%24', '%5Fid', '100 %')
    """
    if name in ("_id", OWN):
        return "%5F" + name[1:]
    return _TO_ESCAPE.sub(_escape, name)


def _escape(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found.group().encode("utf-8", "surrogatepass"))


def name_of(field: str) -> str:
    """Give the column that lives in a field: the inverse of `field_of`.

    >>> name_of("trip%2Ekm"), name_of("100 %")
    ('trip.km', '100 %')
    """
    if "%" not in field:
        return field
    raw, at = b"", 0
    for found in _ESCAPED.finditer(field):
        raw += field[at : found.start()].encode() + bytes.fromhex(found.group()[1:])
        at = found.end()
    return (raw + field[at:].encode()).decode("utf-8", "surrogatepass")


def encode(column: RawColumn) -> list[Any]:
    """Give the values of a column as BSON keeps them."""
    values = python_values(column)
    types = set(map(type, values))
    if types <= _LEAVES:
        return values
    if types == {str}:
        try:
            "".join(values).encode()
        except UnicodeEncodeError:
            pass
        else:
            return values
    return [encode_value(value) for value in values]


def encode_value(value: Any) -> Any:
    """Give one value of any type as BSON keeps it."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return int(value) if _is_short(value) else _boxed(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, str):
        return value if is_unicode(value) else _boxed(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    return value if _is_native(value) else _boxed(value)


def _is_short(value: int) -> bool:
    return -(2**63) <= value < 2**63


def _is_native(value: Any, depth: int = 0) -> bool:
    """Say whether all that is inside is of BSON's own types, under keys that every version of MongoDB takes."""
    kind = type(value)
    if kind in _LEAVES:
        return True
    if kind is int:
        return _is_short(value)
    if kind is str:
        return is_unicode(value)
    if depth > _DEEPEST:
        return False
    if kind is list:
        return all(_is_native(item, depth + 1) for item in value)
    return kind is dict and all(
        isinstance(key, str) and field_of(key) == key and _is_native(item, depth + 1)
        for key, item in value.items()
    )


def _boxed(value: Any) -> dict[str, str]:
    return {OWN: to_json(value)}


def decode_value(value: Any) -> Any:
    """Give back one value; types that only another program can have written become text or numbers."""
    change = _DECODERS.get(type(value))
    return change(value) if change else value


def _object(value: dict[str, Any]) -> Any:
    if value.keys() == {OWN} and isinstance(value[OWN], str):
        return json.loads(value[OWN])
    return {key: decode_value(item) for key, item in value.items()}


_DECODERS: dict[type, Callable[[Any], Any]] = {
    Int64: int,
    dict: _object,
    list: lambda value: [decode_value(item) for item in value],
    datetime: datetime.isoformat,
    ObjectId: str,
    Binary: bytes,
    Decimal128: lambda value: float(value.to_decimal()),
}

_NONE = type(None)
_ARROW_TYPES: dict[str, tuple[pa.DataType, frozenset[type]]] = {
    **dict.fromkeys(("halffloat", "float", "double"), (pa.float64(), frozenset({float, int, Int64, _NONE}))),
    **dict.fromkeys(
        [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)],
        (pa.int64(), frozenset({int, Int64, _NONE})),
    ),
    "bool": (pa.bool_(), frozenset({bool, _NONE})),
    **dict.fromkeys(("string", "large_string"), (pa.string(), frozenset({str, _NONE}))),
}


def decode(stored: Sequence[Any], dtype: str = "") -> RawColumn:
    """Give back the column that `encode` was given: an Arrow array where every value fits its type, else a list."""
    types = set(map(type, stored))
    if dtype in _ARROW_TYPES:
        arrow, fitting = _ARROW_TYPES[dtype]
        if types <= fitting:
            try:
                return pa.chunked_array([pa.array(stored, arrow)])
            except pa.ArrowInvalid:
                # an integer that a double cannot hold exactly
                pass
    if types.isdisjoint(_DECODERS):
        return list(stored)
    return [decode_value(value) for value in stored]
