"""Labels from CSV, Parquet and Arrow files of any size, a batch at a time."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv, parquet

from modelvane.errors import DecodeError
from modelvane.locations import path_remedy
from modelvane.schema import Schema

_BATCH_ROWS = 20_000
_BLOCK_BYTES = 2**20


class LabelColumns(NamedTuple):
    """What the columns of a file may be called: the first that is there; a time may be absent unless asked for."""

    id: tuple[str, ...] = ("id",)
    target: tuple[str, ...] = ("target",)
    time: tuple[str, ...] = ("time",)
    time_is_needed: bool = False

    @classmethod
    def of(cls, schema: Schema, *asked: str | None) -> LabelColumns:
        """Give the names of id, target and time that were asked for; otherwise these words, or the dataset's own."""
        id_, target, time = asked
        # the time of the event is not that of its label, so the dataset's own name is none for it
        own = [column.name if column is not None else None for column in (schema.id, schema.target)]
        return cls(
            _names(id_, "id", own[0]),
            _names(target, "target", own[1]),
            _names(time, "time", None),
            time is not None,
        )


def _names(asked: str | None, usual: str, own: str | None) -> tuple[str, ...]:
    if asked is not None:
        return (asked,)
    return (usual,) if own is None or own == usual else (usual, own)


class LabelBatch(NamedTuple):
    """Some rows of a file: their numbers, from 1 on after a header, and Python values."""

    rows: NDArray[np.int64]
    ids: list[Any]
    targets: list[Any]
    times: list[Any] | None


