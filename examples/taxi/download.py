"""Fetches a published month of green-taxi trips from the New York City Taxi & Limousine Commission (TLC)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from examples.shared.download import DownloadError, Publication, fetch

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rich.console import Console

PUBLISHER = "https://d37ci6vzurychx.cloudfront.net/trip-data"
"""Where the TLC publishes its trip records."""

NEEDED_COLUMNS = frozenset(
    {
        "lpep_pickup_datetime",
        "lpep_dropoff_datetime",
        "PULocationID",
        "DOLocationID",
        "passenger_count",
        "trip_distance",
        "fare_amount",
        "total_amount",
        "payment_type",
    }
)
"""The columns without which a file is of no use to the application."""

CHECKSUMS: Mapping[str, str] = {
    "2020-04": "3028f4203882cd81412a68512b44501e6de547a78e905ea0e07b94e79c98338c",
    "2021-01": "b8e2c9496c5eada0f10adbd88f98d91721ec6fe2787a2b355cf0ccfa9678ee7b",
    "2021-02": "fd43c7afa2002716c8afadfd57665ab9c9ad99be419570a9b0a08de15cbeb64e",
    "2021-03": "78847a2e0ccb58202eef3337903e696317656815f50423733ad3099dabc58a9d",
    "2021-04": "97fe4a2885411d52f63fd1b276ec115e84338e33719824c28d933088d86f1131",
    "2022-01": "6a9efa68165ed2c52ec130cc9d8098b9e8a876f4316c17ddcbc170e46c45ad1d",
    "2022-02": "4e2fb2eb988955311e2110475eb32308ed2b2a1d601dca73965f3adf731245c4",
}
"""SHA-256 of the published files that the figures in the documentation were measured on."""


def file_name(month: str) -> str:
    """Name the published file of a month.

    >>> file_name("2021-01")
    'green_tripdata_2021-01.parquet'
    """
    return f"green_tripdata_{month}.parquet"


def download(
    month: str,
    folder: Path,
    console: Console,
    *,
    publisher: str = PUBLISHER,
    checksums: Mapping[str, str] = CHECKSUMS,
) -> Path:
    """Fetch one month into `folder` and check it before it gets its name.

    The TLC republishes old months now and then, so a checksum that differs is no proof of damage. Such a
    file is accepted with a warning if it reads as Parquet with the columns that the application needs, and
    refused otherwise. A file that is there under its final name is therefore always whole and readable.

    Parameters
    ----------
    month
        As in ``2021-01``.
    folder
        Created if need be.
    console
        Gets the progress bar (on a terminal only) and the warnings.
    publisher, checksums
        The base address and the known SHA-256 by month.

    Raises
    ------
    UnreachableError
        No connection, a time-out, a connection that broke off, or a server that is out of order.
    DownloadError
        The month is not published, or what came is not a month of trips.
    """
    publication = Publication(
        f"{publisher}/{file_name(month)}",
        f"The trips of {month}",
        instead=f"Check the network, or set MODELVANE_DATA to a folder with taxi/{file_name(month)}",
        unpublished="Months are published from 2014-01 on, about two months late",
    )
    check = partial(_check, month=month, checksums=checksums, console=console)
    return fetch(publication, folder / file_name(month), console, check)


def require_trips(path: Path) -> None:
    """Refuse a file that does not read as Parquet with the columns of :data:`NEEDED_COLUMNS`.

    Raises
    ------
    DownloadError
        With the columns that are missing, or with what the Parquet reader says.
    """
    try:
        columns = set(pq.read_schema(path).names)
    except (pa.ArrowInvalid, OSError) as error:
        raise DownloadError(
            f"{path.name} is not a readable Parquet file",
            received=str(error),
            expected="a month of green-taxi trips as the TLC publishes it",
            remedy="Delete the file if it is in the cache and start again",
        ) from error
    if missing := NEEDED_COLUMNS - columns:
        raise DownloadError(
            f"{path.name} lacks columns of green-taxi trips",
            received=sorted(missing),
            expected="a month of green-taxi trips as the TLC publishes it",
            available=sorted(columns),
        )


def _check(part: Path, digest: str, *, month: str, checksums: Mapping[str, str], console: Console) -> None:
    require_trips(part)
    known = checksums.get(month)
    if known is None:
        console.print(f"[yellow]No checksum is known for {month}; the file reads as a month of trips.[/]")
    elif digest != known:
        console.print(
            f"[yellow]The trips of {month} are not the file the documentation was measured on: SHA-256 "
            f"{digest}, expected {known}. They read as a month of trips, so the TLC has probably republished "
            "them; the figures may differ a little from the documented ones.[/]"
        )
