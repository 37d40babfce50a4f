"""The only door for data: rows, columns, data frames, files in; named columns out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import fs

from modelvane.errors import DecodeError, UnknownNameError
from modelvane.locations import File, located
from modelvane.python_values import python_values
from modelvane.raw_column import RawColumn, at_index, column_of, column_of_pandas, columns_of, decoded
from modelvane.reading import read, read_csv, with_keys
from modelvane.stored import StoredColumns

# pandas' name for an index that has none, such as that of a filtered frame: row numbers, no data
_UNNAMED_INDEX = re.compile(r"__index_level_\d+__")


class Table:
    """Named columns of equal length, as they came: Python values or Arrow arrays.

    Nothing is cast here; `modelvane.casting` does that when a column is counted, and counts what does not fit.

    Parameters
    ----------
    columns
        By name.
    rows
        Length of each.
    records
        The same rows as mappings, where they came as such: columns are then built when one is asked for.
    is_plain
        Whether who decoded the columns knows that each value is a number other than NaN, a text or ``None``.
    """

    __slots__ = ("_built", "is_plain", "records", "rows")

    def __init__(
        self,
        columns: Mapping[str, RawColumn] | None,
        rows: int,
        records: Sequence[Mapping[str, Any]] | None = None,
        *,
        is_plain: bool = False,
    ) -> None:
        self._built = columns
        self.is_plain = is_plain
        self.records = records
        self.rows = rows

    @property
    def _columns(self) -> Mapping[str, RawColumn]:
        if self._built is None:
            self._built = columns_of(self.records or ())
        return self._built

    def __len__(self) -> int:
        return self.rows

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def __repr__(self) -> str:
        return f"Table({self.rows} rows: {', '.join(self._columns)})"

    def __getitem__(self, name: str) -> RawColumn:
        try:
            return self._columns[name]
        except KeyError:
            raise UnknownNameError.of("column", name, self._columns) from None

    def get(self, name: str) -> RawColumn | None:
        """Give one column, or ``None`` where there is none of that name."""
        return self._columns.get(name)

    @property
    def names(self) -> tuple[str, ...]:
        """Column names, in the order of the data."""
        return tuple(self._columns)

    def type_of(self, name: str) -> pa.DataType | None:
        """Give the Arrow type of a column, without reading it; ``None`` for Python values."""
        if isinstance(self._columns, StoredColumns):
            return self._columns.type_of(name)
        column = self[name]
        return None if isinstance(column, list) else column.type

    def values(self, name: str) -> list[Any]:
        """Give one column as Python values, with ``None`` for nulls."""
        column = self[name]
        return python_values(column)

    def take(self, index: Sequence[int] | NDArray[np.intp] | slice) -> Table:
        """Give the rows at ``index``, in that order; those of a slice without a step are not copied."""
        if isinstance(index, slice):
            start, stop, _ = index.indices(self.rows)
            return self.slice(start, stop - start)
        if self.records is not None:
            return Table(None, len(index), [self.records[i] for i in index])
        picked: dict[str, RawColumn] = {}
        for name, column in self._columns.items():
            if isinstance(column, list):
                picked[name] = [column[i] for i in index]
            else:
                picked[name] = column.take(pa.array(index, pa.int64()))
        return Table(picked, len(index))

    def in_memory(self) -> Table:
        """Give the same table with every column read, for those who ask for them again and again."""
        stored = isinstance(self._built, StoredColumns)
        return Table(dict(self._columns), self.rows) if stored else self

    def slice(self, start: int, rows: int) -> Table:
        """Give at most so many rows from ``start`` on, which are not copied."""
        stop = min(start + rows, self.rows)
        if self.records is not None:
            return Table(None, stop - start, self.records[start:stop])
        return Table({name: column[start:stop] for name, column in self._columns.items()}, stop - start)

    def with_column(self, name: str, column: RawColumn) -> Table:
        """Give the same table with one column added or replaced.

        Raises
        ------
        DecodeError
            When the column is not as long as the table.
        """
        if len(column) != self.rows:
            raise DecodeError(
                f"Column {name!r} does not fit the table",
                received=f"{len(column)} rows",
                expected=f"{self.rows} rows",
            )
        return Table({**self._columns, name: column}, self.rows)

    @classmethod
    def of(cls, data: Any) -> Table:
        """Read rows, columns, a data frame or a file.

        Parameters
        ----------
        data
            A `Table`; a mapping of column to list, array or series (or to ``{index: value}``, as pandas writes
            JSON); one flat mapping (a single row); a list of mappings (rows); anything with the Arrow PyCapsule
            interface (pandas, polars, pyarrow); or the path or URL of a Parquet, CSV, Arrow or Feather file, or of a
            folder of them. Columns of Parquet stay in their files until one is asked for. An index of pandas is a
            column if it has a name.

        Raises
        ------
        DecodeError
            For anything else, for columns of different lengths, and for two columns of one name.

        Examples
        --------
        >>> Table.of([{"a": 1, "b": "x"}, {"a": 2}]).values("b")
        ['x', None]
        """
        if isinstance(data, Table):
            return data
        if isinstance(data, str | Path):
            return cls._of_files(located(data))
        if hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__"):
            return cls._of_capsule(data)
        if isinstance(data, Mapping):
            return cls._of_mapping(data)
        if isinstance(data, Sequence):
            return cls.of_rows(data)
        raise DecodeError(
            "This is not data that can be read as rows",
            received=type(data).__name__,
            expected="rows, columns, a data frame with the Arrow PyCapsule interface, or a file's path",
        )

    @classmethod
    def of_csv(cls, path: str | Path, *, separator: str = ",", header: bool = True) -> Table:
        """Read a CSV file that is written another way than most.

        Raises
        ------
        DecodeError
            When there is no such file, or it is not CSV.
        """
        file = File(fs.LocalFileSystem(), str(path), "csv", str(path))
        return cls._of_arrow(read(file, lambda opened: read_csv(opened, separator, header=header)))

    @classmethod
    def of_rows(cls, rows: Sequence[Any]) -> Table:
        """Read a list of flat mappings; a name that a row lacks is ``None`` there.

        Raises
        ------
        DecodeError
            When a row is not a mapping.
        """
        for at, row in enumerate(rows):
            if type(row) is not dict and not isinstance(row, Mapping):
                raise DecodeError(
                    f"Row {at} is not an object", received=row, expected="an object of column and value"
                )
        return cls(None, len(rows), rows)

    @classmethod
    def _of_mapping(cls, data: Mapping[str, Any]) -> Table:
        columns: dict[str, RawColumn] = {}
        scalars: dict[str, Any] = {}
        index: list[Any] | None = None
        for name, value in data.items():
            if isinstance(value, Mapping):
                index = list(value) if index is None else index
                columns[name] = at_index(index, name, value)
            elif (column := column_of(value)) is not None:
                columns[name] = column
            else:
                scalars[name] = value
        if not columns:
            return cls.of_rows([data] if data else [])
        if scalars:
            name, value = next(iter(scalars.items()))
            raise DecodeError(
                f"Column {name!r} is neither a list nor an object of index and value",
                received=value,
                expected="every value of the object to be a list, or none",
            )
        lengths = {name: len(column) for name, column in columns.items()}
        if len(set(lengths.values())) > 1:
            raise DecodeError(
                "Columns have different lengths", received=lengths, expected="equally many values in each"
            )
        return cls(columns, next(iter(lengths.values())))

    @classmethod
    def _of_capsule(cls, data: Any) -> Table:
        if hasattr(data, "columns") and not isinstance(data, pa.Table | pa.RecordBatch):
            _require_different(list(map(str, data.columns)))
        try:
            return cls._of_arrow(pa.table(data))
        except (pa.ArrowException, TypeError, ValueError) as error:
            if not hasattr(data, "columns"):
                raise DecodeError(
                    f"This has no named columns: {error}",
                    received=type(data).__name__,
                    expected="a data frame, or rows",
                    remedy='Name a single column: {"distance": values}',
                ) from error
            if not hasattr(data, "iloc"):
                raise DecodeError(f"The data frame cannot be read through Arrow: {error}") from error
            # a pandas column of mixed types has no Arrow type; its values are read one by one
            return cls({str(name): column_of_pandas(data[name]) for name in data.columns}, len(data))

    @classmethod
    def _of_files(cls, files: Sequence[File]) -> Table:
        if all(file.format == "parquet" and not file.keys for file in files):
            stored = StoredColumns(files)
            if not any(map(_UNNAMED_INDEX.fullmatch, stored)):
                return cls(stored, stored.rows)
        tables = list(map(read, files))
        whole = pa.concat_tables(map(with_keys, files, tables), promote_options="permissive")
        return cls._of_arrow(whole)

    @classmethod
    def _of_arrow(cls, table: pa.Table) -> Table:
        _require_different(table.column_names)
        columns = zip(table.column_names, table.columns, strict=True)
        kept = {name: decoded(column) for name, column in columns if not _UNNAMED_INDEX.fullmatch(name)}
        return cls(kept, table.num_rows)


def _require_different(names: list[str]) -> None:
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise DecodeError("Columns of a table need different names", received=twice)
