"""Where a dataset lives in the database: its tables, its typed columns, and the SQL that is built from their names."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from modelvane.errors import StoreError
from modelvane.schema import Schema
from modelvane.store.postgresql.session import Session
from modelvane.store.postgresql.values import BY_SQL, JSON, TEXT, ColumnType, type_of
from modelvane.store.schemas import from_json, joined, to_json
from modelvane.store.values import is_unicode

VERSION = 1
"""Version of the log's own tables."""

OWN_COLUMNS = ("seq", "id", "event_time", "received", "extra")
_RESERVED = frozenset({*OWN_COLUMNS, "tableoid", "xmin", "cmin", "xmax", "cmax", "ctid", "oid"})

_MAX_NAME = 63
_MAX_COLUMNS = 1_580
_MAX_WIDTH = 7_600
"""Bytes of a row's columns: a page has 8192, and PostgreSQL splits no row. Columns beyond go to ``extra``."""

_FIXED_BYTES, _TEXT_BYTES = 8, 24
"""Of one value in the row: padded, or the pointer to a text that was moved out of it."""

CATALOGUE = """
CREATE TABLE modelvane_log (version integer NOT NULL);
INSERT INTO modelvane_log VALUES (1);
CREATE TABLE modelvane_datasets (
    number serial, name text PRIMARY KEY, predictions text NOT NULL UNIQUE, labels text NOT NULL UNIQUE,
    target_type text NOT NULL, last_seq bigint NOT NULL DEFAULT 0, last_label bigint NOT NULL DEFAULT 0, schema json);
CREATE TABLE modelvane_columns (
    dataset text NOT NULL, place integer NOT NULL, name text NOT NULL, stored_as text NOT NULL, type text NOT NULL,
    PRIMARY KEY (dataset, name));
CREATE TABLE modelvane_snapshots (
    dataset text PRIMARY KEY, seq bigint NOT NULL, label_seq bigint NOT NULL, state bytea NOT NULL);
"""

FIXED = (
    pa.field("seq", pa.int64()),
    pa.field("id", pa.string()),
    pa.field("event_time", pa.timestamp("us", "UTC")),
    pa.field("received", pa.float64()),
    pa.field("extra", pa.string()),
    pa.field("label_seq", pa.int64()),
    pa.field("label_time", pa.timestamp("us", "UTC")),
    pa.field("label_received", pa.float64()),
    pa.field("target_extra", pa.string()),
)
"""Columns of `Layout.select` before a label's target and the user's own."""

_SELECT_FIXED = (
    "p.seq, p.id, p.event_time, p.received, p.extra, l.seq AS label_seq, l.time AS label_time,"
    " l.received AS label_received, l.target_extra"
)


def quoted(name: str) -> str:
    """Give a name as SQL with parameters, whatever is in it.

    >>> print(quoted('100 % of "b" now'))
    "100 %% of ""b"" now"
    """
    return '"' + name.replace('"', '""').replace("%", "%%") + '"'


def escaped(name: str) -> str:
    """Give a text without NUL, which PostgreSQL does not keep, from which `unescaped` has it again."""
    return name.replace("\\", "\\\\").replace("\0", "\\0")


def unescaped(text: str) -> str:
    """Give back what `escaped` was given."""
    return "\\".join(part.replace("\\0", "\0") for part in text.split("\\\\"))


def unique_name(wanted: str, taken: Collection[str]) -> str:
    """Give a name of at most 63 bytes that is not ``taken``.

    >>> unique_name("a", {"a"}), len(unique_name("é" * 100, ()).encode())
    ('a_2', 62)
    """
    base = wanted.encode("utf-8", "replace").decode().replace("\0", "?") or "unnamed"
    name, number = _cut(base, _MAX_NAME), 1
    while name in taken:
        number += 1
        name = _cut(base, _MAX_NAME - len(f"_{number}")) + f"_{number}"
    return name


def _cut(name: str, size: int) -> str:
    return name.encode()[:size].decode("utf-8", "ignore")


@dataclass(frozen=True, slots=True)
class StoredColumn:
    """A user's column, the name under which the table holds it, and its type there."""

    name: str
    stored_as: str
    type: ColumnType


@dataclass(frozen=True)
class Layout:
    """The tables of one dataset, their names quoted.

    ``columns`` are all that were ever in its schema, but for the id and the time: those have columns of their own.
    A column keeps the type with which it began.
    """

    dataset: str
    predictions: str
    labels: str
    target_type: ColumnType
    columns: tuple[StoredColumn, ...]
    id_name: str
    time_name: str | None
    target_name: str

    @cached_property
    def known(self) -> frozenset[str]:
        """Names of a table that are not ``extra``."""
        return frozenset({column.name for column in self.columns} | {self.id_name, self.time_name or ""})

    @cached_property
    def stored_names(self) -> list[str]:
        """Quoted names of all columns of the predictions, in order."""
        return [*OWN_COLUMNS, *(quoted(column.stored_as) for column in self.columns)]

    @cached_property
    def select(self) -> str:
        """All columns of joined rows: what ``reading.rows_of`` takes apart; ``FROM`` is not in it."""
        own = [f"p.{quoted(column.stored_as)}" for column in self.columns]
        return f"SELECT {', '.join([_SELECT_FIXED, 'l.target', *own])}"

    @cached_property
    def found(self) -> pa.Schema:
        """The columns of `select`, which have the names that they have in Python by their place."""
        own = [pa.field(f"c{place}", column.type.arrow) for place, column in enumerate(self.columns)]
        return pa.schema([*FIXED, pa.field("target", self.target_type.arrow), *own])


