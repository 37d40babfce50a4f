"""Seeded green-taxi trips with known drift, for when the real ones cannot be had.

A city of 250 zones on a plane, some popular and most not. Trips come in two kinds, as in the real files:
hailed on the street (metered, paid by card or cash) and dispatched (longer; passengers and payment unknown).
The columns and their types are those of the published files, with a few stray and broken values.

What changes from 2022 on, on purpose:

=====================  ============  ============  =============================================
what                   until 2021    from 2022     seen as
=====================  ============  ============  =============================================
dispatched trips       48 %          10 %          drift of distance, amounts and predictions;
                                                   fewer missing passengers and payments
two popular zones      weight 1      weight 2.5    drift of ``PULocationID``
minutes per mile       1             1.15          error of the model (concept drift)
=====================  ============  ============  =============================================
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from examples.taxi.download import file_name

if TYPE_CHECKING:
    from pathlib import Path

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_ZONES = 250
_CITY_SEED = 2013  # the city itself is the same in every month
_RUSH = np.array(
    [7, 4, 3, 2, 5, 11, 22, 45, 66, 80, 82, 77, 76, 79, 75, 73, 71, 58, 50, 41, 28, 19, 15, 11], dtype=float
)


@dataclass(frozen=True)
class Regime:
    """What a year is like: the knobs that drift."""

    dispatched: float
    """Share of trips that were dispatched, not hailed."""
    popular_weight: float
    """How much more often the two most popular zones are picked up from."""
    pace: float
    """Factor on the minutes that a mile takes."""


UNTIL_2021 = Regime(dispatched=0.48, popular_weight=1.0, pace=1.0)
FROM_2022 = Regime(dispatched=0.10, popular_weight=2.5, pace=1.15)


def regime(month: str) -> Regime:
    """Tell what a month is like.

    >>> regime("2021-12").pace, regime("2022-01").pace
    (1.0, 1.15)
    """
    return FROM_2022 if month >= "2022" else UNTIL_2021


def write_month(month: str, folder: Path, *, rows: int = 60_000) -> Path:
    """Generate a month into a file that is named like the published one."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / file_name(month)
    part = path.with_suffix(".part")
    pq.write_table(generate(month, rows=rows), part)
    return part.replace(path)


def generate(month: str, *, rows: int = 60_000, seed: int = 0) -> pa.Table:
    """Generate the trips of a month; the same arguments give the same trips.

    Parameters
    ----------
    month
        As in ``2021-01``; it also chooses the :func:`regime`.
    rows
        Trips, before any cleaning.
    seed
        Another seed gives other trips of the same city and regime.

    Returns
    -------
    pyarrow.Table
        `rows` trips in time order, with the 20 columns of the published files.
    """
    year, number = map(int, month.split("-"))
    random = np.random.default_rng([seed, year, number])
    now = regime(month)
    pickups = _pickup_times(random, month, rows)
    dispatched = random.random(rows) < now.dispatched
    origins, destinations, miles = _routes(random, now, rows, dispatched)
    minutes = _durations(random, now, pickups, miles)
    dropoffs = pickups + (minutes * 60e6).astype("timedelta64[us]")
    columns = {
        "VendorID": np.where(dispatched, 2, random.integers(1, 3, rows)),
        "lpep_pickup_datetime": pickups,
        "lpep_dropoff_datetime": dropoffs.astype("datetime64[s]").astype("datetime64[us]"),
        "store_and_fwd_flag": _known(np.full(rows, "N"), dispatched),
        "RatecodeID": _known(np.ones(rows), dispatched),
        "PULocationID": origins,
        "DOLocationID": destinations,
        "passenger_count": _known(np.minimum(1.0 + random.poisson(0.2, rows), 6.0), dispatched),
        "trip_distance": _with_broken_meters(random, miles),
        **_amounts(random, miles, minutes, dispatched),
        "payment_type": _known(
            random.choice([1.0, 2.0, 3.0, 4.0], rows, p=[0.60, 0.39, 0.007, 0.003]), dispatched
        ),
        "trip_type": _known(np.ones(rows), dispatched),
        "congestion_surcharge": _known(np.where(random.random(rows) < 0.24, 2.75, 0.0), dispatched),
    }
    return pa.table(columns)


