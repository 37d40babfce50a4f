"""Files and folders as sources of rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from msgspec.structs import replace

from modelvane.batch import judge
from modelvane.engines import parquet
from modelvane.engines.count import count
from modelvane.engines.counted import Counted
from modelvane.engines.files import FileSource
from modelvane.engines.source import TableSource
from modelvane.errors import DecodeError
from modelvane.reference import Reference
from modelvane.table import Table
from modelvane.tallies.categorical import CategoricalTally

START = 1_700_000_000
ROWS = 3000


def trips(rows: int, seed: int) -> pa.Table:
    rng = np.random.default_rng(seed)
    fare = np.round(rng.lognormal(2, 0.5, rows), 2)
    return pa.table(
        {
            "id": [f"{seed}-{i}" for i in range(rows)],
            "time": pa.array((START + 60 * np.arange(rows)) * 1_000_000, pa.timestamp("us")),
            "distance": pa.array(rng.lognormal(size=rows), mask=rng.random(rows) < 0.02),
            "zone": pa.array(rng.choice(["a", "b", "c", "d"], rows), mask=rng.random(rows) < 0.02),
            "passengers": rng.integers(0, 6, rows),
            "prediction": fare,
            "target": fare + rng.normal(size=rows),
        }
    )


@pytest.fixture(scope="module")
def reference() -> Reference:
    return Reference.of(trips(2000, 1), segments=["zone"])


def counted(source: FileSource | TableSource, reference: Reference, **options: object) -> Counted:
    return count(source, reference, now=0.0, **options)  # type: ignore[arg-type] # by keyword


def require_equal(one: Counted, other: Counted) -> None:
    assert one.window.rows == other.window.rows
    assert one.window.labelled == other.window.labelled
    assert one.provenance.digest == other.provenance.digest
    assert [(s.rows, s.labelled) for s in one.slices] == [(s.rows, s.labelled) for s in other.slices]
    assert one.joint == other.joint
    assert one.stream == other.stream


WRITERS: dict[str, Callable[[pa.Table, Path], object]] = {
    ".parquet": lambda table, path: pq.write_table(table, path, row_group_size=700),
    ".csv": pa.csv.write_csv,
    ".arrow": lambda table, path: pa.feather.write_feather(table, path, chunksize=900),
    ".csv.gz": lambda table, path: pa.csv.write_csv(table, pa.CompressedOutputStream(str(path), "gzip")),
}


@pytest.mark.parametrize("ending", WRITERS)
def test_a_file_counts_as_its_rows(tmp_path: Path, reference: Reference, ending: str) -> None:
    """A file of any format, or a folder of parts, gives the tallies, slices and hash of the table, bit for bit."""
    table = trips(ROWS, 2)
    whole = counted(TableSource(table), reference)
    one = tmp_path / f"trips{ending}"
    WRITERS[ending](table, one)
    require_equal(counted(FileSource(one), reference), whole)
    parts = tmp_path / "parts"
    parts.mkdir()
    for i in range(3):
        WRITERS[ending](table.slice(1000 * i, 1000), parts / f"{i}{ending}")
    require_equal(counted(FileSource(parts), reference), whole)
    assert whole.window.rows.rows == ROWS


@pytest.mark.parametrize("batch_rows", [1, 97, 1000, ROWS])
@pytest.mark.parametrize("threads", [1, 3])
def test_neither_batches_nor_threads_change_a_bit(
    reference: Reference, batch_rows: int, threads: int
) -> None:
    """Rows counted in batches of any size on any number of threads are those counted at once, and by the counter."""
    rows = 200 if batch_rows == 1 else ROWS
    table = trips(rows, 3)
    cut = counted(TableSource(table, batch_rows=batch_rows), reference, threads=threads)
    require_equal(cut, counted(TableSource(table), reference, threads=1))
    block = reference.encode(table)
    assert cut.window.rows == reference.counter.rows(block)
    assert cut.window.labelled == reference.counter.labelled(block)


def test_wide_files_come_in_bands_of_columns(
    tmp_path: Path, reference: Reference, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of many columns, read a few at a time, counts as its rows, within a period too."""
    table = trips(ROWS, 4)
    pq.write_table(table, tmp_path / "wide.parquet", row_group_size=500)
    monkeypatch.setattr(parquet, "_WIDE", 1)
    monkeypatch.setattr(parquet, "_PIECE_VALUES", 2 * ROWS)
    require_equal(
        counted(FileSource(tmp_path / "wide.parquet"), reference), counted(TableSource(table), reference)
    )
    inside = FileSource(tmp_path / "wide.parquet", START + 6000, START + 60_000)
    assert (
        counted(inside, reference).window.rows
        == counted(TableSource(table.slice(100, 900)), reference).window.rows
    )


