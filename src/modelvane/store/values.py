"""What every store does with values: columns as Python values, what text can be kept, JSON of anything."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from modelvane.casting import canonical, is_missing
from modelvane.raw_column import RawColumn


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
