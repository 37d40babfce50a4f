"""A month of green-taxi trips: where it comes from, and which of its trips count."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from rich.console import Console

from examples.shared import sources
from examples.shared.download import UnreachableError
from examples.taxi.download import download, file_name, require_trips
from examples.taxi.synthetic import write_month
from modelvane.errors import ConfigError

FEATURE_COLUMNS = (
    "lpep_pickup_datetime",
    "PULocationID",
    "DOLocationID",
    "trip_distance",
    "passenger_count",
    "fare_amount",
    "total_amount",
    "payment_type",
)
"""What is known of a trip, in the order in which the reference and the log keep it."""

SHORTEST, LONGEST = 1.0, 60.0
"""Minutes: shorter trips are mistakes of the meter, longer ones forgotten meters."""

FARTHEST = 100.0
"""Miles: beyond are meters that broke, a few of which make distance worth nothing to a linear model."""

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")

Download = Callable[[str, Path, Console], Path]


@dataclass(frozen=True)
class Months:
    """Files of trips by month, all real or all synthetic, never mixed."""

    files: Mapping[str, Path]
    synthetic: bool


def find_months(
    months: Sequence[str],
    console: Console,
    *,
    synthetic_folder: Path,
    environ: Mapping[str, str] = os.environ,
    fetch: Download = download,
    force_synthetic: bool = False,
    synthetic_rows: int = 60_000,
) -> Months:
    """Find the trips of several months, the nearest source first.

    ``MODELVANE_DATA`` (a folder with ``taxi/green_tripdata_YYYY-MM.parquet``), then the cache
    (``$XDG_CACHE_HOME/modelvane``, by default ``~/.cache/modelvane``), then the TLC. When the TLC cannot be
    reached, *all* months are generated: drift between a real month and an invented one would mean nothing.

    Parameters
    ----------
    months
        As in ``2021-01``.
    console
        Gets progress and, loudly, the notice that trips are synthetic.
    synthetic_folder
        Where generated months go; apart from the cache, so that nobody takes them for real ones.
    environ
        The environment variables.
    fetch
        Downloads a month into a folder.
    force_synthetic
        Generate even if real trips are at hand.
    synthetic_rows
        Trips of a generated month.

    Raises
    ------
    ConfigError
        A month is no month, or the folder named by ``MODELVANE_DATA`` lacks it.
    DownloadError
        The TLC answered with something else than a month of trips.
    """
    for month in months:
        if not _MONTH.fullmatch(month):
            raise ConfigError(
                "A month of trips is unknown", received=month, expected="YYYY-MM, as in 2022-01"
            )
    reason = "it was asked for"
    if not force_synthetic:
        try:
            return Months({month: _real(month, console, environ, fetch) for month in months}, synthetic=False)
        except UnreachableError as error:
            reason = str(error)
    console.print(
        sources.synthetic_notice("trips", reason, maker="examples/taxi/synthetic.py", silent_about="New York")
    )
    return Months(
        {month: write_month(month, synthetic_folder, rows=synthetic_rows) for month in months}, synthetic=True
    )


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Tell where downloads are kept, by the XDG base directory specification.

    >>> cache_folder({"XDG_CACHE_HOME": "/var/cache/me"}).as_posix()
    '/var/cache/me/modelvane/taxi'
    """
    return sources.cache_folder("taxi", environ)


def read_trips(path: Path) -> pa.Table:
    """Read the trips of 1 to 60 minutes from a month's file, in time order.

    Returns
    -------
    pyarrow.Table
        :data:`FEATURE_COLUMNS`, then ``duration`` in minutes, sorted by pick-up time.
    """
    require_trips(path)
    table = pq.read_table(path, columns=[*FEATURE_COLUMNS, "lpep_dropoff_datetime"])
    spent = pc.subtract(table["lpep_dropoff_datetime"], table["lpep_pickup_datetime"])
    minutes = pc.divide(pc.cast(pc.cast(spent, pa.duration("us")), pa.int64()).cast(pa.float64()), 60e6)
    table = table.select(list(FEATURE_COLUMNS)).append_column("duration", minutes)
    kept = pc.and_(pc.greater_equal(minutes, SHORTEST), pc.less_equal(minutes, LONGEST))
    return table.filter(kept).sort_by("lpep_pickup_datetime")


def within_month(trips: pa.Table, month: str) -> pa.Table:
    """Keep the trips that were picked up in the month: the files hold a few stray dates, some years off.

    >>> import datetime as dt
    >>> days = [dt.datetime(2009, 1, 1), dt.datetime(2022, 1, 31)]
    >>> within_month(pa.table({"lpep_pickup_datetime": days}), "2022-01").num_rows
    1
    """
    return trips.filter(pc.equal(pc.strftime(trips["lpep_pickup_datetime"], format="%Y-%m"), month))


def _real(month: str, console: Console, environ: Mapping[str, str], fetch: Download) -> Path:
    if given := environ.get("MODELVANE_DATA"):
        return _given(month, Path(given) / "taxi")
    cached = cache_folder(environ) / file_name(month)
    if cached.is_file():
        return cached
    console.print(f"Downloading the trips of {month} from the TLC")
    return fetch(month, cached.parent, console)


def _given(month: str, folder: Path) -> Path:
    path = folder / file_name(month)
    if path.is_file():
        return path
    raise ConfigError(
        f"The folder that MODELVANE_DATA names has no trips of {month}",
        received=str(path),
        available=sorted(other.name for other in folder.glob(file_name("*"))),
        remedy="Put the file there, or unset MODELVANE_DATA to have it downloaded",
    )
