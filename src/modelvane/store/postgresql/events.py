"""Events in the log: a row each, so that SQL can list them."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

from modelvane.events import LASTING, Event, Kind
from modelvane.store.events import written
from modelvane.store.postgresql.layout import escaped, unescaped
from modelvane.store.postgresql.session import Session

TABLES = """
CREATE TABLE IF NOT EXISTS modelvane_events (
    event bigserial PRIMARY KEY, dataset text, at double precision NOT NULL, kind text NOT NULL, what text NOT NULL,
    details text NOT NULL);
CREATE INDEX IF NOT EXISTS modelvane_events_at ON modelvane_events (dataset, at);
"""


def has_events(session: Session) -> bool:
    """Say whether the schema has the table of events, which logs from before there were any lack."""
    found = session.execute(
        "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = current_schema() AND c.relname = 'modelvane_events'"
    )
    return found.fetchone() is not None


def keep_events(session: Session, events: Sequence[Event]) -> None:
    """Keep events in their order."""
    for event in events:
        dataset, at, kind, what, details = written(event)
        session.execute(
            "INSERT INTO modelvane_events (dataset, at, kind, what, details) VALUES (%s, %s, %s, %s, %s)",
            (None if dataset is None else escaped(dataset), at, kind, escaped(what), details),
        )


def read_events(
    session: Session, dataset: str | None, kinds: Collection[Kind], since: float | None, limit: int | None
) -> list[Event]:
    """Give events, the oldest first; with a limit, the newest ones."""
    if not has_events(session):
        return []
    found = session.execute(
        "SELECT kind, at, dataset, what, details FROM modelvane_events"
        " WHERE (%s::text IS NULL OR dataset = %s) AND at >= coalesce(%s::float8, '-infinity')"
        " AND (%s OR kind = ANY(%s)) ORDER BY event DESC LIMIT %s",
        (
            *[None if dataset is None else escaped(dataset)] * 2,
            since,
            not kinds,
            [str(kind) for kind in kinds],
            limit,
        ),
    ).fetchall()
    return [
        Event(Kind(kind), at, None if name is None else unescaped(name), unescaped(what), json.loads(details))
        for kind, at, name, what, details in reversed(found)
    ]


def remove_events(session: Session, moment: float) -> None:
    """Remove the events before a moment, but for the references that were taken."""
    session.execute(
        "DELETE FROM modelvane_events WHERE at < %s AND kind <> ALL(%s)", (moment, list(map(str, LASTING)))
    )
