"""The log in PostgreSQL: what SQL sees, what survives the server, and what goes wrong on the way to it."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from tests.stores.servers.postgresql import Server, drop_schema, in_own_schema

from modelvane.errors import ConfigError, ModelvaneError, StoreError, UnknownNameError
from modelvane.locations import without_password
from modelvane.schema import Column, Kind, Role, Schema
from modelvane.store import GroupCommit, LogDownError, open_log
from modelvane.store.postgresql import PostgresqlLog, connections, ownership
from modelvane.store.postgresql.address import Address
from modelvane.store.postgresql.faults import store_error
from modelvane.store.postgresql.layout import escaped, unescaped
from modelvane.store.postgresql.retention import size_of
from modelvane.store.postgresql.values import from_json, to_json
from modelvane.table import Table

Opener = Callable[..., PostgresqlLog]
_PATIENCE = 300.0


@pytest.fixture
def url(postgresql: str) -> Iterator[str]:
    url = in_own_schema(postgresql)
    yield url
    drop_schema(url)


@pytest.fixture
def opened(url: str, schema: Schema) -> Iterator[Opener]:
    """Open the log at ``url`` with the dataset ``taxi``."""
    logs: list[PostgresqlLog] = []

    def open_it(**options: Any) -> PostgresqlLog:
        log = PostgresqlLog(url, **options)
        logs.append(log)
        log.open("taxi", schema)
        return log

    yield open_it
    for log in logs:
        log.close()


def ask(url: str, sql: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []


# ------------------------------------------------------------------- what SQL sees


def test_columns_have_types(opened: Opener, url: str) -> None:
    """Numbers, flags, texts and times are columns of their own types, under their own names."""
    log = opened()
    log.open(
        "taxi", Schema((*_COLUMNS, Column("paid_at", dtype="timestamp[us]"), Column("parts", dtype="list")))
    )
    found = ask(
        url,
        "SELECT column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND table_name = 'predictions_taxi' ORDER BY ordinal_position",
    )
    assert dict(found) == {
        "seq": "bigint",
        "id": "text",
        "event_time": "timestamp with time zone",
        "received": "double precision",
        "extra": "json",
        "distance": "double precision",
        "payment": "text",
        "zone": "bigint",
        "shared": "boolean",
        "prediction": "double precision",
        "duration": "double precision",
        "fare": "double precision",
        "paid_at": "text",
        "parts": "json",
    }


_COLUMNS = (
    Column("fare", dtype="float"),
    Column("duration", Role.TARGET),
    Column("trip", Role.ID, None, "string"),
)


def test_the_tables_can_be_queried(opened: Opener, url: str) -> None:
    """Any SQL tool computes with the columns, joins the targets, and finds in ``extra`` what did not fit."""
    log = opened()
    table = Table.of(
        {
            "trip": ["a", "b"],
            "pickup": [1.0, 2.0],
            "distance": [1.5, "far"],
            "shared": [True, None],
            "tip": [1, {}],
        }
    )
    log.append("taxi", table, 3.0)
    log.label("taxi", ["a", "b"], [600.0, "late"], None, 4.0)
    asked = (
        "SELECT p.id, extract(epoch FROM event_time)::int, distance, shared, extra->>'distance', extra->>'tip', target,"
        " target_extra #>> '{}' FROM predictions_taxi p JOIN labels_taxi l ON l.id = p.id ORDER BY p.id"
    )
    assert ask(url, asked) == [
        ("a", 1, 1.5, True, None, "1", 600.0, None),
        ("b", 2, None, None, "far", "{}", None, "late"),
    ]


def test_a_scan_needs_no_sorting(opened: Opener, url: str) -> None:
    """A scan of a short period of a long log goes along the index of event times."""
    log = opened()
    log.append("taxi", Table.of({"pickup": [float(i) for i in range(20_000)]}), 1.0)
    ask(url, "ANALYZE predictions_taxi")
    plan = ask(
        url,
        "EXPLAIN SELECT p.distance FROM predictions_taxi p WHERE p.event_time >= timestamptz 'epoch'"
        " AND p.event_time < timestamptz 'epoch' + interval '9 s' ORDER BY p.event_time, p.seq",
    )
    text = " ".join(str(row[0]) for row in plan)
    assert "Index" in text
    assert "Sort" not in text


LONG = "é" * 40
NAMES = ["100 %", "xmin", "ctid", LONG, LONG + "1", LONG + "2", "back\\slash", "$1", "%s", "select"]


def test_any_name_is_a_column(opened: Opener, url: str) -> None:
    """Names that are too long, PostgreSQL's own, or full of signs are columns, found in ``modelvane_columns``."""
    log = opened()
    log.open("100 %", Schema(tuple(Column(name) for name in NAMES)))
    log.append("100 %", Table({name: [float(i)] for i, name in enumerate(NAMES)}, 1), 1.0)
    back = log.tail("100 %").table
    assert [back.values(name) for name in NAMES] == [[float(i)] for i in range(len(NAMES))]
    stored = dict(ask(url, "SELECT name, stored_as FROM modelvane_columns WHERE dataset = '100 %'"))
    assert [unescaped(name) for name in stored if unescaped(name) in NAMES] == NAMES
    assert len(set(stored.values())) == len(stored)
    assert max(len(name.encode()) for name in stored.values()) <= 63
    log.label("100 %", log.tail("100 %").ids, [1.0], None, 2.0)
    assert [rows.ids for rows in log.scan("100 %", since=0.0)] == [log.tail("100 %").ids]


