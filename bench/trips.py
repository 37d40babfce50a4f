"""Green-taxi trips as twenty columns, for benchmarks that need real data."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from examples.taxi.trips import LONGEST, SHORTEST, within_month

from modelvane.errors import ConfigError

TIME = "lpep_pickup_datetime"
NUMERICAL = (
    "trip_distance",
    "fare_amount",
    "extra",
    "tip_amount",
    "tolls_amount",
    "total_amount",
    "duration",
    "speed",
)
CATEGORICAL = (
    "VendorID",
    "store_and_fwd_flag",
    "RatecodeID",
    "PULocationID",
    "DOLocationID",
    "passenger_count",
    "mta_tax",
    "payment_type",
    "trip_type",
    "congestion_surcharge",
    "hour",
    "weekday",
)
"""The columns as published, but for ``ehail_fee`` (always empty) and ``improvement_surcharge`` (nearly constant), with
the duration in minutes, the speed in miles per hour, and the hour and the weekday of the pick-up."""


def month_of_trips(month: str) -> pa.Table:
    """Read the trips of 1 to 60 minutes that were picked up in a month, in time order.

    Raises
    ------
    ConfigError
        Without ``MODELVANE_DATA``, or when that folder lacks the month.
    """
    path = _folder() / f"green_tripdata_{month}.parquet"
    if not path.is_file():
        raise ConfigError(
            f"There are no trips of {month}",
            received=str(path),
            available=sorted(other.name for other in path.parent.glob("green_tripdata_*.parquet")),
            remedy="Get the file from the TLC's trip-record page and put it there",
        )
    table = pq.read_table(path)
    picked_up = table[TIME]
    spent = pc.subtract(table["lpep_dropoff_datetime"], picked_up).cast(pa.duration("us"))
    minutes = np.asarray(spent.cast(pa.int64())) / 60e6
    miles = np.asarray(table["trip_distance"])
    with np.errstate(divide="ignore", invalid="ignore"):
        speed = miles / (minutes / 60)
    table = (
        table.append_column("duration", pa.array(minutes))
        .append_column("speed", pa.array(speed))
        .append_column("hour", pc.hour(picked_up))
        .append_column("weekday", pc.day_of_week(picked_up))
    )
    kept = pa.array((minutes >= SHORTEST) & (minutes <= LONGEST))
    return within_month(table.filter(kept), month).sort_by(TIME).select([TIME, *NUMERICAL, *CATEGORICAL])


def _folder() -> Path:
    folder = os.environ.get("MODELVANE_DATA")
    if not folder:
        raise ConfigError(
            "This benchmark needs real trips, and MODELVANE_DATA is not set",
            expected="a folder with taxi/green_tripdata_2021-01.parquet, -02 and -03",
            remedy="Get the months from the TLC's trip-record page, and set MODELVANE_DATA to the folder above taxi/",
        )
    return Path(folder) / "taxi"


def halves(trips: pa.Table, seed: int = 0) -> tuple[pa.Table, pa.Table]:
    """Split at random, each half in time order."""
    order = np.random.default_rng(seed).permutation(trips.num_rows)
    middle = trips.num_rows // 2
    return trips.take(np.sort(order[:middle])), trips.take(np.sort(order[middle:]))
