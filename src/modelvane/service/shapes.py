"""Bodies of many rows, decoded straight into columns once it is known what a dataset's rows look like."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import chain
from typing import Any

import msgspec
from msgspec.structs import astuple

from modelvane.table import Table

# where a row is seldom like the last ones, trying costs more than it saves: after each failure twice as many bodies
# pass before the next try, at most this many
_LONGEST_PAUSE = 1024
# rows of a body for which columns are worth their while: fewer stay rows until they are cast with others
_MANY_ROWS = 256


class Shape:
    """Rows that have the same names, each a number, a text or null.

    Objects whose names are known are decoded twice as quickly as those that may have any, and are checked on the way.

    Parameters
    ----------
    names
        Of every row.
    row_bytes
        What a row took in the body that was seen.
    """

    def __init__(self, names: Sequence[str], row_bytes: float) -> None:
        self.names = tuple(names)
        self.row_bytes = row_bytes
        fields = {f"field{number}": name for number, name in enumerate(names)}
        # not `from __future__`: the decoder reads the type itself
        kind = int | float | str | None
        row: Any = msgspec.defstruct(
            "Row", [(field, kind) for field in fields], rename=fields, forbid_unknown_fields=True, gc=False
        )
        self._rows: msgspec.json.Decoder[list[Any]] = msgspec.json.Decoder(list[row])
        self._lines: msgspec.json.Decoder[Any] = msgspec.json.Decoder(row)

    def table(self, body: bytes, *, lines: bool) -> Table | None:
        """Decode a body, one object per line or all in a list; ``None`` if its rows are not of this shape."""
        try:
            rows = self._lines.decode_lines(body) if lines else self._rows.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        if not rows:
            # which has no columns either
            return None
        width = len(self.names)
        values: list[Any] = list(chain.from_iterable(map(astuple, rows)))
        columns = {name: values[place::width] for place, name in enumerate(self.names)}
        return Table(columns, len(rows), is_plain=True)


class Shapes:
    """What the rows of one dataset looked like last."""

    def __init__(self) -> None:
        self._shape: Shape | None = None
        self._pause = 1
        self._pausing = 0

    def table(self, body: bytes, *, lines: bool) -> Table | None:
        """Decode a body of many rows like the last; ``None`` where it has few, or others."""
        shape = self._shape
        if shape is None or len(body) < _MANY_ROWS * shape.row_bytes:
            return None
        table = shape.table(body, lines=lines)
        if table is None:
            self._shape, self._pausing = None, self._pause
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        else:
            self._pause = 1
        return table

    def learn(self, table: Table, body: bytes) -> None:
        """Take the shape of a body that was decoded the other way."""
        records = table.records
        if self._shape is not None or records is None or table.rows < _MANY_ROWS:
            return
        if self._pausing:
            self._pausing -= 1
        elif records[0]:
            # names that JSON writes with escapes are not for this
            with suppress(ValueError):
                self._shape = Shape(list(records[0]), len(body) / table.rows)
