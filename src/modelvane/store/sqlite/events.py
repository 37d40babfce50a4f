"""Events in the embedded log: a row each, so that SQL can list them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence

from modelvane.events import LASTING, Event, Kind
from modelvane.store.events import written

TABLES = """
CREATE TABLE IF NOT EXISTS modelvane_events (
    event INTEGER PRIMARY KEY, dataset TEXT, at REAL NOT NULL, kind TEXT NOT NULL, what TEXT NOT NULL,
    details TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS modelvane_events_at ON modelvane_events (dataset, at);
"""


def keep_events(connection: sqlite3.Connection, events: Sequence[Event]) -> None:
    """Keep events in their order."""
    connection.executemany(
        "INSERT INTO modelvane_events (dataset, at, kind, what, details) VALUES (?, ?, ?, ?, ?)",
        map(written, events),
    )


def read_events(
    connection: sqlite3.Connection,
    dataset: str | None,
    kinds: Collection[Kind],
    since: float | None,
    limit: int | None,
) -> list[Event]:
    """Give events, the oldest first; with a limit, the newest ones."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'modelvane_events'").fetchone():
        # a log from before there were any, opened for reading
        return []
    among = f" AND kind IN ({', '.join('?' * len(kinds))})" if kinds else ""
    found = connection.execute(
        "SELECT kind, at, dataset, what, details FROM modelvane_events"  # noqa: S608 - marks alone
        f" WHERE dataset IS coalesce(?, dataset) AND at >= coalesce(?, -9e999){among}"
        " ORDER BY event DESC LIMIT coalesce(?, -1)",
        (dataset, since, *kinds, limit),
    ).fetchall()
    return [
        Event(Kind(kind), at, name, what, json.loads(details))
        for kind, at, name, what, details in reversed(found)
    ]


def remove_events(connection: sqlite3.Connection, moment: float) -> None:
    """Remove the events before a moment, but for the references that were taken."""
    marks = ", ".join("?" * len(LASTING))
    connection.execute(
        f"DELETE FROM modelvane_events WHERE at < ? AND kind NOT IN ({marks})",  # noqa: S608 - marks alone
        (moment, *LASTING),
    )
