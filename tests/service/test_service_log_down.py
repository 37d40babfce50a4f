"""A log that is down, slow or full while the service runs: nothing that was acknowledged is lost, and it passes."""

from __future__ import annotations

import contextlib
import json
import resource
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.service.serving import (
    Process,
    answer_of,
    ask,
    await_ready,
    await_that,
    live,
    logging_all_the_time,
    served,
    service_of,
    settings,
    trip,
)
from tests.stores.servers.postgresql import Server, in_own_schema

from modelvane.config import Config
from modelvane.errors import StoreError
from modelvane.service import health
from modelvane.service.app import create_app
from modelvane.store import LogDownError
from modelvane.store.postgresql import PostgresqlLog, connections

ROWS = "/v1/datasets/taxi/predictions"


def log_up(address: str) -> float:
    """Give what the series says."""
    return series(address, "modelvane_service_log_up")


def series(address: str, name: str) -> float:
    """Give the value of a series without labels."""
    lines = answer_of(f"{address}/metrics").body.splitlines()
    [value] = [line.split()[1] for line in lines if line.startswith(f"{name} ")]
    return float(value)


@pytest.fixture
def url(own_postgresql: Server) -> str:
    return in_own_schema(own_postgresql.url)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the log more often than a service in production does."""
    monkeypatch.setattr(health, "TRY_SECONDS", 0.05)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take a log that does not answer for one that is down sooner than in production."""
    monkeypatch.setattr(health, "SLOW_SECONDS", 0.3)
    monkeypatch.setattr(connections, "WRITE_SECONDS", 6.0)
    monkeypatch.setattr(connections, "READ_SECONDS", 6.0)
    monkeypatch.setattr(connections, "GRACE_SECONDS", 0.2)


def logged(url: str) -> list[str]:
    """Give the ids in the log, in order of arrival."""
    with psycopg.connect(url) as connection:
        return [id_ for (id_,) in connection.execute("SELECT id FROM predictions_taxi ORDER BY seq")]


def test_a_server_that_crashes(own_postgresql: Server, url: str, reference: Path, tmp_path: Path) -> None:
    """While PostgreSQL is down rows are refused and findings go on; then all that clients sent is there, once each."""
    with live(settings(reference, {"store": url}), tmp_path) as address:
        with logging_all_the_time(address) as ids:
            await_that(lambda: len(logged(url)) > 300)
            own_postgresql.kill()
            said = await_ready(address, 503)
            assert "PostgreSQL" in json.loads(said.body)["detail"]
            assert log_up(address) == 0.0
            assert answer_of(f"{address}/healthz").status == 200
            assert ask(f"{address}/v1/datasets/taxi/findings")["rows"] == 200
            assert answer_of(f"{address}/").status == 200
            refused = answer_of(f"{address}{ROWS}", [trip(1) | {"id": "refused"}])
            assert (refused.status, refused.retry_after) == (503, "2")
            own_postgresql.start()
            await_ready(address)
            assert log_up(address) == 1.0
            before = len(ids)
            await_that(lambda: len(ids) > before + 100)
        found = logged(url)
        assert sorted(found) == sorted(ids)
        rows = answer_of(f"{address}/metrics").body
        assert f"modelvane_service_log_rows {float(len(ids))}" in rows


def test_a_server_that_goes_while_nobody_posts(
    own_postgresql: Server, url: str, reference: Path, tmp_path: Path
) -> None:
    """Without any traffic, too, a server that is gone is noticed, and that it is back."""
    with live(settings(reference, {"store": url}), tmp_path) as address:
        await_ready(address)
        own_postgresql.kill()
        await_ready(address, 503)
        assert log_up(address) == 0.0
        own_postgresql.start()
        await_ready(address)
        assert log_up(address) == 1.0


