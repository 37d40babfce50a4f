"""The log in MongoDB: its layout, the documents of an existing service, and a server that goes and comes back."""

from __future__ import annotations

import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from bson import ObjectId
from pymongo import MongoClient, errors, monitoring
from pymongo.database import Database
from tests.stores.servers.mongodb import Server, own_database

from modelvane.errors import ConfigError, StoreError
from modelvane.findings import Findings
from modelvane.schema import Column, Role, Schema
from modelvane.store import Log, LogDownError, Snapshot, open_log
from modelvane.store.mongodb.connecting import store_error
from modelvane.table import Table

Raw = Database[dict[str, Any]]
Opener = Callable[..., Log]

QUICK = "serverSelectionTimeoutMS=3000"
_PATIENCE = 300.0
# what the prediction service of 2022 logs
TRIPS = Schema(
    (
        Column("id", Role.ID, None, "string"),
        Column("pickup", Role.TIME, None, "timestamp[us]"),
        Column("distance"),
        Column("prediction", Role.PREDICTION),
        Column("target", Role.TARGET),
    )
)


@pytest.fixture
def url(mongodb: str) -> Iterator[str]:
    """Give a database of the test's own."""
    with own_database(mongodb) as own:
        yield own


@pytest.fixture
def raw(url: str) -> Iterator[Raw]:
    """Look into the database as any other program does."""
    with MongoClient[dict[str, Any]](url, tz_aware=True) as client:
        yield client.get_default_database()


@pytest.fixture
def opened(url: str) -> Iterator[Opener]:
    """Open the log, with options of the URL."""
    with ExitStack() as stack:

        def open_again(options: str = "", **settings: bool) -> Log:
            log = open_log(f"{url}?{options}" if options else url, **settings)
            stack.callback(log.close)
            return log

        yield open_again


@pytest.fixture
def log(opened: Opener) -> Log:
    """Open the log with the dataset ``taxi``."""
    log = opened()
    log.open("taxi", TRIPS)
    return log


def trip(number: int, **fields: Any) -> dict[str, Any]:
    """Give a document as the existing service writes it."""
    moment = datetime(2021, 1, number, 12, tzinfo=UTC)
    return {"id": f"t{number}", "pickup": moment, "distance": float(number), "prediction": 9.5} | fields


def test_a_prediction_is_a_document_with_the_fields_of_its_record(log: Log, raw: Raw) -> None:
    """Whoever reads ``data`` finds the record's own fields, the prediction, and after its label the target, by id."""
    record = {
        "id": 7,
        "pickup": "2021-01-01T00:00:00",
        "distance": 2.5,
        "prediction": 11.0,
        "tags": ["a", {"b": 1}],
    }
    log.append("taxi", Table.of([record]), 1.0)
    [before] = raw["data"].find({"id": 7}, {"_id": 0, "_modelvane": 0})
    assert before == record
    log.label("taxi", ["7"], [12.5], None, 2.0)
    [after] = raw["data"].find({}, {"_id": 0, "_modelvane": 0})
    assert after == record | {"target": 12.5}


def test_an_assigned_id_is_in_the_documents_own_field(log: Log, raw: Raw) -> None:
    """A row that came without an id has the one that it was given where labels look for it."""
    ids = log.append("taxi", Table.of({"id": [None, "b"], "distance": [1.0, 2.0]}), 1.0).ids
    ids += log.append("taxi", Table.of({"distance": [3.0]}), 1.0).ids
    assert [document["id"] for document in raw["data"].find().sort("distance")] == ids


def test_every_question_has_its_index(log: Log, raw: Raw) -> None:
    """Time, order of arrival, labels and ids are indexed; an id is unique."""
    keys = {tuple(index["key"]) for index in raw["data"].list_indexes()}
    assert keys == {
        ("_id",),
        ("_modelvane.dataset", "_modelvane.time", "_modelvane.seq"),
        ("_modelvane.dataset", "_modelvane.seq"),
        ("_modelvane.label",),
        ("_modelvane.id",),
    }
    log.append("taxi", Table.of({"id": ["a"]}), 1.0)
    assert [document["_id"] for document in raw["data"].find()] == ["taxi/a"]


