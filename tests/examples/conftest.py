"""Synthetic months, a trained model and a quiet console for the tests of the taxi application."""

from __future__ import annotations

import io
import signal
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from examples.shared.interrupts import Interrupts
from examples.taxi.model import DurationModel
from examples.taxi.synthetic import write_month
from examples.taxi.trips import read_trips
from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pyarrow as pa


@pytest.fixture(scope="session")
def january(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the file of a small synthetic January 2021."""
    return write_month("2021-01", tmp_path_factory.mktemp("trips"), rows=2_000)


@pytest.fixture(scope="session")
def trips(january: Path) -> pa.Table:
    """Give its cleaned trips."""
    return read_trips(january)


@pytest.fixture(scope="session")
def model(trips: pa.Table) -> DurationModel:
    """Give a model that was trained on them."""
    return DurationModel.fit(trips)


@pytest.fixture
def console() -> Console:
    """Give a console that is a pipe; what it was told is ``console.file.getvalue()``."""
    return Console(file=io.StringIO(), width=500)


@pytest.fixture
def interrupts() -> Iterator[Interrupts]:
    """Give installed interrupts, and put the signals back afterwards."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    hook = sys.unraisablehook
    installed = Interrupts()
    installed.install()
    yield installed
    sys.unraisablehook = hook
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def http_server() -> Callable[..., object]:
    """Give a context manager that serves ``answer(method, path, body) -> (status, body)`` on a free port."""
    return serving


@contextmanager
def serving(answer: Callable[[str, str, bytes], tuple[int, bytes]]) -> Iterator[str]:
    """Serve on a free port of this machine and give the base address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # head and body are two writes

        def do_GET(self) -> None:
            self._answer("GET")

        def do_POST(self) -> None:
            self._answer("POST")

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's name
            """Stay quiet."""

        def _answer(self, method: str) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            status, reply = answer(method, self.path, body)
            self.send_response(status)
            self.send_header("content-length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
