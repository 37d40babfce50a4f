"""Errors of PostgreSQL and of the way to it, as `StoreError` with what, where and a remedy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from modelvane.errors import StoreError
from modelvane.store.protocol import LogDownError

# by SQLSTATE, or by its class of two characters
_REMEDIES = {
    "53100": (
        "The disk of PostgreSQL is full",
        "Free disk space there or lower the retention; earlier rows are safe",
    ),
    "53200": ("PostgreSQL is out of memory", "Give the server more memory, or send fewer rows at once"),
    "25006": (
        "PostgreSQL takes no writes: it is a standby, or set to read only",
        "Give the URL of the primary (target_session_attrs=read-write finds it among several hosts)",
    ),
    "42501": (
        "PostgreSQL does not allow this",
        "GRANT the user of the URL USAGE and CREATE on the schema, and its own tables",
    ),
    "42P01": ("A table of the log is gone", "Restore it; a log cannot be opened without its tables"),
    "3D000": ("There is no such database", "CREATE DATABASE, or name another one in the URL"),
    "55P03": (
        "Another session holds a lock on a table of the log",
        "End its transaction (see pg_stat_activity), then try again",
    ),
    "28": (
        "PostgreSQL refuses the user or its password",
        "Check the URL, ~/.pgpass and the server's pg_hba.conf",
    ),
    "XX": (
        "PostgreSQL found damage or a fault of its own",
        "See the server's log; restore a backup if it says so",
    ),
}
_IN_A_MOMENT = "It is tried again; nothing that was acknowledged is lost"
_DOWN = {
    "57014": "PostgreSQL does not answer in time",
    "57P01": "PostgreSQL was shut down",
    "57P02": "PostgreSQL crashed",
    "57P03": "PostgreSQL is starting or stopping",
    "53300": "PostgreSQL has no connection left",
    "08": "The connection to PostgreSQL is lost",
}
# the server gives no SQLSTATE to who cannot connect
_REFUSALS = {
    "the database system is": "57P03",
    "authentication failed": "28",
    "no password supplied": "28",
    "no pg_hba.conf entry": "28",
    'role "': "28",
    "permission denied for database": "42501",
    'database "': "3D000",
    "too many": "53300",
    "remaining connection slots": "53300",
}


def _known(table: dict[str, tuple[str, str]] | dict[str, str], state: str) -> tuple[str, str] | str | None:
    return table.get(state) or table.get(state[:2])


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn errors of psycopg into `StoreError` with a remedy; those that may pass into `LogDownError`."""
    try:
        yield
    except psycopg.Error as error:
        raise store_error(error, where) from error


def store_error(error: psycopg.Error, where: str) -> StoreError:
    """Give the error that says what to do about this one."""
    state = error.sqlstate or _state_of_refusal(error)
    said = error.diag.message_primary or " ".join(str(error).split())
    if isinstance(found := _known(_REMEDIES, state), tuple):
        return StoreError(f"{found[0]}: {where}", received=said, remedy=found[1])
    if isinstance(found := _known(_DOWN, state), str):
        return LogDownError(f"{found}: {where}", received=said, remedy=_IN_A_MOMENT)
    if not state:
        return LogDownError(f"PostgreSQL cannot be reached: {where}", received=said, remedy=_IN_A_MOMENT)
    return StoreError(f"PostgreSQL failed with {state}: {where}", received=said)


def _state_of_refusal(error: psycopg.Error) -> str:
    if not isinstance(error, psycopg.OperationalError):
        # the connection was found closed before anything was asked
        return "08" if isinstance(error, psycopg.InterfaceError) else "unknown"
    _, mark, said = str(error).partition("FATAL:")
    return next((state for words, state in _REFUSALS.items() if mark and words in said), "")