@pytest.mark.parametrize("text", ["", "a", "\0", "\\", "\\0", "\\\0", "\0\\0\\\\0"])
def test_names_with_nul_are_told_apart(text: str) -> None:
    """A text with NUL is kept as another that has none, and read back from it."""
    assert "\0" not in escaped(text)
    assert unescaped(escaped(text)) == text


TAGGED = [
    {"$modelvane": "nan"},
    {"$modelvane": {"$modelvane": 1}},
    [{"a": float("inf"), "$modelvane": None}],
    "$modelvane",
    {"bytes": b"\0\xff"},
]


@pytest.mark.parametrize("value", TAGGED, ids=repr)
def test_what_json_cannot_say_is_told_apart(value: object) -> None:
    """Marks for what JSON has no form for are never mistaken for data that looks the same."""
    assert from_json(to_json(value)) == value


ODD = ["\\.", "a\n\\.\nb", "\\N", '"', "a,b", "\r\n", " ", "\t", "NULL", "ünï ☃ 😀", "x" * 100_000]


def test_any_text_passes_through_copy(opened: Opener) -> None:
    """Texts that mean something to COPY or to CSV come back as they were, from columns and as ids."""
    log = opened()
    log.append("taxi", Table.of({"trip": ODD, "payment": ODD}), 1.0)
    back = log.tail("taxi")
    assert back.table.values("payment") == ODD
    assert log.find("taxi", ODD).table.values("payment") == ODD
    assert log.label("taxi", ODD, [1.0] * len(ODD), None, 2.0).matched == len(ODD)


def test_times_beyond_postgresql_are_unreadable(opened: Opener) -> None:
    """An event time outside of the years 1 to 9999 is that of arrival; what came is not lost."""
    log = opened()
    log.append("taxi", Table.of({"pickup": [-1e11, 3e11, 5.0]}), 7.0)
    assert log.tail("taxi").times.tolist() == [7_000_000, 7_000_000, 5_000_000]


def test_a_column_keeps_its_type(opened: Opener, url: str) -> None:
    """Where a later schema has another type, values that fit only that one are kept beside, and come back."""
    log = opened()
    log.open("taxi", Schema((Column("zone", dtype="double"),)))
    log.append("taxi", Table.of({"zone": [1.5, 2]}), 1.0)
    assert log.tail("taxi").table.values("zone") == [1.5, 2]
    assert ask(url, "SELECT zone, extra->>'zone' FROM predictions_taxi ORDER BY seq") == [
        (None, "1.5"),
        (2, None),
    ]


