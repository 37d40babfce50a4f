"""Rows as Evidently is to see them: cast as they are for counting, in one Parquet file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from modelvane.casting import Categories, as_categories, as_numbers
from modelvane.engines.source import Batch
from modelvane.raw_column import RawColumn
from modelvane.schema import Column, Kind, Role, Schema, Task
from modelvane.times import NO_TIME, as_times

TIME = pa.timestamp("us")


def layout(schema: Schema) -> pa.Schema:
    """Give the columns of the file: what is measured, and the time; numbers are double, categories are text.

    The target and the predicted class of a classification are categories, whatever they were written as.
    """
    fields = [pa.field(column.name, _type(column, schema)) for column in schema.measured]
    if schema.time is not None:
        fields.append(pa.field(schema.time.name, TIME))
    return pa.schema(fields)


def write_rows(batches: Iterable[Batch], schema: Schema, file: Path) -> Counter[str]:
    """Write all rows, and give how many values each column has, faults left out.

    Infinite values and those of a wrong type are missing in the file, as are columns that a batch lacks.
    """
    fields = layout(schema)
    values: Counter[str] = Counter()
    with pq.ParquetWriter(file, fields) as writer:
        for batch in batches:
            columns = [_cast(batch, schema[field.name], field.type) for field in fields]
            writer.write_table(pa.table(columns, fields))
            values.update({f.name: len(c) - c.null_count for f, c in zip(fields, columns, strict=True)})
    return values


def _type(column: Column, schema: Schema) -> pa.DataType:
    is_class = column.role is Role.TARGET and schema.task is Task.CLASSIFICATION
    return pa.string() if is_class or column.kind is Kind.CATEGORICAL else pa.float64()


def _cast(batch: Batch, column: Column, kind: pa.DataType) -> pa.Array:
    raw = batch.table.get(column.name)
    if kind == TIME:
        return _times(batch, raw)
    if raw is None:
        return pa.nulls(batch.table.rows, kind)
    if pa.types.is_string(kind):
        return _text(as_categories(raw))
    return pa.array(as_numbers(raw, column.dtype).values, from_pandas=True)


def _times(batch: Batch, raw: RawColumn | None) -> pa.Array:
    if batch.times is None and raw is None:
        return pa.nulls(batch.table.rows, TIME)
    times = as_times(raw) if batch.times is None and raw is not None else np.asarray(batch.times)
    return pa.array(times, mask=times == NO_TIME).cast(TIME)


def _text(found: Categories) -> pa.Array:
    codes = pa.array(found.codes, mask=found.codes < 0)
    return pa.DictionaryArray.from_arrays(codes, pa.array(found.names, pa.string())).cast(pa.string())
