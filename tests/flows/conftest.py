"""A real Prefect server for the tests of flows, and a dataset whose log has three days."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from modelvane.config import Config
from modelvane.references import load_reference
from modelvane.store import open_log
from modelvane.table import Table

DAY = 86_400.0
FIRST = 19_000 * DAY
"""The midnight with which the log begins: 8 January 2022."""


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let Prefect keep nothing in the user's home, and tell nobody.

    It reads its settings when it is imported, so tests import it, and flows, only when they run.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_HOME", str(tmp_path_factory.mktemp("prefect")))
        patch.setenv("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
        patch.setenv("DO_NOT_TRACK", "1")
        patch.setenv("PREFECT_LOGGING_LEVEL", "ERROR")
        yield


@pytest.fixture(scope="session")
def prefect(home: None) -> Iterator[None]:  # noqa: ARG001 - where the server's settings are from
    """Run a server with a database of its own, and forget it afterwards."""
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=300):
        yield


def trips(rows: int, seed: int, since: float, until: float) -> list[dict[str, object]]:
    """Make up trips, evenly over a time; every fifth has no target yet."""
    draw = random.Random(seed)  # noqa: S311 - made-up trips
    return [
        {
            "id": f"{seed}-{i}",
            "time": since + (until - since) * i / rows,
            "distance": draw.expovariate(1.0),
            "zone": draw.choice("abc"),
            "prediction": draw.gauss(10, 2),
            "target": None if i % 5 == 0 else draw.gauss(10, 3),
        }
        for i in range(rows)
    ]


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with a reference, built once, and the log of three days, the last of which has drifted."""
    folder = tmp_path_factory.mktemp("prepared")
    config = write_config(folder)
    before = [row for row in trips(2000, 1, FIRST - 30 * DAY, FIRST) if row["target"] is not None]
    names = list(before[0])
    lines = [",".join(names), *(",".join(str(row[name]) for name in names) for row in before)]
    (folder / "reference.csv").write_text("\n".join(lines))
    settings = Config.load(config)
    schema = load_reference(settings, "taxi").schema
    log = open_log(settings.store_url)
    log.open("taxi", schema)
    for day in range(3):
        since = FIRST + day * DAY
        rows = trips(400, 10 + day, since, since + DAY)
        far = [{**row, "distance": 3.0 + float(str(row["distance"]))} for row in rows]
        log.append("taxi", Table.of(far if day == 2 else rows), since + DAY)
    log.close()
    return folder


@pytest.fixture
def config(prepared: Path, tmp_path: Path) -> Path:
    """Give the config of a copy of that folder."""
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    return tmp_path / "config.yaml"


def write_config(folder: Path, **changes: object) -> Path:
    """Write a config, and give its path."""
    settings = {
        "datasets": {"taxi": {"reference_file": "reference.csv", "column_mapping": {"datetime": "time"}}},
        "service": {"store": "sqlite:///log.db"},
        "batch": {"period": "1d", "slices": 6, "schedule": "0 6 * * *"},
    }
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump({**settings, **changes}))
    return path
