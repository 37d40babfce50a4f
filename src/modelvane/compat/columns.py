"""Columns as they come: float64, datetime64, or objects that are categories."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias

import numpy as np

Columns: TypeAlias = Mapping[str, np.ndarray]
Category: TypeAlias = str | int | float | bool


def kind_of(column: np.ndarray | None) -> Literal["numerical", "categorical", "datetime"] | None:
    """Tell the kind of a column from its dtype; ``None`` for a column that is not there."""
    if column is None:
        return None
    if column.dtype.kind in "fiu":
        return "numerical"
    return "datetime" if column.dtype.kind == "M" else "categorical"


def row_count(columns: Columns) -> int:
    """Count the rows of columns of one length."""
    return max((column.size for column in columns.values()), default=0)


def is_missing(value: object) -> bool:
    """Tell whether a categorical cell is empty: ``None``, NaN or an infinity, which names no category."""
    return value is None or (isinstance(value, float | np.floating) and not np.isfinite(value))


def ascending(values: Iterable[Any]) -> list[Any]:
    """Sort values of mixed types: numbers and times by size, then the rest as text.

    >>> ascending(["b", 2, "a", 1.5])
    [1.5, 2, 'a', 'b']
    """
    return sorted(values, key=order)


def order(value: Any) -> tuple[bool, Any]:
    """Give the sorting key of `ascending`."""
    is_number = isinstance(value, int | float | np.number | np.datetime64)
    return (False, value) if is_number else (True, str(value))


def object_array(values: Iterable[object]) -> np.ndarray:
    """Make a one-dimensional object array, whatever the values are."""
    listed = list(values)
    array = np.empty(len(listed), dtype=object)
    array[:] = listed
    return array