@pytest.mark.parametrize("ending", [".parquet", ".csv"])
@pytest.mark.parametrize("shuffled", [False, True])
def test_a_period_is_half_open(tmp_path: Path, reference: Reference, ending: str, shuffled: bool) -> None:
    """Only rows from ``since`` on and before ``until`` are counted, in time order or not."""
    table = trips(ROWS, 5)
    order = np.random.default_rng(0).permutation(ROWS) if shuffled else np.arange(ROWS)
    WRITERS[ending](table.take(order), tmp_path / f"trips{ending}")
    found = counted(FileSource(tmp_path, START + 60 * 800, START + 60 * 1500), reference)
    require_equal(found, counted(TableSource(table.slice(800, 700)), reference))
    assert (found.provenance.first, found.provenance.last) == (START + 60 * 800, START + 60 * 1499)


def test_row_groups_outside_of_a_period_are_not_read(tmp_path: Path, reference: Reference) -> None:
    """What statistics exclude is not looked at: there it may even be broken."""
    path = tmp_path / "trips.parquet"
    pq.write_table(trips(ROWS, 6), path, row_group_size=1000)
    damage(path, group=2, column="distance")
    found = counted(FileSource(path, START, START + 60 * 1500), reference, strict=True)
    assert found.window.rows.rows == 1500


def damage(path: Path, group: int, column: str) -> None:
    """Overwrite the pages of a column of a row group."""
    about = pq.read_metadata(path)
    chunk = about.row_group(group).column(about.schema.names.index(column))
    with path.open("r+b") as file:
        file.seek(chunk.dictionary_page_offset or chunk.data_page_offset)
        file.write(b"\xff" * chunk.total_compressed_size)


@pytest.mark.parametrize("wide", [False, True])
def test_a_broken_column_loses_its_own_rows_only(
    tmp_path: Path, reference: Reference, monkeypatch: pytest.MonkeyPatch, wide: bool
) -> None:
    """Pages that cannot be read are told of; every other column of those rows is counted, and the column elsewhere."""
    path = tmp_path / "trips.parquet"
    table = trips(ROWS, 7)
    pq.write_table(table, path, row_group_size=1000)
    damage(path, group=1, column="distance")
    monkeypatch.setattr(parquet, "BATCH_ROWS", 400)
    if wide:
        monkeypatch.setattr(parquet, "_WIDE", 1)
        monkeypatch.setattr(parquet, "_PIECE_VALUES", 2000)
    found = counted(FileSource(path), reference)
    whole = counted(TableSource(table), reference)
    assert len(found.unread) == 1
    assert "column 'distance'" in found.unread[0].where
    assert "trips.parquet" in found.unread[0].where
    columns, expected = dict(found.window.rows.columns), dict(whole.window.rows.columns)
    lost, kept = columns.pop("distance"), expected.pop("distance")
    assert columns == expected
    # what looks at several columns of a row needs all of them
    found_labelled, labelled = (replace(each.window.labelled, together={}) for each in (found, whole))
    assert found_labelled == labelled
    assert lost.rows < kept.rows
    assert lost.rows >= ROWS - 1000
    assert found.stream.missing == ()
    with pytest.raises(DecodeError, match=r"column 'distance'.*trips\.parquet"):
        counted(FileSource(path), reference, strict=True)


