"""The 2022 service's config and series, end to end."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient
from tests.compat.test_compat_golden import (
    CATEGORICAL,
    DIVIDED_BY_ZERO,
    MONITORS,
    NUMERICAL,
    Key,
    differing,
    recorded,
)
from tests.service.serving import served


def rows_of(path: Path) -> list[dict[str, Any]]:
    with path.open() as stream:
        return [
            {name: float(value) if value else None for name, value in row.items()}
            for row in csv.DictReader(stream)
        ]


def exposed(client: TestClient, dataset: str) -> dict[Key, float]:
    values = {}
    for family in text_string_to_metric_families(client.get("/metrics").text):
        for sample in family.samples:
            if sample.name.startswith("evidently:"):
                labels = dict(sample.labels)
                assert labels.pop("dataset_name") == dataset
                values[sample.name, tuple(sorted(labels.items()))] = sample.value
    return values


@pytest.fixture
def golden(contract: Path) -> dict[str, Any]:
    mapping = {"numerical_features": NUMERICAL, "categorical_features": CATEGORICAL}
    return {
        "datasets": {
            "trips": {
                "column_mapping": mapping,
                "monitors": MONITORS,
                "reference_file": str(contract / "golden" / "reference_1000.csv"),
            }
        },
        "service": {"window_size": 1000, "calculation_period_sec": 0},
        "compat": "evidently",
    }


@pytest.mark.parametrize("form", ["list", "columns", "single"])
def test_recorded_series(contract: Path, golden: dict[str, Any], tmp_path: Path, form: str) -> None:
    """The recorded window, posted to the service in any form, gives the recorded series; none before it is full."""
    rows = rows_of(contract / "golden" / "window_1000.csv")
    with served(golden, tmp_path) as client:
        assert exposed(client, "trips") == {}
        if form == "columns":
            bodies: list[Any] = [{name: [row[name] for row in rows[:999]] for name in rows[0]}, rows[999:]]
        else:
            bodies = [rows[:999], rows[999:]] if form == "list" else [*rows[:30], rows[30:999], rows[999:]]
        for body in bodies:
            assert exposed(client, "trips") == {}
            assert client.post("/iterate/trips", json=body).status_code == 200
        got = exposed(client, "trips")
    expected = recorded(contract, "1000")
    assert got.keys() == expected.keys()
    assert differing(got, expected) == DIVIDED_BY_ZERO
    assert not any(math.isinf(value) for value in got.values())


def test_series_after_a_restart(contract: Path, golden: dict[str, Any], tmp_path: Path) -> None:
    """After a restart the window is full again, and gives the same series."""
    with served(golden, tmp_path) as client:
        client.post("/iterate/trips", json=rows_of(contract / "golden" / "window_1000.csv"))
        before = exposed(client, "trips")
    with served(golden, tmp_path) as client:
        after = exposed(client, "trips")
    assert after.keys() == before.keys()
    assert differing(after, before) == set()


def test_the_taxi_config_of_2022(contract: Path, taxi_data: Path, tmp_path: Path) -> None:
    """The taxi example's config.yaml of 2022, unchanged, is served; its window of five trips is watched."""
    text = (contract / "evidently-0.1.54.md").read_text()
    block = text.partition("The taxi example:\n")[2].partition("\n## ")[0]
    folder = tmp_path / "datasets"
    folder.mkdir()
    (folder / "green_tripdata_2021-01.parquet").symlink_to(
        next(taxi_data.glob("green_tripdata_2021-01.parquet"))
    )
    plain = yaml.safe_load(block)
    with served(plain, tmp_path) as client:
        trips = [{"PULocationID": 74, "DOLocationID": 75, "trip_distance": 1.5 + n} for n in range(7)]
        for each in trips:
            assert client.post("/iterate/taxi", json=[each]).status_code == 200
        found = client.get("/v1/datasets/taxi/findings").json()
        assert found["rows"] == 5
        columns = {finding["column"] for finding in found["findings"] if finding["family"] == "drift"}
        assert columns == {"PULocationID", "DOLocationID", "trip_distance"}
