"""Where a dataset lives in the file: its tables, its columns, and the SQL that is built from their names."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property, lru_cache

from modelvane.errors import StoreError
from modelvane.schema import Schema
from modelvane.store.schemas import from_json, joined, to_json
from modelvane.store.values import is_unicode

OWN_COLUMNS = ("seq", "id", "event_time", "received", "extra")
_RESERVED = frozenset({*OWN_COLUMNS, "rowid", "oid", "_rowid_"})

MAX_COLUMNS = 1_900
"""SQLite's own limit is 2000; columns beyond go to ``extra``."""

# Rows per statement. sqlite3 gives up the interpreter lock at every step, so that with `executemany` and a
# core to spare a busy event loop takes it after each row, for a switch interval (measured with idle cores:
# 300 to 500 rows/s); all rows of one statement wait once (13 000 rows/s at 100 rows each).
_BLOCKS = (256, 64, 16, 4, 1)
_MAX_PARAMETERS = 32_000

CATALOGUE = """
CREATE TABLE IF NOT EXISTS modelvane_datasets (
    name TEXT PRIMARY KEY, predictions TEXT NOT NULL UNIQUE, labels TEXT NOT NULL UNIQUE,
    last_seq INTEGER NOT NULL DEFAULT 0, last_label INTEGER NOT NULL DEFAULT 0, schema TEXT);
CREATE TABLE IF NOT EXISTS modelvane_columns (
    dataset TEXT NOT NULL, name TEXT NOT NULL, stored_as TEXT NOT NULL, dtype TEXT NOT NULL,
    PRIMARY KEY (dataset, name));
CREATE TABLE IF NOT EXISTS modelvane_snapshots (
    dataset TEXT PRIMARY KEY, seq INTEGER NOT NULL, label_seq INTEGER NOT NULL, state BLOB NOT NULL);
"""


def add_schemas(connection: sqlite3.Connection) -> None:
    """Add what keeps the schemas of datasets to a file from before they were kept."""
    if not _has_schemas(connection):
        connection.execute("ALTER TABLE modelvane_datasets ADD COLUMN schema TEXT")


def _has_schemas(connection: sqlite3.Connection) -> bool:
    return "schema" in {name for _, name, *_ in connection.execute("PRAGMA table_info(modelvane_datasets)")}


def read_schemas(connection: sqlite3.Connection) -> dict[str, Schema]:
    """Give the schema of every dataset; none of those that were last opened before schemas were kept."""
    if not _has_schemas(connection):
        return {}
    return {
        name: from_json(text)
        for name, text in connection.execute("SELECT name, schema FROM modelvane_datasets ORDER BY rowid")
        if text is not None
    }


def keep_schema(connection: sqlite3.Connection, dataset: str, schema: Schema) -> None:
    """Remember what a dataset was opened with."""
    [before] = connection.execute(
        "SELECT schema FROM modelvane_datasets WHERE name = ?", (dataset,)
    ).fetchone()
    kept = to_json(joined(schema, from_json(before) if before else None))
    if kept != before:
        connection.execute("UPDATE modelvane_datasets SET schema = ? WHERE name = ?", (kept, dataset))


def quoted(name: str) -> str:
    """Give a name as SQL, whatever is in it.

    >>> quoted('a "b" c')
    '"a ""b"" c"'
    """
    return '"' + name.replace('"', '""') + '"'


def unique_name(wanted: str, taken: Collection[str]) -> str:
    """Give a name that SQLite can keep and that is not ``taken`` (in lower case, as SQLite compares)."""
    base = wanted.encode("utf-8", "replace").decode().replace("\0", "?") or "unnamed"
    name, number = base, 1
    while name.lower() in taken:
        number += 1
        name = f"{base}_{number}"
    return name


@dataclass(frozen=True, slots=True)
class StoredColumn:
    """A user's column and the name under which the table holds it."""

    name: str
    stored_as: str
    dtype: str

    @property
    def boolean(self) -> bool:
        """Whether 1 means True here."""
        return self.dtype == "bool"


