"""Services on sockets of this process, and clients that send bytes as they are told to."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from modelvane.config import Config
from modelvane.service.app import create_app
from modelvane.service.ingest import Ingest, respond
from modelvane.service.intake import Answer
from modelvane.service.protocol import Protocols

_PATIENCE = 300.0
_BYE = b"GET /bye HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
_LAST = {"bye": True}


@dataclass
class Listening:
    """A service that listens, and every path that came the ordinary way."""

    app: Ingest
    server: uvicorn.Server
    port: int
    ordinary: list[str]

    def connect(self) -> socket.socket:
        """Open a connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=_PATIENCE)

    def told(self, packets: Sequence[bytes]) -> list[Answered]:
        """Send packets on a connection of their own, and give all answers to them."""
        with self.connect() as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for number, packet in enumerate(packets):
                if number:
                    # long enough to be read apart on any machine that is not very busy; if not, nothing is wrong
                    time.sleep(0.01)
                connection.sendall(packet)
            with suppress(OSError):
                # the answer to this is the last; or the connection ended with an answer before
                connection.sendall(_BYE)
            return [answer for answer in answers(connection.makefile("rb")) if answer.body != _LAST]


@dataclass(frozen=True)
class Answered:
    """One answer: its status line, what matters of its head, and its body without what is made up."""

    status: str
    headers: dict[str, str]
    body: Any


def _line(stream: Any) -> bytes:
    try:
        return bytes(stream.readline())
    except ConnectionResetError:
        # what the server closed while there was more to read
        return b""


def answers(stream: Any) -> Iterator[Answered]:
    """Read answers until the connection ends."""
    while status := _line(stream):
        headers = {}
        while line := stream.readline().strip():
            name, _, value = line.decode().partition(": ")
            headers[name.lower()] = value
        headers.pop("date", None)
        body = stream.read(int(headers.get("content-length", 0)))
        # ids that the log gives begin with eight digits of its own
        plain = re.sub(r'"[0-9a-f]{8}-', '"', body.decode())
        yield Answered(
            status.decode().strip(), headers, json.loads(plain) if plain.startswith(("{", "[")) else plain
        )


@contextmanager
def listening(plain: dict[str, Any], folder: Path, *, ordinary: bool = False) -> Iterator[Listening]:
    """Serve a config on a port; ``ordinary`` by uvicorn's own protocol."""
    folder.mkdir(exist_ok=True)
    app = create_app(Config.of(plain, folder))
    seen: list[str] = []

    async def noted(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            if scope["path"] == "/bye":
                await respond(send, Answer(200, b"application/json", json.dumps(_LAST).encode()))
                return
            seen.append(scope["path"])
        await app(scope, receive, send)

    protocol: Any = "httptools" if ordinary else Protocols(app.intake)
    config = uvicorn.Config(
        noted,
        http=protocol,
        access_log=False,
        log_level="error",
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=1,
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            end = time.monotonic() + _PATIENCE
            while not server.started:
                assert thread.is_alive()
                assert time.monotonic() < end
                time.sleep(0.005)
            yield Listening(app, server, listener.getsockname()[1], seen)
        finally:
            server.should_exit = True
            thread.join()
