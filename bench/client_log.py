"""What one logged prediction costs the caller: ``Client.log`` against a blocking POST and insert.

The baseline is what services do without a client: for every prediction a blocking POST to the monitor, over
a kept connection, then an insert into a database. Both run at the same pace, against the same sink in a
process of its own. Each call gets a record that was decoded just before, as in a service, and the thread
sleeps between calls, so the caches are as cold as in a service that waits for requests. A call of an empty
function shows what of the figure is the measurement's own; a tight loop, what of it is cold caches.

Run: ``python bench/client_log.py [--rate 1000] [--seconds 5]``.
"""

from __future__ import annotations

import json
import multiprocessing
import sqlite3
import statistics
import tempfile
import time
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.figures import Row, show

from modelvane.client import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

TRIP = {
    "VendorID": 2,
    "lpep_pickup_datetime": "2021-01-01 00:15:56",
    "lpep_dropoff_datetime": "2021-01-01 00:19:52",
    "store_and_fwd_flag": "N",
    "RatecodeID": 1.0,
    "PULocationID": 43,
    "DOLocationID": 151,
    "passenger_count": 1.0,
    "trip_distance": 1.01,
    "fare_amount": 5.5,
    "extra": 0.5,
    "mta_tax": 0.5,
    "tip_amount": 0.0,
    "tolls_amount": 0.0,
    "ehail_fee": None,
    "improvement_surcharge": 0.3,
    "total_amount": 6.8,
    "payment_type": 2.0,
    "trip_type": 1.0,
    "congestion_surcharge": 0.0,
}
TEXT = json.dumps(TRIP)


class Sink(BaseHTTPRequestHandler):
    """Read and acknowledge."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:  # noqa: D102 - the base class's hook
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:  # noqa: D102 - as above
        return


def serve(pipe: Connection) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    pipe.send(server.server_port)
    server.serve_forever()


def beats(rate: float, seconds: float) -> Iterator[int]:
    start = time.perf_counter()
    for number in range(int(rate * seconds)):
        wait = start + number / rate - time.perf_counter()
        if wait > 0:
            time.sleep(wait)
        yield number


def measure(call: Callable[[dict[str, Any], float], object], rate: float, seconds: float) -> list[float]:
    """Return the microseconds that each call took."""
    took = []
    for number in beats(rate, seconds):
        record = json.loads(TEXT)
        prediction = float(number)
        start = time.perf_counter_ns()
        call(record, prediction)
        took.append((time.perf_counter_ns() - start) / 1000)
    return took


def tight(client: Client) -> float:
    """Return the median microseconds of a call in bursts of 200, each flushed before the next."""
    took = []
    for _ in range(100):
        start = time.perf_counter_ns()
        for _ in range(200):
            client.log(TRIP, 1.0)
        took.append((time.perf_counter_ns() - start) / 200_000)
        client.flush(10.0)
    return statistics.median(took)


def _row(name: str, took: list[float], reach: float | None = None) -> Row:
    median, p99 = statistics.median(took), statistics.quantiles(took, n=100)[98]
    value = f"median {median:.2f} us, p99 {p99:.1f} us"
    return Row(name, value) if reach is None else Row(name, value, f"median <= {reach:g} us", median <= reach)


def run(*, quick: bool = False) -> list[Row]:
    """Call at 1 kHz: nothing, the client, and a blocking POST and insert."""
    rate, seconds = 1000.0, 2.0 if quick else 5.0
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    port = ours.recv()
    nothing = measure(lambda record, prediction: None, rate, seconds)  # noqa: ARG005 - it is empty
    with Client(f"http://127.0.0.1:{port}", "taxi") as client:
        logged = measure(client.log, rate, seconds)
        assert client.flush(10.0)
        assert client.counters.sent == int(rate * seconds), client.counters
        bursts = tight(client)
    blocked = _blocking(port, rate, seconds)
    process.terminate()
    process.join()
    ratio = statistics.median(blocked) / statistics.median(logged)
    return [
        _row("an empty function", nothing),
        _row("Client.log at 1 kHz", logged, 3.0),
        Row("Client.log in a tight loop", f"{bursts:.2f} us"),
        _row("a blocking POST and insert", blocked),
        Row("blocking / Client.log", f"{ratio:.0f}"),
    ]


def _blocking(port: int, rate: float, seconds: float) -> list[float]:
    with tempfile.TemporaryDirectory() as folder:
        database = sqlite3.connect(Path(folder) / "log.db")
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE log (id TEXT PRIMARY KEY, record TEXT)")
        http = HTTPConnection("127.0.0.1", port)

        def block(record: dict[str, Any], prediction: float) -> None:
            name = str(prediction)
            body = json.dumps(record | {"id": name, "prediction": prediction})
            http.request("POST", "/iterate/taxi", body, {"Content-Type": "application/json"})
            http.getresponse().read()
            with database:
                database.execute("INSERT INTO log VALUES (?, ?)", (name, body))

        took = measure(block, rate, seconds)
        http.close()
        database.close()
    return took


if __name__ == "__main__":
    show("log() in the client", run())
