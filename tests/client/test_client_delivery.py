"""Rows arrive: each of them, once by id, whatever the service and the line do."""

from __future__ import annotations

import threading

import pytest
from tests.client.sink import Answer

from modelvane.client.connection import Reply
from modelvane.client.sender import AWAY

TOKEN = "open sesame".replace(" ", "-")
LONG = 300.0
"""Seconds that no test comes near: a bound for a client that hangs."""


def test_rows_and_labels_reach_their_routes(sink, connect):
    """A prediction and its label arrive with id, time, prediction and target under the configured names."""
    client = connect(token=TOKEN, prediction_field="duration", time_field="at")
    trip = client.log({"distance": 2.5}, 11.0, time=1_600_000_000)
    assert client.label(trip, 12.5, time=1_600_000_900) == trip
    assert client.flush(LONG)
    assert sink.rows() == [{"distance": 2.5, "id": trip, "at": 1_600_000_000, "duration": 11.0}]
    assert sink.rows("labels") == [{"id": trip, "target": 12.5, "at": 1_600_000_900}]
    assert [request.path for request in sink.requests] == [
        "/v1/datasets/taxi/predictions",
        "/v1/datasets/taxi/labels",
    ]
    assert sink.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"
    assert sink.requests[0].headers["Content-Type"] == "application/json"


def test_own_id_and_time_are_kept(sink, connect):
    """A record's own id and time are used unless the call gives others."""
    client = connect()
    assert client.log({"id": 17, "time": 5.0}, 1) == "17"
    assert client.log({"id": 17, "time": 5.0}, 1, id="other", time=6.0) == "other"
    assert client.flush(LONG)
    assert [(row["id"], row["time"]) for row in sink.rows()] == [("17", 5.0), ("other", 6.0)]


def test_probabilities_become_columns(sink, connect):
    """A mapping of class to probability, or a sequence with named columns, becomes a column per class."""
    client = connect(prediction_field=["cat", "dog"])
    client.log({"id": "mapping"}, {"cat": 0.9, "dog": 0.1})
    client.log({"id": "sequence"}, [0.2, 0.8])
    client.log({"id": "too short"}, [0.2])
    assert client.flush(LONG)
    assert [(row["cat"], row["dog"]) for row in sink.rows()] == [(0.9, 0.1), (0.2, 0.8)]
    assert client.counters.rejected == 1
    assert "expected 2 values for cat, dog" in client.last_error


def test_one_connection_is_kept_alive(sink, connect):
    """Many batches use one connection."""
    client = connect(batch_size=10)
    for _ in range(5):
        for number in range(20):
            client.log({"number": number})
        assert client.flush(LONG)
    assert len(sink.requests) >= 10
    assert sink.connections == 1


def test_batches_are_bounded(sink, connect):
    """No request has more rows than batch_size, and a burst is sent in few requests."""
    client = connect(batch_size=10, linger=LONG)
    for number in range(95):
        client.log({"number": number})
    assert client.flush(LONG)
    assert max(len(request.rows) for request in sink.requests) == 10
    assert [row["number"] for row in sink.rows()] == list(range(95))


@pytest.mark.parametrize("status", sorted((AWAY - {0}) | {500, 507}))
def test_a_fault_of_the_server_is_retried(sink, connect, status):
    """A batch that meets an error of the server is sent again until it is accepted."""
    sink.then.extend([Answer(status), Answer(status)])
    client = connect()
    client.log({"distance": 1.0})
    assert client.flush(LONG)
    assert len(sink.by_id()) == 1
    assert (client.counters.sent, client.counters.retried) == (1, 2)


def test_a_busy_service_is_waited_for_without_end(sink, connect):
    """A service that is away gets the batch however often it has refused it."""
    sink.then.extend([Answer(503, {"Retry-After": "0"})] * 12)
    client = connect(retries=0)
    client.log({"distance": 1.0})
    assert client.flush(LONG)
    assert client.counters.sent == 1


def test_a_batch_that_breaks_the_server_is_given_up(sink, connect):
    """A batch that always meets a 500 is rejected after the retries, and the next one goes out."""
    sink.then.extend([Answer(500)] * 3)
    client = connect(retries=2)
    client.log({"poison": True})
    assert client.flush(LONG)
    good = client.log({"poison": False})
    assert client.flush(LONG)
    assert list(sink.by_id()) == [good]
    assert (client.counters.rejected, client.counters.sent) == (1, 1)


def test_retry_after_is_honoured(connect):
    """The wait before a retry is what Retry-After says, else a random part of an exponential ceiling."""
    sender = connect(backoff=1.0, backoff_max=10.0)._sender
    sender._jitter = _Extreme()
    assert sender._delay(Reply(503, retry_after=7.0), 0) == 8.0
    assert [sender._delay(Reply(503), attempt) for attempt in range(6)] == [1, 2, 4, 8, 10, 10]
    assert sender._delay(Reply(503), 10_000) == 10.0


