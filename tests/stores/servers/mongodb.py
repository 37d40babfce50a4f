"""A server that speaks MongoDB's wire protocol, of the tests' own, which may be killed and suspended."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from pymongo import MongoClient
from tests.ports import held_port
from tests.stores.servers.lifetime import ended_by, suspend

URL = "MODELVANE_TEST_MONGODB"
"""The variable that names a server to be used instead, in which the tests make databases of their own."""

_HERE = Path(__file__).parent / "mongo_java_server"
_JARS = Path(__file__).parents[3] / ".cache" / "mongo-java-server"
_PATIENCE = 300.0


def jars() -> str | None:
    """Give the class path of the server, if it was fetched and Java is there."""
    names = [line.split()[1] for line in (_HERE / "jars.sha256").read_text().splitlines()]
    paths = [_JARS / name for name in names]
    if not all(path.exists() for path in paths) or shutil.which("java") is None:
        return None
    return os.pathsep.join(map(str, paths))


class Server:
    """A mongo-java-server over one file in a temporary folder.

    Parameters
    ----------
    heap
        Most memory of its Java.
    """

    def __init__(self, heap: str = "512m") -> None:
        found = jars()
        assert found, f"mongo-java-server is not there: install Java, then run {_HERE / 'fetch'}"
        self._jars = found
        self._heap = heap
        self.folder = Path(tempfile.mkdtemp(prefix="modelvane-mongo-"))
        # while it is down nobody else may have its port
        self._held = held_port()
        self._process: subprocess.Popen[str] | None = None
        self.start()

    @property
    def url(self) -> str:
        """How to reach it."""
        host, port = self._held.getsockname()
        return f"mongodb://{host}:{port}/"

    def start(self) -> None:
        """Start it, on its port, and wait until it answers."""
        flags = [f"-Xmx{self._heap}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"]
        with (self.folder / "server.log").open("a") as log:
            self._process = subprocess.Popen(
                [
                    *ended_by("KILL"),
                    "java",
                    *flags,
                    "-cp",
                    self._jars,
                    _HERE / "Serve.java",
                    self.folder / "data",
                    str(self._held.getsockname()[1]),
                ],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        said = _stdout(self._process).readline()
        assert said, (self.folder / "server.log").read_text()
        # a Java that has just started takes its time for the first answer
        with MongoClient(self.url, serverSelectionTimeoutMS=int(_PATIENCE * 1000)) as client:
            client.admin.command("ping")

    def kill(self) -> None:
        """End it at once, as a crash does."""
        self._end(signal.SIGKILL)

    def suspend(self) -> None:
        """Let it stand still: connections stay, nothing is answered."""
        assert self._process is not None
        suspend(self._process.pid)

    def resume(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(_PATIENCE)
            _stdout(self._process).close()
            self._process = None

    def remove(self) -> None:
        """End it and remove its folder."""
        self._end(signal.SIGKILL)
        self._held.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def _stdout(process: subprocess.Popen[str]) -> IO[str]:
    assert process.stdout is not None
    return process.stdout


_numbers = itertools.count()


@contextmanager
def own_database(url: str) -> Iterator[str]:
    """Give the URL of a database that nobody else uses, and remove it afterwards."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    yield urlsplit(url)._replace(path=f"/{name}").geturl()
    with MongoClient(url) as client:
        client.drop_database(name)
