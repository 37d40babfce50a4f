"""Batches too large for a data frame: whole processes, from Parquet to findings, against plain tools and peers."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from bench.figures import Row, show
from bench.mixed import mixed
from bench.peers import python_of

from modelvane import Reference

REFERENCE_ROWS = 100_000

OURS = """
import json, sys, time
from modelvane.engines.count import count
from modelvane.engines.files import FileSource
from modelvane.reference import Reference
reference = Reference.load(sys.argv[1])
if sys.argv[3:] == ["columns"]:
    reference = reference.leaving_out(["outliers", *reference.row_rulers])
counted = count(FileSource(sys.argv[2]), reference, now=time.time())
assert not counted.unread
from modelvane.batch import judge
print(json.dumps(judge("bench", reference, counted).findings.to_dict()))
"""

# 50 bins of the reference's range and counts per value: the least from which drift can be told
POLARS = """
import sys
import polars as pl
rows = pl.scan_parquet(sys.argv[2])
queries = []
for name, kind in rows.collect_schema().items():
    value = ((pl.col(name) - 0.0) / 1.0).floor().cast(pl.Int32) if kind.is_numeric() else pl.col(name)
    queries.append(rows.select(value.alias("value")).group_by("value").len())
print([len(found) for found in pl.collect_all(queries, engine="streaming")])
"""

NUMPY = """
import sys
from concurrent.futures import ThreadPoolExecutor
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
path = sys.argv[2]
about = pq.read_metadata(path)
schema = about.schema.to_arrow_schema()
def count(name):
    is_number = pa.types.is_floating(schema.field(name).type)
    file = pq.ParquetFile(path, metadata=about, read_dictionary=[] if is_number else [name])
    bins, counts = np.zeros(50, int), {}
    for group in range(about.num_row_groups):
        column = file.read_row_group(group, columns=[name], use_threads=False)[name]
        if is_number:
            bins += np.histogram(column.to_numpy(), 50, (0.0, 50.0))[0]
            continue
        for chunk in column.chunks:
            found = np.bincount(chunk.indices.to_numpy(), minlength=len(chunk.dictionary))
            for value, rows in zip(chunk.dictionary.to_pylist(), found.tolist()):
                counts[value] = counts.get(value, 0) + rows
    return bins if is_number else counts
with ThreadPoolExecutor(2) as pool:
    print([len(found) for found in pool.map(count, schema.names)])
"""

EVIDENTLY = """
import sys, warnings
warnings.simplefilter("ignore")
import pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset
reference, current = pd.read_parquet(sys.argv[1]), pd.read_parquet(sys.argv[2])
print(len(Report([DataDriftPreset()]).run(current, reference).json()))
"""

# Kolmogorov-Smirnov and chi-square, column by column, as its documentation does
FROUROS = """
import sys
import pandas as pd
from frouros.detectors.data_drift import ChiSquareTest, KSTest
reference = pd.read_parquet(sys.argv[1])
current = pd.read_parquet(sys.argv[2])
for name in reference.columns:
    detector = KSTest() if pd.api.types.is_float_dtype(reference[name]) else ChiSquareTest()
    detector.fit(X=reference[name].to_numpy())
    print(name, detector.compare(X=current[name].to_numpy())[0])
"""

BUILD = """
import sys
from modelvane.reference import Reference
Reference.of(sys.argv[2]).save(sys.argv[1])
"""

# this starts the script and then asks the system for the peak of its memory
_MEASURE = """
import json, resource, subprocess, sys, time
started = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
seconds = time.perf_counter() - started
used = resource.getrusage(resource.RUSAGE_CHILDREN)
if done.returncode:
    sys.exit(done.stderr.decode())
