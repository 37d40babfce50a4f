"""`modelvane replay`: of a log and of files, by one config or two, with faults."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from tests.cli.trips import MONDAY, log_rows, modelvane, trips, watched, write

from modelvane.reference import Reference

SHIFT = "shift distance by=3.0 start=300"


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the reference of both configs."""
    path = tmp_path_factory.mktemp("reference") / "reference.mv"
    Reference.of(trips(1500, 1, first=MONDAY - 86_400)).save(path)
    return path


def settings(rows: int) -> dict[str, Any]:
    """Give a config's settings."""
    return {"window": {"rows": rows}, "alarm": "noise"}


def test_the_config_s_own_log(tmp_path: Path, reference: Path) -> None:
    """Without a log of its own the command replays that of the config, and says how long a fault takes to be found."""
    config = watched(tmp_path, reference, **settings(100))
    log_rows(config, reference, trips(600, 2))
    result = modelvane("replay", "--config", config, "--fault", SHIFT)
    assert result.exit_code == 0, result.output
    assert f"{config}: 0 alarms, 0 a week, in 600 rows of taxi" in result.stdout
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("shift distance")]
    assert "rows" in line
    assert "of distance" in line


def test_a_file_in_the_order_of_time(tmp_path: Path, reference: Path) -> None:
    """Rows of a file are taken in the order of their times, and only those of the period."""
    config = watched(tmp_path, reference, **settings(100))
    there = trips(600, 2)
    found = []
    for order in (there, random.Random(1).sample(there, len(there))):  # noqa: S311 - any order
        file = write(tmp_path / "rows.parquet", order)
        said = modelvane(
            "replay",
            file,
            "--config",
            config,
            "--fault",
            SHIFT,
            "--until",
            "2020-09-14T20:00",
            "--format",
            "json",
        ).stdout
        found.append(json.loads(said))
    assert found[0] == found[1]
    assert found[0][0]["clean"]["rows"] == 500
    (fault,) = found[0][0]["faults"]
    assert 0 < fault["delay_rows"] <= 100
    assert fault["found_on_its_column"]["finding"]["column"] == "distance"


def test_two_configs_are_compared(tmp_path: Path, reference: Path) -> None:
    """With another config it is said what either alone finds, and after how many rows each found the fault."""
    for name, rows in (("new", 50), ("old", 500)):
        (tmp_path / name).mkdir()
        watched(tmp_path / name, reference, **settings(rows))
    new, old = (tmp_path / name / "config.yaml" for name in ("new", "old"))
    file = write(tmp_path / "rows.parquet", trips(600, 2))
    said = modelvane("replay", file, "--config", new, "--against", old, "--fault", SHIFT).stdout
    assert f"Only by {new}: nothing" in said
    last = said.splitlines()[-1]
    assert last.startswith("shift distance start=300 by=3.0: ")
    quick, slow = (int(part.split("found after ")[1].split(" rows")[0]) for part in last.split(", "))
    assert quick < slow


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--fault", "scal distance factor=2"), "Did you mean 'scale'"),
        (("--fault", "nulls distanz"), "Did you mean 'distance'"),
        (("--since", "yesterday"), "yesterday"),
        (("--dataset", "reco"), "Unknown dataset"),
    ],
)
def test_bad_input(tmp_path: Path, reference: Path, arguments: tuple[str, ...], says: str) -> None:
    """What is wrong is one sentence, and exit code 2."""
    config = watched(tmp_path, reference)
    file = write(tmp_path / "rows.parquet", trips(20, 2))
    result = modelvane("replay", file, "--config", config, *arguments)
    assert result.exit_code == 2
    assert says in result.output
