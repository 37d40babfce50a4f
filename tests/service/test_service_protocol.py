"""Posts that are answered at the connection are answered as any other."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from msgspec.structs import replace
from tests.service.listening import Listening, answers, listening
from tests.service.serving import await_that, settings, trip
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from modelvane.service.protocol import IngestProtocol, Protocols
from modelvane.tallies.dataset import DatasetTally

TOKEN = "a word between us"  # noqa: S105 - of these tests


def post(
    body: bytes | str,
    *headers: str,
    path: str = "/iterate/taxi",
    kind: str | None = "application/json",
    version: str = "1.1",
    length: bool = True,
    method: str = "POST",
) -> bytes:
    """Give the bytes of one request."""
    content = body.encode() if isinstance(body, str) else body
    lines = [f"{method} {path} HTTP/{version}", "Host: x", f"Authorization: Bearer {TOKEN}"]
    lines += [f"Content-Type: {kind}"] if kind is not None else []
    lines += [f"Content-Length: {len(content)}"] if length else []
    return "\r\n".join([*lines, *headers, "", ""]).encode() + content


def rows(*names: str) -> str:
    """Give a body of rows with these ids."""
    return json.dumps([trip(number) | {"id": name} for number, name in enumerate(names)])


ROW = post(rows("a"))
HEAD, BODY = ROW[: -len(rows("a"))], rows("a").encode()
CHUNKED = post("", "Transfer-Encoding: chunked", length=False)
HEALTH = post("", path="/healthz", method="GET", length=False)

# what is sent, packet by packet
REQUESTS: dict[str, list[bytes]] = {
    "a row": [ROW],
    "the same again": [ROW, ROW, ROW],
    "without an id": [post(json.dumps(trip(1)))],
    "head and body apart": [ROW, HEAD, BODY],
    "body in three": [ROW, HEAD + BODY[:7], BODY[7:20], BODY[20:]],
    "an unknown head in three": [HEAD[:20], HEAD[20:] + BODY[:3], BODY[3:]],
    "many rows": [post(rows(*map(str, range(40))))],
    "the other path": [post(rows("b"), path="/v1/datasets/taxi/predictions")],
    "path with a slash": [post(rows("b"), path="/iterate/taxi/")],
    "path with a query": [post(rows("b"), path="/iterate/taxi?x=1")],
    "escaped path": [post(rows("b"), path="/iterate/t%61xi")],
    "unknown dataset": [post(rows("b"), path="/iterate/taxy")],
    "another method": [post("", method="PUT")],
    "labels": [ROW, post('[{"id": "a", "target": 4.5}]', path="/v1/datasets/taxi/labels")],
    "no rows": [post("[]")],
    "no body": [post("")],
    "not JSON": [ROW, post('[{"a": 1'), ROW],
    "another type": [post("a,b", kind="text/csv")],
    "no type": [post(rows("b"), kind=None)],
    "parameters of the type": [post(rows("b"), kind="Application/JSON; charset=utf-8")],
    "lines": [post(json.dumps(trip(3)) + "\n", kind="application/x-ndjson")],
    "an event": [post(json.dumps(trip(3)), "ce-id: event-1", "ce-specversion: 1.0")],
    "too many bytes": [post(" " * 9001)],
    "too many rows": [post("[" + ",".join(["{}"] * 51) + "]")],
    "compressed": [post(rows("b"), "Content-Encoding: gzip")],
    "chunked": [CHUNKED + b"%x\r\n" % len(BODY) + BODY + b"\r\n0\r\n\r\n"],
    "chunked, too large": [CHUNKED + b"2400\r\n" + b" " * 0x2400 + b"\r\n0\r\n\r\n"],
    "continue": [post("", "Expect: 100-continue", f"Content-Length: {len(BODY)}", length=False), BODY],
    "close": [post(rows("b"), "Connection: close")],
    "keep-alive": [post(rows("b"), "Connection: keep-alive")] * 2,
    "version 1.0": [post(rows("b"), version="1.0")],
    "upgrade": [post(rows("b"), "Connection: Upgrade", "Upgrade: h2c")],
    "two at once": [ROW + post(rows("b"))],
    "three at once, two of one head": [ROW + ROW + HEALTH],
    "labels and a row at once": [post('[{"id": "a", "target": 5}]', path="/v1/datasets/taxi/labels") + ROW],
    "refused and another at once": [post('{"a"') + ROW + HEALTH, ROW],
    "a page before and after": [HEALTH + ROW, HEALTH],
    "begun before the answer": [ROW + HEAD[:10], HEAD[10:] + BODY],
    "empty lines before": [b"\r\n\r\n" + ROW, b"\r\n" + ROW],
    "another token": [post(rows("b")).replace(b"between us", b"of another")],
    "length twice": [post(rows("b"), "Content-Length: 3")],
    "not HTTP": [b"nonsense\r\n\r\n"],
    "line ends of another kind": [HEAD.replace(b"\r\n", b"\n") + BODY],
}


@pytest.fixture(scope="module")
def plain(reference: Path) -> dict[str, Any]:
    return settings(reference, {"limits": {"body_bytes": 9000, "body_rows": 50}, "tokens": {"ingest": TOKEN}})


@pytest.fixture(scope="module")
def short(plain: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listening]:
    """Give a service that answers posts at the connection."""
    with listening(plain, tmp_path_factory.mktemp("short")) as found:
        yield found


@pytest.fixture(scope="module")
def long(plain: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listening]:
    """Give one that answers all in the ordinary way."""
    with listening(plain, tmp_path_factory.mktemp("long"), ordinary=True) as found:
        yield found


def test_both_ways_answer_the_same(short: Listening, long: Listening) -> None:
    """Whatever is sent, in whatever packets, both ways answer alike, and both logs hold the same."""
    for what, packets in REQUESTS.items():
        quick, ordinary = short.told(packets), long.told(packets)
        assert quick == ordinary, what
        assert quick, what
    kept = [each.app.intake.watches["taxi"] for each in (short, long)]
    assert kept[0].traffic == kept[1].traffic
    assert kept[0].traffic.rejected["malformed"] >= 4
    tails = [watch._log.tail("taxi") for watch in kept]
    assert [name[-10:] for name in tails[0].ids] == [name[-10:] for name in tails[1].ids]
    tallies = [each.monitor.tally() for each in kept]
    assert tallies[0].rows == tallies[1].rows
    # rows without a time have that of their arrival, which what is remembered of errors over time differs by
    assert _without_times(tallies[0].labelled) == _without_times(tallies[1].labelled)
    assert {tally.labelled.together["concept"].n for tally in tallies} == {1}


def _without_times(labelled: DatasetTally) -> DatasetTally:
    return replace(labelled, together={})


@pytest.mark.parametrize(
    "what", ["the same again", "head and body apart", "body in three", "an unknown head in three", "not JSON"]
)
def test_usual_posts_take_the_short_way(short: Listening, what: str) -> None:
    """Posts of rows of a known dataset are answered at the connection, their bodies in one packet or more."""
    short.ordinary.clear()
    assert short.told(REQUESTS[what])
    assert short.ordinary == []


@pytest.mark.parametrize("what", ["chunked", "continue", "close", "version 1.0", "another token", "labels"])
def test_unusual_posts_take_the_ordinary_way(short: Listening, what: str) -> None:
    """What changes how a request is read or answered is left to uvicorn and the application."""
    short.ordinary.clear()
    short.told([ROW])
    assert short.told(REQUESTS[what][-2:])
    assert len(short.ordinary) == 1


def test_a_client_that_leaves(short: Listening) -> None:
    """A client that leaves within a body is counted, and nothing of it is kept; the next is served."""
    watch = short.app.intake.watches["taxi"]
    before, count = watch.traffic.rejected.get("disconnected", 0), watch._log.count("taxi")
    short.told([ROW])
    with short.connect() as gone:
        gone.sendall(HEAD + BODY[:10])
    await_that(lambda: watch.traffic.rejected.get("disconnected", 0) == before + 1)
    assert watch._log.count("taxi") == count
    assert short.told([ROW])[0].status == "HTTP/1.1 200 OK"


def test_the_end_of_the_service(plain: dict[str, Any], tmp_path: Path) -> None:
    """Told to end, the service waits for the rest of a body of a known head, answers, and closes; idle ones at once."""
    with listening(plain, tmp_path) as service, service.connect() as slow, service.connect() as idle:
        for connection in (slow, idle):
            connection.sendall(ROW)
            assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        slow.sendall(HEAD + BODY[:10])
        # what is asked later is answered later, so the head is there
        assert service.told([HEALTH])[0].status == "HTTP/1.1 200 OK"
        service.server.should_exit = True
        assert idle.recv(4096) == b""
        slow.sendall(BODY[10:])
        [answered] = answers(slow.makefile("rb"))
        assert answered.status == "HTTP/1.1 200 OK"
        assert answered.headers["connection"] == "close"


class Clock:
    """A loop whose time is set, and which is asked to call later."""

    def __init__(self) -> None:
        self.now = 100.0
        self.later: list[tuple[float, Callable[[], None]]] = []

    def time(self) -> float:
        return self.now

    def call_later(self, seconds: float, work: Callable[[], None]) -> Any:
        self.later.append((self.now + seconds, work))
        return self

    def cancel(self) -> None:
        self.later.pop()


class Wire:
    """A transport that remembers."""

    def __init__(self) -> None:
        self.written = b""
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def get_extra_info(self, _name: str) -> None:
        return None


@pytest.fixture
def connected(short: Listening) -> tuple[IngestProtocol, Clock, Wire]:
    """Give a protocol on a made-up connection."""
    clock, wire = Clock(), Wire()
    config = uvicorn.Config(short.app, access_log=False, timeout_keep_alive=5)
    protocol = Protocols(short.app.intake)(
        config=config, server_state=ServerState(), app_state={}, _loop=clock
    )
    assert isinstance(protocol, IngestProtocol)
    protocol.connection_made(wire)  # type: ignore[arg-type] # as much of one as is asked for
    return protocol, clock, wire


def test_an_idle_connection_is_closed(connected: tuple[IngestProtocol, Clock, Wire]) -> None:
    """A connection is closed once nothing came for the time of keep-alive, counted from the last answer."""
    protocol, clock, wire = connected
    refused = post("[1")
    for clock.now in (100.0, 102.0, 104.0):
        protocol.data_received(refused)
    assert wire.written.count(b"HTTP/1.1 400") == 3
    [(due, fire)] = clock.later
    assert due == 105.0
    clock.now = due
    clock.later.clear()
    fire()
    assert not wire.closed
    [(due, fire)] = clock.later
    assert due == 109.0
    clock.now = due
    fire()
    assert wire.closed


def test_a_connection_within_a_body_is_not_idle(connected: tuple[IngestProtocol, Clock, Wire]) -> None:
    """While a body is awaited no time of keep-alive runs out; after its answer it runs anew."""
    protocol, clock, wire = connected
    refused = post("[1")
    protocol.data_received(refused)
    protocol.data_received(refused[:-1])
    [(clock.now, fire)] = clock.later
    clock.later.clear()
    fire()
    assert not wire.closed
    protocol.data_received(refused[-1:])
    assert [due for due, _ in clock.later] == [110.0]


def test_told_to_end_within_a_body(connected: tuple[IngestProtocol, Clock, Wire]) -> None:
    """Told to end within a body, a connection answers it, says that it ends, and ends."""
    protocol, _, wire = connected
    protocol.data_received(post("[1")[:-1])
    protocol.shutdown()
    assert not wire.closed
    protocol.data_received(post("[1")[-1:])
    assert b"connection: close\r\n" in wire.written
    assert wire.closed


def test_nothing_is_written_to_who_left(connected: tuple[IngestProtocol, Clock, Wire]) -> None:
    """An answer to a client that left in the meantime goes nowhere, and breaks nothing."""
    protocol, _, wire = connected
    protocol.data_received(post("[1")[:-1])
    reply = protocol._reply
    protocol.connection_lost(ConnectionResetError())
    wire.closed = True
    reply(protocol._intake.refusal(ValueError("too late")))
    assert wire.written == b""


def test_heads_are_recognised_only_when_certain(connected: tuple[IngestProtocol, Clock, Wire]) -> None:
    """Only a head that begins with its method and has one kind of line ends is remembered, and not too many are."""
    protocol, _, _ = connected
    heads = protocol._heads
    protocol.data_received(b"\r\n\r\nPOS")
    protocol.data_received(post("[1")[3:])
    assert heads._known == {}
    for number in range(1100):
        protocol.data_received(post("[1", f"traceparent: {number}"))
    assert 0 < len(heads._known) <= 1024
    assert all(head.startswith(b"POST ") and head.endswith(b"\r\n\r\n") for head in heads._known)


def test_pipelined_requests_never_teach_a_wrong_head(connected: tuple[IngestProtocol, Clock, Wire]) -> None:
    """Of several requests in one packet only the first is remembered by the head that the packet begins with."""
    protocol, _, _ = connected
    page = HEALTH.replace(b"GET", b"POST")
    two = post("[1", "x-number: 1") + post("[12", "x-number: 2")
    protocol.data_received(two)
    assert [post.length for post in protocol._heads._known.values()] == [2]
    assert page[: page.index(b"\r\n\r\n") + 4] not in protocol._heads._known


def test_another_uvicorn(
    short: Listening, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where uvicorn's class lacks what the short way needs, its own way is taken, and the log says so once."""
    begin = HttpToolsProtocol.__init__

    def lacking(self: HttpToolsProtocol, *given: Any, **named: Any) -> None:
        begin(self, *given, **named)
        del self.pipeline

    monkeypatch.setattr(HttpToolsProtocol, "__init__", lacking)
    protocols = Protocols(short.app.intake)
    wiring = {"config": uvicorn.Config(short.app), "server_state": ServerState(), "app_state": {}}
    with caplog.at_level(logging.WARNING):
        made = [protocols(**wiring, _loop=Clock()) for _ in range(2)]
    assert [type(each) for each in made] == [HttpToolsProtocol] * 2
    assert [record.getMessage() for record in caplog.records if record.name == "modelvane.service"] == [
        "Posts take the longer way through uvicorn, in which this is not known: pipeline"
    ]


def test_a_client_that_does_not_read(short: Listening) -> None:
    """Answers that nobody reads do not pile up: what comes meanwhile goes uvicorn's way, which waits."""
    with short.connect() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        many = [post(rows(*(f"{turn}-{i}" for i in range(40)))) for turn in range(30)]
        deaf.sendall(b"".join(many))
        stream = answers(deaf.makefile("rb"))
        assert [next(stream).status for _ in many] == ["HTTP/1.1 200 OK"] * 30