def test_a_broken_file_does_not_end_the_run(tmp_path: Path, reference: Reference) -> None:
    """A truncated Parquet file and one that is none are told of by name; the others are counted."""
    for i in range(2):
        pq.write_table(trips(500, i), tmp_path / f"{i}.parquet")
    whole = (tmp_path / "1.parquet").read_bytes()
    (tmp_path / "truncated.parquet").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "words.csv").write_bytes(b"\xff\xfe no table")
    found = counted(FileSource(tmp_path), reference)
    assert found.window.rows.rows == 1000
    assert any("truncated.parquet" in unread.where for unread in found.unread)
    with pytest.raises(DecodeError, match=r"truncated\.parquet"):
        counted(FileSource(tmp_path), reference, strict=True)


def test_rows_of_csv_with_too_few_fields_are_told_of(tmp_path: Path, reference: Reference) -> None:
    """Rows that do not have the header's fields are left out, counted, and said to be."""
    path = tmp_path / "trips.csv"
    pa.csv.write_csv(trips(100, 8), path)
    with path.open("a") as file:
        file.write("x,y\n1,2,3\n")
    found = counted(FileSource(path), reference)
    assert found.window.rows.rows == 100
    assert found.unread[0].where == f"2 rows of {path}"
    assert "7 fields" in found.unread[0].why


def test_each_file_has_its_own_types(tmp_path: Path, reference: Reference) -> None:
    """Another type of a column in one file costs no more than the values that cannot be read as the column's."""
    table = trips(400, 9)
    pq.write_table(table, tmp_path / "0.parquet")
    wide = table.set_column(4, "passengers", table["passengers"].cast(pa.float64()))
    pq.write_table(wide, tmp_path / "1.parquet")
    text = table.set_column(2, "distance", pa.array(["far"] * 400))
    pq.write_table(text, tmp_path / "2.parquet")
    found = counted(FileSource(tmp_path), reference).window.rows
    assert found.columns["distance"].wrong_type == 400
    assert found.columns["distance"].rows == found.rows == 1200
    assert found.columns["passengers"].wrong_type == 0


def test_columns_that_files_lack_are_missing(tmp_path: Path, reference: Reference) -> None:
    """A column that one file lacks is missing there; one that is unexpected may be what it is called now."""
    table = trips(400, 10)
    pq.write_table(table, tmp_path / "0.parquet")
    renamed = table.rename_columns([name.replace("distance", "distance_km") for name in table.column_names])
    pq.write_table(renamed, tmp_path / "1.parquet")
    found = counted(FileSource(tmp_path), reference)
    assert found.stream.missing == ("distance",)
    assert found.stream.unexpected == ("distance_km",)
    assert found.window.rows.columns["distance"].missing >= 400
    lacking = judge("taxi", reference, found).findings.get("missing_columns")
    assert lacking is not None
    assert lacking.cause == "distance (there is distance_km)"


def test_folder_names_are_columns(tmp_path: Path, reference: Reference) -> None:
    """Hive's ``zone=a`` in a path is a column of all rows below, in the type that the reference has."""
    table = trips(600, 11)
    for zone in "ab":
        for passengers in (1, 2):
            folder = tmp_path / f"zone={zone}" / f"passengers={passengers}"
            folder.mkdir(parents=True)
            part = table.slice(0, 100).drop_columns(["zone", "passengers"])
            pq.write_table(part, folder / "part.parquet")
    found = counted(FileSource(tmp_path), reference).window.rows
    zones, passengers = found.columns["zone"], found.columns["passengers"]
    assert isinstance(zones, CategoricalTally)
    assert isinstance(passengers, CategoricalTally)
    assert zones.counts[zones.ruler.code("a")] == zones.counts[zones.ruler.code("b")] == 200
    assert passengers.counts[passengers.ruler.code("2")] == 200
    assert found.segments["zone=a"].rows == 200