print(json.dumps([seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))
"""


class Run(NamedTuple):
    """One whole process: seconds, seconds of processor, peak of resident memory in MB."""

    seconds: float
    processor: float
    memory: float


def process(script: str, *arguments: Path | str, python: str = sys.executable) -> Run:
    """Run a script in a process of its own."""
    command = [sys.executable, "-c", _MEASURE, python, "-c", script, *map(str, arguments)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return Run(*json.loads(done.stdout))


def middle(runs: Sequence[Run]) -> Run:
    """Give the medians."""
    return Run(*(median(part) for part in zip(*runs, strict=True)))


def run(*, quick: bool = False) -> list[Row]:
    """Measure files of 20 columns, then wide ones; ``--largest`` only the one that wants 30 GB of disk."""
    with tempfile.TemporaryDirectory(prefix="modelvane-large-") as name:
        folder = Path(name)
        if "--largest" in sys.argv:
            return _wide(folder, 3_000_000, 1000)
        saved, raw = folder / "reference.mv", folder / "reference.parquet"
        pq.write_table(_features(REFERENCE_ROWS, 1), raw)
        Reference.of(raw).save(saved)
        rows = _twenty_columns(folder, saved, raw, 1_000_000, 3 if quick else 9)
        if not quick:
            rows += _twenty_columns(folder, saved, raw, 10_000_000, 5)
        rows += _growth(folder, quick)
        return rows + _wide(folder, *((30_000, 1000) if quick else (300_000, 1000)))


def _features(rows: int, seed: int) -> pa.Table:
    table = mixed(rows, seed)
    others = {"prediction": "number8", "target": "number9"}
    return table.rename_columns([others.get(name, name) for name in table.column_names])


def _write(path: Path, tables: Iterator[pa.Table]) -> Path:
    writer = None
    for table in tables:
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    assert writer is not None
    writer.close()
    return path


def _twenty_columns(folder: Path, saved: Path, raw: Path, rows: int, rounds: int) -> list[Row]:
    step = min(rows, 1_000_000)
    tables = (_features(step, 100 + at) for at in range(0, rows, step))
    current = _write(folder / f"{rows}.parquet", tables)
    # what the others do is drift and quality of columns: rows as wholes are measured apart
    scripts = {"ours": (OURS, "columns"), "everything": (OURS,), "polars": (POLARS,), "numpy": (NUMPY,)}
    runs: dict[str, list[Run]] = {name: [] for name in scripts}
    for _ in range(rounds):
        for name, (script, *more) in scripts.items():
            runs[name].append(process(script, saved, current, *more))
    found = {name: middle(each) for name, each in runs.items()}
    ours, fastest = found["ours"], min(found["polars"].seconds, found["numpy"].seconds)
    what = f"{rows // 1_000_000} M x 20"
    figures = [
        *(
            Row(f"{what}: {name}", f"{each.seconds:.2f} s, {each.processor:.2f} s of processor")
            for name, each in found.items()
        ),
        _ratio(f"{what}: ours / the faster of the two", ours.seconds / fastest, 1.5),
        _at_most(f"{what}: peak of memory", ours.memory, 700, "MB"),
    ]
    is_small = rows <= 1_000_000
    for name, script, reach in (("evidently", EVIDENTLY, 30 if is_small else None), ("frouros", FROUROS, 8)):
        if is_small or name == "frouros":
            peer = process(script, raw, current, python=python_of(name))
            times = peer.seconds / ours.seconds
            figures.append(Row(f"{what}: {name}", f"{peer.seconds:.1f} s, {peer.memory:.0f} MB"))
            asked = reach is not None and (name == "evidently" or not is_small)
            figures.append(
                Row(f"{what}: {name} / ours", f"{times:.0f}", f">= {reach}", times >= (reach or 0))
                if asked
                else Row(f"{what}: {name} / ours", f"{times:.0f}")
            )
    current.unlink()
    return figures


def _numbers(rows: int, columns: int, seed: int, step: int = 100_000) -> Iterator[pa.Table]:
    rng = np.random.default_rng(seed)
    drawn = rng.lognormal(1, 0.5, (20, step))
    for at in range(0, rows, step):
        few = min(step, rows - at)
        # each column is other values in another order, which takes less time than to draw them
        shifts = rng.integers(0, step, columns)
        yield pa.table(
            {f"x{i}": np.roll(drawn[i % 20], shifts[i])[:few] * (1 + i / columns) for i in range(columns)}
        )


def _wide(folder: Path, rows: int, columns: int) -> list[Row]:
    past = _write(folder / "wide-reference.parquet", _numbers(rows, columns, 1))
    saved = folder / "wide.mv"
    built = process(BUILD, saved, past)
    past.unlink()
    current = _write(folder / "wide.parquet", _numbers(rows, columns, 2))
    counted = process(OURS, saved, current)
    current.unlink()
    what = f"{rows // 1000} k x {columns} numerical"
    return [
        Row(f"{what}: reference", f"{built.seconds:.0f} s, {built.processor:.0f} s of processor"),
        Row(f"{what}: findings", f"{counted.seconds:.0f} s, {counted.processor:.0f} s of processor"),
        _at_most(f"{what}: both", built.seconds + counted.seconds, 600, "s"),
        _at_most(f"{what}: peak of memory", max(built.memory, counted.memory), 4096, "MB"),
    ]


def _growth(folder: Path, quick: bool) -> list[Row]:
    """Fit how the processor's time grows with rows, and with columns, beyond that of a file with next to nothing."""
    scale = 1 if quick else 2
    least = _cost(folder, 1000, 5).processor
    figures = []
    for what, sizes in (
        ("rows", [(scale * rows, 50) for rows in (200_000, 400_000, 800_000, 1_600_000)]),
        ("columns", [(scale * 100_000, columns) for columns in (100, 200, 400, 800)]),
    ):
        costs = [_cost(folder, *size).processor - least for size in sizes]
        along = np.log([size[what == "columns"] for size in sizes])
        exponent = float(np.polyfit(along, np.log(costs), 1)[0])
        measured = ", ".join(f"{cost:.1f}" for cost in costs)
        figures.append(
            Row(
                f"exponent in {what} ({measured} s of processor)",
                f"{exponent:.2f}",
                "<= 1.1",
                exponent <= 1.1,
            )
        )
    return figures


def _cost(folder: Path, rows: int, columns: int) -> Run:
    saved, path = folder / "growing.mv", folder / "growing.parquet"
    Reference.of(pa.concat_tables(_numbers(5000, columns, 1))).save(saved)
    _write(path, _numbers(rows, columns, 2))
    # the middle of three, so that one slow moment does not bend the line
    return middle([process(OURS, saved, path) for _ in range(3)])


def _ratio(what: str, value: float, reach: float) -> Row:
    return Row(what, f"{value:.2f}", f"<= {reach}", value <= reach)


def _at_most(what: str, value: float, reach: float, unit: str) -> Row:
    return Row(what, f"{value:.0f} {unit}", f"<= {reach:.0f} {unit}", value <= reach)


if __name__ == "__main__":
    show("Large data", run(quick="--quick" in sys.argv))
