"""Rows of two taxi months, on which modelvane and Evidently compute the same statistics.

::

    MODELVANE_DATA=... MODELVANE_EVIDENTLY_PYTHON=... python -m tests.engines.evidently_cases

records what Evidently says in ``tests/golden/evidently.json``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from examples.taxi.trips import read_trips, within_month

from modelvane.engines.evidently import render
from modelvane.engines.source import TableSource
from modelvane.reference import Reference

GOLDEN = Path(__file__).parents[1] / "golden" / "evidently.json"
NUMERICAL = ("trip_distance", "passenger_count", "fare_amount", "total_amount")
CATEGORICAL = ("PULocationID", "DOLocationID", "payment_type")
METHODS = {
    **dict.fromkeys((*NUMERICAL, "prediction", "target"), ("wasserstein", "ks", "ed")),
    **dict.fromkeys(CATEGORICAL, ("jensenshannon", "hellinger", "psi", "kl_div", "chisquare")),
}
"""Evidently's names."""


def january(folder: Path) -> pa.Table:
    """Give the reference: all trips of January 2021."""
    return _with_prediction(read_trips(folder / "green_tripdata_2021-01.parquet"))


def windows(folder: Path) -> Mapping[str, pa.Table]:
    """Give what is compared with it: all of February, and so few trips that p-values are no zeros."""
    february = within_month(read_trips(folder / "green_tripdata_2021-02.parquet"), "2021-02")
    trips = _with_prediction(february)
    return {"february": trips, "400 trips of february": trips.slice(20_000, 400)}


def reference_of(table: pa.Table) -> Reference:
    """Build the reference."""
    return Reference.of(
        table, time="lpep_pickup_datetime", numerical=list(NUMERICAL), categorical=list(CATEGORICAL)
    )


def recorded(reference: Reference, before: pa.Table, window: pa.Table) -> dict[str, Any]:
    """Give what Evidently says, by metric, column and method."""
    rendered = render(reference, TableSource(before), TableSource(window), methods=METHODS)
    said: dict[str, Any] = {}
    for each in rendered.values:
        config = each["config"]
        words = (each["metric"], config.get("column"), config.get("method"), config.get("quantile"))
        value = each["value"]
        if not isinstance(value, dict) or "counts" not in value:
            said[" ".join(str(word) for word in words if word is not None)] = value
    return said


def _with_prediction(trips: pa.Table) -> pa.Table:
    # a formula, not a fitted model: the same on every machine
    minutes = pc.min_element_wise(pc.add(pc.multiply(trips["trip_distance"], 3.0), 4.0), 60.0)
    return trips.rename_columns([*trips.column_names[:-1], "target"]).append_column("prediction", minutes)


def record(folder: Path) -> None:
    """Ask Evidently, and write down what it says."""
    before = january(folder)
    reference = reference_of(before)
    said = {name: recorded(reference, before, window) for name, window in windows(folder).items()}
    GOLDEN.write_text(json.dumps(said, indent=1) + "\n")


if __name__ == "__main__":
    record(Path(os.environ["MODELVANE_DATA"]) / "taxi")
