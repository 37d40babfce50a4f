"""What logging a prediction costs a request: p99 of a route with and without, at half of the peak rate.

Applications behind one uvicorn have two routes, one that does nothing and one with the model of the taxi example:
without logging (twice, which shows how far the same thing measured twice differs), logged, and
logged for a tenth of the predictions. Rounds of short blocks ask each in turn, beginning with another one every time,
at half of the peak rate that the route without logging reaches in that round. The figure is the median over the rounds
of the ratio of two p99s of one round: what else the machine does meets both alike, or, where it does not, few rounds.
Beside it is where the middle half of the rounds lies: where the machine is not quiet, 40 cannot tell 1.05 from 1.
Beside that is the ratio of the processor time per request, of all threads, which other work of the machine hardly
changes. Server, load and sink have the highest priority where that is permitted. The rows go to a sink in a process of
its own.

Run: ``python -m bench.instrument``, or ``python -m bench instrument [--quick]``.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import socket
import statistics
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.client_log import TRIP
from bench.figures import Row, show
from bench.servers import LOAD_CORE, free_port, load, server, undisturbed
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from modelvane.client import Client
from modelvane.client.fastapi import instrument, logged

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

    from examples.taxi.model import DurationModel
    from starlette.types import ASGIApp, Receive, Scope, Send

SINK, MODEL = "MODELVANE_BENCH_SINK", "MODELVANE_BENCH_MODEL"
ROUTES = {"nothing": "a route that does nothing", "model": "the taxi model"}
WAYS = {"bare": "", "again": "the same again", "logged": "logged", "sampled": "logged, a share of 0.1"}
CONNECTIONS = 16


def app() -> ASGIApp:
    """Make an application per way, behind one address: a router takes the longer the more routes it has in front."""
    from examples.taxi.model import DurationModel

    client = Client(os.environ[SINK], "taxi")
    model = DurationModel.load(Path(os.environ[MODEL]))
    made = {
        "bare": _application(model, lambda route: route),
        "again": _application(model, lambda route: route),
        "logged": _application(model, logged(client, prediction="prediction")),
        "sampled": _application(model, logged(client, prediction="prediction", share=0.1)),
    }

    # a full collection of all that was imported takes 50 ms, and would fall into one way or another
    gc.collect()
    gc.freeze()

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            _, way, scope["path"] = scope["path"].split("/", 2)
            scope["path"] = f"/{scope['path']}"
            await made[way](scope, receive, send)

    return call


def _application(model: DurationModel, decorated: Callable[[Any], Any]) -> FastAPI:
    made = FastAPI()
    instrument(made, registry=CollectorRegistry())

    async def nothing(trip: dict[str, Any]) -> dict[str, float]:
        return {"prediction": 4.0 * trip["trip_distance"]}

    async def predict(trip: dict[str, Any]) -> dict[str, float]:
        return {"prediction": float(model.predict([trip])[0])}

    made.post("/nothing")(decorated(nothing))
    made.post("/model")(decorated(predict))
    return made


def sink(pipe: Connection) -> None:
    """Acknowledge whatever comes; as cheaply as can be, since the load has the same core."""
    os.sched_setaffinity(0, {LOAD_CORE} & os.sched_getaffinity(0) or os.sched_getaffinity(0))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        pipe.send(listener.getsockname()[1])
        connection, _ = listener.accept()
        stream = connection.makefile("rb")
        while stream.readline():
            length = 0
            while (line := stream.readline()) != b"\r\n":
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            stream.read(length)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def _train(path: Path) -> None:
    from examples.taxi.model import DurationModel
    from examples.taxi.synthetic import write_month
    from examples.taxi.trips import read_trips

    DurationModel.fit(read_trips(write_month("2021-01", path.parent, rows=5_000))).save(path)


class Block(NamedTuple):
    """What one block of requests took: p99 in seconds, and processor seconds of the server per request."""

    p99: float
    cpu: float


def _measure(pid: int, port: int, path: str, body: Path, rate: float, seconds: float) -> Block:
    before = _cpu(pid)
    found = load(port, path, body, connections=CONNECTIONS, seconds=seconds, rate=rate)
    return Block(found["p99"], (_cpu(pid) - before) / (found["rate"] * seconds))


def _cpu(pid: int) -> float:
    """Give the seconds that the threads of a process have run."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text(encoding="ascii").split()[0]) for thread in threads) / 1e9


def _ratios(blocks: list[Block], others: list[Block], part: int) -> list[float]:
    """Give the quartiles over the rounds of what a block took as a part of what the other took."""
    ratios = [one[part] / other[part] for one, other in zip(blocks, others, strict=True)]
    return statistics.quantiles(ratios, n=4)


def run(*, quick: bool = False) -> list[Row]:
    """Ask each route in each way, round after round."""
    with undisturbed():
        return _run(quick=quick)


def _run(*, quick: bool) -> list[Row]:
    rounds, seconds = (5, 0.5) if quick else (40, 0.5)
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=sink, args=(theirs,), daemon=True)
    process.start()
    os.environ[SINK] = f"http://127.0.0.1:{ours.recv()}"
    port = free_port()
    command = ["-m", "uvicorn", "--factory", "bench.instrument:app", "--port", str(port)]
    peaks: dict[str, list[float]] = {route: [] for route in ROUTES}
    took: dict[tuple[str, str], list[Block]] = {(route, way): [] for route in ROUTES for way in WAYS}
    with tempfile.TemporaryDirectory() as folder:
        os.environ[MODEL] = str(Path(folder) / "model.skops")
        _train(Path(folder) / "model.skops")
        body = Path(folder) / "trip.json"
        body.write_text(json.dumps(TRIP), encoding="utf-8")
        with server([*command, "--log-level", "warning"], port, "/bare/metrics") as pid:
            for turn in range(rounds):
                for route in ROUTES:
                    peak = load(port, f"/bare/{route}", body, connections=CONNECTIONS, seconds=seconds)[
                        "rate"
                    ]
                    peaks[route].append(peak)
                    for number in range(len(WAYS)):
                        way = list(WAYS)[(turn + number) % len(WAYS)]
                        block = _measure(pid, port, f"/{way}/{route}", body, peak / 2, seconds)
                        took[route, way].append(block)
    process.terminate()
    process.join()
    rows = []
    for route, name in ROUTES.items():
        bare = took[route, "bare"]
        p99 = f"p99 {statistics.median(block.p99 for block in bare) * 1000:.2f} ms"
        rows.append(Row(name, f"peak {statistics.median(peaks[route]):,.0f}/s, {p99} at half of it"))
        for way, what in WAYS.items():
            if way == "bare":
                continue
            low, ratio, high = _ratios(took[route, way], bare, 0)
            _, cpu, _ = _ratios(took[route, way], bare, 1)
            value = f"p99 {ratio:.3f} ({low:.2f} to {high:.2f}), processor time {cpu:.3f} of without"
            reach = ("p99 <= 1.05", ratio <= 1.05) if way != "again" else ("", None)
            rows.append(Row(f"{name}: {what}", value, *reach))
    return rows


if __name__ == "__main__":
    show("Logging of a route", run())
