"""What logging a prediction costs a request: p99 of a route with and without, at half of the peak rate.

One application under uvicorn has the same route three times: bare of logging, logged, and logged for a tenth of its
ids. The peak is that of the bare one. At half of it each is asked in turn, for several rounds, so that what else the
machine does meets all alike; the figure of each is the median of its rounds. The rows go to a sink in a process of its
own.

Run: ``python -m bench.instrument``, or ``python -m bench instrument [--quick]``.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import statistics
import tempfile
from pathlib import Path
from typing import Any

from bench.client_log import TRIP, serve
from bench.figures import Row, show
from bench.servers import free_port, load, server

SINK = "MODELVANE_BENCH_SINK"
ROUTES = {"/bare": "without logging", "/logged": "logged", "/sampled": "logged, a share of 0.1"}


def app() -> Any:
    """Make the application that is measured."""
    from fastapi import FastAPI

    from modelvane.client import Client
    from modelvane.client.fastapi import instrument, logged

    made = FastAPI()
    instrument(made)
    client = Client(os.environ[SINK], "taxi")

    async def predict(trip: dict[str, Any]) -> dict[str, float]:
        return {"prediction": 4.0 * trip["trip_distance"]}

    made.post("/bare")(predict)
    made.post("/logged")(logged(client, prediction="prediction")(predict))
    made.post("/sampled")(logged(client, prediction="prediction", share=0.1)(predict))
    return made


def run(*, quick: bool = False) -> list[Row]:
    """Ask each route at half of the peak rate."""
    rounds, seconds = (3, 1.5) if quick else (9, 5.0)
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    os.environ[SINK] = f"http://127.0.0.1:{ours.recv()}"
    port = free_port()
    command = ["-m", "uvicorn", "--factory", "bench.instrument:app", "--port", str(port)]
    with tempfile.TemporaryDirectory() as folder:
        body = Path(folder) / "trip.json"
        body.write_text(json.dumps(TRIP), encoding="utf-8")
        with server([*command, "--log-level", "warning"], port, "/metrics"):
            peak = load(port, "/bare", body, connections=16, seconds=seconds)["rate"]
            options = {"connections": 16, "seconds": seconds, "rate": peak / 2}
            took: dict[str, list[float]] = {route: [] for route in ROUTES}
            for _ in range(rounds):
                for route, latencies in took.items():
                    latencies.append(load(port, route, body, **options)["p99"])
    process.terminate()
    process.join()
    bare = statistics.median(took["/bare"])
    rows = [Row("peak rate of the route, without logging", f"{peak:,.0f}/s")]
    for route, name in ROUTES.items():
        p99 = statistics.median(took[route])
        value = f"{p99 * 1000:.2f} ms ({p99 / bare:.3f} of without)"
        reach = ("<= 1.05 of without", p99 <= 1.05 * bare) if route != "/bare" else ("", None)
        rows.append(Row(f"p99 at half of it, {name}", value, *reach))
    return rows


if __name__ == "__main__":
    show("Logging of a route", run())
