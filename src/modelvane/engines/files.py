"""Files and folders as a source of rows: Parquet, CSV and Arrow, on this machine or in a bucket."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from modelvane.engines.counted import Unread
from modelvane.engines.pieces import READ_ERRORS, Piece, Reader
from modelvane.engines.source import Batch, period_of
from modelvane.engines.texts import of_text
from modelvane.errors import DecodeError
from modelvane.locations import File, located, shown
from modelvane.raw_column import RawColumn, decoded
from modelvane.schema import Schema
from modelvane.table import Table
from modelvane.times import NO_TIME, as_times


class FileSource(Struct, frozen=True, dict=True):
    """The rows of one file, or of all Parquet, CSV and Arrow files in a folder.

    Each file is read with its own columns and types; a name like ``day=2024-05-01`` in the path is a column too. Names
    that start with ``.`` or ``_`` are left out.

    Parameters
    ----------
    location
        A path, or a URL that pyarrow's filesystems read, such as ``s3://bucket/folder`` or ``gs://bucket/file.parquet``;
        or several.
    since, until
        Seconds since 1970, half open: rows with another event time are left out, and so are those without one.
    """

    location: str | Path | Sequence[str | Path]
    since: float | None = None
    until: float | None = None

    @property
    def name(self) -> str:
        """What a report calls it."""
        several = [self.location] if isinstance(self.location, str | Path) else self.location
        return ", ".join(map(shown, several))

    @cached_property
    def files(self) -> tuple[File, ...]:
        """The files, in order of their paths.

        Raises
        ------
        DecodeError
            When there is nothing at a location, or nothing that can be read.
        """
        several = [self.location] if isinstance(self.location, str | Path) else self.location
        return tuple(file for location in several for file in located(location))

    @property
    def rows(self) -> int | None:
        """How many rows it has; ``None`` where files do not say, or only a period is asked for."""
        if self.since is not None or self.until is not None:
            return None
        total = 0
        for file in self.files:
            try:
                known = _open(file).rows
            except READ_ERRORS:
                # counting tells of it
                return None
            if known is None:
                return None
            total += known
        return total

    @cached_property
    def _within(self) -> tuple[int, int] | None:
        if self.since is None and self.until is None:
            return None
        least, most = np.iinfo(np.int64).min + 1, np.iinfo(np.int64).max
        return (
            least if self.since is None else round(self.since * 1e6),
            most if self.until is None else round(self.until * 1e6),
        )

    def period(self, schema: Schema) -> tuple[int, int] | None:
        """Give the first and the last event time: of what the files say, or else of their time columns."""
        if schema.time is None:
            return None
        found: list[tuple[int, int]] = []
        for file in self.files:
            try:
                reader = _open(file)
                known = reader.period(schema.time.name) if self._within is None else None
            except READ_ERRORS:
                # counting tells of it
                continue
            if known is not None:
                found.append(known)
                continue
            for batch in self._batches(file, schema, (schema.time.name,)):
                if isinstance(batch, Batch) and batch.times is not None:
                    of_batch = period_of(batch.times)
                    found += [] if of_batch is None else [of_batch]
        return (min(first for first, _ in found), max(last for _, last in found)) if found else None

    def batches(self, schema: Schema) -> Iterator[Batch | Unread]:
        """Give all rows with the columns that the schema names, and what cannot be read."""
        if self._within is not None and schema.time is None:
            raise DecodeError(
                f"A period of {self.name} cannot be told, since the reference has no time column",
                remedy="Build the reference with time=, or leave since and until",
            )
        for file in self.files:
            yield from self._batches(file, schema, schema.names)

    def _batches(self, file: File, schema: Schema, wanted: Sequence[str]) -> Iterator[Batch | Unread]:
        try:
            reader = _open(file)
            names = (*reader.names, *(key for key in file.keys if key not in reader.names))
            columns = [name for name in reader.names if name in wanted]
            row, inside = 0, None
            for piece in reader.pieces(columns, schema, self._within):
                if isinstance(piece, Unread):
                    yield replace(piece, where=piece.where.format(file=file.shown))
                    continue
                table = _table(file, reader, piece, schema)
                times = None
                if not piece.continues:
                    start, row = row, row + table.rows
                    times = _times(table, schema)
                    inside = None if self._within is None else _inside(times, self._within)
                if inside is not None:
                    table, times = table.take(inside), None if times is None else times[inside]
                if table.rows:
                    name = f"{file.shown}, from row {start}"
                    yield Batch(
                        table, None, times, None, name, names, unread=piece.unread, continues=piece.continues
                    )
        except READ_ERRORS as error:
            yield Unread(file.shown, str(error))


def _table(file: File, reader: Reader, piece: Piece, schema: Schema) -> Table:
    columns: dict[str, RawColumn] = {}
    for name, values in zip(piece.table.column_names, piece.table.columns, strict=True):
        columns[name] = of_text(values, schema[name]) if reader.is_text else _as_read(values)
    rows = piece.table.num_rows
    for key, text in {} if piece.continues else file.keys.items():
        if key in schema and key not in reader.names:
            constant = pa.chunked_array([pa.repeat(pa.scalar(text, pa.large_string()), rows)])
            columns[key] = of_text(constant, schema[key])
    return Table(columns, rows)


def _times(table: Table, schema: Schema) -> NDArray[np.int64] | None:
    return None if schema.time is None or schema.time.name not in table else as_times(table[schema.time.name])


def _inside(times: NDArray[np.int64] | None, within: tuple[int, int]) -> slice | NDArray[np.intp]:
    """Give the rows of a period; those that lie together, as in time order, need not be copied."""
    if times is None:
        return slice(0, 0)
    index = np.flatnonzero((times >= within[0]) & (times < within[1]) & (times != NO_TIME))
    if len(index) and index[-1] - index[0] + 1 == len(index):
        return slice(int(index[0]), int(index[-1]) + 1)
    return index


def _as_read(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column if pa.types.is_dictionary(column.type) else decoded(column)


def _open(file: File) -> Any:
    if file.format == "parquet":
        from modelvane.engines.parquet import ParquetReader  # noqa: PLC0415 - each takes time to import

        return ParquetReader(file)
    if file.format == "csv":
        from modelvane.engines.csv import CsvReader  # noqa: PLC0415 - as for Parquet

        return CsvReader(file)
    from modelvane.engines.arrow import ArrowReader  # noqa: PLC0415 - as for Parquet

    return ArrowReader(file)
