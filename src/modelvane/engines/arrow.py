"""Arrow and Feather files, a record batch at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
from pyarrow import ipc

from modelvane.engines.counted import Unread
from modelvane.engines.pieces import READ_ERRORS, Piece
from modelvane.engines.source import BATCH_ROWS
from modelvane.locations import File
from modelvane.schema import Schema


class ArrowReader:
    """One file of record batches, in Arrow's file format or as a stream.

    Parameters
    ----------
    file
        Where it is.
    """

    is_text = False
    rows: int | None = None

    def __init__(self, file: File) -> None:
        self._file = file
        self.names: tuple[str, ...] = tuple(self._open(None).schema.names)

    def _open(self, columns: Sequence[str] | None) -> Any:
        options = ipc.IpcReadOptions(
            included_fields=[] if columns is None else [self.names.index(name) for name in columns]
        )
        try:
            return ipc.open_file(self._file.system.open_input_file(self._file.path), options=options)
        except pa.ArrowInvalid:
            return ipc.open_stream(self._file.system.open_input_stream(self._file.path), options=options)

    def period(self, time: str) -> None:  # noqa: ARG002 - one signature for all readers
        """Arrow files keep no statistics."""
        return

    def pieces(
        self,
        columns: Sequence[str],
        schema: Schema,  # noqa: ARG002 - as above
        within: tuple[int, int] | None,  # noqa: ARG002 - as above
    ) -> Iterator[Piece | Unread]:
        """Give the rows, a record batch or a part of one at a time."""
        opened = self._open(columns)
        if not hasattr(opened, "get_batch"):
            yield from (part for batch in opened for part in _parts(batch))
            return
        for i in range(opened.num_record_batches):
            try:
                yield from _parts(opened.get_batch(i))
            except READ_ERRORS as error:
                yield Unread(f"record batch {i} of {{file}}", str(error))


def _parts(batch: Any) -> Iterator[Piece]:
    for start in range(0, batch.num_rows, BATCH_ROWS):
        yield Piece(pa.Table.from_batches([batch.slice(start, BATCH_ROWS)]))
