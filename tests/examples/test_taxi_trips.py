"""Where the trips come from: given folder, cache, download, generator."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from examples.shared.download import DownloadError, UnreachableError
from examples.taxi.download import CHECKSUMS, download, file_name
from examples.taxi.trips import FEATURE_COLUMNS, cache_folder, find_months, read_trips, within_month

from modelvane.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

MONTH = "2021-01"


def published(content: bytes, status: int = 200) -> Callable[[str, str, bytes], tuple[int, bytes]]:
    return lambda _method, path, _body: (status, content) if path.endswith(file_name(MONTH)) else (404, b"")


def told(console: Console) -> str:
    return console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO


def unreachable(month: str, folder: Path, console: Console) -> Path:  # noqa: ARG001 - as download is called
    raise UnreachableError("no network")


def test_a_download_with_the_known_checksum_is_kept_without_a_word(
    tmp_path: Path, january: Path, console: Console, http_server: Any
) -> None:
    """A file with the known checksum gets its published name, and nothing else is left in the folder."""
    content = january.read_bytes()
    known = {MONTH: hashlib.sha256(content).hexdigest()}
    with http_server(published(content)) as address:
        path = download(MONTH, tmp_path / "cache", console, publisher=address, checksums=known)
    assert path.read_bytes() == content
    assert [other.name for other in path.parent.iterdir()] == [file_name(MONTH)]
    assert told(console) == ""


def test_a_republished_month_is_accepted_with_a_warning(
    tmp_path: Path, january: Path, console: Console, http_server: Any
) -> None:
    """Another checksum is told, with both values, but trips that can be read are used."""
    content = january.read_bytes()
    with http_server(published(content)) as address:
        path = download(MONTH, tmp_path, console, publisher=address, checksums={MONTH: "0" * 64})
    assert path.is_file()
    assert "0" * 64 in told(console)
    assert hashlib.sha256(content).hexdigest() in told(console)


def test_a_month_without_a_known_checksum_says_so(
    tmp_path: Path, january: Path, console: Console, http_server: Any
) -> None:
    """A month that nobody noted a checksum of is used, and the lack is told."""
    with http_server(published(january.read_bytes())) as address:
        download(MONTH, tmp_path, console, publisher=address, checksums={})
    assert f"No checksum is known for {MONTH}" in told(console)


def test_a_download_that_is_not_parquet_leaves_nothing_behind(
    tmp_path: Path, console: Console, http_server: Any
) -> None:
    """A page of a captive portal is refused and never enters the cache."""
    with (
        http_server(published(b"<html>please log in</html>")) as address,
        pytest.raises(DownloadError, match="not a readable Parquet file"),
    ):
        download(MONTH, tmp_path, console, publisher=address)
    assert list(tmp_path.iterdir()) == []


def test_a_parquet_file_without_the_columns_is_refused(
    tmp_path: Path, console: Console, http_server: Any
) -> None:
    """A Parquet file of something else is refused with the columns that it lacks."""
    pq.write_table(pa.table({"PULocationID": [1]}), tmp_path / "other.parquet")
    content = (tmp_path / "other.parquet").read_bytes()
    with (
        http_server(published(content)) as address,
        pytest.raises(DownloadError, match=r"lacks columns.*trip_distance"),
    ):
        download(MONTH, tmp_path / "cache", console, publisher=address)


@pytest.mark.usefixtures("interrupts")
def test_an_interrupted_download_leaves_nothing_behind(
    tmp_path: Path, january: Path, console: Console, http_server: Any
) -> None:
    """Ctrl-C in the middle of a file leaves no part of it in the cache."""

    def answer(*_: object) -> tuple[int, bytes]:
        os.kill(os.getpid(), signal.SIGINT)
        return 200, january.read_bytes()

    with http_server(answer) as address, pytest.raises(KeyboardInterrupt):
        download(MONTH, tmp_path, console, publisher=address)
    assert list(tmp_path.iterdir()) == []


def test_a_month_that_is_not_published_is_no_reason_to_invent_one(
    tmp_path: Path, console: Console, http_server: Any
) -> None:
    """An answer of 403 (what the publisher gives for unknown files) is an error, not being offline."""
    with http_server(published(b"", status=403)) as address, pytest.raises(DownloadError) as caught:
        download(MONTH, tmp_path, console, publisher=address)
    assert not isinstance(caught.value, UnreachableError)


@pytest.mark.parametrize("status", [500, 503])
def test_a_server_out_of_order_counts_as_unreachable(
    tmp_path: Path, console: Console, http_server: Any, status: int
) -> None:
    """A publisher that is down is like no network."""
    with http_server(published(b"", status=status)) as address, pytest.raises(UnreachableError):
        download(MONTH, tmp_path, console, publisher=address)


def test_no_connection_counts_as_unreachable(tmp_path: Path, console: Console, http_server: Any) -> None:
    """A refused connection names the way out."""
    with http_server(published(b"")) as address:
        pass
    with pytest.raises(UnreachableError, match="MODELVANE_DATA"):
        download(MONTH, tmp_path, console, publisher=address)


def test_the_given_folder_comes_first(tmp_path: Path, january: Path, console: Console) -> None:
    """With MODELVANE_DATA nothing is looked for elsewhere."""
    (tmp_path / "taxi").mkdir()
    given = shutil.copy(january, tmp_path / "taxi")
    environ = {"MODELVANE_DATA": str(tmp_path)}
    found = find_months([MONTH], console, synthetic_folder=tmp_path, environ=environ, fetch=unreachable)
    assert found.files == {MONTH: Path(given)}
    assert not found.synthetic


def test_a_month_that_the_given_folder_lacks_is_an_error(tmp_path: Path, console: Console) -> None:
    """A wrong MODELVANE_DATA is not silently replaced by another source."""
    environ = {"MODELVANE_DATA": str(tmp_path)}
    with pytest.raises(ConfigError, match="unset MODELVANE_DATA"):
        find_months([MONTH], console, synthetic_folder=tmp_path, environ=environ, fetch=unreachable)


def test_a_cached_month_is_not_fetched_again(tmp_path: Path, january: Path, console: Console) -> None:
    """The cache answers before the network, and needs none."""
    environ = {"XDG_CACHE_HOME": str(tmp_path)}
    cache_folder(environ).mkdir(parents=True)
    cached = shutil.copy(january, cache_folder(environ))
    found = find_months([MONTH], console, synthetic_folder=tmp_path, environ=environ, fetch=unreachable)
    assert found.files == {MONTH: Path(cached)}


def test_a_missing_month_is_fetched_into_the_cache(tmp_path: Path, january: Path, console: Console) -> None:
    """What is not in the cache is downloaded there, once."""
    environ = {"XDG_CACHE_HOME": str(tmp_path)}
    fetched = []

    def fetch(month: str, folder: Path, console: Console) -> Path:  # noqa: ARG001 - as download is called
        fetched.append(month)
        folder.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy(january, folder))

    for _ in range(2):
        found = find_months([MONTH], console, synthetic_folder=tmp_path, environ=environ, fetch=fetch)
    assert fetched == [MONTH]
    assert found.files[MONTH].parent == cache_folder(environ)


def test_offline_every_month_is_synthetic_and_loudly_so(
    tmp_path: Path, january: Path, console: Console
) -> None:
    """One real month and one invented one would show drift between two worlds, so all are invented."""
    environ = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    cache_folder(environ).mkdir(parents=True)
    shutil.copy(january, cache_folder(environ))
    found = find_months(
        [MONTH, "2022-01"],
        console,
        synthetic_folder=tmp_path / "synthetic",
        environ=environ,
        fetch=unreachable,
        synthetic_rows=100,
    )
    assert found.synthetic
    assert {path.parent for path in found.files.values()} == {tmp_path / "synthetic"}
    assert "SYNTHETIC DATA" in told(console)
    assert "no network" in told(console)


@pytest.mark.parametrize("month", ["2022-13", "January", "../2022-01"])
def test_a_month_that_is_none_is_refused(tmp_path: Path, console: Console, month: str) -> None:
    """A month becomes part of an address and of a path, so it must look like one."""
    with pytest.raises(ConfigError, match="YYYY-MM"):
        find_months([month], console, synthetic_folder=tmp_path, environ={})


def test_reading_keeps_trips_of_1_to_60_minutes_in_time_order(january: Path) -> None:
    """Cleaning is that of the write-up: durations in minutes, both ends included."""
    raw = pq.read_table(january)
    spent = pc.subtract(raw["lpep_dropoff_datetime"], raw["lpep_pickup_datetime"])
    seconds = [value.total_seconds() for value in spent.to_pylist()]
    trips = read_trips(january)
    assert trips.column_names == [*FEATURE_COLUMNS, "duration"]
    assert trips.num_rows == sum(60 <= value <= 3600 for value in seconds) < raw.num_rows
    assert sorted(trips["duration"].to_pylist()) == pytest.approx(
        sorted(value / 60 for value in seconds if 60 <= value <= 3600)
    )
    pickups = trips["lpep_pickup_datetime"].to_pylist()
    assert pickups == sorted(pickups)


def test_stray_dates_are_left_out_of_a_month(trips: pa.Table) -> None:
    """Trips of other months, which the published files hold a few of, do not enter a replay."""
    assert within_month(trips, MONTH).num_rows == trips.num_rows
    assert within_month(trips, "2021-02").num_rows == 0


def test_the_known_checksums_are_those_of_the_published_files(taxi_data: Path) -> None:
    """Every month at hand that has a known checksum has that checksum."""
    months = [month for month in CHECKSUMS if (taxi_data / file_name(month)).is_file()]
    assert months
    for month in months:
        assert hashlib.sha256((taxi_data / file_name(month)).read_bytes()).hexdigest() == CHECKSUMS[month]


def test_january_2021_has_the_trips_of_the_write_up(taxi_data: Path) -> None:
    """Cleaning leaves 73 908 of the 76 518 trips."""
    assert read_trips(taxi_data / file_name(MONTH)).num_rows == 73_908