def test_documents_of_an_existing_service_are_rows(raw: Raw, log: Log) -> None:
    """What another program wrote is scanned by its time, counted, found by id and given as a tail."""
    raw["data"].insert_many([trip(3), trip(1, target=4.5), trip(2, id=74, weather="rain")])
    assert log.count("taxi") == 3
    [rows] = log.scan("taxi", until=datetime(2021, 1, 3, tzinfo=UTC).timestamp())
    assert (rows.ids, rows.table.values("distance")) == (["t1", "74"], [1.0, 2.0])
    assert rows.table.values("target") == [4.5, None]
    assert rows.table.values("weather") == [None, "rain"]
    assert np.isnan(rows.labelled).all()
    assert log.find("taxi", [74.0, "t3"]).ids == ["t3", "74"]
    assert log.tail("taxi", rows=2).ids == ["t1", "74"]
    assert log.tail("taxi").received[0] == pytest.approx(datetime.now(UTC).timestamp(), abs=3600)


def test_what_an_existing_service_writes_meanwhile_is_found(raw: Raw, log: Log) -> None:
    """Documents that come later are rows from the next reading on, after those that were there."""
    raw["data"].insert_one(trip(2))
    assert log.last("taxi") == (1, 0)
    raw["data"].insert_one(trip(1))
    assert log.tail("taxi", after=1).ids == ["t1"]
    assert log.head("taxi", rows=9).seqs.tolist() == [1, 2]


def test_documents_of_an_existing_service_are_left_as_they_are(raw: Raw, log: Log) -> None:
    """But for one field of ours, and the target once it is labelled, they stay what they were."""
    documents = [trip(1), {"odd": ObjectId(), "no": "id"}]
    raw["data"].insert_many(documents)
    assert log.count("taxi") == 2
    log.label("taxi", ["t1"], [3.5], None, 2.0)
    found = list(raw["data"].find({}, {"_modelvane": 0}).sort("_id"))
    assert found == [documents[0] | {"target": 3.5}, documents[1]]
    assert log.tail("taxi").ids == ["t1", str(documents[1]["_id"])]


def test_documents_of_an_existing_service_are_labelled(raw: Raw, log: Log) -> None:
    """A label finds such a document by id, is told apart when it comes again, and is in the order of labels."""
    raw["data"].insert_many([trip(1), trip(2)])
    log.append("taxi", Table.of({"id": ["mine"]}), 1.0)
    result = log.label("taxi", ["t2", "mine", "t9"], [1.0, 2.0, 3.0], None, 5.0)
    assert (result.matched, result.waiting) == (2, 1)
    assert log.label("taxi", ["t2"], [1.0], None, 6.0).repeated == 1
    assert log.labels_tail("taxi").ids == ["t2", "mine"]
    assert log.labels_head("taxi", rows=9).ids == ["t2", "mine", "t9"]


def test_the_first_document_of_an_id_wins(raw: Raw, log: Log) -> None:
    """An existing service may have written an id twice, or one that is logged: the first is the row."""
    log.append("taxi", Table.of({"id": ["t3"], "distance": [30.0]}), 1.0)
    raw["data"].insert_many([trip(1), trip(1, distance=8.0), trip(3)])
    assert log.tail("taxi").table.values("distance") == [30.0, 1.0]
    again = log.append("taxi", Table.of({"id": ["t1", "t4"]}), 2.0)
    assert again.new is not None
    assert again.new.tolist() == [1]


def test_existing_documents_of_nobody_are_told_once(
    raw: Raw, opened: Opener, caplog: pytest.LogCaptureFixture
) -> None:
    """With several datasets, documents that belong to none of them are told once, with what to add to the URL."""
    log = opened()
    for name in ("taxi", "reco"):
        log.open(name, TRIPS)
    raw["data"].insert_one(trip(1))
    for _ in range(2):
        log.count("taxi")
        log.tail("reco")
    [said] = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert "existing=NAME" in said
    assert "reco, taxi" in said


def test_the_url_says_whose_the_existing_documents_are(raw: Raw, opened: Opener) -> None:
    """With several datasets, existing documents belong to the one that the URL names, and to none without."""
    raw["data"].insert_one(trip(1))
    for options, counts in (("", (0, 0)), ("existing=reco", (0, 1))):
        log = opened(options)
        log.open("taxi", TRIPS)
        log.open("reco", TRIPS)
        assert (log.count("taxi"), log.count("reco")) == counts


