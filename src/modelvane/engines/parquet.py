"""Parquet files, a few row groups at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from modelvane.engines.counted import Unread
from modelvane.engines.pieces import READ_ERRORS, Piece
from modelvane.engines.source import BATCH_ROWS
from modelvane.locations import File
from modelvane.schema import Kind, Role, Schema
from modelvane.times import NO_TIME, as_times

# values of a piece: few enough that the memory of one serves the next, whose pages the system need not clear; enough
# that threads which read and count seldom wait for each other
_PIECE_VALUES = 3 << 20
# of tables with more columns, of which opening takes longer
_WIDE, _WIDE_PIECE_VALUES = 64, 1 << 23
# row groups of more rows are read some rows of all columns at a time
_LONG = 1 << 22
# bytes that are read ahead of each column; from afar every read costs the way there and back
_BUFFER, _BUFFER_FROM_AFAR = 1 << 16, 1 << 22


class ParquetReader:
    """One Parquet file.

    Columns of text stay in the dictionaries that they are written with. Each column is buffered, so that a row group
    need not be in memory.

    Parameters
    ----------
    file
        Where it is.
    """

    is_text = False

    def __init__(self, file: File) -> None:
        self._file = file
        self._about = parquet.read_metadata(file.system.open_input_file(file.path))
        self._schema = self._about.schema.to_arrow_schema()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of its columns."""
        return tuple(self._schema.names)

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return int(self._about.num_rows)

    def period(self, time: str) -> tuple[int, int] | None:
        """Give the first and the last time of the row groups' statistics; ``None`` where one has none."""
        spans = [self._span(group, time) for group in range(self._about.num_row_groups)]
        known = [span for span in spans if span is not None]
        if not known or len(known) < len(spans):
            return None
        return min(first for first, _ in known), max(last for _, last in known)

    @cached_property
    def _leaves(self) -> dict[str, int]:
        """Where each flat column is in the statistics."""
        return {self._about.schema.column(i).path: i for i in range(self._about.num_columns)}

    def _span(self, group: int, time: str) -> tuple[int, int] | None:
        if time not in self._leaves:
            return None
        statistics = self._about.row_group(group).column(self._leaves[time]).statistics
        if statistics is None or not statistics.has_min_max:
            return None
        kind = self._schema.field(time).type
        # the order of text is not that of the times that it says
        if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_temporal(kind):
            first, last = as_times([statistics.min, statistics.max]).tolist()
            return None if NO_TIME in (first, last) else (first, last)
        return None

    def pieces(
        self, columns: Sequence[str], schema: Schema, within: tuple[int, int] | None
    ) -> Iterator[Piece | Unread]:
        """Give the rows of the row groups that may have some in a period."""
        groups = [group for group in range(self._about.num_row_groups) if self._may_be(group, schema, within)]
        texts = {name for name in columns if schema[name].kind is Kind.CATEGORICAL and self._is_text(name)}
        for few in self._together(groups):
            rows = self._rows_in(few)
            if rows > _LONG and len(columns) <= _WIDE:
                yield from self._rows_of(few, list(columns), texts)
                continue
            for number, band in enumerate(self._bands(columns, schema, rows)):
                yield from self._band_of(few, band, texts, continues=number > 0)

    def _bands(self, columns: Sequence[str], schema: Schema, rows: int) -> Iterator[list[str]]:
        """Divide columns: first those that say which rows go where, and then some at a time."""
        first = {
            *schema.segment_columns,
            *(c.name for c in (*schema.predictions, schema.target, schema.time, schema.id) if c),
            *(c.name for c in schema if c.role in (Role.SUBJECT, Role.VERSION)),
        }
        early = [name for name in columns if name in first]
        rest = [name for name in columns if name not in first]
        values = _PIECE_VALUES if len(columns) <= _WIDE else _WIDE_PIECE_VALUES
        at_once = max(1, values // max(rows, 1))
        yield early + rest[:at_once]
        for at in range(at_once, len(rest), at_once):
            yield rest[at : at + at_once]

    def _rows_in(self, groups: Sequence[int]) -> int:
        return sum(self._about.row_group(group).num_rows for group in groups)

    def _may_be(self, group: int, schema: Schema, within: tuple[int, int] | None) -> bool:
        if within is None or schema.time is None:
            return True
        span = self._span(group, schema.time.name)
        return span is None or (span[1] >= within[0] and span[0] < within[1])

    def _is_text(self, name: str) -> bool:
        kind = self._schema.field(name).type
        return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))

    def _together(self, groups: Sequence[int]) -> Iterator[list[int]]:
        """Join small row groups, each of which would cost as much as a large one."""
        few: list[int] = []
        rows = 0
        for group in groups:
            few.append(group)
            rows += self._about.row_group(group).num_rows
            if rows >= BATCH_ROWS:
                yield few
                few, rows = [], 0
        if few:
            yield few

    def _rows_of(
        self, groups: list[int], columns: list[str], texts: AbstractSet[str]
    ) -> Iterator[Piece | Unread]:
        """Read some rows of all columns at a time: each column is buffered, so that a row group may be of any size."""
        done = 0
        try:
            for table in self._stream(groups, columns, texts):
                yield Piece(table)
                done += table.num_rows
        except READ_ERRORS as error:
            lost = self._broken(groups, columns, texts)
            if not lost:
                # all columns can be read alone: it is not the columns
                yield Unread(f"{self._rows_in(groups) - done} rows of {{file}}", str(error))
                return
            yield from self._told(groups, lost)
            for table in self._stream(groups, [name for name in columns if name not in lost], texts):
                rest = table.slice(min(done, table.num_rows))
                done = max(0, done - table.num_rows)
                yield Piece(rest, frozenset(lost))

    def _band_of(
        self, groups: list[int], columns: list[str], texts: AbstractSet[str], *, continues: bool
    ) -> Iterator[Piece | Unread]:
        """Read all rows of some columns."""
        try:
            yield Piece(self._whole(groups, columns, texts), continues=continues)
        except READ_ERRORS:
            lost = self._broken(groups, columns, texts)
            yield from self._told(groups, lost)
            kept = [name for name in columns if name not in lost]
            yield Piece(self._whole(groups, kept, texts), frozenset(lost), continues)

    def _told(self, groups: list[int], lost: Mapping[str, str]) -> Iterator[Unread]:
        for name, why in lost.items():
            yield Unread(f"column {name!r} of {{file}}, row groups {groups[0]} to {groups[-1]}", why)

    def _broken(self, groups: list[int], columns: list[str], texts: AbstractSet[str]) -> dict[str, str]:
        """Give the columns that cannot be read alone, and why."""
        found: dict[str, str] = {}
        for name in columns:
            try:
                for _ in self._stream(groups, [name], texts):
                    pass
            except READ_ERRORS as error:
                found[name] = str(error)
        return found

    def _stream(self, groups: list[int], columns: list[str], texts: AbstractSet[str]) -> Iterator[Any]:
        rows = int(np.clip(_WIDE_PIECE_VALUES // max(len(columns), 1), 1, BATCH_ROWS))
        opened = self._opened(columns, texts, _BUFFER if self._file.is_local else _BUFFER_FROM_AFAR)
        for batch in opened.iter_batches(batch_size=rows, row_groups=groups, columns=columns):
            yield pa.Table.from_batches([batch])

    def _whole(self, groups: list[int], columns: list[str], texts: AbstractSet[str]) -> Any:
        return self._opened(columns, texts, 0).read_row_groups(groups, columns=columns)

    def _opened(self, columns: list[str], texts: AbstractSet[str], buffer: int) -> Any:
        return parquet.ParquetFile(
            self._file.system.open_input_file(self._file.path),
            metadata=self._about,
            read_dictionary=[name for name in columns if name in texts],
            buffer_size=buffer,
        )
