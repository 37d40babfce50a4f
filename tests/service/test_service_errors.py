"""What is refused, and how."""

from __future__ import annotations

import gzip
import json
import logging
import sqlite3
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.service.serving import served, service_of, settings, trip, watch_of

from modelvane.errors import StoreError
from modelvane.store.protocol import QueueFullError

JSON = {"content-type": "application/json"}
LABELS = "/v1/datasets/taxi/labels"


def refused(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert "Traceback" not in answer.text
    return problem


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/iterate/taxy"),
        ("POST", "/v1/datasets/taxy/predictions"),
        ("POST", "/v1/datasets/taxy/labels"),
        ("GET", "/v1/datasets/taxy/findings"),
        ("GET", "/v1/datasets/taxy/history"),
        ("GET", "/datasets/taxy"),
    ],
)
def test_unknown_dataset(client: TestClient, method: str, path: str) -> None:
    """An unknown dataset is 404, with those that are known and the nearest."""
    problem = refused(client.request(method, path, json=[{}] if method == "POST" else None), 404)
    assert problem["available"] == ["taxi"]
    assert "taxi" in problem["remedy"]


@pytest.mark.parametrize("path", ["/iterate/taxi", "/v1/datasets/taxi/predictions", LABELS])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS"])
def test_only_post(client: TestClient, method: str, path: str) -> None:
    """Rows and labels are posted; any other method is 405, says what is allowed, and counts as no refusal."""
    answer = client.request(method, path)
    refused(answer, 405)
    assert answer.headers["allow"] == "POST"
    assert watch_of(client).traffic.rejected == {}


def test_the_frameworks_own_errors(client: TestClient) -> None:
    """Errors of the framework, too, are problem documents: no such path, no such method, no such value."""
    refused(client.get("/nothing/here"), 404)
    assert refused(client.delete("/metrics"), 405)
    assert client.delete("/metrics").headers["allow"] == "GET"
    assert "fragment" in refused(client.get("/?fragment=17"), 422)["detail"]


@pytest.mark.parametrize("path", ["/iterate/taxi", LABELS])
@pytest.mark.parametrize("content_type", ["text/csv", "", "application/x-www-form-urlencoded"])
def test_content_type(client: TestClient, path: str, content_type: str) -> None:
    """A content type that is not read is 415, with those that are; nothing is lost in silence as in 2022."""
    problem = refused(client.post(path, content=b"[]", headers={"content-type": content_type}), 415)
    assert "application/json" in problem["available"]
    assert watch_of(client).traffic.rejected == {"unsupported_type": 1}


def test_compressed_bodies(client: TestClient) -> None:
    """A compressed body is refused, and what is taken instead is said."""
    body = gzip.compress(json.dumps([trip(1)]).encode())
    answer = client.post("/iterate/taxi", content=body, headers={**JSON, "content-encoding": "gzip"})
    assert "gzip" in refused(answer, 415)["received"]
    assert answer.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "JSON"),
        (b'[{"trip_distance": 1.0}, {"trip', "column 27"),
        # the comma or what follows it, as versions of Python say
        (b'[{"trip_distance": 1.0,}]', "column 2"),
        (b"\xff\xfe\x00", "JSON"),
        (b"[1, 2]", "Row 0"),
        (b'[{"a": 1}, []]', "Row 1"),
        (b"17", "no rows"),
        (b"null", "no rows"),
        (b'{"trip_distance": [1.0, 2.0], "zone": ["74"]}', "different lengths"),
        (b'{"trip_distance": [1.0], "zone": "74"}', "neither a list"),
        (b'{"trip_distance": {"0": 1.0}, "zone": {"1": "74"}}', "index"),
        (b"[" * 100_000, "recursion"),
        (b'{"a":' * 100_000, "recursion"),
        (b'[{"trip_distance": ' + b"[" * 100_000 + b"]" * 100_000 + b"}]", "recursion"),
    ],
)
def test_malformed_json(client: TestClient, body: bytes, said: str) -> None:
    """A body that is no JSON, or no rows, is 400 and says where; nothing of it is kept."""
    assert said in refused(client.post("/iterate/taxi", content=body, headers=JSON), 400)["detail"]
    assert watch_of(client)._log.count("taxi") == 0
    assert watch_of(client).traffic.rejected == {"malformed": 1}


