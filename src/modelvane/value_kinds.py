"""What the values of a column are: numbers, codes, categories, or nothing that can be measured."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import numpy as np
import pyarrow as pa

from modelvane.casting import as_categories, as_numbers, is_missing
from modelvane.raw_column import RawColumn
from modelvane.schema import Kind
from modelvane.table import Table

FEW_VALUES = 20
"""So few distinct whole numbers are codes."""
MOST_CATEGORIES = 10_000
_FIRST_ROWS = 10_000


def kind_of_values(table: Table, name: str) -> Kind | None:
    """Give the kind of a column; ``None`` where it cannot be measured."""
    kind = arrow_type(table, name)
    if is_number(table, name):
        return Kind.CATEGORICAL if _are_codes(table[name]) else Kind.NUMERICAL
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_boolean(kind):
        return Kind.CATEGORICAL if len(as_categories(table[name]).names) <= MOST_CATEGORIES else None
    if pa.types.is_null(kind):
        return Kind.NUMERICAL
    return None


def _are_codes(column: RawColumn) -> bool:
    # the first rows settle it for most columns of measurements
    return _may_be_codes(column[:_FIRST_ROWS]) and _may_be_codes(column, fewest=1)


def _may_be_codes(column: RawColumn, fewest: int = 0) -> bool:
    values = as_numbers(column).values
    distinct = np.unique(values[np.isfinite(values)])
    return fewest <= len(distinct) <= FEW_VALUES and bool((distinct == np.floor(distinct)).all())


def are_whole(column: RawColumn) -> bool:
    """Say whether all numbers of a column are whole."""
    values = as_numbers(column).values
    known = values[np.isfinite(values)]
    return bool((known == np.floor(known)).all())


def is_number(table: Table, name: str) -> bool:
    """Say whether a column is of numbers, by most of its values."""
    kind = arrow_type(table, name)
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def is_floating(table: Table, name: str) -> bool:
    """Say whether a column is of floating numbers."""
    return bool(pa.types.is_floating(arrow_type(table, name)))


def arrow_type(table: Table, name: str) -> pa.DataType:
    """Give the type of a column; of values of several types, that of most of them."""
    known = table.type_of(name)
    if known is not None:
        return known
    values = [value for value in table.values(name) if not is_missing(value)]
    families = Counter(map(_family, values)).most_common(1)
    try:
        return pa.infer_type([value for value in values if _family(value) is families[0][0]])
    except (pa.ArrowException, ValueError, TypeError):
        # what Arrow has no name for is measured as little as what is nested
        return pa.struct([])


def _family(value: object) -> type:
    is_number = isinstance(value, int | float | np.number | Decimal) and not isinstance(value, bool)
    return float if is_number else type(value)


def dtype_of(table: Table, name: str) -> str:
    """Give the name of the type of a column."""
    return str(arrow_type(table, name))