def test_retention_leaves_the_documents_of_others(raw: Raw, log: Log) -> None:
    """Rows that modelvane wrote leave when they are old or too many; those of an existing service stay."""
    raw["data"].insert_one(trip(1))
    log.append("taxi", Table.of({"id": ["old"]}), 1.0)
    assert log.count("taxi") == 2
    assert log.retain(max_age_seconds=1.0, now=4e9).rows == 1
    assert log.retain(max_bytes=1).rows == 0
    assert log.tail("taxi").ids == ["t1"]


def test_reports_of_others_are_left_alone(raw: Raw, log: Log) -> None:
    """Documents of ``report`` that another program wrote are no rounds, and stay."""
    raw["report"].insert_one({"model": "taxi", "metrics": {"mae": 3.0}})
    log.append_findings(Findings("taxi", 5.0, 1, 0, ()))
    assert log.read_findings("taxi") == [Findings("taxi", 5.0, 1, 0, ())]
    assert log.retain(max_age_seconds=1.0, now=10.0).rounds == 1
    assert raw["report"].count_documents({}) == 1


def test_a_reader_writes_no_rows(opened: Opener, log: Log) -> None:
    """A log that is open for reading reads what the writer wrote and refuses to write."""
    log.append("taxi", Table.of({"id": ["a"]}), 1.0)
    reader = opened(read_only=True)
    reader.open("taxi", TRIPS)
    assert reader.tail("taxi").ids == ["a"]
    with pytest.raises(StoreError, match="opened for reading"):
        reader.append("taxi", Table.of({"id": ["b"]}), 1.0)


def test_two_writers_share_no_number(opened: Opener, log: Log) -> None:
    """The server counts, so that labels imported beside the service get numbers of their own."""
    other = opened()
    other.open("taxi", TRIPS)
    for number in range(3):
        log.append("taxi", Table.of({"id": [f"a{number}"]}), 1.0)
        other.append("taxi", Table.of({"id": [f"b{number}"]}), 1.0)
    rows = log.tail("taxi")
    assert (rows.ids, rows.seqs.tolist()) == (["a0", "b0", "a1", "b1", "a2", "b2"], [1, 2, 3, 4, 5, 6])


def test_a_label_that_another_process_keeps_waits_too(opened: Opener, log: Log) -> None:
    """A label that is imported beside the service, before its row, is that row's when it comes."""
    other = opened()
    other.open("taxi", TRIPS)
    assert other.label("taxi", ["a"], [2.5], None, 1.0).waiting == 1
    assert log.append("taxi", Table.of({"id": ["a"]}), 2.0).early == {0: 2.5}


def test_a_reader_alone_reads_an_existing_deployment(raw: Raw, opened: Opener) -> None:
    """Where modelvane never wrote, a log that is open for reading finds the existing documents."""
    raw["data"].insert_one(trip(1))
    reader = opened(read_only=True)
    reader.open("taxi", TRIPS)
    assert reader.tail("taxi").ids == ["t1"]


def test_far_times_are_exact(log: Log) -> None:
    """Microseconds that a double cannot hold come back as they went in."""
    far = [2**53 + 1, -(2**53) - 1, 0]
    rows = log.append("taxi", Table.of({"pickup": [m / 1e6 for m in far], "id": ["a", "b", "c"]}), 1.0).times
    assert log.tail("taxi").times.tolist() == rows.tolist()
    log.append("taxi", Table.of({"pickup": [datetime(9000, 1, 1, 0, 0, 0, 1, UTC)], "id": ["d"]}), 1.0)
    assert log.tail("taxi", rows=1).times.tolist() == [221845392000000001]


def test_a_state_may_be_larger_than_a_document(log: Log, raw: Raw) -> None:
    """A snapshot beyond the 16 MB of a document is kept, and only the last two are."""
    for number in (1, 2, 3):
        log.save_snapshot("taxi", Snapshot(bytes([number]) * (17 * 2**20 if number == 3 else 9), number, 0))
    assert log.load_snapshot("taxi") == Snapshot(b"\3" * (17 * 2**20), 3, 0)
    assert raw["modelvane_snapshots.files"].count_documents({}) == 2


class _Commands(monitoring.CommandListener):
    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()
        self.concerns: dict[str, Any] = {}

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Count a command."""
        self.sent[event.command_name] += 1
        self.concerns[event.command_name] = event.command.get("writeConcern")

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Nothing more."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Nothing more."""


@pytest.fixture
def commands() -> Iterator[_Commands]:
    """Count the commands of clients that are made from now on."""
    listener = _Commands()
    monitoring.register(listener)
    yield listener
    monitoring._LISTENERS.command_listeners.remove(listener)


