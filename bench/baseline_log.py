"""What ingest of whole bodies is held against: the same decode, then one plain executemany per body."""

from __future__ import annotations

import sqlite3
import time
from itertools import chain
from pathlib import Path
from typing import Any, Self

import msgspec
import pyarrow as pa
from msgspec.structs import astuple


class PlainLog:
    """A table with the same columns and indexes as the log's, written with the standard library alone."""

    def __init__(self, path: Path, columns: list[str]) -> None:
        self._columns = columns
        # what the service learns from a body, this is told
        fields = {f"field{number}": name for number, name in enumerate(columns)}
        row: Any = msgspec.defstruct(
            "Row", [(field, int | float | str | None) for field in fields], rename=fields, gc=False
        )
        self._array = msgspec.json.Decoder(list[row])
        self._lines = msgspec.json.Decoder(row)
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        names = ", ".join(f'"{name}"' for name in columns)
        self._connection.execute(
            f"CREATE TABLE log (seq INTEGER PRIMARY KEY, id UNIQUE, event_time INTEGER, received REAL, {names})"
        )
        self._connection.execute("CREATE INDEX by_time ON log (event_time)")
        places = ", ".join("?" * (len(columns) + 3))
        self._insert = f"INSERT OR IGNORE INTO log (id, event_time, received, {names}) VALUES ({places})"
        self._rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def append(self, kind: str, content: bytes) -> None:
        """Decode a body and keep its rows in one transaction."""
        now = time.time()
        if kind.endswith("json"):
            is_array = kind == "application/json"
            rows = self._array.decode(content) if is_array else self._lines.decode_lines(content)
            values = list(chain.from_iterable(map(astuple, rows)))
            columns = [values[place :: len(self._columns)] for place in range(len(self._columns))]
        else:
            with pa.ipc.open_stream(content) as reader:
                table = reader.read_all()
            columns = [table[name].to_pylist() for name in self._columns]
        count = len(columns[0])
        ids = [f"{self._rows + i:012x}" for i in range(count)]
        moments = [int(now * 1e6)] * count
        self._rows += count
        self._connection.execute("BEGIN")
        self._connection.executemany(self._insert, zip(ids, moments, [now] * count, *columns, strict=True))
        self._connection.execute("COMMIT")
