"""The log of predictions, labels, findings and snapshots behind one protocol, chosen by URL."""

from __future__ import annotations

import tempfile
from pathlib import Path

from modelvane.errors import ConfigError
from modelvane.locations import without_password
from modelvane.store.protocol import Log, LogDownError, QueueFullError
from modelvane.store.results import Appended, LabelOutcome, LabelResult, Labels, Removed, Rows, Snapshot
from modelvane.store.sqlite import SqliteLog
from modelvane.store.writer import GroupCommit

__all__ = [
    "Appended",
    "GroupCommit",
    "LabelOutcome",
    "LabelResult",
    "Labels",
    "Log",
    "LogDownError",
    "QueueFullError",
    "Removed",
    "Rows",
    "Snapshot",
    "SqliteLog",
    "open_log",
]

_URLS = (
    "sqlite:///relative/path.db",
    "sqlite:////absolute/path.db",
    "sqlite:// (temporary)",
    "postgresql://user:password@host:port/database",
    "mongodb://user:password@host:port/database",
)
_DURABILITIES = ("normal", "full")


def open_log(url: str, *, durability: str = "normal", read_only: bool = False) -> Log:
    """Open the log at a URL.

    Parameters
    ----------
    url
        ``sqlite:///relative/path.db``, ``sqlite:////absolute/path.db``, or ``sqlite://`` for a file that goes
        with the log; ``postgresql://user:password@host:port/database``; or
        ``mongodb://user:password@host:port/database``.
    durability
        ``"normal"`` (a commit survives the death of the process) or ``"full"`` (a power cut as well).
    read_only
        Read while another process writes.

    Raises
    ------
    ConfigError
        For another kind of URL or durability.
    StoreError
        When the log cannot be opened.

    Examples
    --------
    >>> with open_log("sqlite://") as log:
    ...     log.path.name
    'log.db'
    """
    if durability not in _DURABILITIES:
        raise ConfigError("Unknown durability", received=durability, available=_DURABILITIES)
    scheme, mark, path = url.partition("://")
    if mark and scheme in ("postgresql", "postgres"):
        return _open_postgresql(url, durability=durability, read_only=read_only)
    if mark and scheme in ("mongodb", "mongodb+srv"):
        return _open_mongodb(url, read_only=read_only)
    if scheme != "sqlite" or not mark or (path and not path.removeprefix("/")) or path[:1] not in ("", "/"):
        raise ConfigError("There is no store for this URL", received=without_password(url), available=_URLS)
    if not path:
        return TemporaryLog(durability=durability)
    return SqliteLog(Path(path.removeprefix("/")), durability=durability, read_only=read_only)


def _open_postgresql(url: str, *, durability: str, read_only: bool) -> Log:
    try:
        import psycopg  # noqa: F401, PLC0415 - an extra
    except ImportError as error:
        raise ConfigError(
            "A log in PostgreSQL needs psycopg",
            received=str(error),
            remedy="pip install 'modelvane[postgres]'",
        ) from error
    from modelvane.store.postgresql import PostgresqlLog  # noqa: PLC0415 - needs psycopg

    return PostgresqlLog(url, durability=durability, read_only=read_only)


def _open_mongodb(url: str, *, read_only: bool) -> Log:
    try:
        import pymongo  # noqa: F401, PLC0415 - an extra
    except ImportError as error:
        raise ConfigError(
            "A log in MongoDB needs pymongo",
            received=str(error),
            remedy="pip install 'modelvane[mongodb]'",
        ) from error
    from modelvane.store.mongodb import MongoLog  # noqa: PLC0415 - needs pymongo

    return MongoLog(url, read_only=read_only)


class TemporaryLog(SqliteLog):
    """A log whose file is removed when it closes: for tests and trials."""

    def __init__(self, *, durability: str = "normal") -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="modelvane-")
        super().__init__(Path(self._folder.name) / "log.db", durability=durability)

    def close(self) -> None:
        """Close the log and remove its file."""
        super().close()
        self._folder.cleanup()
