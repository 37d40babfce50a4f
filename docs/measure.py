"""Measures again what docs/how-it-works and docs/decisions state: ``python -m docs.measure [name ...]``.

Each measurement prints the figures of one table. All but ``framework`` need ``MODELVANE_DATA``, a folder with
``taxi/green_tripdata_YYYY-MM.parquet``.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import itertools
import operator
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from examples.taxi.download import file_name
from examples.taxi.trips import read_trips, within_month
from fastapi import FastAPI, Request, Response
from numpy.typing import NDArray
from scipy import stats

from modelvane import Monitor, Reference, Verdict
from modelvane.calibration.calibration import cells_of
from modelvane.calibration.null import DRAWS, null_moments, pearson_tail
from modelvane.casting import Numbers
from modelvane.divergences import DIVERGENCES
from modelvane.findings import Family
from modelvane.ruler import EDGE_BUDGET, NumericalRuler
from modelvane.tallies.numerical import NumericalTally

MONTH, LEVEL, PARTS = "2021-01", 1e-5, 7
CATEGORICAL = ("PULocationID", "DOLocationID", "payment_type")
NUMERICAL = ("trip_distance", "passenger_count", "fare_amount", "total_amount")
BODY = (
    b'{"PULocationID":43,"DOLocationID":151,"trip_distance":1.01,"fare_amount":5.5,"id":"a","prediction":7.2}'
)

Floats = NDArray[np.float64]
Asgi = Callable[[dict[str, Any], Any, Any], Any]


def _month(month: str) -> Path:
    folder = os.environ.get("MODELVANE_DATA")
    if not folder:
        raise SystemExit("MODELVANE_DATA has to name the folder that has taxi/green_tripdata_YYYY-MM.parquet")
    return Path(folder) / "taxi" / file_name(month)


def _values(month: str, column: str) -> Floats:
    values = np.asarray(read_trips(_month(month))[column].to_numpy(), np.float64)
    return values[np.isfinite(values)]


def ruler() -> Iterator[str]:
    """Wasserstein and Kolmogorov-Smirnov on cells against those of raw values: docs/how-it-works/ruler-and-tallies."""
    for column in ("trip_distance", "total_amount"):
        reference = _values(MONTH, column)
        same = np.random.default_rng(0).choice(reference, 5000, replace=False)
        rulers = {"quantiles": _quantiles(reference), "as it is": NumericalRuler.of(reference)}
        currents = {"same month": same, **{month: _values(month, column) for month in ("2021-02", "2022-01")}}
        for current_name, current in currents.items():
            exact = {
                "wasserstein": stats.wasserstein_distance(reference, current),
                "kolmogorov_smirnov": stats.ks_2samp(reference, current).statistic,
            }
            for name, one in rulers.items():
                sides = [NumericalTally.of(one, Numbers(side, None)).sample for side in (reference, current)]
                found = ", ".join(
                    f"{method} {abs(float(DIVERGENCES[method].kernel(*sides)) / value - 1):.1e}"
                    f" (bound {DIVERGENCES[method].error_bound(*sides) / value:.1e})"
                    for method, value in exact.items()
                )
                yield f"{column}, {current_name}, {name}: {len(one.edges)} edges; {found}"


def _quantiles(values: Floats) -> NumericalRuler:
    """Give a ruler whose edges are plain quantiles."""
    ranks = np.linspace(0, len(values) - 1, EDGE_BUDGET).astype(int)
    plain = NumericalRuler.of(np.sort(values)[ranks])
    return NumericalRuler(plain.edges, plain.center, plain.quantum, False, plain.dtype, plain.bins)


def sums() -> Iterator[str]:
    """Cells whose sum over all rows is not that of parts, by floats and by integers: docs/decisions/integer-tallies."""
    for column in NUMERICAL:
        values = _values(MONTH, column)
        one = NumericalRuler.of(values)
        tally = NumericalTally.of(one, Numbers(values, None))
        cells = cells_of(tally, Numbers(values, None))
        edges = np.linspace(0, len(values), PARTS + 1).astype(int).tolist()
        parts = [slice(*pair) for pair in itertools.pairwise(edges)]
        whole = np.bincount(cells, values, one.size)
        merged = sum(np.bincount(cells[part], values[part], one.size) for part in parts)
        added = functools.reduce(
            operator.add, (NumericalTally.of(one, Numbers(values[part], None)) for part in parts)
        )
        same = "equal" if added == tally else "different"
        yield (
            f"{column}: of {np.count_nonzero(np.bincount(cells))} cells with rows {np.count_nonzero(whole != merged)}"
            f" differ by floats; the integer tallies are {same}"
        )


def null() -> Iterator[str]:
    """Lines from draws of the tally and from draws of rows: docs/decisions/null-from-the-tally."""
    rows = read_trips(_month(MONTH)).select(["PULocationID", "trip_distance"])
    reference = Reference.of(rows, categorical=["PULocationID"], numerical=["trip_distance"])
    block, rng = reference.encode(rows), np.random.default_rng(1)
    for column, method in (("PULocationID", "jensen_shannon"), ("trip_distance", "wasserstein")):
        divergence, tally = DIVERGENCES[method], reference.tally.columns[column]
        cells = cells_of(tally, block.columns[column])
        counts = np.bincount(cells, minlength=len(tally.sample.counts))
        moments = null_moments(divergence, tally.sample)
        for n in (1000, 5000):
            squares = np.empty(DRAWS)
            for draw in range(DRAWS):
                drawn = np.bincount(cells[rng.choice(len(cells), n, replace=False)], minlength=len(counts))
                sides = tally.sample.with_counts(counts - drawn), tally.sample.with_counts(drawn)
                squares[draw] = float(divergence.kernel(*sides)) ** 2
            of_rows = float(squares.mean()), float(squares.std()), float(stats.skew(squares))
            lines = pearson_tail(LEVEL, *of_rows) ** 0.5, moments.exceeded_with(LEVEL, n) ** 0.5
            yield f"{column}, {method}, {n} rows: {lines[0]:.4g} from rows, {lines[1]:.4g} from the tally"


def order() -> Iterator[str]:
    """Windows in the order of time and of the file, and above which lines they are: docs/decisions/both-lines."""
    trips = within_month(read_trips(_month(MONTH)), MONTH).drop_columns("duration")
    time_column = "lpep_pickup_datetime"
    reference = Reference.of(trips, categorical=CATEGORICAL, numerical=NUMERICAL, time=time_column)
    for n in (100, 1000, 5000):
        above = alarms = 0
        for start in np.linspace(0, trips.num_rows - n, 40).astype(int).tolist():
            monitor = Monitor("taxi", reference, window=n)
            monitor.push(trips.slice(start, n))
            found = {finding.verdict for finding in monitor.findings() if finding.family is Family.DRIFT}
            above += bool(found & {Verdict.CHANGED, Verdict.ALARM})
            alarms += Verdict.ALARM in found
        yield f"windows of {n}, of 40: {above} above the noise floor, {alarms} above both lines"
    raw = pq.read_table(_month(MONTH))
    for name, table in (("time", raw.sort_by(time_column)), ("the file", raw)):
        yield f"order of {name}: {_spread(table)}"


def _spread(table: pa.Table, n: int = 5000) -> str:
    values = table["trip_distance"].to_numpy()
    found = [
        stats.ks_2samp(values[start : start + n], np.delete(values, np.s_[start : start + n])).statistic
        for start in np.linspace(0, len(values) - n, 40).astype(int).tolist()
    ]
    return f"median {np.median(found):.3f}, largest {max(found):.3f}"


def framework() -> Iterator[str]:
    """One handler as a bare application and as a route: docs/decisions/ingest-before-the-framework."""
    routed = FastAPI()

    @routed.post("/iterate/{dataset}")
    async def iterate(dataset: str, request: Request) -> Response:  # noqa: ARG001 - a part of the path
        msgspec.json.decode(await request.body())
        return Response(b"{}", media_type="application/json")

    async def bare(_scope: dict[str, Any], receive: Any, send: Any) -> None:
        msgspec.json.decode((await receive())["body"])
        headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{}"})

    for name, app in (("bare", bare), ("FastAPI", routed)):
        yield f"{name}: {min(asyncio.run(_microseconds(app)) for _ in range(3)):.1f} µs per request"


async def _microseconds(app: Asgi, requests: int = 5000) -> float:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": BODY, "more_body": False}

    async def send(_message: dict[str, Any]) -> None:
        pass

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "/iterate/taxi",
        "query_string": b"",
    }
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(BODY))]
    started = time.perf_counter()
    for _ in range(requests):
        await app({**scope, "headers": headers, "root_path": ""}, receive, send)
    return (time.perf_counter() - started) / requests * 1e6


MEASUREMENTS = {each.__name__: each for each in (ruler, sums, null, order, framework)}


def main() -> None:
    """Print the figures that were asked for, or all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(MEASUREMENTS))
    for name in parser.parse_args().names or MEASUREMENTS:
        print(f"{name}: {MEASUREMENTS[name].__doc__}")
        for line in MEASUREMENTS[name]():
            print(f"  {line}")


if __name__ == "__main__":
    main()
