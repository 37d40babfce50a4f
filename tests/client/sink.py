"""A real HTTP service in a thread, for the client to send to, that can be told to misbehave."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.ports import held_port


@dataclass
class Answer:
    """What the sink does with one request."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    drop: bool = False
    """Keep the rows, then close the connection instead of answering."""
    delay: float = 0.0
    unread: bool = False
    """Answer before the body was read, and close."""
    hang_up: bool = False
    """Close the connection after an answer that did not announce it."""


@dataclass
class Request:
    path: str
    headers: dict[str, str]
    rows: list[dict[str, object]]


class Sink:
    """Accepts rows; `then` queues one-off answers, `always` replaces the usual one."""

    def __init__(self) -> None:
        self.always = Answer()
        self.then: deque[Answer] = deque()
        self.max_rows = 10**9
        self.requests: list[Request] = []
        self.accepted: list[tuple[str, dict[str, object]]] = []
        self.connections = 0
        # while it is stopped nobody else may answer in its place
        self._held = held_port()
        self._open: set[socket.socket] = set()
        self.start()

    @property
    def url(self) -> str:
        host, port = self._held.getsockname()
        return f"http://{host}:{port}"

    def rows(self, route: str = "predictions") -> list[dict[str, object]]:
        """All accepted rows of one route, repeated ones too."""
        return [row for at, row in list(self.accepted) if at == route]

    def by_id(self, route: str = "predictions") -> dict[object, dict[str, object]]:
        """Keep the first row of each id, as a service does; repeated rows must be the same."""
        kept: dict[object, dict[str, object]] = {}
        for row in self.rows(route):
            assert kept.setdefault(row["id"], row) == row
        return kept

    def start(self) -> None:
        sink = self

        class Handler(_Handler):
            pass

        Handler.sink = sink
        self._server = _Server(self._held.getsockname(), Handler)
        self._server.sink = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self) -> None:
        """End the service and cut its connections, as a kill does."""
        self._server.shutdown()
        self._thread.join()
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # the other side was quicker
        self._server.server_close()

    def end(self) -> None:
        """Stop for good."""
        self.stop()
        self._held.close()


class _Server(ThreadingHTTPServer):
    sink: Sink

    def get_request(self) -> tuple[socket.socket, Any]:
        # noted here and not by the handler's thread, which may not have begun when all are cut
        connection, address = super().get_request()
        self.sink.connections += 1
        self.sink._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self.sink._open.discard(request)
        super().shutdown_request(request)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    sink: Sink

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:
            return  # cut by stop, or by the client

    def do_POST(self) -> None:
        answer = self.sink.then.popleft() if self.sink.then else self.sink.always
        if answer.unread:
            self._answer(answer)
            self.close_connection = True
            return
        rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])), parse_constant=_no_json)
        self.sink.requests.append(Request(self.path, dict(self.headers), rows))
        time.sleep(answer.delay)
        if len(rows) > self.sink.max_rows:
            answer = Answer(413)
        if answer.status == 200:
            route = self.path.rsplit("/", 1)[1]
            self.sink.accepted.extend((route, row) for row in rows)
        self.close_connection = self.close_connection or answer.drop or answer.hang_up
        if not answer.drop:
            self._answer(answer)

    def _answer(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_: object) -> None:
        return


def _no_json(literal: str) -> None:
    raise AssertionError(f"{literal} is not JSON")