def test_a_target_of_another_type_than_before(opened: Opener) -> None:
    """Where another column becomes the target, labels of either type come back."""
    log = opened()
    log.append("taxi", Table.of({"trip": ["a", "b"], "payment": ["cash", "card"]}), 1.0)
    log.label("taxi", ["a"], [2.5], None, 2.0)
    log.open(
        "taxi",
        Schema((Column("payment", Role.TARGET, Kind.CATEGORICAL, "string"), Column("trip", Role.ID, None))),
    )
    log.label("taxi", ["b"], ["none"], None, 3.0)
    assert log.tail("taxi").table.values("payment") == [2.5, "none"]


def test_findings_can_be_queried(opened: Opener, url: str) -> None:
    """Findings are rows with numbers in columns of numbers."""
    opened()
    found = ask(
        url,
        "SELECT column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND table_name = 'modelvane_findings'",
    )
    types = dict(found)
    assert (types["value"], types["n"], types["verdict"]) == ("double precision", "bigint", "text")


# --------------------------------------------------------------------- much at once


def test_a_hundred_thousand_labels(opened: Opener) -> None:
    """Labels of 100 000 rows are matched at once, told apart from unknown ones, and read back; again they repeat."""
    log = opened()
    ids = [f"t{i}" for i in range(100_000)]
    log.append("taxi", Table.of({"trip": ids}), 1.0)
    result = log.label("taxi", [*ids, "nobody"], [float(i) for i in range(100_001)], None, 2.0)
    assert (result.matched, result.waiting) == (100_000, 1)
    again = log.label("taxi", ids, [float(i + (i % 1000 == 0)) for i in range(100_000)], None, 3.0)
    assert (again.repeated, again.changed) == (99_900, 100)
    assert log.tail("taxi", rows=3).table.values("duration") == [99_997.0, 99_998.0, 99_999.0]
    assert len(log.labels_tail("taxi", rows=200)) == 200


@pytest.mark.parametrize("step", [1, 3])
def test_a_long_table_is_not_counted(opened: Opener, url: str, step: int) -> None:
    """How many rows and bytes there are is estimated from numbers that are in use, without reading all of a table."""
    log = opened()
    rows = 30_000
    ask(
        url,
        "INSERT INTO predictions_taxi (seq, id, event_time, received)"  # noqa: S608 - our own numbers
        f" SELECT i * {step}, i, now(), 1 FROM generate_series(1, {rows}) i;"
        f"INSERT INTO labels_taxi SELECT i, i, 1, NULL, NULL, 1, NULL, false FROM generate_series(1, {rows}) i;"
        # as autovacuum does
        "ANALYZE predictions_taxi, labels_taxi",
    )
    scans = (
        "SELECT sum(seq_scan) FROM pg_stat_xact_user_tables"
        " WHERE schemaname = current_schema() AND relname IN ('predictions_taxi', 'labels_taxi')"
    )
    with log._connections.transaction() as session:
        before = session.execute(scans).fetchall()
        size = size_of(session, log._dataset("taxi").layout)
        assert session.execute(scans).fetchall() == before
    assert size.rows == pytest.approx(rows, rel=0.01)
    assert size.labels == rows
    assert 120 < size.row_bytes < 400


def test_rows_sent_twice_among_new_ones(opened: Opener) -> None:
    """Of a body that was sent twice with new rows in between, the new ones are kept, each in its place."""
    log = opened()
    log.append("taxi", Table.of({"trip": ["b", "d"], "zone": [1, 1]}), 1.0)
    batches = [
        (Table.of({"trip": list("abc"), "zone": [2] * 3}), 2.0),
        (Table.of([{"trip": "a"}, {"trip": "e"}]), 3.0),
    ]
    first, second = log.append_many("taxi", batches)
    assert first.new is not None
    assert first.new.tolist() == [0, 2]
    assert second.new is not None
    assert second.new.tolist() == [1]
    assert log.tail("taxi").table.values("zone") == [1, 1, 2, 2, None]


