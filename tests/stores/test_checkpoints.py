"""Checkpoints in the background: pages reach the database while the log stays open."""

from __future__ import annotations

import itertools
import logging
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from modelvane.schema import Schema
from modelvane.store import SqliteLog
from modelvane.store.sqlite import checkpoints as checkpoints_module
from modelvane.store.sqlite.checkpoints import Checkpoints
from modelvane.table import Table

_PATIENCE = 300.0


def test_rows_reach_the_database_while_the_log_is_open(tmp_path: Path) -> None:
    """A copy of the database file alone, without its write-ahead log, has the rows a moment after their commit."""
    with SqliteLog(tmp_path / "log.db") as log:
        log.open("taxi", Schema(()))
        log.append("taxi", Table.of({"id": ["a"]}), 1.0)
        given_up = time.monotonic() + _PATIENCE
        while not (found := _ids_without_wal(tmp_path)) and time.monotonic() < given_up:
            time.sleep(0.05)
    assert found == [("a",)]


def test_the_write_ahead_log_begins_anew_while_commits_never_pause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where each commit follows the one before at once, the write-ahead log is overwritten from a length on."""
    monkeypatch.setattr(checkpoints_module, "_MOST_PAGES", 100)
    monkeypatch.setattr(checkpoints_module, "_PAUSE_SECONDS", 0.01)
    wal = tmp_path / "log.db-wal"
    with SqliteLog(tmp_path / "log.db") as log:
        log.open("taxi", Schema(()))
        beginnings = set()
        given_up = time.monotonic() + _PATIENCE
        for row in itertools.count():
            log.append("taxi", Table.of({"id": [str(row)]}), 1.0)
            # the salts in its header change whenever it begins anew
            beginnings.add(wal.read_bytes()[16:24])
            if len(beginnings) > 3 or time.monotonic() > given_up:
                break
    assert len(beginnings) > 3


def test_closing_while_the_log_begins_anew_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing waits for the checkpoint that holds up commits, and neither waits for the other."""
    monkeypatch.setattr(checkpoints_module, "_MOST_PAGES", 0)
    monkeypatch.setattr(checkpoints_module, "_PAUSE_SECONDS", 0.0)
    for turn in range(20):
        log = SqliteLog(tmp_path / f"{turn}.db")
        log.open("taxi", Schema(()))
        log.append("taxi", Table.of({"id": ["a"]}), 1.0)
        closing_thread = threading.Thread(target=log.close, daemon=True)
        closing_thread.start()
        closing_thread.join(_PATIENCE)
        assert not closing_thread.is_alive()


def _ids_without_wal(folder: Path) -> list[tuple[str]]:
    alone = folder / "alone.db"
    alone.write_bytes((folder / "log.db").read_bytes())
    try:
        with closing(sqlite3.connect(f"{alone.as_uri()}?immutable=1", uri=True)) as connection:
            return connection.execute("SELECT id FROM predictions_taxi").fetchall()
    except sqlite3.DatabaseError:
        # not there yet, or copied in the middle of a checkpoint
        return []


def test_a_failure_is_logged_and_close_still_returns(caplog: pytest.LogCaptureFixture) -> None:
    """When the background cannot write, that is said once, and later commits and close go on."""

    def refuse() -> sqlite3.Connection:
        raise sqlite3.OperationalError("disk I/O error")

    checkpoints = Checkpoints(refuse, threading.Lock())
    with caplog.at_level(logging.WARNING, "modelvane.store"):
        checkpoints.note_commit()
        checkpoints.close()
    checkpoints.note_commit()
    assert [record.message for record in caplog.records if record.name == "modelvane.store"] == [
        "No more checkpoints in the background: disk I/O error"
    ]


def test_close_without_a_commit_starts_nothing() -> None:
    """A log that was never written makes no thread and no connection."""

    def refuse() -> sqlite3.Connection:
        raise AssertionError("nothing was committed")

    Checkpoints(refuse, threading.Lock()).close()


def test_told_to_end_at_the_end_of_its_pause() -> None:
    """The thread ends, however close to its own waking it is told to."""
    checkpoints = Checkpoints(lambda: sqlite3.connect(":memory:", check_same_thread=False), threading.Lock())

    class ToldJustAfter(threading.Event):
        """Is set the moment after somebody found that it is not."""

        def wait(self, timeout: float | None = None) -> bool:
            found = super().wait(timeout)
            if not found:
                self.set()
                checkpoints._committed.set()
            return found

    checkpoints._closing = ToldJustAfter()
    checkpoints.note_commit()
    thread = checkpoints._thread
    assert thread is not None
    thread.join(_PATIENCE)
    assert not thread.is_alive()