@dataclass(frozen=True)
class Layout:
    """The tables of one dataset.

    ``columns`` are all that were ever in its schema, but for the id and the time: those have columns of their
    own.
    """

    dataset: str
    predictions: str
    labels: str
    columns: tuple[StoredColumn, ...]
    id_name: str
    time_name: str | None
    target_name: str

    @cached_property
    def known(self) -> frozenset[str]:
        """Names of a table that are not ``extra``."""
        return frozenset({column.name for column in self.columns} | {self.id_name, self.time_name or ""})

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def has_boolean(self) -> bool:
        """Whether any column is boolean."""
        return any(column.boolean for column in self.columns)

    @cached_property
    def width(self) -> int:
        """Values per row."""
        return len(OWN_COLUMNS) + len(self.columns)

    @cached_property
    def blocks(self) -> tuple[int, ...]:
        """Rows per statement, the largest first."""
        most = _MAX_PARAMETERS // self.width
        return tuple(block for block in _BLOCKS if block <= most)

    @cached_property
    def _insert(self) -> str:
        names = [*OWN_COLUMNS, *(quoted(column.stored_as) for column in self.columns)]
        return f"INSERT OR IGNORE INTO {self.predictions} ({', '.join(names)}) VALUES "  # noqa: S608 - quoted

    @cached_property
    def _values(self) -> str:
        return "(" + ", ".join("?" * self.width) + ")"

    @cached_property
    def select(self) -> str:
        """All columns of joined rows: what ``reading.rows_of`` takes apart."""
        names = [f"p.{name}" for name in OWN_COLUMNS]
        names += ["l.target", "coalesce(l.time / 1e6, l.received)", "l.received"]
        names += [f"p.{quoted(column.stored_as)}" for column in self.columns]
        return f"SELECT {', '.join(names)} FROM {self.predictions} p LEFT JOIN {self.labels} l ON l.id = p.id"  # noqa: S608 - quoted

    def insert(self, rows: int) -> str:
        """Give the statement that inserts so many rows and skips ids that are there."""
        return _statement(self._insert, self._values, rows)


@lru_cache(maxsize=256)
def _statement(insert: str, values: str, rows: int) -> str:
    return insert + ", ".join([values] * rows)


def open_layout(connection: sqlite3.Connection, dataset: str, schema: Schema, *, add: bool = True) -> Layout:
    """Read a dataset's layout; ``add`` its tables and columns where they are missing."""
    if not dataset or not is_unicode(dataset):
        raise StoreError("A dataset needs a name that can be written as UTF-8", received=dataset)
    tables = _tables(connection, dataset)
    own = {schema.id.name if schema.id else None, schema.time.name if schema.time else None}
    wanted = {column.name: column.dtype for column in schema if column.name not in own}
    target = schema.target.name if schema.target else "target"
    wanted.setdefault(target, "")
    there = {
        name: StoredColumn(name, stored_as, dtype)
        for name, stored_as, dtype in connection.execute(
            "SELECT name, stored_as, dtype FROM modelvane_columns WHERE dataset = ? ORDER BY rowid",
            (dataset,),
        )
    }
    taken = _RESERVED | {column.stored_as.lower() for column in there.values()}
    for name, dtype in wanted.items() if add else ():
        if name in there or not is_unicode(name) or len(there) >= MAX_COLUMNS:
            continue
        column = StoredColumn(name, unique_name(name, taken), dtype)
        # no type, hence no affinity: "12" and 3.0 stay what they were
        connection.execute(f"ALTER TABLE {tables[0]} ADD COLUMN {quoted(column.stored_as)}")
        connection.execute(
            "INSERT INTO modelvane_columns VALUES (?, ?, ?, ?)", (dataset, name, column.stored_as, dtype)
        )
        there[name] = column
        taken |= {column.stored_as.lower()}
    return Layout(
        dataset,
        *tables,
        columns=tuple(column for name, column in there.items() if name not in own),
        id_name=schema.id.name if schema.id else ("" if "id" in schema else "id"),
        time_name=schema.time.name if schema.time else None,
        target_name=target,
    )


def _tables(connection: sqlite3.Connection, dataset: str) -> tuple[str, str]:
    found = connection.execute(
        "SELECT predictions, labels FROM modelvane_datasets WHERE name = ?", (dataset,)
    ).fetchone()
    if found:
        return quoted(found[0]), quoted(found[1])
    taken = {name.lower() for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    predictions = unique_name(f"predictions_{dataset}", taken)
    labels = unique_name(f"labels_{dataset}", taken)
    connection.execute(
        f"CREATE TABLE {quoted(predictions)} (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
        " event_time INTEGER NOT NULL, received REAL NOT NULL, extra TEXT)"
    )
    connection.execute(
        f"CREATE TABLE {quoted(labels)} (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, target,"
        " time INTEGER, received REAL NOT NULL, changed REAL, waiting INTEGER NOT NULL)"
    )
    for table, what in ((predictions, "(event_time)"), (labels, "(id) WHERE waiting")):
        index = unique_name(f"{table}_{'event_time' if table == predictions else 'waiting'}", taken)
        connection.execute(f"CREATE INDEX {quoted(index)} ON {quoted(table)} {what}")
    connection.execute(
        "INSERT INTO modelvane_datasets (name, predictions, labels) VALUES (?, ?, ?)",
        (dataset, predictions, labels),
    )
    return quoted(predictions), quoted(labels)
