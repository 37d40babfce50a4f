"""Columns that stay in their files until one is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from modelvane.errors import DecodeError
from modelvane.locations import File


class StoredColumns(Mapping[str, Any]):
    """The columns of Parquet files, one after the other; each is read when it is asked for, and not kept.

    A column that only some of the files have is null where it lacks. Safe to use from several threads.

    Parameters
    ----------
    files
        In order.

    Raises
    ------
    DecodeError
        For a file that is not Parquet.
    """

    def __init__(self, files: Sequence[File]) -> None:
        self._files = files
        opened = [self._open(file) for file in files]
        self._abouts = [one.metadata for one in opened]
        self._schemas = [one.schema_arrow for one in opened]
        for file, schema in zip(files, self._schemas, strict=True):
            if len(set(schema.names)) < len(schema.names):
                twice = sorted({name for name in schema.names if schema.names.count(name) > 1})
                raise DecodeError(f"Columns of {file.shown} need different names", received=twice)
        self._names = list(dict.fromkeys(name for schema in self._schemas for name in schema.names))
        self.rows = sum(about.num_rows for about in self._abouts)

    def _open(self, file: File, about: Any = None) -> Any:
        from pyarrow import parquet  # noqa: PLC0415 - takes time to import, and is needed for files only

        try:
            return parquet.ParquetFile(file.system.open_input_file(file.path), metadata=about)
        except (pa.ArrowException, OSError) as error:
            raise DecodeError(f"{file.shown} cannot be read: {error}") from error

    def __len__(self) -> int:
        return len(self._names)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __getitem__(self, name: str) -> pa.ChunkedArray:
        if name not in self:
            raise KeyError(name)
        kind = self.type_of(name)
        chunks: list[Any] = []
        for file, about, schema in zip(self._files, self._abouts, self._schemas, strict=True):
            if name not in schema.names:
                chunks.append(pa.nulls(about.num_rows, kind))
                continue
            try:
                column = self._open(file, about).read(columns=[name], use_threads=False).column(name)
                chunks += column.cast(kind).chunks
            except (pa.ArrowException, OSError) as error:
                raise DecodeError(f"Column {name!r} of {file.shown} cannot be read: {error}") from error
        return pa.chunked_array(chunks, kind)

    def type_of(self, name: str) -> pa.DataType:
        """Give the Arrow type of a column, without reading it; that of the first file which has it."""
        kind = next(schema.field(name).type for schema in self._schemas if name in schema.names)
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        return pa.large_string() if pa.types.is_string_view(kind) else kind
