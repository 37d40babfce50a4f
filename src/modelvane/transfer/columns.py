"""Values in columns of real types, and what does not fit them beside: nothing is lost, any tool reads the rest."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from modelvane.casting import canonical
from modelvane.errors import StoreError
from modelvane.raw_column import RawColumn
from modelvane.schema import Column, Kind
from modelvane.store.values import is_unicode

OTHER = "modelvane_other"
"""The column with what did not fit: a JSON object of column and value, null where everything fits."""

Misfits = dict[int, Any]
"""By row, a value as it came where the typed column cannot say it."""

_INTEGERS = {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
_FLOATS = {"halffloat", "float", "double"}
_PYTHON = {pa.float64(): float, pa.int64(): int, pa.bool_(): bool, pa.string(): str}

# JSON has no bytes: an object with one of these names as its only one stands for something else
_BYTES, _OBJECT = "$bytes", "$object"


def type_of(column: Column) -> pa.DataType:
    """Give the type of a column in a file: of what has none of its own, such as times, the log has text."""
    if column.dtype in _FLOATS or column.dtype.startswith("decimal"):
        return pa.float64()
    if column.dtype in _INTEGERS:
        return pa.int64()
    return pa.bool_() if column.dtype == "bool" else pa.string()


def fit(raw: RawColumn, kind: pa.DataType, *, categorical: bool = False) -> tuple[pa.Array, Misfits]:
    """Give a column in a type, and the values that it does not say exactly.

    A value that means the same in the type stands there too: 1 in a column of doubles, and in a categorical column of
    texts the category that any value is (`modelvane.casting.canonical`).

    >>> fit([1.5, 2, "far", None], pa.float64())[1]
    {1: 2, 2: 'far'}
    """
    if not isinstance(raw, list):
        if raw.type == kind:
            return raw, {}
        raw = raw.to_pylist()
    if set(map(type, raw)) <= {_PYTHON[kind], type(None)}:
        try:
            return pa.array(raw, kind), {}
        except (pa.ArrowInvalid, OverflowError, UnicodeEncodeError):
            # an integer of more than 64 bits, a lone surrogate: one by one
            pass
    stand_ins = [_stand_in(value, kind, categorical=categorical) for value in raw]
    misfits = {
        at: value
        for at, (value, stand_in) in enumerate(zip(raw, stand_ins, strict=True))
        if value is not stand_in
    }
    return pa.array(stand_ins, kind), misfits


def fit_as(raw: RawColumn, column: Column) -> tuple[pa.Array, Misfits]:
    """Give a column in the type that its files have."""
    return fit(raw, type_of(column), categorical=column.kind is Kind.CATEGORICAL)


def _stand_in(value: Any, kind: pa.DataType, *, categorical: bool) -> Any:
    """Give the value itself where the type says it exactly, what means the same there, or ``None``."""
    found: Any = None
    if type(value) is _PYTHON[kind]:
        found = value
    elif kind == pa.float64() and type(value) is int:
        found = _as_double(value)
    elif kind == pa.int64() and type(value) is float and value.is_integer():
        found = int(value)
    elif kind == pa.string() and categorical:
        found = canonical(value)
    if type(found) is int and not -(2**63) <= found < 2**63:
        return None
    return None if type(found) is str and not is_unicode(found) else found


def _as_double(value: int) -> float | None:
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if number == value else None


def to_other(misfits: Mapping[str, Misfits], rows: int) -> pa.Array:
    """Give the column `OTHER` from the misfits of each column."""
    objects: dict[int, dict[str, Any]] = {}
    for name, values in misfits.items():
        for at, value in values.items():
            objects.setdefault(at, {})[name] = _tagged(value, name)
    texts: list[str | None] = [None] * rows
    for at, found in objects.items():
        texts[at] = json.dumps(found, separators=(",", ":"))
    return pa.array(texts, pa.string())


def of_other(other: pa.ChunkedArray) -> dict[str, Misfits]:
    """Read what `to_other` gave."""
    misfits: dict[str, Misfits] = {}
    if other.null_count == len(other):
        return misfits
    for at, text in enumerate(other.to_pylist()):
        if text is not None:
            for name, value in json.loads(text).items():
                misfits.setdefault(name, {})[at] = _untagged(value)
    return misfits


def unfit(column: pa.ChunkedArray, misfits: Misfits) -> RawColumn:
    """Give back the column that `fit` was given."""
    if not misfits:
        return column
    values: list[Any] = column.to_pylist()
    for at, value in misfits.items():
        values[at] = value
    return values


def scattered(misfits: Misfits, rows: int) -> list[Any]:
    """Give a column that has no typed one: its values are all among the misfits."""
    values: list[Any] = [None] * rows
    for at, value in misfits.items():
        values[at] = value
    return values


def present(raw: RawColumn) -> Misfits:
    """Give the values of a column that has no typed one, by row; none for nulls."""
    values: Iterable[Any] = raw if isinstance(raw, list) else raw.to_pylist()
    return {at: value for at, value in enumerate(values) if value is not None}


def _tagged(value: Any, name: str) -> Any:
    if isinstance(value, bytes):
        return {_BYTES: base64.b64encode(value).decode()}
    if isinstance(value, list):
        return [_tagged(item, name) for item in value]
    if isinstance(value, dict):
        inner = {key: _tagged(item, name) for key, item in value.items()}
        return {_OBJECT: inner} if _is_tag(value) else inner
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise StoreError(
        f"Column {name!r} has a value that JSON cannot say",
        received=value,
        expected="numbers, texts, flags, bytes, lists and objects of them",
    )


def _untagged(value: Any) -> Any:
    if isinstance(value, list):
        return [_untagged(item) for item in value]
    if not isinstance(value, dict):
        return value
    if _BYTES in value and _is_tag(value):
        return base64.b64decode(value[_BYTES])
    inner = value[_OBJECT] if _OBJECT in value and _is_tag(value) else value
    return {key: _untagged(item) for key, item in inner.items()}


def _is_tag(value: Mapping[str, Any] | Sequence[str]) -> bool:
    return len(value) == 1 and next(iter(value)) in (_BYTES, _OBJECT)