def read_schemas(session: Session) -> dict[str, Schema]:
    """Give the schema of every dataset, in the order in which they were made."""
    found = session.execute(
        "SELECT name, schema::text FROM modelvane_datasets WHERE schema IS NOT NULL ORDER BY number"
    )
    return {unescaped(name): from_json(text) for name, text in found}


def keep_schema(session: Session, dataset: str, schema: Schema) -> None:
    """Remember what a dataset was opened with."""
    before = session.execute(
        "SELECT schema::text FROM modelvane_datasets WHERE name = %s", (escaped(dataset),)
    ).fetchone()
    earlier = before[0] if before is not None else None
    kept = to_json(joined(schema, from_json(earlier) if earlier else None))
    if kept != earlier:
        session.execute("UPDATE modelvane_datasets SET schema = %s WHERE name = %s", (kept, escaped(dataset)))


def open_layout(session: Session, dataset: str, schema: Schema, *, add: bool = True) -> Layout:
    """Read a dataset's layout; ``add`` its tables and columns where they are missing."""
    if not dataset or not is_unicode(dataset):
        raise StoreError("A dataset needs a name that can be written as UTF-8", received=dataset)
    own = {schema.id.name if schema.id else None, schema.time.name if schema.time else None}
    wanted = {column.name: type_of(column.dtype) for column in schema if column.name not in own}
    target = schema.target.name if schema.target else "target"
    wanted.setdefault(target, JSON)
    predictions, labels, target_type = _tables(session, dataset, wanted[target])
    there = {
        (plain := unescaped(name)): StoredColumn(plain, stored_as, BY_SQL[sql])
        for name, stored_as, sql in session.execute(
            "SELECT name, stored_as, type FROM modelvane_columns WHERE dataset = %s ORDER BY place",
            (escaped(dataset),),
        )
    }
    if add:
        _add_columns(session, dataset, predictions, there, wanted)
    return Layout(
        dataset,
        predictions,
        labels,
        target_type,
        columns=tuple(column for name, column in there.items() if name not in own),
        id_name=schema.id.name if schema.id else ("" if "id" in schema else "id"),
        time_name=schema.time.name if schema.time else None,
        target_name=target,
    )


def _add_columns(
    session: Session,
    dataset: str,
    predictions: str,
    there: dict[str, StoredColumn],
    wanted: dict[str, ColumnType],
) -> None:
    """Add the columns that are not there, as long as a row of them fits a page."""
    taken = _RESERVED | {column.stored_as for column in there.values()}
    width = sum(_width(column.type) for column in there.values())
    added: list[StoredColumn] = []
    for name, type_ in wanted.items():
        if name in there or not is_unicode(name):
            continue
        width += _width(type_)
        if width > _MAX_WIDTH or len(there) >= _MAX_COLUMNS:
            break
        column = StoredColumn(name, unique_name(name, taken), type_)
        taken |= {column.stored_as}
        there[name] = column
        added.append(column)
    if added:
        columns = ", ".join(f"ADD COLUMN {quoted(column.stored_as)} {column.type.sql}" for column in added)
        session.execute(f"ALTER TABLE {predictions} {columns}")
        first = len(there) - len(added)
        session.execute(
            "INSERT INTO modelvane_columns SELECT %s, * FROM unnest(%s::integer[], %s::text[], %s::text[], %s::text[])",
            (
                escaped(dataset),
                list(range(first, len(there))),
                [escaped(column.name) for column in added],
                [column.stored_as for column in added],
                [column.type.sql for column in added],
            ),
        )


def _width(type_: ColumnType) -> int:
    return _TEXT_BYTES if type_ in (TEXT, JSON) else _FIXED_BYTES


def _tables(session: Session, dataset: str, target_type: ColumnType) -> tuple[str, str, ColumnType]:
    found = session.execute(
        "SELECT predictions, labels, target_type FROM modelvane_datasets WHERE name = %s", (escaped(dataset),)
    ).fetchone()
    if found:
        return quoted(found[0]), quoted(found[1]), BY_SQL[found[2]]
    taken = {
        name
        for (name,) in session.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = current_schema()"
        )
    }
    predictions = unique_name(f"predictions_{dataset}", taken)
    labels = unique_name(f"labels_{dataset}", taken | {predictions})
    session.execute(
        f"CREATE TABLE {quoted(predictions)} (seq bigint PRIMARY KEY, id text NOT NULL UNIQUE,"
        " event_time timestamptz NOT NULL, received double precision NOT NULL, extra json)"
    )
    session.execute(f"CREATE INDEX ON {quoted(predictions)} (event_time, seq)")
    session.execute(
        f"CREATE TABLE {quoted(labels)} (seq bigint PRIMARY KEY, id text NOT NULL UNIQUE, target {target_type.sql},"
        " target_extra json, time timestamptz, received double precision NOT NULL, changed double precision,"
        " waiting boolean NOT NULL)"
    )
    session.execute(f"CREATE INDEX ON {quoted(labels)} (id) WHERE waiting")
    session.execute(
        "INSERT INTO modelvane_datasets (name, predictions, labels, target_type) VALUES (%s, %s, %s, %s)",
        (escaped(dataset), predictions, labels, target_type.sql),
    )
    return quoted(predictions), quoted(labels), target_type
