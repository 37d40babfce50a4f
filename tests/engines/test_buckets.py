"""Files in a bucket, over the protocols of S3 and Google Cloud Storage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from tests.engines.buckets import Buckets, buckets

from modelvane.engines.count import count
from modelvane.engines.files import FileSource
from modelvane.errors import DecodeError
from modelvane.jobs import Job
from modelvane.reference import Reference
from modelvane.table import Table

ROWS = pa.table({"distance": [float(i % 50) for i in range(1000)], "zone": ["a", "b"] * 500})
SCHEMES: dict[str, Callable[[Buckets, str], str]] = {"s3": Buckets.s3, "gs": Buckets.gs}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder of two days of Parquet, the second without its column of zones, and one file of CSV."""
    folder = tmp_path_factory.mktemp("lake")
    for day, zone in (("08", "a"), ("09", "b")):
        part = folder / "trips" / f"zone={zone}" / f"{day}.parquet"
        part.parent.mkdir(parents=True)
        pq.write_table(ROWS.drop_columns(["zone"]), part, row_group_size=300)
    (folder / "trips" / "_SUCCESS").touch()
    pa.csv.write_csv(ROWS, folder / "trips.csv")
    return folder


@pytest.fixture(scope="module")
def served(lake: Path) -> Iterator[Buckets]:
    """Serve that folder."""
    with buckets(lake) as server:
        yield server


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("key", ["trips", "trips/zone=a/08.parquet", "trips.csv"])
def test_a_bucket_counts_as_the_folder(served: Buckets, lake: Path, scheme: str, key: str) -> None:
    """Files of a bucket, partitioned by Hive or not, give the tallies and the hash of the same files here."""
    reference = Reference.of(ROWS)
    url = SCHEMES[scheme](served, key)
    found = count(FileSource(url), reference, now=0.0, strict=True)
    here = count(FileSource(lake / key), reference, now=0.0, strict=True)
    assert found.window.rows == here.window.rows
    assert found.provenance.digest == here.provenance.digest
    assert Table.of(url).rows == here.window.rows.rows


@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_a_bucket_lacks_is_said(served: Buckets, scheme: str) -> None:
    """An object that is not there is said with its place, and no secret of the URL."""
    with pytest.raises(DecodeError, match=rf"There is no file or folder {scheme}://.*lake/none\. ") as error:
        FileSource(SCHEMES[scheme](served, "none")).files  # noqa: B018 - what is asked is whether it is there
    assert "hidden" not in str(error.value)


def test_reports_have_no_secrets(served: Buckets) -> None:
    """The source and the dataset that a report names are the bucket's, without the key that opens it."""
    url = served.s3("trips")
    assert FileSource(url).name == "s3://reader:***@lake/trips"
    assert Job.of_files(Path("reference.mv"), url).dataset == "trips"
    found = count(FileSource(url), Reference.of(ROWS), now=0.0)
    assert found.provenance.source == "s3://reader:***@lake/trips"
    with pytest.raises(DecodeError) as error:
        FileSource(url.replace("s3://", "s4://")).files  # noqa: B018 - there is no such scheme
    assert "hidden" not in str(error.value)


def test_a_bucket_that_cannot_be_reached_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Google's client is told when to give up, unless the URL says it; the error has neither options nor secrets."""
    monkeypatch.setattr("modelvane.locations._GOOGLE_PATIENCE", ("retry_limit_seconds", 1))
    nobody = "gs://anonymous@lake/trips?scheme=http&endpoint_override=127.0.0.1:1"
    with pytest.raises(DecodeError, match=r"gs://anonymous@lake/trips cannot be looked at"):
        FileSource(nobody).files  # noqa: B018 - as above
