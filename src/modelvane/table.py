"""The only door for data: rows, columns, data frames, files in; named columns out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from modelvane.errors import DecodeError, UnknownNameError

RawColumn: TypeAlias = "list[Any] | pa.ChunkedArray"


class Table:
    """Named columns of equal length, as they came: Python values or Arrow arrays.

    Nothing is cast here; `modelvane.casting` does that when a column is counted, and counts what does not fit.
    """

    __slots__ = ("_columns", "rows")

    def __init__(self, columns: Mapping[str, RawColumn], rows: int) -> None:
        self._columns = dict(columns)
        self.rows = rows

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

    def values(self, name: str) -> list[Any]:
        """Give one column as Python values, with ``None`` for nulls."""
        column = self[name]
        return column if isinstance(column, list) else column.to_pylist()

    def take(self, index: Sequence[int] | NDArray[np.intp]) -> Table:
        """Give the rows at ``index``, in that order."""
        picked: dict[str, RawColumn] = {}
        for name, column in self._columns.items():
            if isinstance(column, list):
                picked[name] = [column[i] for i in index]
            else:
                picked[name] = column.take(pa.array(index, pa.int64()))
        return Table(picked, len(index))

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
            A `Table`; a mapping of column to list (or to ``{index: value}``, as pandas writes JSON); one flat
            mapping (a single row); a list of mappings (rows); anything with the Arrow PyCapsule interface
            (pandas, polars, pyarrow); or the path of a Parquet, CSV, Arrow or Feather file.

        Raises
        ------
        DecodeError
            For anything else, and for columns of different lengths.

        Examples
        --------
        >>> Table.of([{"a": 1, "b": "x"}, {"a": 2}]).values("b")
        ['x', None]
        """
        if isinstance(data, Table):
            return data
        if isinstance(data, str | Path):
            return cls._of_arrow(_read_file(Path(data)))
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
    def of_rows(cls, rows: Sequence[Any]) -> Table:
        """Read a list of flat mappings; a name that a row lacks is ``None`` there.

        Raises
        ------
        DecodeError
            When a row is not a mapping.
        """
        names: dict[str, None] = {}
        try:
            for keys in dict.fromkeys(map(tuple, rows)):
                names.update(dict.fromkeys(keys))
            columns: dict[str, RawColumn] = {name: [row.get(name) for row in rows] for name in names}
        except (AttributeError, TypeError):
            at = next(i for i, row in enumerate(rows) if not isinstance(row, Mapping))
            raise DecodeError(
                f"Row {at} is not an object", received=rows[at], expected="an object of column and value"
            ) from None
        return cls(columns, len(rows))

    @classmethod
    def _of_mapping(cls, data: Mapping[str, Any]) -> Table:
        if not any(isinstance(value, list | tuple | Mapping) for value in data.values()):
            return cls({name: [value] for name, value in data.items()}, 1 if data else 0)
        columns: dict[str, RawColumn] = {}
        for name, value in data.items():
            if isinstance(value, Mapping):
                columns[name] = list(value.values())
            elif isinstance(value, list | tuple):
                columns[name] = list(value)
            else:
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
        return cls(columns, next(iter(lengths.values()), 0))

    @classmethod
    def _of_capsule(cls, data: Any) -> Table:
        try:
            return cls._of_arrow(pa.table(data))
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            if not hasattr(data, "to_dict"):
                raise DecodeError(f"The data frame cannot be read through Arrow: {error}") from error
            # pandas columns of mixed types have no Arrow type; their values are read one by one
            return cls._of_mapping(data.to_dict(orient="list"))

    @classmethod
    def _of_arrow(cls, table: pa.Table) -> Table:
        columns: dict[str, RawColumn] = {}
        for name, column in zip(table.column_names, table.columns, strict=True):
            is_dictionary = pa.types.is_dictionary(column.type)
            columns[name] = pc.cast(column, column.type.value_type) if is_dictionary else column
        return cls(columns, table.num_rows)


def _read_file(path: Path) -> pa.Table:
    readers = {".parquet": _parquet, ".csv": _csv, ".arrow": _feather, ".feather": _feather}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise DecodeError(
            f"{path} has an ending that is not known", received=path.suffix, available=sorted(readers)
        )
    if not path.exists():
        raise DecodeError(
            f"There is no file {path}", remedy="Check the path; it is taken from the current directory"
        )
    try:
        return reader(path)
    except (pa.ArrowException, OSError) as error:
        raise DecodeError(f"{path} cannot be read: {error}") from error


def _parquet(path: Path) -> pa.Table:
    from pyarrow import parquet  # noqa: PLC0415 - a third of the import time, needed for files only

    return parquet.read_table(path)


def _csv(path: Path) -> pa.Table:
    from pyarrow import csv  # noqa: PLC0415

    return csv.read_csv(path)


def _feather(path: Path) -> pa.Table:
    from pyarrow import feather  # noqa: PLC0415

    return feather.read_table(path)
