"""CSV files, a block at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
from pyarrow import csv

from modelvane.engines.counted import Unread
from modelvane.engines.pieces import Piece
from modelvane.engines.source import BATCH_ROWS
from modelvane.locations import File
from modelvane.schema import Schema

_BLOCK_BYTES = 1 << 24


class CsvReader:
    """One CSV file with a header, perhaps compressed.

    All columns are read as text: the first rows of a file do not tell what comes later. What a column is, the
    reference knows (see `modelvane.engines.texts`).

    Parameters
    ----------
    file
        Where it is.
    """

    is_text = True
    rows: int | None = None

    def __init__(self, file: File) -> None:
        self._file = file
        with self._input() as opened:
            # for the header alone: what is wrong with rows is told of when they are read
            lenient = csv.ParseOptions(invalid_row_handler=lambda _row: "skip")
            self.names: tuple[str, ...] = tuple(csv.open_csv(opened, parse_options=lenient).schema.names)

    def _input(self) -> Any:
        return self._file.system.open_input_stream(self._file.path)

    def period(self, time: str) -> None:  # noqa: ARG002 - one signature for all readers
        """CSV files keep no statistics."""
        return

    def pieces(
        self,
        columns: Sequence[str],
        schema: Schema,  # noqa: ARG002 - as above
        within: tuple[int, int] | None,  # noqa: ARG002 - as above
    ) -> Iterator[Piece | Unread]:
        """Give the rows, and say how many had too few or too many fields."""
        left_out: list[tuple[int, int]] = []

        def leave_out(row: Any) -> str:
            left_out.append((row.expected_columns, row.actual_columns))
            return "skip"

        reader = csv.open_csv(
            self._input(),
            read_options=csv.ReadOptions(block_size=_BLOCK_BYTES),
            parse_options=csv.ParseOptions(invalid_row_handler=leave_out),
            convert_options=csv.ConvertOptions(
                include_columns=list(columns),
                column_types=dict.fromkeys(columns, pa.large_string()),
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
        for batch in reader:
            for start in range(0, batch.num_rows, BATCH_ROWS):
                yield Piece(pa.Table.from_batches([batch.slice(start, BATCH_ROWS)]))
        if left_out:
            expected, actual = left_out[0]
            yield Unread(
                f"{len(left_out)} rows of {{file}}",
                f"they do not have {expected} fields as the header does; the first of them has {actual}",
            )