@pytest.mark.usefixtures("impatient")
def test_a_server_that_stands_still(
    own_postgresql: Server, url: str, reference: Path, tmp_path: Path
) -> None:
    """While PostgreSQL does not answer the service does: what waits is bounded, the rest refused, nothing lost."""
    plain = settings(reference, {"store": url, "limits": {"queue_rows": 50}})
    with live(plain, tmp_path) as address, ThreadPoolExecutor(8) as pool:
        assert answer_of(f"{address}{ROWS}", [trip(0) | {"id": "before"}]).status == 200
        own_postgresql.suspend()
        try:
            bodies = [[trip(n) | {"id": f"{n}-{i}"} for i in range(20)] for n in range(8)]
            posts = [pool.submit(answer_of, f"{address}{ROWS}", body) for body in bodies]
            await_that(lambda: "has not answered for" in answer_of(f"{address}/readyz").body)
            assert answer_of(f"{address}/healthz").status == 200
            assert answer_of(f"{address}/v1/datasets/taxi/findings").status == 200
            assert log_up(address) == 0.0
            # so neither the event loop nor an evaluation waits for the log
            assert not all(post.done() for post in posts)
            answers = [post.result() for post in posts]
            assert {answer.status for answer in answers} == {503}
            assert {answer.retry_after is not None for answer in answers} == {True}
            assert any("queue before the log is full" in answer.body for answer in answers)
            said = json.loads(await_ready(address, 503).body)["detail"]
            assert "answer" in said or "reached" in said
        finally:
            own_postgresql.resume()
        await_ready(address)
        # one after the other: together they are more than the queue takes
        assert {answer_of(f"{address}{ROWS}", body).status for body in bodies} == {200}
        assert sorted(logged(url)) == sorted(["before", *(row["id"] for body in bodies for row in body)])


@pytest.mark.usefixtures("impatient")
def test_a_standstill_under_the_real_client(
    own_postgresql: Server, url: str, reference: Path, tmp_path: Path
) -> None:
    """What clients sent over a standstill of the server is in the log afterwards, once each."""
    with live(settings(reference, {"store": url}), tmp_path) as address, logging_all_the_time(address) as ids:
        await_that(lambda: len(logged(url)) > 100)
        own_postgresql.suspend()
        try:
            await_ready(address, 503)
        finally:
            own_postgresql.resume()
        await_ready(address)
    assert sorted(logged(url)) == sorted(ids)


def test_a_start_without_the_server(
    own_postgresql: Server, url: str, reference: Path, tmp_path: Path
) -> None:
    """A service starts while its log is down, says so, and warms up and takes rows once the log is there."""
    plain = settings(reference, {"store": url})
    with live(plain, tmp_path) as address:
        assert answer_of(f"{address}{ROWS}", [trip(n) | {"id": n} for n in range(150)]).status == 200
    own_postgresql.kill()
    try:
        with live(plain, tmp_path) as address:
            said = await_ready(address, 503)
            assert "cannot be reached" in json.loads(said.body)["detail"]
            refused = answer_of(f"{address}{ROWS}", [trip(1)])
            assert (refused.status, refused.retry_after) == (503, "2")
            assert log_up(address) == 0.0
            assert answer_of(f"{address}/").status == 200
            own_postgresql.start()
            await_ready(address)
            assert ask(f"{address}/v1/datasets/taxi/findings")["rows"] == 150
            assert answer_of(f"{address}{ROWS}", [trip(n) | {"id": n} for n in range(160)]).status == 200
            assert len(logged(url)) == 160
            assert "modelvane_service_log_rows 160.0" in answer_of(f"{address}/metrics").body
    finally:
        own_postgresql.stop()
        own_postgresql.start()