def test_labels_and_rows_are_written_in_bulk(url: str, commands: _Commands) -> None:
    """A thousand rows are one insert, their labels one update, waiting labels one more, and one note of the first."""
    with closing(open_log(url)) as log:
        log.open("taxi", TRIPS)
        commands.sent.clear()
        ids = [f"t{number}" for number in range(1000)]
        log.append("taxi", Table.of({"id": ids}), 1.0)
        log.label("taxi", [*ids, *(f"u{number}" for number in range(1000))], [1.5] * 2000, None, 2.0)
    assert (commands.sent["insert"], commands.sent["update"]) == (1, 3)


def test_a_write_is_in_the_journal_of_a_majority(url: str, commands: _Commands) -> None:
    """Rows and labels are acknowledged when a crash can no longer undo them, unless the URL asks for less."""
    for options, concern in (
        ("", {"w": "majority", "j": True, "wtimeout": 5000}),
        ("?w=1&journal=false", None),
    ):
        with closing(open_log(url + options)) as log:
            log.open("taxi", TRIPS)
            log.append("taxi", Table.of({"id": [f"a{options}"]}), 1.0)
            log.label("taxi", [f"a{options}"], [1.5], None, 2.0)
        wanted = concern or {"w": 1, "j": False, "wtimeout": 5000}
        assert [commands.concerns[name] for name in ("insert", "update")] == [wanted] * 2


def test_a_part_that_a_dead_process_left_is_completed(raw: Raw, log: Log) -> None:
    """When a process died within a batch, the same batch sent again adds what is missing and doubles nothing."""
    table = Table.of({"id": ["a", "b", "c"], "distance": [1.0, 2.0, 3.0]})
    log.append("taxi", table, 1.0)
    raw["data"].delete_one({"id": "b"})
    again = log.append("taxi", table, 2.0)
    assert again.new is not None
    assert again.new.tolist() == [1]
    assert sorted(log.tail("taxi").ids) == ["a", "b", "c"]


@pytest.fixture
def own_url(own_mongodb: Server) -> Iterator[str]:
    """Give a database in the tests' own server."""
    with own_database(own_mongodb.url) as own:
        yield own


@pytest.fixture
def own_log(own_url: str) -> Iterator[Log]:
    """Open a log in the tests' own server, for which it does not wait long."""
    with closing(open_log(f"{own_url}?{QUICK}")) as log:
        log.open("taxi", TRIPS)
        yield log


