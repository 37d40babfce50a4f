"""One column as it came: Python values or Arrow arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from modelvane.errors import DecodeError
from modelvane.later import compute as pc

RawColumn: TypeAlias = "list[Any] | pa.ChunkedArray"


def at_index(index: list[Any], name: str, values: Mapping[Any, Any]) -> list[Any]:
    """Give values in the order of the index, which the columns of one table share."""
    if len(values) != len(index) or not all(map(values.__contains__, index)):
        raise DecodeError(
            f"Column {name!r} has other index values than the columns before it",
            received=list(values),
            expected="the same index in every column",
        )
    return [values[at] for at in index]


def column_of(value: Any) -> RawColumn | None:
    """Give a list, array or series as a column; ``None`` for a single value."""
    if isinstance(value, list | tuple):
        return list(value)
    if isinstance(value, pa.Array | pa.ChunkedArray):
        return decoded(value if isinstance(value, pa.ChunkedArray) else pa.chunked_array([value]))
    if isinstance(value, np.ndarray) and value.ndim == 1:
        return value.tolist() if value.dtype == object else pa.chunked_array([pa.array(value)])
    if hasattr(value, "__arrow_c_stream__"):
        return column_of_pandas(value) if hasattr(value, "notna") else decoded(pa.chunked_array(value))
    return None


def column_of_pandas(series: Any) -> RawColumn:
    """Give a series as a column: as Python values where they are of several types."""
    try:
        found = pa.Array.from_pandas(series)
    except (pa.ArrowException, TypeError, ValueError):
        values: list[Any] = series.astype(object).where(series.notna(), None).tolist()
        return values
    return decoded(found if isinstance(found, pa.ChunkedArray) else pa.chunked_array([found]))


def decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Give dictionaries and runs as their values, and views of text as text."""
    if pa.types.is_dictionary(column.type):
        plain = _without_view(column.type.value_type)
        chunks = [chunk.dictionary.cast(plain).take(chunk.indices) for chunk in column.chunks]
        return pa.chunked_array(chunks, plain)
    if pa.types.is_run_end_encoded(column.type):
        return pa.chunked_array(map(pc.run_end_decode, column.chunks), column.type.value_type)
    return pc.cast(column, pa.large_string()) if pa.types.is_string_view(column.type) else column


def _without_view(kind: pa.DataType) -> pa.DataType:
    return pa.large_string() if pa.types.is_string_view(kind) else kind


def columns_of(records: Sequence[Mapping[str, Any]]) -> dict[str, RawColumn]:
    """Give the columns of rows; a name that a row lacks is ``None`` there."""
    names = dict.fromkeys(records[0] if records else ())
    if set(map(len, records)) == {len(names)} and set(map(type, records)) == {dict}:
        # mostly all have the same names, as one client's records do; other mappings may invent what they lack
        try:
            return {name: [record[name] for record in records] for name in names}
        except KeyError:
            pass
    names = dict.fromkeys(chain.from_iterable(records))
    return {name: [record.get(name) for record in records] for name in names}
