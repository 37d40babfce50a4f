"""Labels of files: which are taken, which are not and why."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, feather, parquet

from modelvane.errors import DecodeError
from modelvane.schema import Column, Kind, Role, Schema
from modelvane.store import Log
from modelvane.table import Table
from modelvane.times import NO_TIME
from modelvane.transfer.label_files import LabelColumns, LabelFile
from modelvane.transfer.label_values import Labelling
from modelvane.transfer.labels import Imported, LogSink, import_labels


class Kept:
    """Keeps what it is sent."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.targets: list[Any] = []
        self.times: list[int] = []

    def send(self, labels: Labelling) -> dict[str, int]:
        self.ids += labels.ids
        self.targets += labels.targets
        self.times += [NO_TIME] * len(labels.ids) if labels.times is None else labels.times.tolist()
        return {"matched": len(labels.ids)}


def target(kind: Kind = Kind.NUMERICAL, dtype: str = "double") -> Schema:
    return Schema((Column("target", Role.TARGET, kind, dtype),))


def take(file: LabelFile, schema: Schema | None = None) -> tuple[Kept, Imported]:
    kept = Kept()
    return kept, import_labels(file, target() if schema is None else schema, kept)


def written(folder: Path, table: pa.Table) -> list[Path]:
    """Write a table in every form that is read."""
    files = [folder / f"labels{ending}" for ending in (".csv", ".csv.gz", ".parquet", ".arrow", ".feather")]
    csv.write_csv(table, files[0])
    with pa.CompressedOutputStream(str(files[1]), "gzip") as stream:
        stream.write(files[0].read_bytes())
    parquet.write_table(table, files[2], row_group_size=700)
    with pa.ipc.new_stream(files[3], table.schema) as writer:
        writer.write_table(table, max_chunksize=900)
    feather.write_feather(table, files[4])
    return files


def test_every_kind_of_file_is_read(tmp_path: Path) -> None:
    """CSV, compressed or not, Parquet, Arrow files and streams give the same labels, in batches."""
    count = 45_000
    numbers = np.random.default_rng(3).normal(size=count)
    times = pa.array(np.arange(count), pa.timestamp("us", "UTC"))
    table = pa.table(
        {"more": ["x,\ny"] * count, "id": pa.array(range(count)), "target": numbers, "time": times}
    )
    for file in written(tmp_path, table):
        told: list[int] = []
        kept = Kept()
        imported = import_labels(LabelFile(file), target(), kept, advance=told.append)
        assert (imported.matched, imported.left_out, sum(told)) == (count, 0, count)
        assert max(told) <= 45_000
        assert len(told) > 1
        assert kept.ids == list(map(str, range(count)))
        assert kept.targets == numbers.tolist()
        assert kept.times == list(range(count))
    assert LabelFile(tmp_path / "labels.parquet").rows == count


def test_labels_reach_the_log(log: Log, tmp_path: Path) -> None:
    """Labels are matched, wait, are repeated and changed like posted ones; the same file again changes nothing."""
    log.append("taxi", Table.of({"trip": ["1", "2", "3"]}), 1.0)
    log.label("taxi", ["3"], [9.5], None, 2.0)
    file = tmp_path / "labels.csv"
    file.write_text("id,target,time\n1,10,1970-01-01T00:00:08\n2,20,\n3,30,9.5\n4,40,\n1,10,\n")
    schema = log.datasets()["taxi"]
    imported = import_labels(LabelFile(file), schema, LogSink(log, "taxi", 5.0))
    assert imported.to_dict() == {"matched": 2, "waiting": 1, "repeated": 1, "changed": 1, "left_out": 0}
    rows = log.tail("taxi")
    assert rows.table.values("duration") == [10.0, 20.0, 30.0]
    assert rows.labelled.tolist() == [8.0, 5.0, 9.5]
    again = import_labels(LabelFile(file), schema, LogSink(log, "taxi", 6.0))
    assert again.to_dict() == {"matched": 0, "waiting": 0, "repeated": 5, "changed": 0, "left_out": 0}
    assert log.tail("taxi").labelled.tolist() == [8.0, 5.0, 9.5]