def test_a_warm_up_that_is_cut_off(
    url: str, reference: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log that goes away in the middle of a warm-up is read again, and no row is counted twice."""
    plain = settings(reference, {"store": url})
    with live(plain, tmp_path) as address:
        assert answer_of(f"{address}{ROWS}", [trip(n) | {"id": n} for n in range(150)]).status == 200
    for name in ("read_findings", "load_snapshot", "labels_tail"):
        cut = iter([True])
        whole = getattr(PostgresqlLog, name)

        def once_cut(*args: Any, _whole: Any = whole, _cut: Iterator[bool] = cut, **options: Any) -> Any:
            if next(_cut, False):
                raise LogDownError("cut off")
            return _whole(*args, **options)

        monkeypatch.setattr(PostgresqlLog, name, once_cut)
        with live(plain, tmp_path) as address:
            await_ready(address)
            found = ask(f"{address}/v1/datasets/taxi/findings")
            repeated = [each["value"] for each in found["findings"] if each["measure"] == "duplicate_ids"]
            assert (found["rows"], repeated) == (150, [0.0])
            assert "modelvane_service_log_rows 150.0" in answer_of(f"{address}/metrics").body


def test_a_stop_without_the_server(own_postgresql: Server, url: str, reference: Path, tmp_path: Path) -> None:
    """A service that waits for its log, or has lost it, ends when it is told to."""
    plain = settings(reference, {"store": url})
    with live(plain, tmp_path) as address:
        own_postgresql.kill()
        await_ready(address, 503)
    with live(plain, tmp_path) as address:
        await_ready(address, 503)
    own_postgresql.start()
    assert logged(url) == []


def test_a_start_that_waiting_does_not_cure(own_postgresql: Server, reference: Path, tmp_path: Path) -> None:
    """A database that does not exist ends the start with what to do, rather than a wait for ever."""
    wrong = own_postgresql.url.replace("/postgres?", "/nowhere?")
    with pytest.raises(StoreError, match="CREATE DATABASE"):
        create_app(Config.of(settings(reference, {"store": wrong}), tmp_path))


# -------------------------------------------------------------------------- SQLite


def ids_in(file: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(file)) as connection:
        return [id_ for (id_,) in connection.execute("SELECT id FROM predictions_taxi ORDER BY seq")]


def test_a_disk_that_takes_no_more(reference: Path, tmp_path: Path) -> None:
    """While the system lets no file grow rows are refused and it is said; then all that clients sent is there."""

    def limit(size: int) -> None:
        resource.prlimit(server.popen.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    with Process(settings(reference), tmp_path) as server:
        address = server.ready()
        with logging_all_the_time(address) as ids:
            await_that(lambda: len(ids_in(tmp_path / "modelvane.db")) > 100)
            limit(4096)
            said = json.loads(await_ready(address, 503).body)["detail"]
            assert "disk" in said
            assert log_up(address) == 0.0
            refused = answer_of(f"{address}{ROWS}", [trip(1) | {"id": "refused"}])
            assert refused.status == 503
            assert refused.retry_after is not None
            assert ask(f"{address}/v1/datasets/taxi/findings")["rows"] > 0
            limit(resource.RLIM_INFINITY)
            await_ready(address)
            assert log_up(address) == 1.0
        server.await_said("The log takes no rows: ")
        server.await_said("The log takes rows again")
        server.popen.terminate()
        assert server.popen.wait(10) == 0
    assert sorted(ids_in(tmp_path / "modelvane.db")) == sorted(ids)


def test_a_log_that_stays_read_only(reference: Path, tmp_path: Path) -> None:
    """What finds out whether the log is well again is a write: while none is possible the service is not ready."""
    with served(settings(reference), tmp_path) as client:
        connection: sqlite3.Connection = service_of(client).log._connections._writer  # type: ignore[attr-defined] # a SQLite log here
        connection.execute("PRAGMA query_only = ON")
        assert client.post(ROWS, json=[trip(1)]).status_code == 503
        tries = service_of(client).counters.failures
        await_that(lambda: service_of(client).counters.failures >= tries + 3)
        said = client.get("/readyz")
        assert (said.status_code, said.headers["retry-after"]) == (503, "5")
        assert "cannot be written" in said.json()["detail"]
        connection.execute("PRAGMA query_only = OFF")
        await_that(lambda: client.get("/readyz").status_code == 200)
        assert client.post(ROWS, json=[trip(1)]).status_code == 200


def test_a_disk_that_is_well_again_while_nobody_posts(reference: Path, tmp_path: Path) -> None:
    """After a refusal the log is tried by writes, without traffic, so that the service is ready when the disk is."""
    with Process(settings(reference), tmp_path) as server:
        address = server.ready()
        unlimited = resource.RLIM_INFINITY
        resource.prlimit(server.popen.pid, resource.RLIMIT_FSIZE, (4096, unlimited))
        assert answer_of(f"{address}{ROWS}", [trip(1)]).status == 503
        failures = "modelvane_service_commit_failures_total"
        tries = series(address, failures)

        def tried_in_vain() -> bool:
            assert answer_of(f"{address}/readyz").status == 503
            return series(address, failures) > tries + 1

        await_that(tried_in_vain)
        resource.prlimit(server.popen.pid, resource.RLIMIT_FSIZE, (unlimited, unlimited))
        await_ready(address)
        assert answer_of(f"{address}{ROWS}", [trip(1)]).status == 200
