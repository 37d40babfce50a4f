"""The client never blocks and never raises, and its account of rows adds up."""

from __future__ import annotations

import itertools
import logging
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections import UserDict

import pytest
from tests.client.sink import Answer

from modelvane.client import Client, sender

LONG = 300.0
NOWHERE = "http://127.0.0.1:9"
"""The discard port, where nothing listens."""


class Hostile:
    """Raises whatever is asked of it."""

    def __getattr__(self, name):
        raise RuntimeError(name)

    def __str__(self):
        raise RuntimeError("str")

    __repr__ = __eq__ = __hash__ = __iter__ = __float__ = __str__


@pytest.mark.parametrize(
    "record", [None, 5, "text", [1, 2], object(), Hostile()], ids=lambda r: type(r).__name__
)
def test_a_record_that_is_no_mapping_is_rejected(connect, record):
    """Whatever is given as a record, the call returns an id, and the row is counted as rejected."""
    client = connect()
    assert isinstance(client.log(record), str)
    assert client.flush(LONG)
    assert (client.counters.logged, client.counters.rejected) == (1, 1)
    assert type(record).__name__ in client.last_error


@pytest.mark.parametrize("call", ["prediction", "id", "time", "value", "label id", "label target"])
def test_hostile_objects_do_no_harm(sink, connect, call):
    """An object that raises at every touch costs at most its own row."""
    client = connect()
    harmless = client.log({"distance": 1.0})
    match call:
        case "value":
            client.log({"distance": Hostile()})
        case "label id":
            client.label(Hostile(), 1.0)
        case "label target":
            client.label("a", Hostile())
        case argument:
            client.log({"distance": 1.0}, **{argument: Hostile()})
    assert client.flush(LONG)
    assert harmless in sink.by_id()
    assert client.counters.logged == client.counters.sent + client.counters.rejected == 2


def test_a_missing_id_is_replaced(sink, connect):
    """None and NaN are no ids: such rows get new ones, so that they are not taken for one row."""
    client = connect()
    ids = [client.log({"id": missing}) for missing in (None, float("nan"), float("nan"))]
    client.label(None, 1.0)
    assert client.flush(LONG)
    assert len(set(ids)) == 3
    assert sorted(sink.by_id()) == sorted(ids)
    assert client.counters.rejected == 1


def test_any_mapping_will_do(sink, connect):
    """A record need not be a dict."""
    client = connect()
    client.log(UserDict(distance=1.0))
    assert client.flush(LONG)
    assert sink.rows()[0]["distance"] == 1.0


def test_the_caller_may_change_its_record_afterwards(sink, connect):
    """Record and prediction are copied: reusing them for the next call changes nothing that was logged."""
    client = connect(linger=LONG)
    record, probabilities = {"number": 0}, {"cat": 0}
    for number in range(3):
        record["number"] = probabilities["cat"] = number
        client.log(record, probabilities)
    assert client.flush(LONG)
    assert [(row["number"], row["cat"]) for row in sink.rows()] == [(0, 0), (1, 1), (2, 2)]
    assert record == {"number": 2}


def test_a_full_queue_drops_the_newest(sink, connect):
    """While the service is away the queue keeps the oldest rows, and counts those it has no room for."""
    sink.stop()
    client = connect(queue_size=100, batch_size=10)
    ids = [client.log({"number": number}) for number in range(1000)]
    counters = client.counters
    assert counters.logged == 1000
    assert counters.dropped >= 890  # the queue, and at most one batch under way
    assert counters.queued == 1000 - counters.dropped
    sink.start()
    assert client.flush(LONG)
    assert set(ids[:100]) <= set(sink.by_id())
    assert client.counters.sent == counters.queued
    assert client.log({"number": 1000})
    assert client.flush(LONG)


def test_dropped_rows_are_told(sink, connect):
    """The background thread reports rows that the queue had no room for, with a remedy."""
    told = []
    sink.stop()
    client = connect(queue_size=10, batch_size=10, on_error=told.append)
    for number in range(100):
        client.log({"number": number})
    sink.start()
    assert client.flush(LONG)
    client.log({})
    assert client.flush(LONG)
    assert any("Raise queue_size" in message for message in told)