def test_rows_that_are_no_labels_are_counted_and_told(tmp_path: Path) -> None:
    """Rows without an id or a target, with a target that is no number, or torn, are left out, and told by number."""
    file = tmp_path / "labels.csv"
    lines = ["a,1", ",2", "b,", "c,many", "d", "e,5,6", "f,nan", "g,1_0", "h,-2.5e3", '"",', "i,inf"]
    file.write_text("id,target\n" + "\n".join(lines) + "\n")
    kept, imported = take(LabelFile(file))
    assert (kept.ids, kept.targets) == (["a", "h", "i"], [1.0, -2500.0, math.inf])
    assert imported.left_out == 8
    assert imported.faults.describe() == [
        "2 rows without an id: rows 2, 10",
        "2 rows without a target: rows 3, 7",
        "2 rows with a target that is no value of its column: rows 4, 8",
        "2 rows with more or fewer values than the header: rows 5, 6",
    ]


def test_rows_have_the_numbers_that_they_have_in_the_file(tmp_path: Path) -> None:
    """Of a file of many blocks, too, the rows that are told are those of the file."""
    lines = [f"{at},{'x' * 40 if at % 40_000 == 7 else at}" for at in range(1, 100_001)]
    lines[50_000] = "torn"
    file = tmp_path / "labels.csv"
    file.write_text("id,target\n" + "\n".join(lines) + "\n")
    assert take(LabelFile(file))[1].faults.describe() == [
        "3 rows with a target that is no value of its column: rows 7, 40007, 80007",
        "1 row with more or fewer values than the header: row 50001",
    ]


def test_times_that_are_none_are_told(tmp_path: Path) -> None:
    """A label with an unreadable time is taken without it, and told; one without a time is simply without."""
    file = tmp_path / "labels.csv"
    file.write_text(
        "id,target,time\na,1,soon\nb,2,\nc,3,20220131\nd,4,1643587200.5\ne,5,2022-01-31T01:00:00+01:00\n"
    )
    kept, imported = take(LabelFile(file))
    moment = 1643587200_000000
    assert kept.times == [NO_TIME, NO_TIME, moment, moment + 500_000, moment]
    assert imported.left_out == 0
    assert imported.faults.describe() == [
        "1 row with a time that is none; their labels were taken without it: row 1"
    ]


@pytest.mark.parametrize(
    ("kind", "dtype", "texts", "expected"),
    [
        (Kind.NUMERICAL, "double", ["1", "2.50"], [1.0, 2.5]),
        (Kind.NUMERICAL, "int64", ["1", "-2", "2.5"], [1, -2, 2.5]),
        (Kind.CATEGORICAL, "int64", ["1", "007", "x", "-3"], [1, "007", "x", -3]),
        (Kind.CATEGORICAL, "string", ["1", "007", "true"], ["1", "007", "true"]),
        (Kind.CATEGORICAL, "bool", ["True", "false", "1"], [True, False, "1"]),
        (Kind.CATEGORICAL, "double", ["1.0", "x"], [1.0, "x"]),
        (None, "", ["1", "2.50", "007", "x", "0.5"], [1, 2.5, "007", "x", 0.5]),
    ],
)
def test_texts_are_what_the_target_is(
    tmp_path: Path, kind: Kind | None, dtype: str, texts: list[str], expected: list[Any]
) -> None:
    """A CSV file has texts only: the dataset's target says what they are."""
    file = tmp_path / "labels.csv"
    file.write_text("id,target\n" + "".join(f"{at},{text}\n" for at, text in enumerate(texts)))
    kept, _ = take(LabelFile(file), Schema(()) if kind is None else target(kind, dtype))
    assert [(type(value), value) for value in kept.targets] == [(type(value), value) for value in expected]