@pytest.mark.parametrize(
    ("content_type", "body", "said"),
    [
        ("application/x-ndjson", b'{"a": 1}\n{"a"\n', "Row 2"),
        ("application/vnd.apache.arrow.stream", b"not arrow at all", "Arrow"),
        ("application/vnd.apache.arrow.stream", b"", "Arrow"),
        ("application/cloudevents+json", b'{"id": "a"}', "Event 0"),
        ("application/cloudevents+json", b"[1]", "Event 0"),
        ("application/cloudevents-batch+json", b'{"id": "a"}', "list"),
        ("application/cloudevents-batch+json", b'[{"data": {}}, {"data": 1}]', "Event 1"),
    ],
)
def test_other_malformed_bodies(client: TestClient, content_type: str, body: bytes, said: str) -> None:
    """Any other body that is not what its type says is 400 too, with the place."""
    answer = client.post(
        "/v1/datasets/taxi/predictions", content=body, headers={"content-type": content_type}
    )
    assert said in refused(answer, 400)["detail"]


def test_a_text_is_no_file(client: TestClient, tmp_path: Path) -> None:
    """A JSON text is refused; it never names a file of the server to be read."""
    secret = tmp_path / "secret.csv"
    secret.write_text("trip_distance,zone\n1.0,74\n")
    refused(client.post("/iterate/taxi", json=str(secret)), 400)
    assert watch_of(client)._log.count("taxi") == 0


@pytest.mark.parametrize(
    ("body", "status"), [([{"target": 1.0}], 400), ([{"id": "a"}], 400), ([{"id": None, "target": 1.0}], 422)]
)
def test_labels_without_an_id_or_target(client: TestClient, body: Any, status: int) -> None:
    """Labels need an id and a target."""
    refused(client.post(LABELS, json=body), status)


@pytest.fixture
def small(reference: Path, tmp_path: Path) -> Iterator[TestClient]:
    with served(settings(reference, {"limits": {"body_bytes": 1000, "body_rows": 5}}), tmp_path) as client:
        yield client


def test_too_large(small: TestClient) -> None:
    """A body beyond the limits is 413, whether its size is declared, comes in parts, or is counted in rows."""
    declared = refused(small.post("/iterate/taxi", content=b" " * 1001, headers=JSON), 413)
    assert "1000 bytes" in declared["expected"]
    one_part = refused(small.post("/iterate/taxi", content=iter([b" " * 1001]), headers=JSON), 413)
    assert "bytes and more" in one_part["received"]
    refused(small.post("/iterate/taxi", content=iter([b" " * 600] * 3), headers=JSON), 413)
    assert "6 rows" in refused(small.post("/iterate/taxi", json=[{}] * 6), 413)["received"]
    assert "6 rows" in refused(small.post(LABELS, json=[{"id": 1, "target": 1}] * 6), 413)["received"]
    assert watch_of(small).traffic.rejected == {"too_large": 5}


def test_a_body_in_parts(small: TestClient) -> None:
    """A body that comes in parts is read as a whole."""
    parts = [b'[{"zone"', b': "74", "trip_dis', b'tance": 1.5}]', b""]
    assert small.post("/iterate/taxi", content=iter(parts), headers=JSON).json()["accepted"] == 1
    assert watch_of(small)._log.tail("taxi").table.values("trip_distance") == [1.5]


