"""Sessions with one PostgreSQL database: one writer, readers beside it, all of which come back by themselves."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

import psycopg

from modelvane.errors import StoreError
from modelvane.store.postgresql.address import Address
from modelvane.store.postgresql.faults import store_error, translated
from modelvane.store.postgresql.ownership import own
from modelvane.store.postgresql.session import Session, Watchdog
from modelvane.store.protocol import LogDownError

T = TypeVar("T")

WRITE_SECONDS = 15.0
READ_SECONDS = 60.0
SCAN_SECONDS = 900.0
"""How long a statement of a writer, of a reader, and the first or any other batch of a scan may take."""

LOCK_SECONDS = 5.0
GRACE_SECONDS = 2.0
"""By which the server's own timeout comes before ours, which costs the connection."""

_IDLE_SECONDS = 120
_MOST_IDLE = 4
_PAUSES = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Seconds between attempts to connect; in between, who asks is told at once what the last attempt was told."""


class Connections:
    """The one writer of a log, guarded by a lock between threads and an advisory lock between processes.

    Parameters
    ----------
    address
        Where the server is. It is connected to when something is asked of it, and again whenever that is lost.
    durability
        ``"normal"``: the server's own ``synchronous_commit``; ``"full"``: on, whatever the server's setting.
    read_only
        Without the writer: while another process writes, this one may read.
    prepare
        Called with each new session of the writer, before anything is written.
    """

    def __init__(
        self,
        address: Address,
        *,
        durability: str = "normal",
        read_only: bool = False,
        prepare: Callable[[Session], None] = lambda _session: None,
    ) -> None:
        self.where = str(address)
        self.read_only = read_only
        self._address = address
        self._durability = durability
        self._prepare = prepare
        self._name = f"modelvane {secrets.token_hex(4)}"
        self._watchdog = Watchdog()
        self._lock = threading.RLock()
        self._writer: Session | None = None
        self._idle: list[Session] = []
        self._inside = False
        self._failed = False
        self._closed = False
        self._has_owned = False
        self._attempts = 0
        self._fault: StoreError | None = None
        self._quiet_until = 0.0

    # ------------------------------------------------------------------ connecting

    def _connect(self, role: str, patience: float) -> Session:
        fault = self._fault
        if fault is not None and time.monotonic() < self._quiet_until:
            raise LogDownError(str(fault))
        try:
            session = Session(
                self._address,
                f"{self._name} {role}",
                self._settings(role, patience),
                self._watchdog,
                patience + GRACE_SECONDS,
            )
        except psycopg.Error as error:
            self._keep_away(store_error(error, self.where))
            raise
        self._fault, self._attempts = None, 0
        return session

    def _keep_away(self, fault: StoreError) -> None:
        """Let a server that is down be; what cannot pass by itself is found out again by each attempt."""
        if isinstance(fault, LogDownError):
            self._fault = fault
            self._quiet_until = time.monotonic() + _PAUSES[min(self._attempts, len(_PAUSES) - 1)]
            self._attempts += 1

    def _settings(self, role: str, patience: float) -> dict[str, str]:
        settings = {
            "timezone": "UTC",
            "datestyle": "ISO",
            "intervalstyle": "postgres",
            "extra_float_digits": "1",
            "bytea_output": "hex",
            "statement_timeout": "0" if role == "scan" else str(round(patience * 1000)),
            # so that the server notices when this side is gone
            "tcp_keepalives_idle": "30",
            "tcp_keepalives_interval": "10",
            "tcp_keepalives_count": "3",
        }
        if role == "writer":
            settings |= {
                "lock_timeout": str(round(LOCK_SECONDS * 1000)),
                "idle_in_transaction_session_timeout": str(_IDLE_SECONDS * 1000),
            }
            if self._durability == "full":
                settings["synchronous_commit"] = "on"
        return settings

    # --------------------------------------------------------------------- writing

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Give the writer inside a transaction; an inner call joins the outer one, its failure ends both."""
        with self._lock:
            if self._inside and self._writer is not None:
                try:
                    yield self._writer
                except BaseException:
                    self._failed = True
                    raise
                return
            self._check_open()
            if self.read_only:
                raise StoreError(f"The log is open for reading only: {self.where}")
            self._failed = False
            try:
                with translated(self.where):
                    yield from self._commit()
            finally:
                self._inside = False

    def _commit(self) -> Iterator[Session]:
        writer = self._begun()
        self._inside = True
        try:
            yield writer
            if not self._failed:
                # a transaction that failed before is rolled back by COMMIT, without an error
                self._failed = writer.execute("COMMIT").statusmessage != "COMMIT"
        except BaseException:
            self._undo(writer)
            raise
        if self._failed:
            self._undo(writer)
            raise StoreError("A write inside the transaction failed, so nothing of it was kept")

    def _begun(self) -> Session:
        """Give the writer with a transaction begun; on a new connection where the old one is lost."""
        if self._writer is not None:
            try:
                self._writer.execute("BEGIN")
            except LogDownError:
                self._let_go()
                raise
            except psycopg.Error:
                if not self._writer.is_lost:
                    raise
                self._let_go()
            else:
                return self._writer
        self._writer = self._new_writer()
        self._writer.execute("BEGIN")
        return self._writer

    def _new_writer(self) -> Session:
        session = self._connect("writer", WRITE_SECONDS)
        try:
            own(session, self._name, self.where, again=self._has_owned)
            self._has_owned = True
            self._prepare(session)
        except BaseException as error:
            if isinstance(error, StoreError):
                self._keep_away(error)
            session.close()
            raise
        return session

    def _undo(self, writer: Session) -> None:
        if not writer.is_lost:
            with suppress(psycopg.Error, LogDownError):
                writer.execute("ROLLBACK")
        if writer.is_lost or writer.is_in_transaction:
            self._let_go()

    def _let_go(self) -> None:
        if self._writer is not None:
            if self._writer.is_unanswered:
                self._keep_away(self._unanswered())
            self._writer.close()
            self._writer = None

    def _unanswered(self) -> LogDownError:
        return LogDownError(f"PostgreSQL does not answer in time: {self.where}")

    # --------------------------------------------------------------------- reading

    def read(self, work: Callable[[Session], T]) -> T:
        """Do something with a session that sees what is committed; once more where an idle one was lost."""
        with translated(self.where):
            self._check_open()
            try:
                # atomic, so that readers never wait for each other
                session = self._idle.pop()
            except IndexError:
                session = self._connect("reader", READ_SECONDS)
            else:
                try:
                    return self._given_back(session, work)
                except psycopg.Error:
                    if not session.is_lost:
                        raise
                session = self._connect("reader", READ_SECONDS)
            return self._given_back(session, work)

    def _given_back(self, session: Session, work: Callable[[Session], T]) -> T:
        try:
            return work(session)
        finally:
            if session.is_unanswered:
                self._keep_away(self._unanswered())
            if self._closed or session.is_lost or session.is_in_transaction or len(self._idle) >= _MOST_IDLE:
                session.close()
            else:
                self._idle.append(session)

    @contextmanager
    def scanning(self) -> Iterator[Session]:
        """Give a session of its own to something that takes its time."""
        with translated(self.where):
            self._check_open()
            session = self._connect("scan", SCAN_SECONDS)
            try:
                yield session
            finally:
                session.close()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError(f"The log is closed: {self.where}")

    def close(self) -> None:
        """Close all sessions but those of scans under way, which close as they end."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            while self._idle:
                self._idle.pop().close()
            if self._writer is not None:
                self._writer.close()
                self._writer = None
            self._watchdog.close()
