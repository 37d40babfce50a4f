"""One connection whose every wait ends: a server that does not answer in time is left."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any

import psycopg

from modelvane.store.postgresql.address import Address
from modelvane.store.protocol import LogDownError

_LOOK_SECONDS = 0.25


class Watchdog:
    """Ends waits that took too long by shutting their sockets down.

    A timeout of the server's own does not end the wait for a server that is stopped, or cut off.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until: dict[socket.socket, float] = {}
        self._barked: set[socket.socket] = set()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def wait_until(self, line: socket.socket, moment: float) -> None:
        """Let the wait that uses this socket last until a moment of ``time.monotonic``."""
        with self._lock:
            self._until[line] = moment
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="modelvane-watchdog", daemon=True)
                self._thread.start()

    def done(self, line: socket.socket) -> None:
        """Say that the wait is over."""
        with self._lock:
            self._until.pop(line, None)

    def ended(self, line: socket.socket) -> bool:
        """Say whether a wait of this socket was ended."""
        return line in self._barked

    def _run(self) -> None:
        while not self._closing.wait(_LOOK_SECONDS):
            with self._lock:
                now = time.monotonic()
                for line in [line for line, until in self._until.items() if until < now]:
                    self._barked.add(line)
                    del self._until[line]
                    # gone already, then
                    with suppress(OSError):
                        line.shutdown(socket.SHUT_RDWR)

    def forget(self, line: socket.socket) -> None:
        """Forget a socket that is closed."""
        with self._lock:
            self._until.pop(line, None)
            self._barked.discard(line)

    def close(self) -> None:
        """End the thread."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()


class Session:
    """A connection to PostgreSQL, for one thread at a time.

    Parameters
    ----------
    address
        Where to.
    application
        The name under which the server shows it.
    settings
        Of the server for this session; those that it does not know are left out.
    watchdog, patience
        What ends a wait of more than so many seconds.
    """

    def __init__(
        self,
        address: Address,
        application: str,
        settings: Mapping[str, str],
        watchdog: Watchdog,
        patience: float,
    ) -> None:
        self._address = address
        self._watchdog = watchdog
        self._patience = patience
        self._connection = address.connect(application)
        # of our own, so that it is never the descriptor of somebody else's socket
        self._line = socket.fromfd(self._connection.fileno(), socket.AF_INET, socket.SOCK_STREAM)
        try:
            self.execute(
                "SELECT set_config(name, wanted.value, false) FROM pg_settings"
                " JOIN unnest(%s::text[], %s::text[]) AS wanted(name, value) USING (name)",
                (list(settings), list(settings.values())),
            )
        except BaseException:
            self.close()
            raise

    @property
    def is_lost(self) -> bool:
        """Whether the connection has ended."""
        return self._connection.closed or self._watchdog.ended(self._line)

    @property
    def is_unanswered(self) -> bool:
        """Whether it was ended because the server did not answer in time."""
        return self._watchdog.ended(self._line)

    @property
    def is_in_transaction(self) -> bool:
        """Whether a transaction was begun and has not ended."""
        return self._connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Bound what is waited for inside.

        Raises
        ------
        LogDownError
            When the server did not answer in time; the connection has ended then.
        """
        self._watchdog.wait_until(self._line, time.monotonic() + self._patience)
        try:
            yield
        except psycopg.Error as error:
            if self.is_unanswered:
                raise LogDownError(
                    f"PostgreSQL did not answer within {self._patience:g} s: {self._address}",
                    remedy="See what keeps the server busy; it is asked again",
                ) from error
            raise
        finally:
            self._watchdog.done(self._line)

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> psycopg.Cursor[tuple[Any, ...]]:
        """Run a statement; ``%`` in names is written twice."""
        with self.waiting():
            return self._connection.execute(sql.encode(), parameters)

    def run(self, script: str) -> None:
        """Run statements without parameters in one go."""
        with self.waiting():
            self._connection.execute(script.encode())

    def copy_in(self, sql: str, data: memoryview) -> None:
        """Send the data of a ``COPY ... FROM STDIN``."""
        # without parameters psycopg leaves a doubled percent sign alone
        statement = sql.replace("%%", "%").encode()
        with self.waiting(), self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(data)

    def copy_out(self, sql: str, parameters: Sequence[Any] = ()) -> Generator[bytes | bytearray | memoryview]:
        """Give the rows of a ``COPY ... TO STDOUT`` one by one, each to be awaited inside `waiting`."""
        statement = (sql if parameters else sql.replace("%%", "%")).encode()
        with closing(self._connection.cursor()) as cursor, cursor.copy(statement, parameters) as copy:
            yield from copy

    def close(self) -> None:
        """Close the connection; what it had begun is undone."""
        self._connection.close()
        self._watchdog.forget(self._line)
        self._line.close()