def test_values_of_typed_files_are_taken_as_they_are(tmp_path: Path) -> None:
    """Parquet and Arrow have types: numbers stay numbers, texts of numbers are read, lists are no targets."""
    file = tmp_path / "labels.parquet"
    parquet.write_table(
        pa.table({"id": [1.0, 2.5, None], "target": [Decimal("1.5"), None, Decimal(2)]}), file
    )
    kept, imported = take(LabelFile(file))
    assert (kept.ids, kept.targets, imported.left_out) == (["1"], [Decimal("1.5")], 2)
    parquet.write_table(pa.table({"id": ["a", "b"], "target": ["1.5", "x"]}), file)
    assert take(LabelFile(file))[0].targets == [1.5]
    parquet.write_table(pa.table({"id": ["a"], "target": [[1, 2]]}), file)
    for schema in (target(), target(Kind.CATEGORICAL, "string")):
        assert take(LabelFile(file), schema)[1].faults.describe() == [
            "1 row with a target that is no value of its column: row 1"
        ]
    parquet.write_table(pa.table({"id": ["a"], "target": [dt.date(2022, 1, 1)]}), file)
    assert take(LabelFile(file), target(Kind.CATEGORICAL, "string"))[0].ids == ["a"]


def test_columns_are_found_by_their_names(tmp_path: Path, schema: Schema) -> None:
    """Usual names, the dataset's own, or those that were asked for; a missing one is told with the nearest."""
    file = tmp_path / "labels.csv"
    file.write_text("trip,duration,pickup,tripp,when\na,1,5,b,6\n")
    own = LabelColumns.of(schema, None, None, None)
    kept, _ = take(LabelFile(file, own))
    assert (kept.ids, kept.targets, kept.times) == (["a"], [1.0], [NO_TIME])
    asked = LabelColumns.of(schema, "tripp", "pickup", "when")
    kept, _ = take(LabelFile(file, asked))
    assert (kept.ids, kept.targets, kept.times) == (["b"], [5.0], [6_000_000])
    for names, said in {
        ("trop", None, None): r"no column 'trop' for the id.*--id-column 'trip'",
        (None, "durations", None): r"no column 'durations' for the target.*--target-column 'duration'",
        (None, None, "wenn"): r"no column 'wenn' for the time.*--time-column 'when'",
    }.items():
        with pytest.raises(DecodeError, match=said):
            take(LabelFile(file, LabelColumns.of(schema, *names)))
    with pytest.raises(DecodeError, match=r"no column 'id' for the id.*Available: trip, duration"):
        take(LabelFile(file))


def test_another_separator(tmp_path: Path) -> None:
    """A CSV file may be written with another separator, and one that seems to be says which."""
    file = tmp_path / "labels.csv"
    file.write_text("id;target\n1;2,5\n2;3\n")
    with pytest.raises(DecodeError, match="--separator ';'"):
        take(LabelFile(file))
    assert take(LabelFile(file, separator=";"))[0].ids == ["2"]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing file, another ending, an empty one and one that is something else are errors that name it."""
    for name, said in {"absent.csv": "There is no file", "labels.xlsx": "ending that is not known"}.items():
        with pytest.raises(DecodeError, match=said):
            LabelFile(tmp_path / name)
    for name, content in {
        "a.csv": b"",
        "b.parquet": b"PAR1",
        "c.arrow": b"no arrow",
        "d.csv": b"id,target\n\xff,1\n",
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DecodeError, match=f"{name} cannot be read beyond row 0"):
            take(LabelFile(tmp_path / name))


def test_files_that_were_cut_off(tmp_path: Path) -> None:
    """A cut-off Parquet file says nothing; of a cut-off stream the labels before are taken, and it is told."""
    count = 45_000
    table = pa.table({"id": list(map(str, range(count))), "target": [1.0] * count})
    files = {file.name: file for file in written(tmp_path, table)}
    for name in ("labels.parquet", "labels.feather"):
        files[name].write_bytes(files[name].read_bytes()[:-100])
        with pytest.raises(DecodeError, match="cannot be read beyond row 0"):
            take(LabelFile(files[name]))
    stream = files["labels.arrow"]
    stream.write_bytes(stream.read_bytes()[:-5000])
    kept = Kept()
    with pytest.raises(DecodeError, match=r"beyond row 4\d{4}.*run the same again"):
        import_labels(LabelFile(stream), target(), kept)
    assert 40_000 <= len(kept.ids) < count


def test_ids_of_texts_keep_their_zeros(tmp_path: Path) -> None:
    """An id in a CSV file is the text that stands there."""
    file = tmp_path / "labels.csv"
    file.write_text('id,target\n007,1\n"a ""b""",2\n 5,3\n')
    assert take(LabelFile(file))[0].ids == ["007", 'a "b"', " 5"]
