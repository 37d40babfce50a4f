"""The synthetic months: the same by seed, shaped like the published ones, drifting as documented."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from examples.taxi.synthetic import FROM_2022, UNTIL_2021, Regime, generate

ROWS = 8_000


@pytest.fixture(scope="module")
def before() -> pa.Table:
    return generate("2021-01", rows=ROWS)


@pytest.fixture(scope="module")
def after() -> pa.Table:
    return generate("2022-01", rows=ROWS)


def minutes(trips: pa.Table) -> np.ndarray:
    spent = trips["lpep_dropoff_datetime"].to_numpy() - trips["lpep_pickup_datetime"].to_numpy()
    return spent / np.timedelta64(1, "m")


def test_the_same_seed_gives_the_same_trips() -> None:
    """A synthetic month is a function of month, rows and seed."""
    assert generate("2021-01", rows=500).equals(generate("2021-01", rows=500))
    assert not generate("2021-01", rows=500).equals(generate("2021-01", rows=500, seed=1))
    assert not generate("2021-01", rows=500)["PULocationID"].equals(
        generate("2021-02", rows=500)["PULocationID"]
    )


def test_the_columns_are_those_of_the_published_files(before: pa.Table) -> None:
    """Names, order and types are what the TLC published for January 2021."""
    integer, real, time = pa.int64(), pa.float64(), pa.timestamp("us")
    assert before.schema == pa.schema(
        {
            "VendorID": integer,
            "lpep_pickup_datetime": time,
            "lpep_dropoff_datetime": time,
            "store_and_fwd_flag": pa.string(),
            "RatecodeID": real,
            "PULocationID": integer,
            "DOLocationID": integer,
            "passenger_count": real,
            "trip_distance": real,
            "fare_amount": real,
            "extra": real,
            "mta_tax": real,
            "tip_amount": real,
            "tolls_amount": real,
            "ehail_fee": pa.null(),
            "improvement_surcharge": real,
            "total_amount": real,
            "payment_type": real,
            "trip_type": real,
            "congestion_surcharge": real,
        }
    )
    assert before.num_rows == ROWS


def test_all_pickups_lie_in_the_month(after: pa.Table) -> None:
    """No stray dates are invented, and the trips come in time order."""
    pickups = after["lpep_pickup_datetime"].to_numpy()
    assert set(pickups.astype("datetime64[M]").astype(str)) == {"2022-01"}
    assert (np.diff(pickups) >= np.timedelta64(0)).all()


@pytest.mark.parametrize(("month", "regime"), [("2021-01", UNTIL_2021), ("2022-01", FROM_2022)])
def test_the_share_of_dispatched_trips_is_the_documented_one(month: str, regime: Regime) -> None:
    """Dispatched trips lack payment and passengers, in the share that the regime states."""
    trips = generate(month, rows=ROWS)
    share = trips["payment_type"].null_count / ROWS
    assert share == pytest.approx(regime.dispatched, abs=0.02)
    assert trips["passenger_count"].null_count == trips["payment_type"].null_count


def test_the_popular_zones_gain_in_2022(before: pa.Table, after: pa.Table) -> None:
    """The two most popular pick-up zones take a share that more than doubles."""
    popular = [pc.mean(pc.less_equal(trips["PULocationID"], 2)).as_py() for trips in (before, after)]
    assert popular[1] > 2 * popular[0]


def test_trips_get_shorter_in_2022(before: pa.Table, after: pa.Table) -> None:
    """Fewer dispatched trips mean shorter distances: the median falls by a fifth at least."""
    median = [np.median(trips["trip_distance"].to_numpy()) for trips in (before, after)]
    assert median[1] < 0.8 * median[0]


def test_a_mile_takes_longer_in_2022(before: pa.Table, after: pa.Table) -> None:
    """The relation that the model learns changes: 15 % more minutes per mile, the base fee of time aside."""

    def pace(trips: pa.Table) -> float:
        miles = trips["trip_distance"].to_numpy()
        usual = (miles > 1) & (miles < 20) & (minutes(trips) < 120)
        return float(np.median((minutes(trips)[usual] - 2.5) / miles[usual]))

    assert pace(after) / pace(before) == pytest.approx(FROM_2022.pace, abs=0.03)


def test_some_values_are_broken_as_in_the_published_files(before: pa.Table) -> None:
    """Broken meters, forgotten meters and refunds are there for the monitor to find."""
    assert (before["trip_distance"].to_numpy() == 0).any()
    assert (before["fare_amount"].to_numpy() < 0).any()
    assert (minutes(before) > 60).any()
