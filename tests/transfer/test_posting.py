"""Labels to a service over HTTP: taken, put off, refused."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
import numpy as np
import pytest

from modelvane.errors import ConfigError, OverloadedError, StoreError
from modelvane.service.decoding import Names, decode_labels
from modelvane.times import NO_TIME
from modelvane.transfer.label_values import Labelling
from modelvane.transfer.posting import ServiceSink

TAKEN = (200, {}, b'{"matched":1,"waiting":2,"repeated":3,"changed":4}')
Answer = tuple[int, dict[str, str], bytes]


class Service(ThreadingHTTPServer):
    """Answers what it is told to, one answer after the other, and remembers what it was sent."""

    def __init__(self, answers: list[Answer]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = answers
        self.posts: list[tuple[str, dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Service

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posts.append((self.path, dict(self.headers), body))
        status, headers, answer = self.server.answers.pop(0)
        if status == 0:
            # the line is cut
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(answer))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def serve() -> Iterator[Callable[..., Service]]:
    """Start services."""
    services: list[tuple[Service, threading.Thread]] = []

    def start(*answers: Answer) -> Service:
        service = Service(list(answers))
        thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        services.append((service, thread))
        return service

    yield start
    for service, thread in services:
        service.shutdown()
        thread.join()
        service.server_close()


LABELS = Labelling(["a", "b"], [1.5, 2.5], np.array([1_000_000, NO_TIME]))


def test_labels_are_posted_as_the_service_reads_them(serve: Callable[..., Service]) -> None:
    """Ids, targets and times arrive as they were, of one type or of several, with the token."""
    several = LABELS._replace(targets=[7, "x"])
    service = serve(*[TAKEN] * 3)
    with ServiceSink(f"{service.url}/behind/", "green taxi", "secret") as sink:
        for labels in (LABELS, several, LABELS._replace(times=None)):
            assert sink.send(labels) == {"matched": 1, "waiting": 2, "repeated": 3, "changed": 4}
    read = [
        decode_labels(body, headers["Content-Type"], "target", Names()) for _, headers, body in service.posts
    ]
    assert [ids for ids, _, _ in read] == [["a", "b"]] * 3
    assert [targets for _, targets, _ in read] == [[1.5, 2.5], [7, "x"], [1.5, 2.5]]
    assert (read[0][2][0].timestamp(), read[0][2][1]) == (1.0, None)
    assert (read[1][2], read[2][2]) == ([1.0, None], None)
    path, headers, _ = service.posts[0]
    assert (path, headers["Authorization"]) == ("/behind/v1/datasets/green%20taxi/labels", "Bearer secret")


def test_a_busy_service_is_waited_for(serve: Callable[..., Service]) -> None:
    """Retry-After is kept to; without it, and where the line is cut, the pause doubles."""
    service = serve(
        (503, {"Retry-After": "7"}, b""),
        (429, {}, b""),
        (0, {}, b""),
        (502, {}, b"<html>"),
        (503, {"Retry-After": "0"}, b""),
        TAKEN,
    )
    waits: list[float] = []
    with ServiceSink(service.url, "taxi", sleep=waits.append) as sink:
        assert sink.send(LABELS)["matched"] == 1
    assert waits == [7.0, 1.0, 2.0, 4.0, 0.5]
    assert len({body for _, _, body in service.posts}) == 1


def test_patience_ends(serve: Callable[..., Service]) -> None:
    """A service that stays away, or says to come back too late, is given up with what it said."""
    waits: list[float] = []
    service = serve((503, {"Retry-After": "200"}, b""), (503, {"Retry-After": "200"}, b""))
    with (
        ServiceSink(service.url, "taxi", sleep=waits.append) as sink,
        pytest.raises(
            OverloadedError, match=r"did not take the labels for 200 s.*HTTP 503.*run the same again"
        ),
    ):
        sink.send(LABELS)
    service.server_close()
    with (
        ServiceSink(service.url, "taxi", patience=1.0, sleep=waits.append) as sink,
        pytest.raises(OverloadedError, match="refused"),
    ):
        sink.send(LABELS)
    assert waits == [200.0, 0.5]


def test_a_refusal_says_why(serve: Callable[..., Service]) -> None:
    """What the service says is wrong is said, and not tried again."""
    problem = {
        "detail": "Unknown dataset",
        "received": "'taxy'",
        "available": ["taxi"],
        "remedy": "Did you mean 'taxi'?",
    }
    service = serve((404, {}, msgspec.json.encode(problem)), (413, {}, b"too large"))
    with (
        ServiceSink(service.url, "taxy") as sink,
        pytest.raises(StoreError, match=r"Unknown dataset.*taxy.*Available: taxi.*Did you mean 'taxi'\?"),
    ):
        sink.send(LABELS)
    with ServiceSink(service.url, "taxi") as sink, pytest.raises(StoreError, match="HTTP 413"):
        sink.send(LABELS)
    assert len(service.posts) == 2


@pytest.mark.parametrize("answer", [b"<html>welcome", b"{}", b"[]"])
def test_an_answer_of_something_else(serve: Callable[..., Service], answer: bytes) -> None:
    """An answer that says nothing of labels is an error with its beginning: the address is that of something else."""
    service = serve((200, {}, answer))
    with ServiceSink(service.url, "taxi") as sink, pytest.raises(StoreError, match="no modelvane"):
        sink.send(LABELS)


@pytest.mark.parametrize("url", ["localhost:8085", "ftp://host", "http://", "http://a?b"])
def test_what_is_no_address_is_refused(url: str) -> None:
    """An address without http or a host is an error that says what one looks like."""
    with pytest.raises(ConfigError, match=r"no address of a service.*http://127.0.0.1:8085"):
        ServiceSink(url, "taxi")
