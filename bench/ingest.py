"""Durably acknowledged rows per second, against bare servers and against plain sqlite3."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from bench.baseline_log import PlainLog
from bench.figures import Row, show
from bench.mixed import mixed
from bench.servers import bare_asgi, bare_flask, free_port, load, monitor, server

ARROW = "application/vnd.apache.arrow.stream"

TRIP = {
    "VendorID": 2, "lpep_pickup_datetime": "2022-01-01T00:14:21", "lpep_dropoff_datetime": "2022-01-01T00:15:33",
    "store_and_fwd_flag": "N", "RatecodeID": 1.0, "PULocationID": 42, "DOLocationID": 42, "passenger_count": 1.0,
    "trip_distance": 0.44, "fare_amount": 3.5, "extra": 0.5, "mta_tax": 0.5, "tip_amount": 0.0, "tolls_amount": 0.0,
    "ehail_fee": None, "improvement_surcharge": 0.3, "total_amount": 4.8, "payment_type": 2.0, "trip_type": 1.0,
    "congestion_surcharge": 0.0,
}  # fmt: skip
_CATEGORICAL = ("VendorID", "store_and_fwd_flag", "RatecodeID", "PULocationID", "DOLocationID", "passenger_count",
                "payment_type", "trip_type", "extra", "mta_tax")  # fmt: skip


def taxi_config(folder: Path, datasets: int = 1) -> Path:
    """Write a config with a small reference of trips like ``TRIP``."""
    table = mixed(20_000, 1)
    kept = {
        name: table["number0"] for name in TRIP if name not in _CATEGORICAL and not name.startswith("lpep")
    }
    kept |= dict.fromkeys(_CATEGORICAL, table["category1"])
    pq.write_table(pa.table(kept), folder / "reference.parquet")
    mapping = {
        "datetime": "lpep_pickup_datetime",
        "categorical_features": list(_CATEGORICAL),
        "numerical_features": [name for name in kept if name not in _CATEGORICAL],
    }
    section = {"column_mapping": mapping, "reference_file": "reference.parquet", "window": {"rows": 10_000}}
    names = ["taxi", *(f"taxi{i}" for i in range(1, datasets))]
    config = {
        "datasets": dict.fromkeys(names, section),
        "service": {"store": f"sqlite:///{folder.absolute()}/log.db", "calculation_period_sec": 1.0},
    }
    path = folder / "config.yaml"
    # JSON is YAML
    path.write_bytes(msgspec.json.encode(config))
    return path


def run(*, quick: bool = False) -> list[Row]:
    """Measure single records against bare servers, then bodies of many rows against plain sqlite3."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = taxi_config(folder)
        seconds = 2.0 if quick else 5.0
        return [*_single(folder, config, seconds), *_bodies(folder, seconds)]


def _single(folder: Path, config: Path, seconds: float) -> list[Row]:
    body = folder / "one.json"
    body.write_bytes(msgspec.json.encode([TRIP]))
    bare, flask, ours = free_port(), free_port(), free_port()
    rates: dict[str, list[float]] = {"bare": [], "flask": [], "ours": []}
    with (
        server(bare_asgi(bare), bare, ""),
        server(bare_flask(flask), flask, ""),
        server(monitor(config, ours), ours, "/readyz"),
    ):
        for _ in range(3):
            for who, port in (("bare", bare), ("flask", flask), ("ours", ours)):
                connections = 4 if who == "flask" else 32
                rates[who].append(
                    load(port, "/iterate/taxi", body, seconds=seconds, connections=connections)["rate"]
                )
    medians = {who: statistics.median(found) for who, found in rates.items()}
    to_bare, to_flask = (medians["ours"] / medians[who] for who in ("bare", "flask"))
    return [
        Row("single records: ours", f"{medians['ours']:.0f}/s"),
        Row("no-op ASGI on the same uvicorn", f"{medians['bare']:.0f}/s"),
        Row("no-op Flask under gunicorn", f"{medians['flask']:.0f}/s"),
        Row("ours / no-op ASGI", f"{to_bare:.2f}", ">= 0.5", to_bare >= 0.5),
        Row("ours / no-op Flask", f"{to_flask:.1f}", ">= 5", to_flask >= 5),
    ]


def _bodies(folder: Path, seconds: float) -> list[Row]:
    thousand = [{**TRIP, "trip_distance": i / 100} for i in range(1000)]
    arrow = pa.Table.from_pylist([{**TRIP, "trip_distance": i / 100} for i in range(10_000)])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, arrow.schema) as writer:
        writer.write_table(arrow)
    bodies = {
        "JSON array of 1000 rows": ("application/json", msgspec.json.encode(thousand), 1000),
        "NDJSON of 1000 rows": ("application/x-ndjson", b"\n".join(map(msgspec.json.encode, thousand)), 1000),
        "Arrow stream of 10 000 rows": (ARROW, sink.getvalue().to_pybytes(), 10_000),
    }
    rows = []
    free, pinned = free_port(), free_port()
    for name in ("free", "pinned"):
        (folder / name).mkdir()
    with (
        server(monitor(taxi_config(folder / "free"), free), free, "/readyz", on_one_core=False),
        server(monitor(taxi_config(folder / "pinned"), pinned), pinned, "/readyz"),
        # all three logs grow over all the bodies
        PlainLog(folder / "plain.db", list(TRIP)) as plain,
    ):
        for what, (kind, content, count) in bodies.items():
            path = folder / "body"
            path.write_bytes(content)
            rates: dict[str, list[float]] = {"free": [], "pinned": [], "plain": []}
            for _ in range(3):
                for who, port in (("free", free), ("pinned", pinned)):
                    found = load(
                        port, "/v1/datasets/taxi/predictions", path, type=kind, seconds=seconds, connections=4
                    )
                    rates[who].append(found["rate"] * count)
                rates["plain"].append(_plain(plain, kind, content, count, seconds))
            medians = {who: statistics.median(found) for who, found in rates.items()}
            ratio, on_one_core = (medians[who] / medians["plain"] for who in ("free", "pinned"))
            rows += [
                Row(f"{what}: ours", f"{medians['free']:.0f} rows/s"),
                Row(f"{what}: decode + executemany", f"{medians['plain']:.0f} rows/s"),
                Row(f"{what}: ratio", f"{ratio:.2f}", ">= 0.8", ratio >= 0.8),
                Row(f"{what}: ratio with the server held to one core", f"{on_one_core:.2f}"),
            ]
    return rows


def _plain(log: PlainLog, kind: str, content: bytes, count: int, seconds: float) -> float:
    started = time.perf_counter()
    bodies = 0
    while (elapsed := time.perf_counter() - started) < seconds:
        log.append(kind, content)
        bodies += 1
    return bodies * count / elapsed


if __name__ == "__main__":
    show("Ingest, each row in the log before it is acknowledged", run())