class _Extreme:
    def uniform(self, low: float, high: float) -> float:
        assert low == 0.0
        return high


def test_a_dropped_connection_never_counts_twice(sink, connect):
    """Rows that arrived although the answer was lost are sent again under the same ids."""
    sink.then.extend([Answer(), Answer(drop=True), Answer(drop=True), Answer(drop=True)])
    client = connect(batch_size=10)
    ids = [client.log({"number": number}, number) for number in range(40)]
    assert client.flush(LONG)
    assert len(sink.rows()) > 40
    assert sorted(sink.by_id()) == sorted(ids)
    assert client.counters.sent == 40


def test_a_connection_closed_while_idle_is_no_failure(sink, connect):
    """A keep-alive connection that the service closed is reopened at once, without an error."""
    sink.always = Answer(hang_up=True)
    client = connect()
    for number in range(3):
        client.log({"number": number})
        assert client.flush(LONG)
    assert len(sink.by_id()) == 3
    assert client.last_error is None


def test_a_slow_answer_times_out_and_is_repeated(sink, connect):
    """An answer later than the timeout is a failed attempt; the rows still count once."""
    sink.then.append(Answer(delay=0.3))
    client = connect(timeout=0.1)
    row = client.log({"distance": 1.0})
    assert client.flush(LONG)
    assert list(sink.by_id()) == [row]
    assert client.counters.retried >= 1
    assert "TimeoutError" in client.last_error


def test_too_large_a_batch_is_halved(sink, connect):
    """On 413 a batch is split until it fits, and no row is lost."""
    sink.max_rows = 3
    client = connect(batch_size=50, linger=LONG)
    ids = [client.log({"number": number}) for number in range(50)]
    assert client.flush(LONG)
    assert [row["id"] for row in sink.rows()] == ids
    assert client.counters.sent == 50


def test_a_row_too_large_by_itself_is_rejected(sink, connect):
    """A single row that meets 413 is rejected."""
    sink.max_rows = 0
    client = connect()
    client.log({"distance": 1.0})
    assert client.flush(LONG)
    assert client.counters.rejected == 1


def test_an_answer_before_the_body_was_read_is_heard(sink, connect):
    """A service that answers 413 and closes while the body is still on its way is understood."""
    sink.then.append(Answer(413, unread=True))
    client = connect(batch_size=2, linger=LONG)
    ids = [client.log({"text": "x" * 8_000_000}) for _ in range(2)]
    assert client.flush(LONG)
    assert sorted(sink.by_id()) == sorted(ids)
    assert [len(request.rows) for request in sink.requests] == [1, 1]


def test_a_refusal_is_final_and_told(sink, connect):
    """Rows refused with 4xx are rejected, the service's words are kept, and later rows are sent."""
    problem = b'{"title": "Unknown dataset", "detail": "received taxi", "remedy": "Use one of: green"}'
    sink.then.append(Answer(404, {"Content-Type": "application/problem+json"}, problem))
    told = []
    client = connect(on_error=told.append)
    client.log({"distance": 1.0})
    assert client.flush(LONG)
    assert client.counters.rejected == 1
    assert "HTTP 404 Not Found: Unknown dataset. received taxi. Use one of: green" in client.last_error
    assert told == [client.last_error]
    client.log({"distance": 1.0})
    assert client.flush(LONG)
    assert client.counters.sent == 1


def test_a_bad_row_does_not_spoil_its_batch(sink, connect):
    """A row that has no JSON form is rejected alone."""
    client = connect(linger=0.2)
    good = [client.log({"distance": 1.0}), client.log({"distance": float("nan")})]
    client.log({"lock": threading.Lock()})
    good.append(client.log({"distance": 2.0}))
    assert client.flush(LONG)
    assert list(sink.by_id()) == good
    assert sink.rows()[1]["distance"] == "NaN"
    assert (client.counters.sent, client.counters.rejected) == (3, 1)
    assert "lock" in client.last_error


def test_nothing_is_lost_across_a_restart(sink, connect):
    """While the service is stopped and started again, every row arrives, and none counts twice."""
    client = connect(batch_size=20)
    first = [client.log({"number": number}, number) for number in range(200)]
    sink.then.append(Answer(drop=True))
    sink.stop()
    while_away = [client.log({"number": number}, number) for number in range(200)]
    assert not client.flush(0.05)
    sink.start()
    after = [client.log({"number": number}, number) for number in range(200)]
    assert client.flush(LONG)
    assert sorted(sink.by_id()) == sorted(first + while_away + after)
    assert client.counters.sent == client.counters.logged == 600
