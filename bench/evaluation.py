"""A full evaluation of a window of 10 000 rows and 20 columns, against plain numpy and Evidently 0.7."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from bench.figures import Row, show
from bench.mixed import CATEGORICAL, NUMERICAL, mixed
from bench.peers import in_evidently
from bench.plain_numpy import PlainReference, evaluate

from modelvane import Monitor, Reference
from modelvane.row_rulers import OUTLIERS

REFERENCE_ROWS, ROWS = 76_000, 10_000

_EVIDENTLY = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
import pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset
reference, current = pd.read_parquet(sys.argv[1]), pd.read_parquet(sys.argv[2])
Report([DataDriftPreset()]).run(current, reference)
times = []
for _ in range(int(sys.argv[3])):
    started = time.perf_counter()
    Report([DataDriftPreset()]).run(current, reference).dict()
    times.append(time.perf_counter() - started)
print(json.dumps(times))
"""


def run(*, quick: bool = False) -> list[Row]:
    """Measure in turns, so that a slow moment of the machine hits both."""
    reference_table, window = mixed(REFERENCE_ROWS, 1), mixed(ROWS, 2)
    reference = Reference.of(reference_table)
    # what plain numpy and Evidently do is drift, quality and performance: rows as wholes are measured apart
    alone = Monitor("bench", reference.leaving_out([OUTLIERS, *reference.row_rulers]), window=ROWS)
    everything = Monitor("bench", reference, window=ROWS)
    row = window.slice(0, 1)

    def change(data: pa.Table = row) -> None:
        for monitor in (alone, everything):
            monitor.push(data)

    change(window)
    numbers = {name: window[name].to_numpy() for name in NUMERICAL}
    codes, counted = {}, {}
    for name in CATEGORICAL:
        dictionary = reference_table[name].combine_chunks().dictionary_encode()
        counted[name] = dictionary.indices.to_numpy()
        at = pa.compute.index_in(window[name], dictionary.dictionary)
        codes[name] = at.fill_null(-1).to_numpy()
    plain = PlainReference({name: reference_table[name].to_numpy() for name in NUMERICAL}, counted)
    rounds = 20 if quick else 100
    ours, theirs = in_turns(alone.findings, lambda: evaluate(plain, numbers, codes), rounds, change)
    base, whole = in_turns(alone.findings, everything.findings, rounds, change)
    rows = [
        Row("our evaluation: drift, quality, regression", f"{ours * 1e3:.1f} ms"),
        Row("plain numpy", f"{theirs * 1e3:.1f} ms"),
        Row("ours / plain numpy", f"{ours / theirs:.2f}", "<= 1.5", ours / theirs <= 1.5),
    ]
    with tempfile.TemporaryDirectory() as folder:
        paths = [str(Path(folder) / f"{name}.parquet") for name in ("reference", "current")]
        pq.write_table(reference_table, paths[0])
        pq.write_table(window, paths[1])
        evidently = statistics.median(in_evidently(_EVIDENTLY, *paths, "3" if quick else "5"))
    rows.append(Row("Evidently 0.7 DataDriftPreset", f"{evidently * 1e3:.0f} ms"))
    rows.append(Row("Evidently / ours", f"{evidently / ours:.0f}", ">= 200", evidently / ours >= 200))
    rows.append(Row("everything, of rows as wholes too", f"{whole * 1e3:.1f} ms"))
    rows.append(
        Row("everything / drift, quality, regression", f"{whole / base:.2f}", "<= 5", whole / base <= 5)
    )
    return rows


def in_turns(
    one: Callable[[], object], other: Callable[[], object], rounds: int, change: Callable[[], object]
) -> tuple[float, float]:
    """Give the median seconds of two functions, called one after the other again and again.

    ``change`` is called before, untimed: a window that is the same as before is not counted again.
    """
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        change()
        for function, kept in zip((one, other), times, strict=True):
            started = time.perf_counter()
            function()
            kept.append(time.perf_counter() - started)
    return float(np.median(times[0])), float(np.median(times[1]))


if __name__ == "__main__":
    show("Evaluation of 10 000 rows x 20 columns", run())