def test_full_queue(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full queue is 503 with the time after which to send it again, for rows and labels."""

    def full(*_: object, **__: object) -> None:
        raise QueueFullError("The queue before the log is full", retry_after=7.0)

    monkeypatch.setattr("modelvane.store.queue.WorkQueue.put", full)
    for path, body in (("/iterate/taxi", [trip(1)]), (LABELS, [{"id": 1, "target": 1}])):
        answer = client.post(path, json=body)
        refused(answer, 503)
        assert answer.headers["retry-after"] == "7"
    assert watch_of(client).traffic.rejected == {"overloaded": 2}
    monkeypatch.undo()
    assert client.post("/iterate/taxi", json=[trip(1)]).status_code == 200


def test_full_disk(client: TestClient) -> None:
    """While the disk is full rows are refused with 503 and nothing is acknowledged; then they are taken again."""
    connection: sqlite3.Connection = watch_of(client)._log._connections._writer  # type: ignore[attr-defined] # a SQLite log here
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    rows = [trip(number) | {"note": "x" * 500} for number in range(500)]
    answer = client.post("/iterate/taxi", json=rows)
    assert "disk is full" in refused(answer, 503)["detail"]
    assert int(answer.headers["retry-after"]) >= 1
    assert watch_of(client)._log.count("taxi") == 0
    assert watch_of(client).monitor.window().rows == 0
    connection.execute(f"PRAGMA max_page_count = {pages + 100_000}")
    assert client.post("/iterate/taxi", json=rows).json()["accepted"] == 500


def test_store_failure_is_said(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log is tried again after a failure: /readyz is 503 until it takes a write, then 200 by itself."""
    service = service_of(client)

    def broken(*_: object, **__: object) -> None:
        raise StoreError("The disk is full", remedy="Free disk space")

    monkeypatch.setattr(service.log, "transaction", broken)
    refused(client.post("/iterate/taxi", json=[trip(1)]), 503)
    service.upkeep.tick("findings", service.upkeep.keep)
    answer = client.get("/readyz")
    assert "disk is full" in refused(answer, 503)["detail"]
    assert answer.headers["retry-after"] == "5"
    monkeypatch.undo()
    service.upkeep.tick("findings", service.upkeep.keep)
    assert client.get("/readyz").status_code == 200


def test_unexpected_fault(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An error that nobody foresaw is 500 without its cause, which is in the service's log."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(watch_of(client), "added", broken)
    with caplog.at_level(logging.ERROR):
        answer = client.post("/iterate/taxi", json=[trip(1)])
    assert "secret" not in json.dumps(refused(answer, 500))
    assert "secret detail" in caplog.text
    monkeypatch.setattr(watch_of(client), "latest", broken)
    assert "secret" not in json.dumps(refused(client.get("/v1/datasets/taxi/findings"), 500))


@pytest.fixture
def guarded(reference: Path, tmp_path: Path) -> Iterator[TestClient]:
    tokens = {"ingest": "write-ä", "read": "look"}
    with served(settings(reference, {"tokens": tokens}), tmp_path) as client:
        yield client


def bearer(token: str) -> dict[bytes, bytes]:
    return {b"authorization": f"Bearer {token}".encode()}


@pytest.mark.parametrize("path", ["/iterate/taxi", "/v1/datasets/taxi/predictions", LABELS, "/iterate/other"])
def test_ingest_token(guarded: TestClient, path: str) -> None:
    """Posting needs its token; without it, not even the names of datasets are told."""
    for headers in ({}, bearer("look"), bearer(""), {b"authorization": "write-ä".encode()}):
        answer = guarded.post(path, json=[], headers=headers)
        assert "available" not in refused(answer, 401)
        assert answer.headers["www-authenticate"] == "Bearer"
    if "other" not in path:
        assert guarded.post(path, json=[], headers=bearer("write-ä")).status_code == 200


READ = [
    "/",
    "/datasets/taxi",
    "/metrics",
    "/v1/datasets",
    "/v1/datasets/taxi/findings",
    "/v1/datasets/taxi/history",
]


@pytest.mark.parametrize("path", READ)
def test_read_token(guarded: TestClient, path: str) -> None:
    """Pages, findings and metrics need the other token."""
    for headers in ({}, bearer("write-ä")):
        refused(guarded.get(path, headers=headers), 401)
    assert guarded.get(path, headers=bearer("look")).status_code == 200


def basic(token: str, user: str = "someone") -> dict[bytes, bytes]:
    return {b"authorization": b"Basic " + b64encode(f"{user}:{token}".encode())}


@pytest.mark.parametrize("path", READ)
def test_a_browser_shows_the_read_token_as_a_password(guarded: TestClient, path: str) -> None:
    """Who reads is asked for a password, which is the token for reading, of any user."""
    challenge = guarded.get(path).headers["www-authenticate"]
    assert challenge.startswith("Basic realm=")
    for user in ("", "someone"):
        assert guarded.get(path, headers=basic("look", user)).status_code == 200
    broken = {b"authorization": b"Basic look"}
    for headers in (basic("write-ä"), basic(""), basic("look:"), basic("Bearer look"), broken):
        refused(guarded.get(path, headers=headers), 401)


def test_nothing_is_posted_with_a_password(guarded: TestClient) -> None:
    """A password that a browser remembers posts nothing: another site's page could have the browser send it."""
    refused(guarded.post("/iterate/taxi", json=[], headers=basic("write-ä")), 401)
    refused(guarded.post("/v1/alerts", json={}, headers=basic("write-ä")), 401)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/docs", "/openapi.json"])
def test_open_routes(guarded: TestClient, path: str) -> None:
    """Probes and the API's description need no token, and tell nothing of the data."""
    answer = guarded.get(path)
    assert answer.status_code == 200
    assert "taxi" not in answer.text


def test_tokens_are_compared_in_constant_time(guarded: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens go through `hmac.compare_digest` and nothing else decides."""
    seen: list[tuple[bytes, bytes]] = []
    monkeypatch.setattr(
        "modelvane.service.headers.hmac.compare_digest", lambda *pair: seen.append(pair) or False
    )
    refused(guarded.post("/iterate/taxi", json=[], headers=bearer("write-ä")), 401)
    refused(guarded.get("/metrics", headers=bearer("look")), 401)
    refused(guarded.get("/", headers=basic("look")), 401)
    assert [shown for shown, _ in seen] == [b"Bearer write-\xc3\xa4", b"Bearer look", b"look"]