def _pickup_times(random: np.random.Generator, month: str, rows: int) -> npt.NDArray[np.datetime64]:
    year, number = map(int, month.split("-"))
    days = random.integers(0, calendar.monthrange(year, number)[1], rows)
    hours = random.choice(24, rows, p=_RUSH / _RUSH.sum())
    seconds = np.sort(days * 86_400 + hours * 3_600 + random.integers(0, 3_600, rows))
    return np.datetime64(f"{month}-01", "us") + seconds.astype("timedelta64[s]")


def _routes(
    random: np.random.Generator, now: Regime, rows: int, dispatched: npt.NDArray[np.bool_]
) -> tuple[Integers, Integers, Floats]:
    city = np.random.default_rng(_CITY_SEED)
    places = city.uniform(0, 12, (_ZONES, 2))  # miles
    popularity = 1.0 / np.arange(1, _ZONES + 1)
    hailed_from = popularity.copy()
    hailed_from[:2] *= now.popular_weight
    # Hailed trips start where everyone hails and end nearby; dispatched ones go from anywhere to anywhere.
    origins = np.where(
        dispatched,
        random.choice(_ZONES, rows, p=np.sqrt(popularity) / np.sqrt(popularity).sum()),
        random.choice(_ZONES, rows, p=hailed_from / hailed_from.sum()),
    )
    apart = np.linalg.norm(places[:, None] - places[None, :], axis=2)
    nearness = np.cumsum(np.exp(-apart / 1.5), axis=1)
    nearby = (random.random(rows)[:, None] * nearness[origins, -1:] > nearness[origins]).sum(axis=1)
    anywhere = random.choice(_ZONES, rows, p=np.sqrt(popularity) / np.sqrt(popularity).sum())
    destinations = np.where(dispatched, anywhere, nearby)
    miles = (0.3 + 1.2 * apart[origins, destinations]) * random.lognormal(0, 0.15, rows)
    return origins + 1, destinations + 1, miles.round(2)


def _durations(
    random: np.random.Generator, now: Regime, pickups: npt.NDArray[np.datetime64], miles: Floats
) -> Floats:
    hour = pickups.astype("datetime64[h]").astype(np.int64) % 24
    crowded = 1.0 + 0.3 * (_RUSH / _RUSH.max())[hour]
    minutes = (2.5 + 2.6 * now.pace * crowded * miles) * random.lognormal(0, 0.2, len(miles))
    forgotten = random.random(len(miles)) < 0.01
    return np.where(forgotten, random.uniform(0, 1_400, len(miles)), minutes)


def _amounts(
    random: np.random.Generator, miles: Floats, minutes: Floats, dispatched: npt.NDArray[np.bool_]
) -> dict[str, Floats | pa.Array]:
    rows = len(miles)
    metered = (2.5 + 2.5 * miles + 0.5 * np.minimum(minutes, 120) * 0.3).round(1)
    agreed = (8.0 + 2.9 * miles * random.lognormal(0, 0.2, rows)).round(2)
    fare = np.where(dispatched, agreed, metered)
    fare = np.where(random.random(rows) < 0.003, -fare, fare)  # refunds
    tip = np.where(random.random(rows) < 0.4, 0.18 * np.abs(fare), 0.0).round(2)
    tolls = np.where(random.random(rows) < 0.04, 6.12, 0.0)
    tax = np.where(dispatched, 0.0, 0.5)
    return {
        "fare_amount": fare,
        "extra": random.choice([0.0, 0.5, 1.0], rows),
        "mta_tax": tax,
        "tip_amount": tip,
        "tolls_amount": tolls,
        "ehail_fee": pa.nulls(rows),
        "improvement_surcharge": np.full(rows, 0.3),
        "total_amount": (fare + tip + tolls + tax + 0.3).round(2),
    }


def _with_broken_meters(random: np.random.Generator, miles: Floats) -> Floats:
    luck = random.random(len(miles))
    broken = np.where(luck < 0.0005, random.uniform(1e3, 2e5, len(miles)).round(2), miles)
    return np.where((luck >= 0.0005) & (luck < 0.02), 0.0, broken)


def _known(values: npt.NDArray[np.generic], dispatched: npt.NDArray[np.bool_]) -> pa.Array:
    return pa.array(values, mask=dispatched)