# --------------------------------------------------------------- one writer, readers


def test_a_second_writer_is_refused(opened: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one writer has the log open another is told who it is; after it closed, not."""
    first = opened()
    monkeypatch.setattr(ownership, "OWNER_SECONDS", 0.2)
    with pytest.raises(StoreError, match=r"Another writer.*modelvane \w+ writer from .*pid \d+"):
        opened()
    monkeypatch.setattr(ownership, "OWNER_SECONDS", _PATIENCE)
    first.close()
    opened()


def test_two_writers_never_give_the_same_number(
    opened: Opener, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer that lost its connection goes on only when no other has taken its place, and behind its numbers."""
    monkeypatch.setattr(ownership, "OWNER_SECONDS", _PATIENCE)
    first = opened()
    first.append("taxi", Table.of({"trip": ["a"]}), 1.0)
    _end_sessions(url, "writer")
    second = opened()
    second.append("taxi", Table.of({"trip": ["b", "c"]}), 1.0)
    monkeypatch.setattr(ownership, "OWNER_SECONDS", 0.2)
    with pytest.raises(LogDownError, match="Another writer"):
        first.append("taxi", Table.of({"trip": ["d"]}), 1.0)
    second.close()
    assert _once_up(lambda: first.append("taxi", Table.of({"trip": ["d", "b"]}), 1.0)).first_seq == 4
    assert first.tail("taxi").ids == ["a", "b", "c", "d"]


def _end_sessions(url: str, role: str) -> None:
    """End the sessions of a log, as an administrator does, and wait until they are gone."""
    schema = url.rpartition("%3D")[2]
    asked = (
        f"FROM pg_stat_activity WHERE application_name LIKE 'modelvane % {role}' AND pid <> pg_backend_pid()"
    )
    assert schema
    ask(url, f"SELECT pg_terminate_backend(pid) {asked}")
    while ask(url, f"SELECT 1 {asked}"):
        time.sleep(0.01)


def test_a_reader_may_read_beside_the_writer(opened: Opener, postgresql: str) -> None:
    """A read-only log sees what was committed, cannot write, and names a dataset or a log that is not there."""
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
    empty = in_own_schema(postgresql)
    with PostgresqlLog(empty, read_only=True) as log, pytest.raises(StoreError, match="no log to read"):
        log.open("taxi", Schema(()))
    drop_schema(empty)


def test_a_scan_that_nobody_finishes(opened: Opener, url: str) -> None:
    """A scan that is left in the middle gives its connection back, and the log goes on."""
    log = opened()
    log.append("taxi", Table.of({"zone": list(range(50_000))}), 1.0)
    scan = log.scan("taxi", batch_rows=10)
    next(scan)
    scan.close()  # type: ignore[attr-defined] # it is a generator
    asked = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'modelvane % scan'"
    end = time.monotonic() + _PATIENCE
    while ask(url, asked) != [(0,)] and time.monotonic() < end:
        time.sleep(0.01)
    assert ask(url, asked) == [(0,)]
    assert log.count("taxi") == 50_000


def test_a_newer_log_is_refused(opened: Opener, url: str) -> None:
    """A log of a later version is left alone."""
    opened().close()
    ask(url, "UPDATE modelvane_log SET version = 99")
    with pytest.raises(StoreError, match=r"newer modelvane.*version 99"):
        opened()


# ------------------------------------------------------------------- what goes wrong


@pytest.fixture
def own_url(own_postgresql: Server) -> str:
    """Give a schema on the server that may be ended."""
    return in_own_schema(own_postgresql.url)


@pytest.fixture
def own_log(own_url: str, schema: Schema) -> Iterator[PostgresqlLog]:
    with PostgresqlLog(own_url) as log:
        log.open("taxi", schema)
        yield log


@pytest.mark.parametrize("end", [Server.kill, Server.stop])
def test_the_server_is_ended_and_comes_back(
    own_postgresql: Server, own_log: PostgresqlLog, end: Callable[[Server], None]
) -> None:
    """While the server is down each call says so; when it is back the same log goes on with what it had."""
    own_log.append("taxi", Table.of({"trip": ["a"]}), 1.0)
    assert own_log.count("taxi") == 1
    end(own_postgresql)
    for call in (
        lambda: own_log.append("taxi", Table.of({"trip": ["b"]}), 2.0),
        lambda: own_log.count("taxi"),
    ):
        with pytest.raises(LogDownError, match="PostgreSQL"):
            call()
    own_postgresql.start()
    assert _once_up(lambda: own_log.append("taxi", Table.of({"trip": ["b", "a"]}), 3.0)).duplicates == 1
    assert own_log.tail("taxi").ids == ["a", "b"]


def test_a_restart_between_two_calls_is_not_noticed(own_postgresql: Server, own_log: PostgresqlLog) -> None:
    """Where nobody asked while the server was away, connections that are lost are made again without an error."""
    own_log.append("taxi", Table.of({"trip": ["a"]}), 1.0)
    assert own_log.count("taxi") == 1
    own_postgresql.stop()
    own_postgresql.start()
    assert own_log.count("taxi") == 1
    assert own_log.append("taxi", Table.of({"trip": ["b"]}), 2.0).new is None


def _once_up(call: Callable[[], Any]) -> Any:
    """Give what a call gives once the server is tried again."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            return call()
        except LogDownError:
            assert time.monotonic() < end
            time.sleep(0.02)


def test_nothing_acknowledged_is_lost_when_the_server_crashes(
    own_postgresql: Server, own_log: PostgresqlLog
) -> None:
    """Of rows and labels that many threads submit over a crash, those acknowledged are there, each once."""
    acknowledged: list[str] = []
    labelled: list[str] = []
    stop = threading.Event()

    def work(name: int, writer: GroupCommit) -> None:
        number = 0
        while not stop.is_set():
            ids = [f"{name}-{number}-{i}" for i in range(20)]
            number += 1
            try:
                writer.submit("taxi", Table.of({"trip": ids}), 1.0).result()
                acknowledged.extend(ids)
                writer.submit_labels("taxi", ids[:3], [1.0] * 3, None, 2.0).result()
                labelled.extend(ids[:3])
            except LogDownError:
                time.sleep(0.01)

    with GroupCommit(own_log) as writer:
        threads = [threading.Thread(target=work, args=(name, writer)) for name in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(2):
            before = len(acknowledged)
            while len(acknowledged) < before + 400:
                time.sleep(0.01)
            own_postgresql.kill()
            own_postgresql.start()
        before = len(acknowledged)
        while len(acknowledged) < before + 100:
            time.sleep(0.01)
        stop.set()
        for thread in threads:
            thread.join()
    logged = own_log.tail("taxi").ids
    assert set(acknowledged) <= set(logged)
    assert len(set(logged)) == len(logged)
    assert set(labelled) <= set(own_log.labels_tail("taxi").ids)


def test_a_log_that_is_down_is_asked_once_per_turn(
    own_log: PostgresqlLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that waits when the log goes down gets the error of one attempt, each of which may take its time."""
    attempts: list[int] = []
    entered, release = threading.Event(), threading.Event()

    def down() -> Any:
        attempts.append(1)
        entered.set()
        release.wait()
        raise LogDownError("down")

    monkeypatch.setattr(own_log, "transaction", down)
    with GroupCommit(own_log) as writer:
        futures = [writer.submit("taxi", Table.of({"trip": ["first"]}), 1.0)]
        entered.wait()
        futures += [writer.submit("taxi", Table.of({"trip": [str(i)]}), 1.0) for i in range(50)]
        release.set()
        assert all(isinstance(future.exception(), LogDownError) for future in futures)
        assert isinstance(writer.counters.fault, LogDownError)
        monkeypatch.undo()
        writer.submit("taxi", Table.of({"trip": ["after"]}), 1.0).result()
        assert writer.counters.fault is None
    assert len(attempts) == 2


def test_a_server_that_stands_still_is_left(
    own_postgresql: Server, own_url: str, schema: Schema, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write and a read end with an error in time, nothing of it is kept twice, and the log comes back by itself."""
    # longer than a busy machine takes for a statement
    monkeypatch.setattr(connections, "WRITE_SECONDS", 3.0)
    monkeypatch.setattr(connections, "READ_SECONDS", 3.0)
    monkeypatch.setattr(connections, "GRACE_SECONDS", 0.1)
    with PostgresqlLog(own_url) as log:
        log.open("taxi", schema)
        assert log.count("taxi") == 0
        own_postgresql.suspend()
        try:
            with pytest.raises(LogDownError, match="did not answer within"):
                log.append("taxi", Table.of({"trip": ["a"]}), 1.0)
            # not asked again for a moment: the answer is at once
            with pytest.raises(LogDownError, match="does not answer in time"):
                log.append("taxi", Table.of({"trip": ["a"]}), 1.0)
            with pytest.raises(LogDownError):
                log.count("taxi")
        finally:
            own_postgresql.resume()
        _once_up(lambda: log.append("taxi", Table.of({"trip": ["a"]}), 1.0))
        assert _once_up(lambda: log.tail("taxi").ids) == ["a"]


def test_a_slow_statement_is_cancelled(opened: Opener, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that waits for another session's lock ends with an error that names the cause; then the log goes on."""
    monkeypatch.setattr(connections, "LOCK_SECONDS", 0.2)
    log = opened()
    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE predictions_taxi")
        with pytest.raises(StoreError, match=r"holds a lock.*pg_stat_activity"):
            log.append("taxi", Table.of({"trip": ["a"]}), 1.0)
    assert log.append("taxi", Table.of({"trip": ["a"]}), 1.0).new is None


RAISE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '{state}'; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON predictions_taxi EXECUTE FUNCTION refuse();
"""


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("53100", r"disk of PostgreSQL is full.*Free disk space"),
        ("25006", r"takes no writes.*primary"),
        ("42501", r"does not allow this.*GRANT"),
        ("XX001", r"found damage.*backup"),
        ("22000", "PostgreSQL failed with 22000"),
    ],
)
def test_what_the_server_refuses(opened: Opener, url: str, state: str, said: str) -> None:
    """A refusal is an error with a remedy, nothing of the write is kept, and it works once the cause is gone."""
    log = opened()
    log.append("taxi", Table.of({"trip": ["before"]}), 1.0)
    ask(url, RAISE.format(state=state))
    with pytest.raises(StoreError, match=said) as caught:
        log.append("taxi", Table.of({"trip": ["a"]}), 1.0)
    assert not isinstance(caught.value, LogDownError)
    assert log.tail("taxi").ids == ["before"]
    ask(url, "DROP TRIGGER refuse ON predictions_taxi")
    assert log.append("taxi", Table.of({"trip": ["a"]}), 1.0).new is None


def test_a_failure_inside_a_transaction_ends_it(opened: Opener) -> None:
    """What was written before a failure that the caller overlooked is not there, and the caller is told."""
    log = opened()

    def overlook() -> None:
        with log.transaction():
            log.append("taxi", Table.of({"trip": ["a"]}), 1.0)
            with suppress(ModelvaneError):
                log.label("taxi", [None], [1.0], None, 1.0)

    def overlook_a_statement() -> None:
        transaction: Any = log.transaction()
        with transaction as session:
            log.append("taxi", Table.of({"trip": ["a"]}), 1.0)
            with suppress(psycopg.Error):
                session.execute("SELECT 1 / 0")

    for fail in (overlook, overlook_a_statement):
        with pytest.raises(StoreError, match="nothing of it was kept"):
            fail()
        assert log.count("taxi") == 0


def test_who_may_not_create_tables(own_postgresql: Server, own_url: str) -> None:
    """A user without rights is told which to grant."""
    own_postgresql.ask("CREATE ROLE guest LOGIN")
    with (
        PostgresqlLog(own_url.replace("modelvane@", "guest@")) as log,
        pytest.raises(StoreError, match="GRANT"),
    ):
        log.open("taxi", Schema(()))
    own_postgresql.ask("DROP ROLE guest")


def test_a_database_that_is_not_there(own_postgresql: Server) -> None:
    """A database or a user that does not exist is no passing fault."""
    for wrong, said in (
        (own_postgresql.url.replace("/postgres?", "/nowhere?"), r"no such database.*CREATE DATABASE"),
        (own_postgresql.url.replace("modelvane@", "nobody@"), r"refuses the user.*pg_hba"),
    ):
        with PostgresqlLog(wrong) as log, pytest.raises(StoreError, match=said) as caught:
            log.open("taxi", Schema(()))
        assert not isinstance(caught.value, LogDownError)


@pytest.mark.parametrize(
    ("said", "passes"),
    [
        ("the database system is starting up", True),
        ("the database system is shutting down", True),
        ("the database system is in recovery mode", True),
        ("the database system is not yet accepting connections", True),
        ("sorry, too many clients already", True),
        ("remaining connection slots are reserved for roles with the SUPERUSER attribute", True),
        ('password authentication failed for user "me"', False),
        ('no pg_hba.conf entry for host "10.0.0.1", user "me", database "db", no encryption', False),
        ('role "me" does not exist', False),
        ('database "db" does not exist', False),
        ('permission denied for database "db"', False),
    ],
)
def test_which_refusals_pass(said: str, passes: bool) -> None:
    """A server that refuses a connection without a code is waited for only where waiting helps."""
    error = psycopg.OperationalError(f'connection to server at "host", port 5432 failed: FATAL:  {said}')
    assert isinstance(store_error(error, "host"), LogDownError) is passes


SECRET = "se:cr%40t"  # noqa: S105 - of nobody


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://me:{SECRET}@127.0.0.1:1/db",
        f"postgresql://me:{SECRET}@127.0.0.1:x/db",
        f"postgresql://me@127.0.0.1:1/db?password={SECRET}",
        f"postgresql://me:{SECRET}@127.0.0.1:1/db?nonsense=1",
        f"postgresqll://me:{SECRET}@127.0.0.1:1/db",
    ],
)
def test_no_password_is_shown(url: str, caplog: pytest.LogCaptureFixture) -> None:
    """Neither errors nor what is shown of a log or logged has the password, readable or not as the URL may be."""
    caplog.set_level(logging.DEBUG)
    shown = []
    with pytest.raises(ModelvaneError) as caught:  # noqa: PT012 - either line may refuse
        log = open_log(url)
        shown.append(repr(log))
        log.open("taxi", Schema(()))
    shown += [str(caught.value), repr(caught.value), str(caught.value.__cause__), caplog.text]
    assert not any(part in " ".join(shown) for part in ("cr%40t", "cr@t", "se:cr"))


def test_a_url_without_its_password() -> None:
    """What is shown of a URL names the user and the server."""
    assert without_password("postgresql://me:a@b:c@host/db") == "postgresql://me:***@host/db"
    assert (
        without_password("postgresql://h/db?user=me&password=a,b&x=1")
        == "postgresql://h/db?user=me&password=***&x=1"
    )
    assert (
        without_password("mongodb://token:a?b@h/db?p=A_TOKEN:s,t") == "mongodb://token:***@h/db?p=A_TOKEN:***"
    )
    assert str(Address.of("postgresql://me:x@host:77/db")) == "host:77, database db"


def test_without_psycopg_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without psycopg the error says what to install."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigError, match=r"pip install 'modelvane\[postgres\]'"):
        open_log("postgresql://localhost/db")


def test_nobody_listens() -> None:
    """An address where nobody listens is a log that is down, said with what to look at, and again at once."""
    with PostgresqlLog("postgresql://me@127.0.0.1:1/db") as log:
        for _ in range(2):
            with pytest.raises(LogDownError, match=r"cannot be reached: 127\.0\.0\.1:1.*refused"):
                log.open("taxi", Schema(()))
