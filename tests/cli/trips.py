"""Trips of a made-up city, a config that watches them, and the command line over both."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml
from click.testing import CliRunner, Result
from pyarrow import parquet

from modelvane.cli import app
from modelvane.config import Config
from modelvane.reference import Reference
from modelvane.store import open_log
from modelvane.table import Table

DAY = 86_400.0
MONDAY = 1_600_041_600.0
"""14 September 2020, 00:00 UTC."""


def trips(rows: int, seed: int, *, first: float = MONDAY, shift: float = 0.0) -> list[dict[str, Any]]:
    """Give trips over one day; of every fifth the target is not known."""
    draw = random.Random(seed)  # noqa: S311 - made-up trips
    return [
        {
            "id": f"{seed}-{i}",
            "time": first + i * DAY / rows,
            "distance": draw.expovariate(1.0) + shift,
            "zone": draw.choice("abc"),
            "prediction": draw.gauss(10, 2),
            "target": None if i % 5 == 0 else draw.gauss(10, 3),
        }
        for i in range(rows)
    ]


def labelled(rows: int, seed: int) -> list[dict[str, Any]]:
    """Give trips of the day before, all with their targets: a reference."""
    return [row for row in trips(rows, seed, first=MONDAY - DAY) if row["target"] is not None]


def write(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    """Write rows as Parquet."""
    parquet.write_table(pa.Table.from_pylist(list(rows)), path)
    return path


def watched(folder: Path, reference: Path, **settings: Any) -> Path:
    """Write a config of one dataset, and give its path."""
    plain = {
        "datasets": {"taxi": {"reference_file": str(reference), **settings}},
        "service": {"store": "sqlite:///log.db"},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(plain))
    return folder / "config.yaml"


def log_rows(config: Path, reference: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Log predictions, without their targets."""
    with closing(open_log(Config.load(config).store_url)) as log:
        log.open("taxi", Reference.load(reference).schema)
        log.append(
            "taxi", Table.of([{k: v for k, v in row.items() if k != "target"} for row in rows]), MONDAY
        )


def kept(config: Path, reference: Path) -> list[Any]:
    """Give the rounds of batches that a log has."""
    with closing(open_log(Config.load(config).store_url, read_only=True)) as log:
        log.open("taxi", Reference.load(reference).schema)
        return log.read_findings("taxi", batches=True)


def modelvane(*arguments: object) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(app, list(map(str, arguments)))


def process(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "modelvane", *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
        **options,
    )
