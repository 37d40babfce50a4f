"""Checkpoints of the write-ahead log in a thread of their own, so that no commit waits for the disk."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, closing

# what was committed in this time goes to the database together: hot pages of the indexes are copied once
_PAUSE_SECONDS = 0.25
# of 4096 bytes; a log that is no longer stays in the system's memory, where overwriting its pages reads none of them
_MOST_PAGES = 4096
_CHECKPOINT = "PRAGMA wal_checkpoint(PASSIVE)"

_log = logging.getLogger("modelvane.store")


class Checkpoints:
    """Copies committed pages from the write-ahead log to the database, a moment after they were committed.

    SQLite's own way is to let every thousandth page's commit do it, fsync included, for tens of milliseconds on a
    slow disk: an event loop that commits would stand still. A passive checkpoint from another connection takes
    neither the writer's lock nor the interpreter's. When it is due changes no promise: a commit is as durable before.

    While commits never pause, the log grows: it begins anew only where all of it was copied when a commit comes. So
    from a length on, the last of it, a few milliseconds' worth, is copied while commits wait.

    Parameters
    ----------
    connect
        Opens a connection that may write. The thread and its connection begin with the first commit.
    writing
        Held by whoever commits.
    """

    def __init__(
        self, connect: Callable[[], sqlite3.Connection], writing: AbstractContextManager[object]
    ) -> None:
        self._connect = connect
        self._writing = writing
        self._committed = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def note_commit(self) -> None:
        """Say that there is something to copy."""
        if self._committed.is_set():
            return
        self._committed.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="modelvane-checkpoints", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End the thread; the writer's own close copies what is left.

        Not to be called by who holds ``writing``, for which the thread may wait.
        """
        self._closing.set()
        self._committed.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            with closing(self._connect()) as connection:
                while self._committed.wait() and not self._closing.wait(_PAUSE_SECONDS):
                    self._committed.clear()
                    if self._closing.is_set():
                        # told to end just before: what woke it for that is cleared, too
                        return
                    _, pages, _ = connection.execute(_CHECKPOINT).fetchone()
                    if pages > _MOST_PAGES:
                        # what came meanwhile, so that commits wait for little
                        connection.execute(_CHECKPOINT).fetchone()
                        with self._writing:
                            connection.execute(_CHECKPOINT).fetchone()
        except sqlite3.Error as error:
            # the writer's own checkpoints go on, and its errors are answered
            _log.warning("No more checkpoints in the background: %s", error)
