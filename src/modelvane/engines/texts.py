"""Columns of text, as CSV files and folder names have them, in the types that the reference has."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from modelvane.later import compute as pc
from modelvane.raw_column import RawColumn
from modelvane.schema import Column, Role

# what pyarrow takes for no value where it reads numbers
_NO_VALUE = (
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "N/A", "NA", "NULL",
    "NaN", "n/a", "nan", "null",
)  # fmt: skip
_NUMBER = r"^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$"
_SMALL = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


def of_text(text: pa.ChunkedArray, column: Column) -> RawColumn:
    """Read text as what the column is in the reference.

    Text that is no number stays text in a column of numbers, where it counts as a value of the wrong type.
    """
    if column.role is Role.TIME:
        return _first_cast(text, pa.timestamp("us"), pa.float64())
    if column.role is Role.ID:
        return text
    if column.dtype == "bool":
        return _first_cast(_without_null_words(text), pa.bool_())
    if column.dtype in _SMALL:
        return _numbers(_first_cast(_without_null_words(text), pa.int64(), pa.float64()))
    if column.dtype in ("float", "double", "halffloat", "null") or column.dtype.startswith("decimal"):
        return _numbers(_first_cast(_without_null_words(text), pa.float64()))
    return text


def _without_null_words(text: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.if_else(
        pc.is_in(text, value_set=pa.array(_NO_VALUE, pa.large_string())),
        pa.scalar(None, pa.large_string()),
        text,
    )


def _first_cast(text: pa.ChunkedArray, *kinds: pa.DataType) -> pa.ChunkedArray:
    for kind in kinds:
        try:
            return pc.cast(text, kind)
        except pa.ArrowInvalid:
            continue
    return text


def _numbers(column: pa.ChunkedArray) -> RawColumn:
    if not pa.types.is_large_string(column.type):
        return column
    is_number = pc.match_substring_regex(column, _NUMBER)
    numbers = pc.cast(pc.if_else(is_number, column, pa.scalar(None, pa.large_string())), pa.float64())
    both: Any = zip(numbers.to_pylist(), column.to_pylist(), strict=True)
    return [text if number is None else number for number, text in both]
