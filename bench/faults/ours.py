"""A monitor at the default budget, past every run: the first alarm of each measure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from bench.faults.cases import Case
from bench.faults.looks import LOOKS, ROWS, WINDOW
from bench.faults.streams import Streams
from numpy.typing import NDArray

from modelvane import Monitor, Reference, Settings, Window
from modelvane.findings import Finding
from modelvane.replay.replay import alarms_of

# a row a second: detectors of when errors changed tell rows apart by when they came
_SECONDS = np.arange(ROWS, dtype=np.float64)


def reference_of(streams: Streams) -> Reference:
    """Build what everything is compared with; without times, so that the noise line alone decides."""
    dataset = streams.dataset
    return Reference.of(
        pq.read_table(streams.reference()),
        target=dataset.target,
        prediction="prediction",
        numerical=dataset.numerical,
        categorical=dataset.categorical,
        positive="1" if dataset.classes else None,
        threads=2,
    )


def monitor_of(reference: Reference) -> Monitor:
    """Give a watch of the default settings, but for the window."""
    return Monitor("faults", reference, Settings(window=Window(rows=WINDOW)), clock=lambda: 0.0)


def watched(reference: Reference, run: pa.Table) -> dict[str, int]:
    """Watch one run, and give by family, measure and column how many rows of the fault had come when it alarmed.

    What alarmed before the fault began has not found it.
    """
    monitor = monitor_of(reference)
    monitor.push(run.slice(0, WINDOW), received=_SECONDS[:WINDOW])
    before = {finding.key for finding in alarms_of(monitor.findings())}
    found: dict[str, int] = {}
    seen = 0
    for look in LOOKS:
        arrived = _SECONDS[WINDOW + seen : WINDOW + look]
        monitor.push(run.slice(WINDOW + seen, look - seen), received=arrived)
        seen = look
        for finding in alarms_of(monitor.findings()):
            if finding.key not in before:
                found.setdefault(_named(finding), look)
    return found


def _named(finding: Finding) -> str:
    return f"{finding.family}/{finding.measure}/{finding.column or ''}"


def undrifted(reference: Reference, pool: pa.Table, windows: NDArray[np.int32]) -> Iterator[list[str]]:
    """Give what alarms in each window without a fault."""
    for window in windows:
        monitor = monitor_of(reference)
        monitor.push(pool.take(window), received=_SECONDS[:WINDOW])
        yield [_named(finding) for finding in alarms_of(monitor.findings())]


def watch(streams: Streams, chosen: list[Case], *, processes: int = 2) -> dict[str, Any]:
    """Watch every run, and windows without a fault; what was found is kept, case by case.

    Returns
    -------
    dict
        ``undrifted``, what alarmed in each window, and ``delays``, by case, of each run the rows by what alarmed.
    """
    path = streams.folder / "found" / "ours.json"
    path.parent.mkdir(exist_ok=True)
    known = json.loads(path.read_text()) if path.exists() else {"undrifted": [], "delays": {}}
    missing = [case for case in chosen if len(known["delays"].get(case.key, ())) < streams.runs]
    if missing or not known["undrifted"]:
        reference = streams.folder / "ours.reference"
        reference_of(streams).save(reference)
        with ProcessPoolExecutor(processes) as pool:
            if not known["undrifted"]:
                parts = np.array_split(np.load(streams.undrifted()), processes)
                found = pool.map(_undrifted, [reference] * processes, [streams.pool()] * processes, parts)
                known["undrifted"] = [alarms for part in found for alarms in part]
                path.write_text(json.dumps(known))
            files = [streams.faulty(case) for case in missing]
            every = pool.map(_case, [reference] * len(files), files, [streams.runs] * len(files))
            for case, delays in zip(missing, every, strict=True):
                known["delays"][case.key] = delays
                # what takes an hour may be stopped
                path.write_text(json.dumps(known))
    return known


def _undrifted(reference: Path, pool: Path, windows: NDArray[np.int32]) -> list[list[str]]:
    return list(undrifted(Reference.load(reference), pq.read_table(pool), windows))


def _case(reference: Path, file: Path, runs: int) -> list[dict[str, int]]:
    rows, known = pq.read_table(file), Reference.load(reference)
    return [watched(known, rows.slice(run * ROWS, ROWS)) for run in range(runs)]
