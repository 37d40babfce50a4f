"""What was interrupted, or damaged since: it goes on where it ended, or says what is wrong."""

from __future__ import annotations

import itertools
import json
import multiprocessing
import os
import signal
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset
import pytest
from pyarrow import parquet
from tests.transfer.compare import content
from tests.transfer.conftest import Opener

from modelvane import transfer
from modelvane.cli import app
from modelvane.errors import ConfigError, DecodeError, StoreError
from modelvane.findings import Findings
from modelvane.store import Log
from modelvane.table import Table
from modelvane.transfer import contents as paging
from modelvane.transfer.contents import LogContents
from modelvane.transfer.export import export
from modelvane.transfer.folder import MANIFEST, FolderContents, exports_in
from modelvane.transfer.pour import pour

# one process that has everything imported, from which each killed one is forked
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["modelvane.cli", "modelvane.transfer.export", "modelvane.transfer.pour"])


@pytest.fixture
def filled(log: Log) -> Log:
    """Log rows over three days, labels and findings: some pages of each."""
    times = np.linspace(0, 3 * 86_400, 90, endpoint=False).tolist()
    log.append("taxi", Table.of({"trip": list(range(90)), "pickup": times, "distance": times}), 1.0)
    log.label("taxi", list(range(0, 100, 2)), [float(i) for i in range(50)], None, 2.0)
    for moment in (1.0, 2.0, 3.0):
        log.append_findings(Findings("taxi", moment, 1, 1, ()))
    return log


def run_killed(function: str, call: int, arguments: list[str], *, after: bool = False) -> None:
    """Run a command that reads small pages and ends as ``kill -9`` does, at the given call of the given function."""
    process = PROCESSES.Process(target=be_killed, args=(function, call, arguments, after))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def be_killed(function: str, call: int, arguments: list[str], after: bool) -> None:
    paging.LABELS_PAGE, paging.ROUNDS_PAGE, paging._MOST_ROWS, paging._FEWEST_ROWS = 20, 1, 20, 1
    path, _, name = function.rpartition(".")
    place = attrgetter(path)(transfer)
    whole, calls = getattr(place, name), itertools.count(1)

    def counted(*given: Any, **named: Any) -> Any:
        ends = next(calls) == call
        if not ends or after:
            found = whole(*given, **named)
        if ends:
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    setattr(place, name, counted)
    app(arguments)


@pytest.mark.parametrize(
    ("function", "call", "after", "late"),
    [
        ("export.write_manifest", 1, False, True),
        ("export.write_page", 1, True, True),
        ("export.write_manifest", 4, False, True),
        ("folder.parquet.write_table", 2, True, True),
        ("export.write_page", 7, True, False),
        ("export.write_manifest", 11, True, False),
    ],
)
def test_a_killed_export_goes_on(
    filled: Log, opener: Opener, tmp_path: Path, function: str, call: int, *, after: bool, late: bool
) -> None:
    """An export that was killed anywhere is whole after a second run: nothing is missing, nothing twice."""
    filled.close()
    arguments = ["export", "--store", f"sqlite:///{tmp_path / 'source.db'}", "-o", str(tmp_path / "out")]
    run_killed(function, call, arguments, after=after)
    source = opener("source")
    source.open("taxi", source.datasets()["taxi"])
    if late:
        # while rows are not complete, those that come meanwhile are among them
        source.append("taxi", Table.of({"trip": ["late"], "pickup": [5.0]}), 9.0)
    with pytest.raises((DecodeError, ConfigError)):
        exports_in(tmp_path / "out")
    export(LogContents(source, "taxi"), tmp_path / "out", source=f"sqlite:///{tmp_path / 'source.db'}")
    copy = opener("copy")
    [contents] = exports_in(tmp_path / "out")
    pour(contents, copy)
    assert content(copy) == content(source)
    assert not list((tmp_path / "out").rglob(".*"))
    assert parquet_rows(tmp_path / "out" / "taxi" / "rows") == source.count("taxi")