def test_after_close_rows_are_dropped(sink, connect):
    """Closing sends what waits; what is logged later is dropped and counted; closing again does nothing."""
    with connect() as client:
        sent = client.log({"distance": 1.0})
    assert list(sink.by_id()) == [sent]
    assert isinstance(client.log({"distance": 1.0}), str)
    assert client.close(0.1)
    assert client.flush(0.1)
    assert (client.counters.sent, client.counters.dropped, client.counters.queued) == (1, 1, 0)


def test_close_gives_up_in_time(connect, sink):
    """With the service away, close returns False after its timeout, and the rows count as dropped."""
    sink.stop()
    client = connect(backoff=36000.0, backoff_max=36000.0, batch_size=2)
    for number in range(5):
        client.log({"number": number})
    assert not client.close(0.05)
    client._sender._thread.join()
    assert (client.counters.dropped, client.counters.queued) == (5, 0)
    sink.start()


def test_threads_may_share_a_client(sink, connect):
    """Rows from many threads all arrive under different ids."""
    client = connect()
    ids = [[] for _ in range(8)]

    def work(mine):
        mine.extend(client.log({"distance": 1.0}) for _ in range(250))

    threads = [threading.Thread(target=work, args=(mine,)) for mine in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.flush(LONG)
    expected = set(itertools.chain.from_iterable(ids))
    assert len(expected) == 2000
    assert set(sink.by_id()) == expected
    assert len(sink.rows()) == 2000


def test_a_signal_handler_may_log(connect):
    """Logging from a signal handler in the middle of logging does not hang."""
    client = connect(
        linger=0.0, queue_size=1_000_000
    )  # each row wakes the sender that has none, and all have room
    old = signal.signal(signal.SIGALRM, lambda *_: client.log({"from": "handler"}))
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    try:
        for _ in range(3000):
            client.log({"from": "main"})
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    assert client.flush(LONG)
    assert client.counters.sent == client.counters.logged > 3000


def test_a_callback_that_raises_stops_nothing(sink, connect):
    """What on_error raises is logged, and sending goes on."""
    sink.then.append(Answer(400))
    client = connect(on_error=lambda message: message.no_such_attribute)
    client.log({})
    assert client.flush(LONG)
    client.log({})
    assert client.flush(LONG)
    assert (client.counters.sent, client.counters.rejected) == (1, 1)


def test_a_callback_may_use_the_client(sink, connect):
    """Flushing and logging inside on_error, on the background thread, does not hang."""
    sink.then.append(Answer(400))
    flushed = []

    def on_error(_):
        flushed.append(client.flush())
        client.log({"from": "callback"})

    client = connect(on_error=on_error)
    client.log({})
    assert client.flush(LONG)
    assert client.flush(LONG)
    assert flushed == [False]
    assert sink.rows()[0]["from"] == "callback"


def test_one_warning_a_minute(sink, connect, caplog):
    """However many failures there are, one warning is logged in a minute."""
    sink.always = Answer(400)
    client = connect()
    with caplog.at_level(logging.WARNING, "modelvane.client"):
        for _ in range(5):
            client.log({})
            assert client.flush(LONG)
    assert client.counters.rejected == 5
    assert [record.name for record in caplog.records].count("modelvane.client") == 1


def test_without_a_row_there_is_no_thread():
    """A client that logs nothing starts no thread and closes at once."""
    before = set(threading.enumerate())
    client = Client(NOWHERE, "taxi")
    assert set(threading.enumerate()) <= before  # those of other tests may end meanwhile
    assert client.flush(0.0)
    assert client.close(0.0)


def test_rows_are_flushed_at_exit(sink):
    """A process that ends without closing its client sends what waits."""
    _python(f"""
        from modelvane.client import Client
        client = Client({sink.url!r}, "taxi", linger=60.0)
        for number in range(30):
            client.log({{"number": number}})
    """)
    assert [row["number"] for row in sink.rows()] == list(range(30))


def test_exit_is_bounded_while_the_service_is_away():
    """A process whose service is away ends after the timeout."""
    _python(f"""
        import logging
        from modelvane.client import Client
        logging.disable()
        client = Client({NOWHERE!r}, "taxi", timeout=0.1, backoff=36000.0, backoff_max=36000.0)
        client.log({{"number": 1}})
    """)


def test_parent_and_child_both_log_after_a_fork(sink):
    """Rows logged before, in and after a fork arrive once, from connections of their own."""
    said = _python(f"""
        import os, sys
        from modelvane.client import Client
        client = Client({sink.url!r}, "taxi", linger=0.05)
        client.log({{"who": "before, sent"}})
        client.flush()
        client.log({{"who": "before, waiting"}})
        children = []
        for number in range(3):
            child = os.fork()
            if child == 0:
                client.log({{"who": f"child {{number}}"}})
                client.flush()
                client.log({{"who": f"child {{number}} at exit"}})
                sys.exit()
            children.append(child)
        client.log({{"who": "parent"}})
        for child in children:
            assert os.waitpid(child, 0)[1] == 0
        client.close()
        print(client.counters.sent)
    """)
    expected = ["before, sent", "before, waiting", "parent"]
    expected += [f"child {number}{when}" for number in range(3) for when in ("", " at exit")]
    assert sorted(row["who"] for row in sink.rows()) == sorted(expected)
    assert len(sink.by_id()) == len(expected)
    assert said == "3"
    assert sink.connections == 4


def test_a_child_of_a_closed_client_stays_closed(sink):
    """A client closed before a fork drops rows in the child too."""
    said = _python(f"""
        import os
        from modelvane.client import Client
        client = Client({sink.url!r}, "taxi")
        client.close()
        child = os.fork()
        if child == 0:
            client.log({{}})
            os._exit(client.counters.dropped)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """)
    assert said == "1"
    assert sink.requests == []


def test_the_import_is_light():
    """Importing the client loads no heavy library and no slow module of the standard library."""
    said = _python("""
        import sys
        import modelvane.client
        heavy = {"numpy", "scipy", "pyarrow", "fastapi", "msgspec", "pydantic", "yaml"}
        slow = {"http.client", "ssl", "logging", "asyncio", "uuid", "urllib.parse", "inspect", "email"}
        print(sorted((heavy | slow) & set(sys.modules)))
    """)
    assert said == "[]"


def _python(script: str) -> str:
    # Python 3.12 and later warn of forking with threads, which is what is tested here.
    warnings = ["-W", "error", "-W", "ignore::DeprecationWarning"]
    command = [sys.executable, *warnings, "-c", textwrap.dedent(script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONG, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


class Watchful:
    """A value that notes, when it is encoded, what the caller has done by then, and keeps the processor a while."""

    def __init__(self, turns, noted):
        self.turns = turns
        self.noted = noted

    def isoformat(self):
        self.noted.append(len(self.turns))
        until = time.perf_counter() + 0.0005
        while time.perf_counter() < until:
            pass
        return "now"


def test_the_caller_runs_while_a_batch_is_encoded(connect, monkeypatch):
    """A batch is encoded a few rows at a time, between which a thread that answers requests has its turn."""
    turns, noted = [], []

    def stand_aside(_):
        met, until = len(turns), time.monotonic() + LONG
        while (
            len(turns) == met and time.monotonic() < until
        ):  # a busy machine may not be quick to let others run
            time.sleep(0.0001)

    monkeypatch.setattr(sender, "sleep", stand_aside)
    client = connect(linger=LONG, batch_size=100)
    before = sys.getswitchinterval()
    sys.setswitchinterval(LONG)  # nobody is interrupted: the sender has to stand aside of its own accord
    try:
        for _ in range(100):
            client.log({"value": Watchful(turns, noted)}, 1.0)
        while client.counters.queued:
            turns.append(None)
            time.sleep(0.0001)
    finally:
        sys.setswitchinterval(before)
    assert len(set(noted)) == 100
