"""Rows to JSON: whatever a model was fed with, written as text that every JSON reader accepts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from math import isfinite, isnan
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PLAIN = frozenset({str, int, float, bool, type(None)})
"""Types of values that need no look inside."""


def encode(row: dict[str, object]) -> bytes:
    """Write one row as a JSON object.

    NumPy and PyTorch scalars and arrays become numbers and lists, dates ISO 8601 text, ``Decimal`` and
    ``Fraction`` floats, UUIDs text, enumeration members their values, pydantic models and dataclasses
    objects, and ``pandas.NA`` null. Infinite and not-a-number floats, for which JSON has no word, become the
    strings ``"NaN"``, ``"Infinity"`` and ``"-Infinity"``: a broken value has to reach the monitor, which
    counts it as a fault of quality.

    Parameters
    ----------
    row : dict
        Column names and values.

    Returns
    -------
    bytes
        UTF-8.

    Raises
    ------
    TypeError, ValueError, RecursionError
        If a value has no JSON form: a socket, a list that contains itself.

    Examples
    --------
    >>> encode({"trip_distance": 2.5, "fare": float("nan")})
    b'{"trip_distance":2.5,"fare":"NaN"}'
    """
    try:
        return _STRICT.encode(row).encode()
    except (TypeError, ValueError):
        # Rare: a float that JSON cannot spell, a key that is no string, a lone surrogate. Spelling every
        # value out costs ten times as much, so only such rows pay for it.
        return _STRICT.encode(_spelled(row)).encode()


def quick_encoder() -> Callable[[dict[str, object]], bytes | None]:
    """Load what writes a row of plain values in less than half of `encode`'s time, and gives None for any other."""
    from msgspec.json import Encoder  # noqa: PLC0415 - 20 ms that only the sender's thread pays

    write = Encoder().encode

    def quickly(row: dict[str, object]) -> bytes | None:
        values = row.values()
        if not PLAIN.issuperset(map(type, values)):
            return None
        try:
            text = write(row)
        except (TypeError, ValueError):  # a key that is no text, a lone surrogate
            return None
        # a float that JSON cannot spell is null there
        nulls = text.count(b"null")
        return text if not nulls or nulls == list(values).count(None) else None

    return quickly


def merge(row: dict[str, object], prediction: object, field: str | tuple[str, ...]) -> dict[str, object]:
    """Put a prediction into its row, and give the row back.

    A mapping of class to probability becomes one column per class. When the prediction has several columns,
    a sequence or array of as many values fills them in order. Anything else goes under the one column.

    Raises
    ------
    TypeError, ValueError
        If several columns are expected and the prediction is not that many values.

    Examples
    --------
    >>> merge({"id": "a"}, {"cat": 0.9, "dog": 0.1}, "prediction")
    {'id': 'a', 'cat': 0.9, 'dog': 0.1}
    >>> merge({"id": "a"}, [0.9, 0.1], ("cat", "dog"))
    {'id': 'a', 'cat': 0.9, 'dog': 0.1}
    """
    if prediction is None:
        return row
    # most predictions are numbers or text, for which the question to the abstract class takes longest
    if type(prediction) not in PLAIN and isinstance(prediction, Mapping):
        row.update(prediction)
        return row
    if isinstance(field, str):
        row[field] = prediction
        return row
    values = prediction.tolist() if hasattr(prediction, "tolist") else prediction
    if isinstance(values, str) or not isinstance(values, Sequence) or len(values) != len(field):
        raise TypeError(
            f"the prediction is a {type(prediction).__name__}, "
            f"expected {len(field)} values for {', '.join(field)}"
        )
    row.update(zip(field, values, strict=True))
    return row


def _plain(value: object) -> object:
    # By what a value can do, not by its class: that would need its library imported.
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "tolist"):
        # datetime64[ns] lists as nanoseconds, an integer that nobody could tell from a number
        if hasattr(value, "astype") and getattr(getattr(value, "dtype", None), "kind", "") == "M":
            return value.astype(str).tolist()
        plain = value.tolist()
        if type(plain) is not type(value):  # longdouble stays itself, and has __float__
            return plain
    if (parts := _fields(value)) is not None:
        return parts
    if hasattr(value, "__float__"):
        return float(value)
    kind = type(value)
    if kind.__module__ == "uuid":
        return str(value)
    if kind.__name__ == "NAType":
        return None
    if hasattr(kind, "__members__") and hasattr(value, "value"):
        return value.value
    raise TypeError(f"a value of type {kind.__module__}.{kind.__qualname__} has no JSON form")


def _fields(value: object) -> dict[str, object] | None:
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "model_dump"):
        return dict(value.model_dump())
    names = getattr(type(value), "__dataclass_fields__", None)
    return None if names is None else {name: getattr(value, name) for name in names}


def _spelled(value: object) -> object:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()  # a lone surrogate would cost the batch, not the row
    if isinstance(value, float):
        if isfinite(value):
            return value
        return "NaN" if isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {_spelled(str(key)): _spelled(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_spelled(item) for item in value]
    return _spelled(_plain(value))


_STRICT = json.JSONEncoder(allow_nan=False, ensure_ascii=False, separators=(",", ":"), default=_plain)