@dataclass
class LabelFile:
    """A file of labels.

    Parameters
    ----------
    path
        ``.csv`` (also ``.csv.gz``), ``.parquet``, ``.arrow``, ``.feather``: an Arrow file or stream.
    columns
        What its columns are called.
    separator
        What stands between the values of a CSV file.
    torn
        Numbers of lines of a CSV file that have more or fewer values than the header, as far as they were read.

    Raises
    ------
    DecodeError
        When there is no such file, or its ending is not known.
    """

    path: Path
    columns: LabelColumns = field(default_factory=LabelColumns)
    separator: str = ","
    torn: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        endings = "".join(self.path.suffixes[-2:]).lower()
        known = {".csv": self._csv, ".csv.gz": self._csv, ".parquet": self._parquet}
        known |= {".arrow": self._arrow, ".feather": self._arrow}
        found = known.get(endings) or known.get(self.path.suffix.lower())
        if found is None:
            raise DecodeError(
                f"{self.path} has an ending that is not known", received=endings, available=sorted(known)
            )
        if not self.path.is_file():
            raise DecodeError(f"There is no file {self.path}", remedy=path_remedy(self.path))
        self._reader = found

    @property
    def rows(self) -> int | None:
        """How many rows there are, where that can be said without reading them."""
        if self._reader != self._parquet:
            return None
        with self._explained(0), parquet.ParquetFile(self.path) as file:
            return int(file.metadata.num_rows)

    def batches(self) -> Iterator[LabelBatch]:
        """Give the rows, each once.

        Raises
        ------
        DecodeError
            When a column is missing, or the file is truncated or damaged: it says how many rows were read before.
        """
        seen = 0
        with ExitStack() as stack:
            batches = self._reader(stack)
            while True:
                with self._explained(seen):
                    batch = next(batches, None)
                if batch is None:
                    return
                ids, targets, *times = (column.to_pylist() for column in batch.columns)
                yield LabelBatch(
                    self._numbers(seen, batch.num_rows), ids, targets, times[0] if times else None
                )
                seen += batch.num_rows

    def _numbers(self, seen: int, rows: int) -> NDArray[np.int64]:
        """Give the numbers in the file of the rows after those seen, torn ones counted."""
        torn = np.array(self.torn, np.int64)
        whole_before = torn - np.arange(len(torn)) - 1
        found = np.arange(seen + 1, seen + rows + 1)
        return found + np.searchsorted(whole_before, found)

    def _wanted(self, names: Sequence[str]) -> list[str]:
        """Give the columns to read, of those that a file has: id, target and, if there is one, time."""
        wanted = []
        for part in ("id", "target", "time"):
            usual: tuple[str, ...] = getattr(self.columns, part)
            found = next((name for name in usual if name in names), None)
            if found is not None:
                wanted.append(found)
            elif part != "time" or self.columns.time_is_needed:
                near = [match for name in usual for match in difflib.get_close_matches(name, names, n=1)]
                raise DecodeError(
                    f"{self.path} has no column {' or '.join(map(repr, usual))} for the {part}",
                    available=names,
                    remedy=f"Say which it is: --{part}-column {repr(near[0]) if near else 'NAME'}",
                )
        return wanted

    def _csv(self, stack: ExitStack) -> Iterator[pa.RecordBatch]:
        parse = csv.ParseOptions(
            delimiter=self.separator, newlines_in_values=True, invalid_row_handler=self._tear
        )
        names = self._header(parse)
        wanted = self._wanted(names)
        reader = stack.enter_context(
            csv.open_csv(
                self.path,
                # one thread, so that lines have numbers
                read_options=csv.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES),
                parse_options=parse,
                convert_options=csv.ConvertOptions(
                    # an id keeps its zeros; what a target is, the dataset says
                    column_types=dict.fromkeys(wanted, pa.string()),
                    include_columns=wanted,
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=True,
                    null_values=[""],
                ),
            )
        )
        yield from reader

    def _header(self, parse: csv.ParseOptions) -> list[str]:
        # a line that goes on is told as torn when it is read again
        quiet = csv.ParseOptions(
            delimiter=parse.delimiter, newlines_in_values=True, invalid_row_handler=lambda _row: "skip"
        )
        types = csv.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES)
        with csv.open_csv(self.path, read_options=types, parse_options=quiet) as reader:
            names: list[str] = reader.schema.names
        if len(names) == 1 and (found := next((mark for mark in ";\t|" if mark in names[0]), None)):
            raise DecodeError(
                f"{self.path} has one column only",
                received=names[0],
                remedy=f"Say what separates values: --separator {found!r}",
            )
        return names

    def _tear(self, row: Any) -> str:
        # the header is line 1 of the file and no row
        self.torn.append(row.number - 1 if row.number is not None else 0)
        return "skip"

    def _parquet(self, stack: ExitStack) -> Iterator[pa.RecordBatch]:
        file = stack.enter_context(parquet.ParquetFile(self.path, buffer_size=_BLOCK_BYTES, pre_buffer=False))
        yield from file.iter_batches(_BATCH_ROWS, columns=self._wanted(file.schema_arrow.names))

    def _arrow(self, stack: ExitStack) -> Iterator[pa.RecordBatch]:
        source = stack.enter_context(pa.memory_map(str(self.path)))
        try:
            file = stack.enter_context(pa.ipc.open_file(source))
            batches = (file.get_batch(number) for number in range(file.num_record_batches))
        except pa.ArrowInvalid:
            # no file format: a stream, or neither
            source.seek(0)
            file = stack.enter_context(pa.ipc.open_stream(source))
            batches = iter(file)
        wanted = self._wanted(file.schema.names)
        for batch in batches:
            for start in range(0, batch.num_rows, _BATCH_ROWS):
                yield batch.slice(start, _BATCH_ROWS).select(wanted)

    @contextmanager
    def _explained(self, seen: int) -> Iterator[None]:
        try:
            yield
        except (pa.ArrowException, OSError, EOFError) as error:
            raise DecodeError(
                f"{self.path} cannot be read beyond row {seen}: {error}",
                remedy="The rows before were taken. Repair the file and run the same again: labels that are there stay"
                if seen
                else "",
            ) from error