def await_server(log: Log) -> None:
    """Ask until there is an answer: the log finds by itself that its server is back."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            log.count("taxi")
        except LogDownError:
            assert time.monotonic() < end
        else:
            return


def test_what_was_acknowledged_survives_the_server(own_mongodb: Server, own_log: Log) -> None:
    """A server that is killed loses nothing; meanwhile writing and reading say so, and afterwards they go on."""
    own_log.append("taxi", Table.of({"id": ["a", "b"]}), 1.0)
    own_log.label("taxi", ["a", "c"], [1.0, 2.0], None, 2.0)
    own_mongodb.kill()
    with pytest.raises(LogDownError, match="MongoDB"):
        own_log.append("taxi", Table.of({"id": ["c"]}), 3.0)
    with pytest.raises(LogDownError, match=r"127\.0\.0\.1"):
        own_log.count("taxi")
    own_mongodb.start()
    await_server(own_log)
    assert own_log.append("taxi", Table.of({"id": ["b", "c"]}), 4.0).early == {1: 2.0}
    rows = own_log.tail("taxi")
    assert (rows.ids, rows.table.values("target")) == (["a", "b", "c"], [1.0, None, 2.0])


def test_a_batch_that_failed_with_its_server_is_new_again(own_mongodb: Server, own_log: Log) -> None:
    """What a transaction wrote before its server went away is taken back first when the server is back."""
    own_log.append("taxi", Table.of({"id": ["a"]}), 1.0)

    def fail() -> None:
        with own_log.transaction():
            own_log.append("taxi", Table.of({"id": ["b", "c"]}), 2.0)
            own_log.label("taxi", ["a", "b"], [1.0, 2.0], None, 2.0)
            own_mongodb.kill()
            own_log.append("taxi", Table.of({"id": ["d"]}), 2.0)

    with pytest.raises(LogDownError):
        fail()
    own_mongodb.start()
    await_server(own_log)
    assert own_log.append("taxi", Table.of({"id": ["b", "c", "d"]}), 3.0).new is None
    rows = own_log.tail("taxi")
    assert (rows.ids, rows.received.tolist()) == (["a", "b", "c", "d"], [1.0, 3.0, 3.0, 3.0])
    assert np.isnan(rows.labelled).all()
    assert own_log.label("taxi", ["a", "b"], [1.0, 2.0], None, 4.0).matched == 2


def test_a_server_that_stands_still_is_left(own_mongodb: Server, own_url: str) -> None:
    """A server that takes the question and gives no answer is an error after a bounded time; then the log goes on."""
    open_log(own_url).close()
    with closing(open_log(f"{own_url}?{QUICK}&socketTimeoutMS=3000")) as log:
        log.open("taxi", TRIPS)
        own_mongodb.suspend()
        try:
            with pytest.raises(LogDownError):
                log.append("taxi", Table.of({"id": ["a"]}), 1.0)
        finally:
            own_mongodb.resume()
        await_server(log)


def test_no_server_is_said_at_once() -> None:
    """A URL at which nobody listens is an error that names the host, without the password."""
    with pytest.raises(LogDownError, match="cannot be reached") as caught:
        open_log(f"mongodb://me:secret@127.0.0.1:1/shop?{QUICK}")
    assert "127.0.0.1:1/shop" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "mongodb://",
        "mongodb://host:port/db",
        "mongodb://me:secret/word@host/db",
        "mongodb://host/?journal=x",
        "mongodb://host/?unknown=1",
        "mongodb://host/?w=1&W=2",
        "mongodb://host/?tls=true&ssl=false",
        "mongodb://me:pass?secret@host/db",
        "mongodb://me:pass?secret=word@host/db",
        "mongodb://host/?w=0",
    ],
)
def test_a_url_that_cannot_be_read_is_said(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong with a URL is an error of the configuration, which repeats no password.

    That the driver would warn of it only is no matter of how warnings are filtered, which is for all threads.
    """
    for name in ("catch_warnings", "simplefilter", "filterwarnings"):
        monkeypatch.delattr(warnings, name)
    with pytest.raises(ConfigError, match=r"URL of the store|acknowledged") as caught:
        open_log(url)
    assert "secret" not in str(caught.value)


def test_options_that_come_more_than_once_or_have_colons(own_url: str) -> None:
    """Tags of a read preference are a list of options of one name, each with colons."""
    tags = "readPreference=nearest&readPreferenceTags=place:here&readPreferenceTags="
    with closing(open_log(f"{own_url}?{tags}")) as log:
        log.open("taxi", TRIPS)
        assert log.count("taxi") == 0


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pymongo the error says what to install."""
    monkeypatch.setitem(sys.modules, "pymongo", None)
    with pytest.raises(ConfigError, match=r"pip install 'modelvane\[mongodb\]'"):
        open_log("mongodb://localhost")


@pytest.mark.parametrize(
    ("error", "text", "passes"),
    [
        (errors.OperationFailure("Authentication failed.", 18), "refuses the user", False),
        (errors.OperationFailure("not authorized on shop", 13), "readWrite", False),
        (errors.OperationFailure("OutOfDiskSpace", 14031), "disk of MongoDB is full", False),
        (
            errors.BulkWriteError({"writeErrors": [{"code": 14031, "errmsg": "full"}]}),
            "disk .* is full",
            False,
        ),
        (
            errors.BulkWriteError({"writeConcernErrors": [{"code": 64, "errmsg": "w"}]}),
            "Too few replicas",
            True,
        ),
        (errors.NotPrimaryError("stepping down"), "connection to MongoDB is lost", True),
        (errors.OperationFailure("shutting down", 91), "connection to MongoDB is lost", True),
        (errors.ExecutionTimeout("operation exceeded time limit", 50), "not answer in time", True),
        (errors.DocumentTooLarge("16 MB"), "too large", False),
        (errors.OperationFailure("what else", 8000), "MongoDB failed", False),
    ],
)
def test_each_cause_has_its_words(error: errors.PyMongoError, text: str, passes: bool) -> None:
    """An error of the server says what to do, and whether waiting helps."""
    found = store_error(error, "mongodb://db/shop")
    assert isinstance(found, LogDownError) is passes
    with pytest.raises(StoreError, match=text):
        raise found
