"""A PostgreSQL server of the tests' own, which may be stopped, killed and suspended."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from tests.stores.servers.lifetime import ended_by, suspend

URL = "MODELVANE_TEST_POSTGRESQL"
"""The variable that names a server to be used instead, in whose database the tests make schemas of their own."""

_PATIENCE = 300.0
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "40",
    "shared_buffers": "64MB",
    "logging_collector": "off",
}


def programs() -> Path | None:
    """Give the folder of ``initdb`` and ``postgres``: on the PATH, or where Debian has them."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    return next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)


class Server:
    """A cluster in a temporary folder, reached by a socket in it."""

    def __init__(self) -> None:
        found = programs()
        assert found, "PostgreSQL is not installed: apt-get install postgresql"
        self._programs = found
        # root may not run it; who else may, may look into no folder of pytest's
        self._user = _unprivileged() if os.getuid() == 0 else None
        self.folder = Path(tempfile.mkdtemp(prefix="modelvane-pg-"))
        if self._user is not None:
            shutil.chown(self.folder, self._user)
        self._data = self.folder / "data"
        made = ["-D", self._data, "-U", "modelvane", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"]
        subprocess.run(
            [found / "initdb", *made], check=True, stdout=subprocess.DEVNULL, user=self._user, cwd=self.folder
        )
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        """How to reach it."""
        return f"postgresql://modelvane@/postgres?host={quote(str(self.folder), safe='')}"

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        settings = [f"-c{name}={value}" for name, value in _SETTINGS.items()]
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *ended_by("QUIT"),
                    self._programs / "postgres",
                    "-D",
                    self._data,
                    "-k",
                    self.folder,
                    *settings,
                ],
                stdout=log,
                stderr=log,
                user=self._user,
                cwd=self.folder,
            )
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                psycopg.connect(self.url).close()
            except psycopg.OperationalError:
                assert time.monotonic() < end, (self.folder / "server.log").read_text()
                time.sleep(0.02)
            else:
                return

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement as its administrator, and give what it finds."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    def kill(self) -> None:
        """End it at once, as a crash does: no connection is told, nothing is finished."""
        self._end(signal.SIGQUIT)

    def stop(self) -> None:
        """End it, and its connections, in order."""
        self._end(signal.SIGINT)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            # one that stands still would not hear
            self._process.send_signal(signal.SIGCONT)
            self._process.wait(_PATIENCE)
            self._process = None

    def suspend(self) -> None:
        """Let it and all of its processes stand still: connections stay, nothing is answered."""
        assert self._process is not None
        try:
            # first, so that it starts no other
            suspend(self._process.pid)
            for child in self._children():
                suspend(child)
        except BaseException:
            # nobody else would, and all tests after this one would wait
            self.resume()
            raise

    def resume(self) -> None:
        """Let it go on."""
        assert self._process is not None
        for process in (*self._children(), self._process.pid):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)

    def _children(self) -> list[int]:
        assert self._process is not None
        parent = self._process.pid
        return list(map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split()))

    def remove(self) -> None:
        """End it and remove its folder."""
        self._end(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)


def _unprivileged() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


_numbers = itertools.count()


def in_own_schema(url: str) -> str:
    """Give the URL of a schema that nobody else uses, made in the database of another URL."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(url, autocommit=True, connect_timeout=300) as connection:
        connection.execute(f"CREATE SCHEMA {name}".encode())
    return f"{url}{'&' if '?' in url else '?'}options=-csearch_path%3D{name}"


def drop_schema(url: str) -> None:
    """Remove what `in_own_schema` made, with all that is in it."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET client_min_messages = warning")
        [(name,)] = connection.execute("SELECT current_schema()").fetchall()
        connection.execute(f"DROP SCHEMA {name} CASCADE".encode())
