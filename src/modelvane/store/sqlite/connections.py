"""Connections to one SQLite file: one writer, readers beside it, and errors that say what to do."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from modelvane.errors import StoreError
from modelvane.store.sqlite.checkpoints import Checkpoints

VERSION = 1
"""Version of the file's own tables, kept in SQLite's ``user_version``."""

_WAL_LIMIT = 64 * 2**20
_PAGE_BYTES = 4096
_BUSY_SECONDS = 5.0
_REMEDIES = {
    sqlite3.SQLITE_FULL: (
        "The disk is full",
        "Free disk space or lower the retention; earlier rows are safe",
    ),
    sqlite3.SQLITE_IOERR: (
        "The disk refuses to read or write",
        "Check the disk, its quota and file size limits",
    ),
    sqlite3.SQLITE_READONLY: (
        "The log cannot be written",
        "Check the permissions of the file and its folder",
    ),
    sqlite3.SQLITE_CORRUPT: (
        "The log is damaged",
        "Move it away and restore a backup, or recover it by sqlite3 .recover",
    ),
    sqlite3.SQLITE_NOTADB: ("This is no SQLite file", "Give another path, or move the file away"),
    sqlite3.SQLITE_CANTOPEN: ("The log cannot be opened", "Check that the folder exists and may be written"),
    sqlite3.SQLITE_BUSY: ("Another program holds a write lock on the log", "End its transaction, then retry"),
}


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn errors of SQLite into `StoreError` with a remedy."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        what, remedy = _REMEDIES.get(code, ("SQLite failed", ""))
        raise StoreError(f"{what}: {path}", received=str(error), remedy=remedy) from error


class Connections:
    """The one writer of a file, guarded by a lock between threads and between processes, and its readers.

    Parameters
    ----------
    path
        The file; made if it is not there.
    durability
        ``"normal"``: a commit survives the death of the process; ``"full"``: a power cut as well.
    read_only
        Without the writer: while another process writes, this one may read.
    """

    def __init__(self, path: Path, *, durability: str = "normal", read_only: bool = False) -> None:
        self.path = path
        self.read_only = read_only
        self._lock = threading.RLock()
        self._idle: list[sqlite3.Connection] = []
        self._inside = False
        self._failed = False
        self._closed = False
        self._checkpoints = Checkpoints(lambda: self._connect("?mode=rw"), self._lock)
        with translated(path):
            self._guard = None if read_only else self._take_guard()
            try:
                self._writer = self._open_writer(durability)
            except BaseException:
                self._drop_guard()
                raise

    def _take_guard(self) -> sqlite3.Connection:
        # an exclusive lock on an empty SQLite file: portable, and gone with the process however it ends
        guard = sqlite3.connect(f"{self.path}.lock", timeout=0, isolation_level=None, check_same_thread=False)
        try:
            guard.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            guard.close()
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            raise StoreError(
                f"Another writer has the log open: {self.path}",
                expected="one writing process per log",
                remedy="Stop the other process, or give this one another path; labels can be posted to a service "
                "that has it open: modelvane labels import --url",
            ) from None
        return guard

    def _drop_guard(self) -> None:
        if self._guard is not None:
            self._guard.close()

    def _open_writer(self, durability: str) -> sqlite3.Connection:
        if self.read_only and not self.path.exists():
            raise StoreError(f"There is no log to read: {self.path}", remedy="Check the path")
        connection = self._connect("?mode=ro" if self.read_only else "")
        try:
            self._prepare(connection, durability)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection, durability: str) -> None:
        if self.read_only:
            self._check_version(connection)
            return
        # before the first table, or it has no effect
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {'FULL' if durability == 'full' else 'NORMAL'}")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT}")
        # checkpoints are made in the background; where a reader of what is old kept those from the end of the log, a
        # commit tries it at this size
        connection.execute(f"PRAGMA wal_autocheckpoint = {_WAL_LIMIT // _PAGE_BYTES}")
        self._check_version(connection)
        connection.execute(f"PRAGMA user_version = {VERSION}")

    def _connect(self, query: str) -> sqlite3.Connection:
        return sqlite3.connect(
            self.path.absolute().as_uri() + query,
            uri=True,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )

    def _check_version(self, connection: sqlite3.Connection) -> None:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise StoreError(
                f"The log was written by a newer modelvane: {self.path}",
                received=f"version {version}",
                expected=f"version {VERSION} or older",
                remedy="Upgrade modelvane",
            )

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Give the writer inside a transaction; an inner call joins the outer one, its failure ends both."""
        with self._lock:
            if self._inside:
                try:
                    yield self._writer
                except BaseException:
                    self._failed = True
                    raise
                return
            self._check_open()
            if self.read_only:
                raise StoreError(f"The log is open for reading only: {self.path}")
            self._inside, self._failed = True, False
            try:
                with translated(self.path):
                    yield from self._commit()
            finally:
                self._inside = False

    def _commit(self) -> Iterator[sqlite3.Connection]:
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            yield self._writer
            self._writer.execute("ROLLBACK" if self._failed else "COMMIT")
        except BaseException:
            # a full disk has ended the transaction already
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            raise
        if self._failed:
            raise StoreError("A write inside the transaction failed, so nothing of it was kept")
        self._checkpoints.note_commit()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give a connection that sees what is committed and blocks nobody."""
        with translated(self.path):
            self._check_open()
            try:
                # atomic, so that a reader never waits for the writer's lock
                connection = self._idle.pop()
            except IndexError:
                connection = self._connect("?mode=ro")
            try:
                yield connection
            finally:
                self._idle.append(connection)
                # looked at afterwards: who closes the log meanwhile may have found this one missing
                if self._closed:
                    self._drain()

    def _drain(self) -> None:
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError(f"The log is closed: {self.path}")

    def close(self) -> None:
        """Close all connections but those of scans under way, which close as they end."""
        self._checkpoints.close()
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._drain()
            with translated(self.path), closing(self._writer):
                pass
            self._drop_guard()
