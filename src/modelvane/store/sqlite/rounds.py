"""Findings in the log: one row per round, one per finding, so that SQL can chart them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

from modelvane.findings import Family, Finding, Findings, Verdict
from modelvane.store.rounds import rounds_of
from modelvane.store.sqlite.layout import quoted

_NAMES = list(Finding.__struct_fields__)
_TYPES = {"int": "INTEGER", "float | None": "REAL"}
_COLUMNS = ", ".join(quoted(name) for name in _NAMES)

TABLES = f"""
CREATE TABLE IF NOT EXISTS modelvane_rounds (
    round INTEGER PRIMARY KEY, dataset TEXT NOT NULL, computed_at REAL NOT NULL, verdict TEXT NOT NULL,
    rows INTEGER NOT NULL, labelled INTEGER NOT NULL, since REAL, until REAL);
CREATE INDEX IF NOT EXISTS modelvane_rounds_at ON modelvane_rounds (dataset, computed_at);
CREATE TABLE IF NOT EXISTS modelvane_findings (
    round INTEGER NOT NULL, place INTEGER NOT NULL,
    {", ".join(f"{quoted(name)} {_TYPES.get(kind, 'TEXT')}" for name, kind in Finding.__annotations__.items())},
    PRIMARY KEY (round, place)) WITHOUT ROWID;
"""


# what files of earlier versions lack
_LATER = {"modelvane_rounds": ("since REAL", "until REAL"), "modelvane_findings": ("change TEXT DEFAULT ''",)}


def add_later_columns(connection: sqlite3.Connection) -> None:
    """Add the columns that a file of an earlier version lacks."""
    for table, column in _lacking(connection):
        connection.execute(f"ALTER TABLE {table} ADD COLUMN {column}")


def _lacking(connection: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """Give the tables of a file of an earlier version, each with a column that it lacks."""
    for table, columns in _LATER.items():
        there = {name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")}
        yield from ((table, column) for column in columns if _name(column) not in there)


def _name(column: str) -> str:
    return column.split(maxsplit=1)[0]


def keep_findings(connection: sqlite3.Connection, findings: Findings) -> None:
    """Keep a round in place of one computed at the same time, or of the same period."""
    since, until = findings.period or (None, None)
    if findings.period is None:
        where = "dataset = ? AND computed_at = ? AND until IS NULL"
        remove_rounds(connection, where, (findings.dataset, findings.computed_at))
    else:
        remove_rounds(connection, "dataset = ? AND since = ? AND until = ?", (findings.dataset, since, until))
    number = connection.execute(
        "INSERT INTO modelvane_rounds (dataset, computed_at, verdict, rows, labelled, since, until)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            findings.dataset,
            findings.computed_at,
            findings.verdict,
            findings.rows,
            findings.labelled,
            since,
            until,
        ),
    ).lastrowid
    places = ", ".join("?" * (len(_NAMES) + 2))
    connection.executemany(
        f"INSERT INTO modelvane_findings (round, place, {_COLUMNS}) VALUES ({places})",  # noqa: S608 - own names
        (
            (number, place, *(getattr(finding, name) for name in _NAMES))
            for place, finding in enumerate(findings)
        ),
    )


def read_rounds(
    connection: sqlite3.Connection,
    dataset: str,
    since: float | None,
    until: float | None,
    limit: int | None,
    *,
    batches: bool,
) -> list[Findings]:
    """Give rounds of live windows or of batches, the oldest first; with a limit, the newest ones."""
    # a file that is open for reading stays as it is, and a quoted name that it lacks would be a text to SQLite
    lacking = {_name(column) for _, column in _lacking(connection)}
    if "until" in lacking and batches:
        return []
    period = ", ".join("NULL" if name in lacking else name for name in ("since", "until"))
    at, kind = ("until", "until IS NOT NULL") if batches else ("computed_at", "until IS NULL")
    kind = "TRUE" if "until" in lacking else kind
    rounds = connection.execute(
        f"SELECT round, computed_at, rows, labelled, {period} FROM modelvane_rounds"  # noqa: S608 - own names
        f" WHERE dataset = ? AND {kind} AND {at} >= coalesce(?, -9e999) AND {at} < coalesce(?, 9e999)"
        f" ORDER BY {at} DESC LIMIT coalesce(?, -1)",
        (dataset, since, until, limit),
    ).fetchall()
    if not rounds:
        return []
    numbers = ", ".join(str(number) for number, *_ in rounds)
    columns = ", ".join("''" if name in lacking else quoted(name) for name in _NAMES)
    found = connection.execute(
        f"SELECT round, {columns} FROM modelvane_findings WHERE round IN ({numbers}) ORDER BY round, place"  # noqa: S608 - quoted
    )
    return rounds_of(dataset, rounds, found, _finding)


def _finding(row: tuple[Any, ...]) -> Finding:
    values = dict(zip(_NAMES, row[1:], strict=True))
    return Finding(**values | {"family": Family(values["family"]), "verdict": Verdict(values["verdict"])})


def remove_rounds(connection: sqlite3.Connection, where: str, parameters: tuple[Any, ...]) -> int:
    """Remove the rounds that fit, with their findings, and say how many."""
    connection.execute(
        f"DELETE FROM modelvane_findings WHERE round IN (SELECT round FROM modelvane_rounds WHERE {where})",  # noqa: S608 - quoted
        parameters,
    )
    return connection.execute(f"DELETE FROM modelvane_rounds WHERE {where}", parameters).rowcount  # noqa: S608 - quoted
