"""What a report weighs, how long it takes to build beyond the counting, and how soon Chromium shows it."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from bench.figures import Row

from modelvane.batch import judge
from modelvane.engines.count import count
from modelvane.engines.counted import Counted
from modelvane.engines.source import TableSource
from modelvane.reference import Reference
from modelvane.report.document import render_report, report_json

# columns: most bytes, seconds to build, seconds to open
_REACH = {20: (1e6, 1.0, 2.0), 500: (6e6, 10.0, 5.0)}
_ROWS = 20_000
_BEGIN = 1_640_995_200
_FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking")


def run(*, quick: bool) -> Iterator[Row]:
    """Measure a regression of 20 columns, and one of 500."""
    for columns, (size, built, opened) in _REACH.items():
        reference, counted = _counted(columns, _ROWS // 10 if quick else _ROWS)
        started = time.perf_counter()
        judged = judge("bench", reference, counted)
        text = render_report(judged)
        seconds = time.perf_counter() - started
        written = len(text.encode())
        name = f"{columns} columns, {judged.findings.rows} rows"
        yield Row(f"{name}: HTML", f"{written / 1e6:.2f} MB", f"<= {size / 1e6:g} MB", written <= size)
        yield Row(f"{name}: judged and built in", f"{seconds:.2f} s", f"<= {built:g} s", seconds <= built)
        shown = _opened(text)
        yield (
            Row(f"{name}: Chromium shows it in", "no Chromium here", f"< {opened:g} s")
            if shown is None
            else Row(f"{name}: Chromium shows it in", f"{shown:.2f} s", f"< {opened:g} s", shown < opened)
        )
        started = time.perf_counter()
        twin = json.dumps(report_json(judged))
        seconds = time.perf_counter() - started
        yield Row(f"{name}: JSON twin", f"{len(twin) / 1e6:.2f} MB in {seconds:.2f} s")


def _counted(columns: int, rows: int) -> tuple[Reference, Counted]:
    # a reference of 500 columns takes a minute to calibrate without segments
    segments = ["category_1"] if columns <= 20 else []
    reference = Reference.of(_table(columns, rows, 1, shift=0.0), time="time", segments=segments)
    return reference, count(
        TableSource(_table(columns, rows, 2, shift=0.3)), reference, now=_BEGIN + 31 * 86_400
    )


def _table(columns: int, rows: int, seed: int, shift: float) -> pa.Table:
    draw = np.random.default_rng(seed)
    weights = 1 / np.arange(1, 41)
    held: dict[str, Any] = {
        "time": pa.array((_BEGIN + np.arange(rows) * 2_592_000 // rows) * 1_000_000, pa.timestamp("us"))
    }
    features = columns - 2
    for i in range(features):
        moved = shift if i % 4 < 2 else 0.0
        if i % 2:
            few = weights[: 5 if i == 1 else None]
            codes = draw.choice(len(few), rows, p=few / few.sum())
            held[f"category_{i}"] = pa.array([f"value {code}" for code in (codes + int(moved > 0)).tolist()])
        else:
            held[f"feature_{i}"] = draw.normal(moved, 1, rows)
    truth = held["feature_0"] * 3
    held["prediction"] = truth + draw.normal(0, 1, rows)
    held["target"] = truth + draw.normal(0, 1, rows)
    return pa.table(held)


def _opened(text: str) -> float | None:
    """Give the seconds until a fresh Chromium has loaded and painted the file; ``None`` without one."""
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver is None:
        return None
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.html"
        path.write_text(text, encoding="utf-8")
        options = webdriver.ChromeOptions()
        options.binary_location = browser
        for flag in (*_FLAGS, f"--user-data-dir={folder}/profile"):
            options.add_argument(flag)
        session = webdriver.Chrome(options=options, service=Service(driver))
        try:
            session.get(path.as_uri())
            milliseconds = session.execute_script(
                "const [load] = performance.getEntriesByType('navigation');"
                "const paints = performance.getEntriesByType('paint').map((paint) => paint.startTime);"
                "return Math.max(load.loadEventEnd, ...paints)"
            )
        finally:
            session.quit()
    return float(milliseconds) / 1000
