"""What judging a file loads: nothing that takes longer than a small batch."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from modelvane.reference import Reference

JUDGE = """
import sys
from modelvane.engines.count import count
from modelvane.engines.files import FileSource
from modelvane.reference import Reference
reference = Reference.load(sys.argv[1])
counted = count(FileSource(sys.argv[2]), reference, now=0.0)
from modelvane.batch import judge
judged = judge("trips", reference, counted)
assert counted.window.rows.rows == 300 and not counted.unread
heavy = {"scipy", "pyarrow.compute", "pyarrow.dataset", "pandas", "pydantic", "jinja2", "click", "sqlite3"}
print(*heavy & set(sys.modules))
"""


def test_judging_a_parquet_file_loads_only_what_it_takes(tmp_path: Path) -> None:
    """Numbers, text, predictions and targets, counted and judged: without scipy, Arrow's functions, or a config."""
    draw = random.Random(0)  # noqa: S311 - made-up trips
    trips = {
        "distance": [draw.expovariate(1.0) for _ in range(300)],
        "zone": [draw.choice("abc") for _ in range(300)],
        "prediction": [draw.gauss(10, 2) for _ in range(300)],
        "target": [draw.gauss(10, 3) for _ in range(300)],
    }
    saved, current = tmp_path / "reference.mv", tmp_path / "trips.parquet"
    Reference.of(trips).save(saved)
    parquet.write_table(pa.table(trips), current)
    command = [sys.executable, "-c", JUDGE, str(saved), str(current)]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout.split() == []
