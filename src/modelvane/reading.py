"""Whole files in, Arrow tables out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa

from modelvane.errors import DecodeError
from modelvane.locations import File


def read(file: File, reader: Callable[[Any], pa.Table] | None = None) -> pa.Table:
    """Read a whole file, by its format if no ``reader`` of an opened file is given.

    Raises
    ------
    DecodeError
        When there is no such file, or it is none of its format.
    """
    reader = reader or _READERS[file.format]
    # a stream undoes what compressed it; Parquet and Arrow are read from their ends
    opens = file.system.open_input_stream if file.format == "csv" else file.system.open_input_file
    try:
        with opens(file.path) as opened:
            return reader(opened)
    except FileNotFoundError as error:
        raise DecodeError(
            f"There is no file {file.shown}", remedy="Check the path; it is taken from the current directory"
        ) from error
    except (pa.ArrowException, OSError) as error:
        raise DecodeError(f"{file.shown} cannot be read: {error}") from error


def with_keys(file: File, table: pa.Table) -> pa.Table:
    """Add the columns that the names of the file's folders tell, where it lacks them."""
    for key, value in file.keys.items():
        if key not in table.column_names:
            table = table.append_column(key, pa.repeat(value, table.num_rows))
    return table


def _parquet(opened: Any) -> pa.Table:
    from pyarrow import parquet  # noqa: PLC0415 - a third of the import time, needed for files only

    return parquet.ParquetFile(opened).read()


def read_csv(opened: Any, separator: str = ",", *, header: bool = True) -> pa.Table:
    """Read an opened CSV file."""
    from pyarrow import csv  # noqa: PLC0415 - as for Parquet

    return csv.read_csv(
        opened,
        read_options=csv.ReadOptions(autogenerate_column_names=not header),
        parse_options=csv.ParseOptions(delimiter=separator),
        # an empty field is no text, a quoted one is
        convert_options=csv.ConvertOptions(strings_can_be_null=True, quoted_strings_can_be_null=False),
    )


def _feather(opened: Any) -> pa.Table:
    from pyarrow import feather  # noqa: PLC0415 - as for Parquet

    return feather.read_table(opened)


_READERS: Mapping[str, Callable[[Any], pa.Table]] = {"parquet": _parquet, "csv": read_csv, "arrow": _feather}
