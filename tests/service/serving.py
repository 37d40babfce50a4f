"""A small dataset, and services that watch it: in this process, or in one of their own."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self

import uvicorn
import yaml
from fastapi import FastAPI
from starlette.testclient import TestClient

from modelvane.client import Client
from modelvane.config import Config
from modelvane.reference import Reference
from modelvane.service.app import create_app
from modelvane.service.ingest import Ingest
from modelvane.service.service import Service
from modelvane.service.watch import Watch

PATIENCE_SECONDS = 300.0
"""A bound for what hangs, that no busy machine comes near."""


def trip(number: int, *, shift: float = 0.0, target: bool = False) -> dict[str, Any]:
    """Give a trip that is the same for the same number."""
    dice = random.Random(number)  # noqa: S311 - made-up trips
    distance = dice.uniform(0.5, 12.0) + shift
    row: dict[str, Any] = {
        "trip_distance": round(distance, 3),
        "zone": dice.choice(["74", "75", "166"]),
        "prediction": round(4 * distance + 3, 3),
    }
    if target:
        row["target"] = truth(number)
    return row


def truth(number: int) -> float:
    """Give the duration of a trip."""
    noise = random.Random(number + 0.5).uniform(0, 6)  # noqa: S311 - made-up trips
    return round(4 * trip(number)["trip_distance"] + noise, 3)


def reference_rows(rows: int = 400) -> list[dict[str, Any]]:
    """Give rows of the reference."""
    return [trip(-1 - number) | {"target": truth(-1 - number)} for number in range(rows)]


def save_reference(path: Path) -> Path:
    """Build the reference once, so that services start quickly."""
    Reference.of(reference_rows(), categorical=["zone"], numerical=["trip_distance"]).save(path)
    return path


def settings(reference: Path, service: dict[str, Any] | None = None, **dataset: Any) -> dict[str, Any]:
    """Give a config of one dataset, as plain values."""
    return {
        "datasets": {"taxi": {"reference_file": str(reference), "window": {"rows": 200}, **dataset}},
        "service": {"calculation_period_sec": 0, "port": 0, **(service or {})},
    }


@contextmanager
def served(plain: dict[str, Any], folder: Path) -> Iterator[TestClient]:
    """Serve a config in this process; faults are answered, as a server does."""
    with TestClient(create_app(Config.of(plain, folder)), raise_server_exceptions=False) as client:
        yield client


def service_of(client: TestClient) -> Service:
    """Give the service behind a client."""
    assert isinstance(client.app, Ingest)
    assert isinstance(client.app._app, FastAPI)
    service = client.app._app.state.service
    assert isinstance(service, Service)
    return service


def watch_of(client: TestClient, dataset: str = "taxi") -> Watch:
    """Give what the service behind a client knows of a dataset."""
    return service_of(client).watches[dataset]


def ask(url: str, body: Any = None, timeout: float = PATIENCE_SECONDS) -> Any:
    """Ask a service in another process; JSON in and out."""
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, content, {"Content-Type": "application/json"})  # noqa: S310 - our own address
    with urllib.request.urlopen(request, timeout=timeout) as response:  # noqa: S310 - our own address
        return json.loads(response.read())


class Process:
    """``modelvane serve`` in a process of its own; what it says is in ``said``."""

    def __init__(self, plain: dict[str, Any], folder: Path) -> None:
        self._said = folder / "said.txt"
        config = folder / "config.yaml"
        config.write_text(yaml.safe_dump(plain))
        with self._said.open("w") as stream:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", "modelvane", "serve", "--config", str(config)],
                stdout=stream,
                stderr=stream,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait()

    @property
    def said(self) -> str:
        """Everything on standard output and error so far."""
        return self._said.read_text()

    def await_said(self, text: str) -> None:
        """Wait until the process has said something."""
        end = time.monotonic() + PATIENCE_SECONDS
        while text not in self.said:
            assert self.popen.poll() is None, self.said
            assert time.monotonic() < end, self.said
            time.sleep(0.01)

    def ready(self) -> str:
        """Wait until rows are taken in, and give the address."""
        self.await_said(" on http://")
        address = self.said.partition(" on ")[2].split()[0].rstrip("/")
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                ask(f"{address}/readyz")
            except OSError:
                assert self.popen.poll() is None, self.said
                assert time.monotonic() < end, self.said
                time.sleep(0.01)
            else:
                return address


class Answer(NamedTuple):
    status: int
    body: str
    retry_after: str | None


def answer_of(url: str, body: Any = None, timeout: float = PATIENCE_SECONDS) -> Answer:
    """Ask a service, whatever it answers."""
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, content, {"Content-Type": "application/json"})  # noqa: S310 - our own address
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:  # noqa: S310 - our own address
            return Answer(response.status, response.read().decode(), None)
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.read().decode(), error.headers["Retry-After"])


def await_that(is_so: Callable[[], object]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def await_ready(address: str, status: int = 200) -> Answer:
    """Wait, without any traffic but this, until the service says that it is ready, or that it is not."""
    await_that(lambda: answer_of(f"{address}/readyz").status == status)
    return answer_of(f"{address}/readyz")


@contextmanager
def live(plain: dict[str, Any], folder: Path) -> Iterator[str]:
    """Serve a config by HTTP from a thread of this process, and give the address."""
    app = create_app(Config.of(plain, folder))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        await_that(lambda: server.started)
        [socket] = server.servers[0].sockets
        yield f"http://127.0.0.1:{socket.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def logging_all_the_time(address: str) -> Iterator[list[str]]:
    """Log rows through the real client, and in the end wait until all of them are acknowledged."""
    ids: list[str] = []
    stop = threading.Event()
    with Client(address, "taxi", linger=0.01, timeout=3.0, queue_size=100_000) as client:

        def work() -> None:
            while not stop.wait(0.002):
                row = trip(len(ids))
                ids.append(f"row-{len(ids)}")
                client.log(row, row.pop("prediction"), id=ids[-1])

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield ids
        finally:
            stop.set()
            thread.join()
        assert client.flush(PATIENCE_SECONDS)
        assert client.counters.sent == len(ids)


def labelled_rows(watch: Watch) -> float:
    """Give the labelled rows of all versions of the model, by findings of now."""
    watch.forget_latest()
    findings = watch.latest().findings
    return sum(f.value or 0.0 for f in findings if f.measure == "labelled_rows")