def test_urls_are_read_through_pyarrow(tmp_path: Path, reference: Reference) -> None:
    """A ``file://`` URL is the file; a URL of nothing that is known is refused with those that are."""
    pq.write_table(trips(300, 12), tmp_path / "trips.parquet")
    found = counted(FileSource((tmp_path / "trips.parquet").as_uri()), reference)
    assert found.window.rows.rows == 300
    with pytest.raises(DecodeError, match="s3://"):
        counted(FileSource("ftp://here/trips.parquet"), reference)


def test_hidden_and_other_files_are_left_out(tmp_path: Path, reference: Reference) -> None:
    """What starts with a dot or an underscore, or is of another kind, is not read."""
    for name in ("trips.parquet", "_old.parquet", ".part.parquet"):
        pq.write_table(trips(100, 13), tmp_path / name)
    (tmp_path / "notes.txt").write_text("none of our business")
    assert counted(FileSource(tmp_path), reference, strict=True).window.rows.rows == 100


def test_nothing_to_read_is_said(tmp_path: Path, reference: Reference) -> None:
    """No such place, a folder without data, and a period without a time column are refused; an empty period is not."""
    with pytest.raises(DecodeError, match="There is no file or folder") as error:
        counted(FileSource(tmp_path / "none"), reference)
    # such as a config names, whose folder its paths are taken from
    assert "current directory" not in str(error.value)
    with pytest.raises(DecodeError, match="taken from the current directory"):
        counted(FileSource(Path("no such folder of trips")), reference)
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(DecodeError, match="no file that can be read"):
        counted(FileSource(tmp_path), reference)
    pq.write_table(trips(100, 14), tmp_path / "trips.parquet")
    assert counted(FileSource(tmp_path, 0.0, 1.0), reference).window.rows.rows == 0
    timeless = Reference.of({"a": [1.0, 2.5, 3.0]}, time="when")
    pq.write_table(pa.table({"a": [1.0]}), tmp_path / "trips.parquet")
    assert counted(FileSource(tmp_path, 0.0, 1.0), timeless).window.rows.rows == 0


def test_numbers_among_words_of_csv_are_numbers(tmp_path: Path) -> None:
    """Words late in a column of numbers are of the wrong type, and no other value is lost to them."""
    reference = Reference.of({"a": [float(i) / 3 for i in range(100)], "code": [1, 2] * 50})
    path = tmp_path / "rows.csv"
    path.write_text("a,code\n" + "1.5,1\n" * 50 + "broken,2.0\n,x\nNaN,\n")
    found = counted(FileSource(path), reference).window.rows
    assert (found.columns["a"].n, found.columns["a"].wrong_type, found.columns["a"].missing) == (50, 1, 2)
    codes = found.columns["code"]
    assert isinstance(codes, CategoricalTally)
    assert codes.counts.tolist() == [50, 1, 1]


def test_columns_of_parquet_stay_in_their_files(tmp_path: Path) -> None:
    """A reference of a folder is that of its rows, and columns that nobody asks for are not read."""
    table = trips(2000, 15)
    for i in range(2):
        pq.write_table(table.slice(1000 * i, 1000), tmp_path / f"{i}.parquet")
    assert Reference.of(str(tmp_path)).digest == Reference.of(table).digest
    damage(tmp_path / "1.parquet", group=0, column="distance")
    stored = Table.of(tmp_path)
    assert stored.values("zone") == table["zone"].to_pylist()
    with pytest.raises(DecodeError, match=r"Column 'distance' of .*1\.parquet cannot be read"):
        stored["distance"]
