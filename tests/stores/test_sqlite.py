"""The embedded log: what SQL sees, what survives, and what goes wrong with files."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from modelvane.errors import ConfigError, StoreError, UnknownNameError
from modelvane.findings import Family, Finding, Findings
from modelvane.schema import Column, Kind, Role, Schema
from modelvane.store import GroupCommit, SqliteLog, open_log
from modelvane.table import Table

Opener = Callable[..., SqliteLog]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a log.db"


@pytest.fixture
def opened(path: Path, schema: Schema) -> Iterator[Opener]:
    """Open the log at ``path`` with the dataset ``taxi``."""
    logs: list[SqliteLog] = []

    def open_it(**options: object) -> SqliteLog:
        log = SqliteLog(path, **options)  # type: ignore[arg-type] # options of the test
        logs.append(log)
        log.open("taxi", schema)
        return log

    yield open_it
    for log in logs:
        log.close()


def ask(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def test_the_tables_can_be_queried(opened: Opener, path: Path) -> None:
    """Any SQL tool sees a table per dataset with columns of their own types."""
    log = opened()
    table = Table.of(
        {"trip": ["a", "b"], "pickup": [1.0, 2.0], "distance": [1.5, 2.5], "shared": [True, None]}
    )
    log.append("taxi", table.with_column("tip", [1, {"eur": 2}]), 3.0)
    log.label("taxi", ["a"], [600.0], None, 4.0)
    asked = "SELECT id, event_time, received, distance, typeof(distance), shared, extra FROM predictions_taxi"
    assert ask(path, asked) == [
        ("a", 1_000_000, 3.0, 1.5, "real", 1, '{"tip":1}'),
        ("b", 2_000_000, 3.0, 2.5, "real", None, '{"tip":{"eur":2}}'),
    ]
    joined = "SELECT avg(target) FROM predictions_taxi JOIN labels_taxi USING (id) WHERE distance < 2"
    assert ask(path, joined) == [(600.0,)]


def test_a_scan_needs_no_sorting(opened: Opener, path: Path) -> None:
    """A scan of a period goes along the index of event times; it neither sorts nor reads the whole table."""
    opened()
    plan = ask(
        path,
        "EXPLAIN QUERY PLAN SELECT p.distance, l.target FROM predictions_taxi p LEFT JOIN labels_taxi l"
        " ON l.id = p.id WHERE p.event_time >= 1 AND p.event_time < 2 ORDER BY p.event_time, p.seq",
    )
    text = " ".join(str(row[3]) for row in plan)
    assert "predictions_taxi_event_time" in text
    assert "TEMP B-TREE" not in text


def test_a_second_writer_is_refused(opened: Opener, path: Path) -> None:
    """While one writer has the log open another gets an error that says so; after it closed, not."""
    first = opened()
    with pytest.raises(StoreError, match="Another writer"):
        SqliteLog(path)
    first.close()
    opened()


def test_a_reader_may_read_beside_the_writer(opened: Opener) -> None:
    """A read-only log sees what was committed, cannot write, and names a dataset that is not there."""
    writer = opened()
    writer.append("taxi", Table.of({"distance": [1.0]}), 1.0)
    reader = opened(read_only=True)
    assert reader.tail("taxi").table.values("distance") == [1.0]
    writer.append("taxi", Table.of({"distance": [2.0]}), 1.0)
    assert reader.count("taxi") == 2
    with pytest.raises(StoreError, match="reading only"):
        reader.append("taxi", Table.of({"distance": [1.0]}), 1.0)
    with pytest.raises(UnknownNameError, match="Did you mean 'taxi'"):
        reader.open("taxy", Schema(()))


WRITER = """
import itertools, sys
from modelvane.schema import Schema
from modelvane.store import GroupCommit, SqliteLog
from modelvane.table import Table
log = SqliteLog(sys.argv[1])
log.open("taxi", Schema(()))
with GroupCommit(log) as writer:
    for i in itertools.count():
        futures = [writer.submit("taxi", Table.of({"id": [f"{i}-{j}"], "v": [j]}), 1.0) for j in range(20)]
        print(*(future.result().ids[0] for future in futures), flush=True)
