"""How the process behaves: killed, interrupted, started twice."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit

import pytest
from tests.service.serving import PATIENCE_SECONDS, Process, ask, await_that, settings, trip

WORKERS = 6


def logged(folder: Path) -> set[str]:
    with closing(sqlite3.connect(folder / "modelvane.db")) as connection:
        return {id_ for (id_,) in connection.execute("SELECT id FROM predictions_taxi")}


def test_nothing_acknowledged_is_lost_by_kill_9(reference: Path, tmp_path: Path) -> None:
    """Every row that was acknowledged under concurrent load is in the log after ``kill -9``, and known again."""
    plain = settings(reference)
    acknowledged: list[list[str]] = [[] for _ in range(WORKERS)]

    def post(worker: int, address: str) -> None:
        number = 0
        with closing(
            http.client.HTTPConnection(urlsplit(address).netloc, timeout=PATIENCE_SECONDS)
        ) as connection:
            while True:
                ids = [f"{worker}-{number + i}" for i in range(1 if worker % 2 else 40)]
                body = json.dumps([trip(number) | {"id": id_} for id_ in ids])
                try:
                    connection.request("POST", "/iterate/taxi", body, {"Content-Type": "application/json"})
                    with connection.getresponse() as response:
                        if response.read():
                            acknowledged[worker] += ids
                except (OSError, http.client.HTTPException):
                    return
                number += len(ids)

    with Process(plain, tmp_path) as server:
        address = server.ready()
        threads = [threading.Thread(target=post, args=(worker, address)) for worker in range(WORKERS)]
        for thread in threads:
            thread.start()
        await_that(lambda: min(map(len, acknowledged)) >= 30)
        server.popen.kill()
        for thread in threads:
            thread.join()
    sent = {id_ for ids in acknowledged for id_ in ids}
    assert sent <= logged(tmp_path)
    with Process(plain, tmp_path) as server:
        address = server.ready()
        again = ask(f"{address}/iterate/taxi", [{"id": id_} for id_ in sorted(sent)])
        assert (again["accepted"], again["duplicates"]) == (0, len(sent))
        assert ask(f"{address}/v1/datasets/taxi/findings")["rows"] == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_graceful_end(reference: Path, tmp_path: Path, number: signal.Signals) -> None:
    """A request that is under way when the service is told to end is answered; then it exits with 0, silently."""
    with Process(settings(reference), tmp_path) as server:
        address = server.ready()
        host, port = urlsplit(address).netloc.split(":")
        body = json.dumps([trip(1) | {"id": "slow"}]).encode()
        with socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as slow:
            head = f"POST /iterate/taxi HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
            slow.sendall(f"{head}Content-Type: application/json\r\n\r\n".encode() + body[:10])
            ask(f"{address}/healthz")
            server.popen.send_signal(number)
            with pytest.raises((URLError, ConnectionError)):  # noqa: PT012 - until nothing listens any more
                while True:
                    ask(f"{address}/healthz")
            slow.sendall(body[10:])
            assert slow.recv(4096).startswith(b"HTTP/1.1 200")
        assert server.popen.wait(PATIENCE_SECONDS) == 0
        assert "Traceback" not in server.said
    assert logged(tmp_path) == {"slow"}


def test_interrupted_start(tmp_path: Path) -> None:
    """An interrupt while a reference is built ends the process at once, without a traceback, as a shell expects."""
    rows = "\n".join(f"{n % 997 / 7},{n % 83},{n % 13 / 3},{n % 89}" for n in range(600_000))
    (tmp_path / "large.csv").write_text(f"trip_distance,zone,prediction,target\n{rows}\n")
    with Process(settings(tmp_path / "large.csv"), tmp_path) as server:
        server.await_said("Reading the reference of taxi")
        server.popen.send_signal(signal.SIGINT)
        assert server.popen.wait(PATIENCE_SECONDS) == 130
        assert "Traceback" not in server.said
        assert "Serving" not in server.said


def test_port_in_use(reference: Path, tmp_path: Path) -> None:
    """A port that is taken is said at once, before any reference is read, with exit code 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with Process(settings(reference, {"port": port}), tmp_path) as server:
            assert server.popen.wait(PATIENCE_SECONDS) == 2
    assert f"127.0.0.1:{port}" in server.said
    assert "in use" in server.said
    assert "Reading" not in server.said
    assert "Traceback" not in server.said


def test_a_damaged_log(reference: Path, tmp_path: Path) -> None:
    """A log that cannot be read ends the start with exit code 2 and what to do, not with a traceback."""
    with Process(settings(reference), tmp_path) as server:
        ask(f"{server.ready()}/iterate/taxi", [trip(n) | {"note": "x" * 400} for n in range(500)])
        server.popen.terminate()
        assert server.popen.wait(PATIENCE_SECONDS) == 0
    log = tmp_path / "modelvane.db"
    content = bytearray(log.read_bytes())
    content[4096 * 8 :] = b"\xff" * (len(content) - 4096 * 8)
    log.write_bytes(content)
    with Process(settings(reference), tmp_path) as server:
        assert server.popen.wait(PATIENCE_SECONDS) == 2
        assert "damaged" in server.said
        assert "Traceback" not in server.said


@pytest.fixture
def limited(reference: Path, tmp_path: Path) -> Any:
    with Process(settings(reference, {"limits": {"body_bytes": 2000}}), tmp_path) as server:
        yield urlsplit(server.ready()).netloc


def test_a_client_that_goes_away(limited: str) -> None:
    """A client that leaves in the middle of its body harms nobody, and nothing of it is kept."""
    host, port = limited.split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as gone:
        gone.sendall(
            b"POST /iterate/taxi HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b'Transfer-Encoding: chunked\r\n\r\n5\r\n[{"zo\r\n'
        )
    answer = ask(f"http://{limited}/iterate/taxi", [trip(1)])
    assert answer["accepted"] == 1
    assert ask(f"http://{limited}/v1/datasets")[0]["rows"] == 1


def test_a_body_that_is_refused_before_it_is_read(limited: str) -> None:
    """After 413 for a body that was not read, the next request gets its own answer."""
    connection = http.client.HTTPConnection(limited, timeout=PATIENCE_SECONDS)
    headers = {"Content-Type": "application/json"}
    for _ in range(2):
        connection.request("POST", "/iterate/taxi", b" " * 200_000, headers)
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["status"]) == (413, 413)
        connection.request("POST", "/iterate/taxi", json.dumps([trip(1)]), headers)
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["accepted"]) == (200, 1)
    connection.close()
