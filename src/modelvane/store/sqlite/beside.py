"""Findings into a log that another process writes: a nightly run beside the live service."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from modelvane.findings import Findings
from modelvane.store.sqlite.connections import translated
from modelvane.store.sqlite.rounds import TABLES, add_later_columns, keep_findings

# a service that takes rows in holds the lock for milliseconds at a time
_BUSY_SECONDS = 30.0


def append_findings_beside(path: Path, findings: Findings) -> None:
    """Keep a round, whether or not another process has the log open.

    Rounds are numbered by SQLite itself, unlike rows and labels, whose numbers their one writer keeps in mind.

    Raises
    ------
    StoreError
        When the file is none of SQLite's, cannot be written, or stays locked.
    """
    with (
        translated(path),
        closing(
            sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=_BUSY_SECONDS, isolation_level=None
            )
        ) as connection,
    ):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in TABLES.split(";"):
                connection.execute(statement)
            add_later_columns(connection)
            keep_findings(connection, findings)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
