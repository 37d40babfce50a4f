"""An exported folder is read as any other files are, and says what the log said."""

from __future__ import annotations

import random
from pathlib import Path

from tests.transfer.conftest import Opener

from modelvane.batch import judge
from modelvane.engines.count import count
from modelvane.engines.files import FileSource
from modelvane.engines.log import LogSource
from modelvane.reference import Reference
from modelvane.table import Table
from modelvane.transfer.contents import LogContents
from modelvane.transfer.export import export


def trips(rows: int, seed: int) -> list[dict[str, object]]:
    draw = random.Random(seed)  # noqa: S311 - made-up trips
    return [
        {
            "id": f"{seed}-{i}",
            "time": 1_000_000.0 + 600 * i,
            "distance": draw.expovariate(1.0)
            if i % 7
            else draw.choice([None, float("nan"), float("inf"), 3]),
            "zone": draw.choice(["a", "b", "c", None]),
            "prediction": draw.gauss(10, 2),
            "target": draw.gauss(10, 3),
        }
        for i in range(rows)
    ]


def test_a_folder_finds_what_the_log_finds(opener: Opener, tmp_path: Path) -> None:
    """Counted from the parts of an export, tallies, slices and findings are those of the log itself."""
    reference = Reference.of(trips(1000, 1), segments=["zone"], time="time")
    log = opener("log")
    log.open("taxi", reference.schema)
    rows = trips(800, 2)
    log.append("taxi", Table.of([{k: v for k, v in row.items() if k != "target"} for row in rows]), 9e6)
    told = [row for row in rows if draw_target(row)]
    log.label("taxi", [row["id"] for row in told], [row["target"] for row in told], None, 9.5e6)
    export(LogContents(log, "taxi"), tmp_path)
    of_log = count(LogSource(log, "taxi"), reference, now=1e7)
    of_files = count(FileSource(tmp_path / "taxi" / "rows"), reference, now=1e7)
    assert of_files.window == of_log.window
    assert of_files.slices == of_log.slices
    assert of_files.joint == of_log.joint
    assert of_files.provenance.digest == of_log.provenance.digest
    found, expected = (judge("taxi", reference, counted).findings for counted in (of_files, of_log))
    measured = {f.key for f in expected if f.value is not None}
    assert len(measured) > 50
    # a file says no time of a label, and has one column more: the day in its path
    about_files = {"label_lag", "unexpected_columns"}
    assert [f for f in found if f.measure not in about_files] == [
        f for f in expected if f.measure not in about_files
    ]


def draw_target(row: dict[str, object]) -> bool:
    return not str(row["id"]).endswith("0")