"""


def test_what_was_acknowledged_survives_kill_9(path: Path) -> None:
    """Every row that was acknowledged before the process was killed is there afterwards, and the log is writable."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(50)]
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.read().splitlines(keepends=True)
    # the last line may be cut
    acknowledged = {name for line in lines if line.endswith("\n") for name in line.split()}
    assert len(acknowledged) >= 1000
    with SqliteLog(path) as log:
        log.open("taxi", Schema(()))
        assert acknowledged <= set(log.tail("taxi").ids)
        assert log.append("taxi", Table.of({"id": ["new"]}), 1.0).new is None


def test_a_full_disk_keeps_what_was_there(opened: Opener) -> None:
    """When the disk is full an append fails whole with a remedy, earlier rows stay, and space makes it work again."""
    log = opened()
    log.append("taxi", Table.of({"trip": ["before"]}), 1.0)
    big = Table.of({"trip": [f"t{i}" for i in range(2000)], "payment": ["x" * 500] * 2000})
    with log.transaction() as connection:
        connection.execute("PRAGMA max_page_count = 60")
    with pytest.raises(StoreError, match=r"disk is full.*Free disk space"):
        log.append("taxi", big, 2.0)
    assert log.tail("taxi").ids == ["before"]
    log.append("taxi", Table.of({"trip": ["small"]}), 3.0)
    with log.transaction() as connection:
        connection.execute("PRAGMA max_page_count = 100000")
    assert log.append("taxi", big, 4.0).new is None
    assert log.count("taxi") == 2002


def test_the_queue_goes_on_after_a_full_disk(opened: Opener) -> None:
    """While the disk is full each submission that does not fit gets the error; the writer lives and goes on."""
    log = opened()
    big = Table.of({"payment": ["x" * 500] * 2000})
    with GroupCommit(log) as writer:
        with log.transaction() as connection:
            connection.execute("PRAGMA max_page_count = 60")
            # the lock of the transaction holds the writer, so that all of these share a turn or two
            futures = [writer.submit("taxi", table, 1.0) for table in (Table.of({"trip": ["a"]}), big, big)]
            futures.append(writer.submit("taxi", Table.of({"trip": ["b"]}), 1.0))
        assert futures[0].result().ids == ["a"]
        assert all("disk is full" in str(future.exception()) for future in futures[1:3])
        assert futures[3].result().ids == ["b"]
        with log.transaction() as connection:
            connection.execute("PRAGMA max_page_count = 100000")
        assert writer.submit("taxi", big, 1.0).result().new is None
    assert log.count("taxi") == 2002


LIMITED = """
import resource, signal, sys
from modelvane.errors import StoreError
from modelvane.schema import Schema
from modelvane.store import SqliteLog
from modelvane.table import Table
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
log = SqliteLog(sys.argv[1])
log.open("taxi", Schema(()))
log.append("taxi", Table.of({"id": ["before"]}), 1.0)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
big = Table.of({"id": [f"t{i}" for i in range(2000)], "v": ["x" * 500] * 2000})
try:
    log.append("taxi", big, 2.0)
except StoreError as error:
    print(error.remedy)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(log.count("taxi"), log.append("taxi", big, 3.0).new is None, log.count("taxi"))
log.close()
"""


def test_a_refused_write_keeps_what_was_there(path: Path) -> None:
    """When the system refuses to let the file grow, the append fails whole, and works once it may grow again."""
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(path)], capture_output=True, text=True, check=True
    )
    remedy, counts = done.stdout.splitlines()
    assert "disk" in remedy
    assert counts == "1 True 2001"


def test_a_damaged_file_is_an_error(path: Path) -> None:
    """A file that is none of SQLite's is refused with its path and left as it is."""
    path.write_bytes(b"not a database, but somebody's file" * 100)
    with pytest.raises(StoreError, match=r"no SQLite file.*a log\.db"):
        SqliteLog(path)
    assert path.read_bytes().startswith(b"not a database")


def test_a_damaged_page_is_an_error(opened: Opener, path: Path) -> None:
    """A log with damaged pages says that it is damaged instead of giving wrong rows."""
    log = opened()
    log.append("taxi", Table.of({"payment": ["x" * 1000] * 500}), 1.0)
    log.close()
    content = bytearray(path.read_bytes())
    content[4096 * 30 :] = b"\xff" * (len(content) - 4096 * 30)
    path.write_bytes(content)
    with pytest.raises(StoreError, match="damaged"):
        opened().tail("taxi")


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    """A path in a folder that is not there is refused with a remedy."""
    with pytest.raises(StoreError, match=r"cannot be opened.*folder exists"):
        SqliteLog(tmp_path / "missing" / "log.db")
    with pytest.raises(StoreError, match="no log to read"):
        SqliteLog(tmp_path / "missing.db", read_only=True)