def parquet_rows(folder: Path) -> int:
    return int(pa.dataset.dataset(folder, partitioning="hive").count_rows())


def test_what_an_interrupted_page_left_is_removed(
    filled: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts of a page that was not counted are gone after the next run, and so is what was half written."""
    monkeypatch.setattr("modelvane.transfer.contents._MOST_ROWS", 20)
    monkeypatch.setattr("modelvane.transfer.contents._FEWEST_ROWS", 1)

    def interrupt(count: int) -> None:
        if count:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(LogContents(filled, "taxi"), tmp_path, advance=interrupt)
    whole = tmp_path / "taxi" / "rows" / "date=1970-01-01" / "part-00000000.parquet"
    stray = tmp_path / "taxi" / "rows" / "date=1999-12-31"
    stray.mkdir()
    for name in ("part-00000000.parquet", "part-00000007.parquet", ".part-00000000.parquet.tmp"):
        (stray / name).write_bytes(whole.read_bytes())
    export(LogContents(filled, "taxi"), tmp_path)
    assert list(stray.iterdir()) == []
    assert parquet_rows(tmp_path / "taxi" / "rows") == 90


@pytest.mark.parametrize(("module", "call"), [("pour.pour", 1), ("folder._read", 4), ("folder._read", 7)])
def test_a_killed_import_goes_on(
    filled: Log, opener: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, call: int
) -> None:
    """An import that was killed anywhere is whole after a second run, without anything twice."""
    for name, size in {"LABELS_PAGE": 20, "_MOST_ROWS": 20, "_FEWEST_ROWS": 1}.items():
        monkeypatch.setattr(f"modelvane.transfer.contents.{name}", size)
    export(LogContents(filled, "taxi"), tmp_path / "out")
    arguments = ["import", str(tmp_path / "out"), "--store", f"sqlite:///{tmp_path / 'copy.db'}"]
    run_killed(module, call, arguments)
    copy = opener("copy")
    [contents] = exports_in(tmp_path / "out")
    pour(contents, copy)
    assert content(copy) == content(filled)


def test_an_export_of_a_log_in_use_ends(filled: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While rows and labels come in, an export ends where it caught up with them, in as many pages as it takes."""
    for name, size in {"LABELS_PAGE": 20, "_MOST_ROWS": 20, "_FEWEST_ROWS": 1}.items():
        monkeypatch.setattr(f"modelvane.transfer.contents.{name}", size)

    def grow(count: int) -> None:
        assert filled.count("taxi") < 200, "the export follows the log for ever"
        if count:
            filled.append("taxi", Table.of({"distance": [1.0]}), 3.0)
            filled.label("taxi", [f"more {filled.count('taxi')}"], [1.0], None, 3.0)

    done = export(LogContents(filled, "taxi"), tmp_path, advance=grow)
    # a row and a label more after each page
    assert done.streams["rows"].pages == [20, 20, 20, 20, 14]
    assert done.streams["labels"].pages == [20, 20, 17]
    assert done.complete


def test_a_finished_export_stays(filled: Log, tmp_path: Path) -> None:
    """The same export again writes nothing, also when the log has grown since: a folder is of one moment."""
    folder = tmp_path / "out"
    export(LogContents(filled, "taxi"), folder)
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    filled.append("taxi", Table.of({"trip": ["late"]}), 9.0)
    told: list[int] = []
    export(LogContents(filled, "taxi"), folder, advance=told.append)
    assert {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()} == before
    assert sum(told) == 90 + 50 + 3


def test_another_export_is_not_mixed_in(filled: Log, tmp_path: Path) -> None:
    """A folder with another period, another source or other files is refused, with what it holds."""
    export(LogContents(filled, "taxi", since=5.0), tmp_path, source="a")
    with pytest.raises(ConfigError, match=r"holds another export.*since None.*since 5\.0"):
        export(LogContents(filled, "taxi"), tmp_path, source="a")
    with pytest.raises(ConfigError, match=r"from b.*from a"):
        export(LogContents(filled, "taxi", since=5.0), tmp_path, source="b")
    (tmp_path / "other" / "taxi").mkdir(parents=True)
    (tmp_path / "other" / "taxi" / "notes.txt").write_text("mine")
    with pytest.raises(ConfigError, match="holds no export"):
        export(LogContents(filled, "taxi"), tmp_path / "other")


def test_a_folder_that_cannot_be_written(filled: Log, tmp_path: Path) -> None:
    """A place that cannot be written is an error that names the file and what to do."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"cannot be written.*another folder"):
        export(LogContents(filled, "taxi"), tmp_path / "file" / "inside")


def test_no_export(tmp_path: Path) -> None:
    """A folder without an export, or one that is not there, is an error that says what was looked for."""
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(DecodeError, match=f"no export in .*{MANIFEST}"):
            exports_in(folder)


def test_damaged_exports_are_told(filled: Log, opener: Opener, tmp_path: Path) -> None:
    """A part that is missing, cut off or changed, and a damaged manifest, are errors that name it."""
    export(LogContents(filled, "taxi"), tmp_path)
    place = tmp_path / "taxi"
    part = place / "rows" / "date=1970-01-02" / "part-00000000.parquet"
    whole = part.read_bytes()
    target = opener("copy")
    target.open("taxi", filled.datasets()["taxi"])
    part.write_bytes(whole[:-20])
    with pytest.raises(DecodeError, match=r"date=1970-01-02.*cannot be read"):
        pour(FolderContents(place), target)
    part.unlink()
    with pytest.raises(DecodeError, match=r"missing.*page 0.*Received: '60 in .*90"):
        pour(FolderContents(place), target)
    assert target.count("taxi") == 0
    manifest = place / MANIFEST
    text = manifest.read_text()
    for broken in (text[:-9], "[]", text.replace('"pages"', '"leaves"').replace("90", '"x"')):
        manifest.write_text(broken)
        with pytest.raises(DecodeError, match="is no manifest"):
            exports_in(tmp_path)
    manifest.write_text(json.dumps(json.loads(text) | {"format": 2}))
    with pytest.raises(DecodeError, match="newer modelvane"):
        exports_in(tmp_path)


def test_any_tool_reads_the_rows(filled: Log, tmp_path: Path) -> None:
    """Parts have real types where values fit, by day; what does not fit stands beside, in a column of its own."""
    filled.append("taxi", Table.of({"trip": ["x"], "distance": ["far"], "zone": [7.0], "payment": [3]}), 9.0)
    export(LogContents(filled, "taxi"), tmp_path)
    table = pa.dataset.dataset(tmp_path / "taxi" / "rows", partitioning="hive").to_table()
    types = {field.name: str(field.type) for field in table.schema}
    assert types == {
        "trip": "string",
        "pickup": "timestamp[us, tz=UTC]",
        "distance": "double",
        "payment": "string",
        "zone": "int64",
        "shared": "bool",
        "prediction": "double",
        "duration": "double",
        "modelvane_seq": "int64",
        "modelvane_received": "double",
        "modelvane_labelled": "double",
        "modelvane_other": "string",
        "date": "string",
    }
    [misfit] = [row for row in table.to_pylist() if row["modelvane_other"]]
    assert (misfit["distance"], misfit["zone"], misfit["payment"]) == (None, 7, "3")
    assert json.loads(misfit["modelvane_other"]) == {"distance": "far", "zone": 7.0, "payment": 3}
    assert {row["date"] for row in table.to_pylist()} == {"1970-01-01", "1970-01-02", "1970-01-03"}
    labels = parquet.read_table(tmp_path / "taxi" / "labels")
    assert (labels.num_rows, labels["time"].null_count) == (50, 50)
    assert str(labels.schema.field("target").type) == "double"
    rounds = parquet.read_table(tmp_path / "taxi" / "findings" / "live")
    assert sorted(rounds["computed_at"].to_pylist()) == [1.0, 2.0, 3.0]
