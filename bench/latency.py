"""p99 of single-record posts while twenty datasets are scraped and evaluated, at half of the peak rate."""

from __future__ import annotations

import os
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

import msgspec
from bench.figures import Row, show
from bench.ingest import TRIP, taxi_config
from bench.servers import bare_asgi, free_port, load, monitor, server, undisturbed

DATASETS = 20
_SCRAPE_SECONDS = 2.0


def run(*, quick: bool = False) -> list[Row]:
    """Fill the windows of all datasets, find the peak, then post at half of it, in turn with and without scrapes."""
    seconds, rounds = (5.0, 1) if quick else (15.0, 3)
    with undisturbed(), tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = taxi_config(folder, DATASETS)
        one, many = folder / "one.json", folder / "many.json"
        one.write_bytes(msgspec.json.encode([TRIP]))
        many.write_bytes(msgspec.json.encode([{**TRIP, "trip_distance": i / 100} for i in range(1000)]))
        port, bare = free_port(), free_port()
        quiet: list[float] = []
        scraped: list[float] = []
        scrapes: list[float] = []
        with server(monitor(config, port), port, "/readyz"):
            for i in range(DATASETS):
                dataset = "taxi" if i == 0 else f"taxi{i}"
                load(port, f"/iterate/{dataset}", many, seconds=0.6, connections=1)
            peak = load(port, "/iterate/taxi", one, seconds=3.0)["rate"]
            first, _ = _scraped(port, one, peak / 2, 5.0)
            for _ in range(rounds):
                quiet.append(load(port, "/iterate/taxi", one, seconds=seconds, rate=peak / 2)["p99"])
                latencies, took = _scraped(port, one, peak / 2, seconds)
                scraped.append(latencies["p99"])
                scrapes += took
        with server(bare_asgi(bare), bare, ""):
            floor = load(bare, "/iterate/taxi", one, seconds=3.0, rate=peak / 2)
    return [
        Row("peak rate", f"{peak:.0f}/s"),
        Row("no-op ASGI, p99 at the same rate", _ms(floor["p99"])),
        Row("p99 at half of the peak, nobody scraping", _ms(*quiet)),
        Row("p99 while all are evaluated for the first time", _ms(first["p99"])),
        Row(f"a scrape of {DATASETS} datasets", f"{sorted(scrapes)[len(scrapes) // 2] * 1e3:.0f} ms"),
        Row(
            f"p99 while scraped {_SCRAPE_SECONDS:.0f} s after the last began, or once that has ended",
            _ms(*scraped),
            "<= 20 ms",
            max(scraped) <= 0.02,
        ),
    ]


def _ms(*seconds: float) -> str:
    return f"{', '.join(f'{each * 1e3:.1f}' for each in seconds)} ms"


def _scraped(port: int, one: Path, rate: float, seconds: float) -> tuple[dict[str, float], list[float]]:
    """Post to one dataset while all are scraped; give its latencies, and the seconds of each scrape."""
    stop = threading.Event()
    took: list[float] = []
    scraper = threading.Thread(target=_scrape, args=(port, one.read_bytes(), stop, took))
    scraper.start()
    latencies = load(port, "/iterate/taxi", one, seconds=seconds, rate=rate)
    stop.set()
    scraper.join()
    return latencies, took


def _scrape(port: int, record: bytes, stop: threading.Event, took: list[float]) -> None:
    # who scrapes is another machine, most often: what it does itself is no reason for the load to wait
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 0)
    while not stop.is_set():
        for i in range(1, DATASETS):
            # nothing is counted again of a window that has not changed
            _answered(port, f"/iterate/taxi{i}", record)
        started = time.perf_counter()
        _answered(port, "/metrics")
        took.append(time.perf_counter() - started)
        stop.wait(max(0.0, _SCRAPE_SECONDS - took[-1]))


def _answered(port: int, path: str, body: bytes | None = None) -> None:
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, headers)
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - the bench's own server
        answer.read()


if __name__ == "__main__":
    show("Latency of single records", run())