def test_a_newer_file_is_refused(path: Path) -> None:
    """A log of a later version is left alone."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match=r"newer modelvane.*version 99"):
        SqliteLog(path)


def test_full_durability_syncs_each_commit(opened: Opener) -> None:
    """``durability="full"`` is SQLite's synchronous FULL, the default is NORMAL."""
    for durability, level in (("normal", 1), ("full", 2)):
        log = opened(durability=durability)
        with log.transaction() as connection:
            assert connection.execute("PRAGMA synchronous").fetchone() == (level,)
        log.close()


def test_retention_makes_the_file_smaller(opened: Opener, path: Path) -> None:
    """Space of removed rows goes back to the disk."""
    log = opened()
    log.append("taxi", Table.of({"payment": ["x" * 1000] * 3000}), 1.0)
    log.retain(max_age_seconds=1.0, now=10.0)
    log.close()
    assert path.stat().st_size < 200_000


def test_urls_choose_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three slashes are a relative path, four an absolute one, none a file that goes with the log."""
    monkeypatch.chdir(tmp_path)
    for url, path in (
        ("sqlite:///a.db", tmp_path / "a.db"),
        (f"sqlite:///{tmp_path}/b.db", tmp_path / "b.db"),
    ):
        open_log(url).close()
        assert path.exists()
    temporary = open_log("sqlite://")
    assert isinstance(temporary, SqliteLog)
    assert temporary.path.exists()
    temporary.close()
    assert not temporary.path.parent.exists()


@pytest.mark.parametrize(
    "url", ["redis://localhost", "sqlite", "sqlite:a.db", "sqlite:///", "sqlite://a.db", ""]
)
def test_other_urls_are_refused(url: str) -> None:
    """A URL that names no store is an error that lists those there are."""
    with pytest.raises(ConfigError, match=r"sqlite:///relative/path.db"):
        open_log(url)


def test_a_column_that_becomes_the_id_keeps_its_place(path: Path) -> None:
    """A schema that makes a feature the id reads old rows as they are."""
    log = SqliteLog(path)
    log.open("taxi", Schema((Column("key", kind=Kind.CATEGORICAL), Column("a"))))
    log.append("taxi", Table.of({"key": ["x"], "a": [1.0]}), 1.0)
    log.open("taxi", Schema((Column("key", Role.ID, None), Column("a"))))
    assert log.append("taxi", Table.of({"key": ["y"], "a": [2.0]}), 1.0).ids == ["y"]
    assert log.tail("taxi").table.values("a") == [1.0, 2.0]
    log.close()


def test_a_file_from_before_schemas_were_kept(opened: Opener, path: Path, schema: Schema) -> None:
    """A file without schemas lists no datasets until they are opened again, and its rows stay."""
    log = opened()
    log.append("taxi", Table.of({"trip": ["a"]}), 1.0)
    log.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("ALTER TABLE modelvane_datasets DROP COLUMN schema")
    with closing(SqliteLog(path, read_only=True)) as reader:
        assert reader.datasets() == {}
    again = SqliteLog(path)
    with closing(again):
        assert again.datasets() == {}
        again.open("taxi", schema)
        assert again.datasets() == {"taxi": schema}
        assert again.tail("taxi").ids == ["a"]


def test_findings_of_an_earlier_version_are_read_as_they_are(opened: Opener, path: Path) -> None:
    """A file that is open for reading, and lacks later columns of findings, gives them without, and no batches."""
    finding = Finding(family=Family.DRIFT, measure="psi", column="a", value=1.0, change="scaled")
    log = opened()
    log.append_findings(Findings("taxi", 1.0, 10, 0, (finding,)))
    log.close()
    for table, columns in {"modelvane_findings": ["change"], "modelvane_rounds": ["since", "until"]}.items():
        for column in columns:
            with closing(sqlite3.connect(path)) as connection:
                connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
            log = opened(read_only=True)
            [found] = log.read_findings("taxi")
            assert (found.computed_at, [(each.measure, each.change) for each in found]) == (
                1.0,
                [("psi", "")],
            )
            assert log.read_findings("taxi", batches=True) == []
            log.close()
