"""What can be posted."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest
from starlette.testclient import TestClient
from tests.service.serving import trip, watch_of

ROWS = [trip(1) | {"id": "a"}, trip(2) | {"id": "b"}]
COLUMNS = {name: [row[name] for row in ROWS] for name in ROWS[0]}
PREDICTIONS = "/v1/datasets/taxi/predictions"


def arrow(rows: list[dict[str, Any]]) -> bytes:
    table = pa.Table.from_pylist(rows)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def event(row: dict[str, Any]) -> dict[str, Any]:
    data = {name: value for name, value in row.items() if name != "id"}
    return {"specversion": "1.0", "type": "trip", "source": "/x", "id": row["id"], "data": data}


JSON = "application/json"
BODIES = {
    "list": (JSON, json.dumps(ROWS)),
    "columns": (JSON, json.dumps(COLUMNS)),
    "columns by index": (
        JSON,
        json.dumps({name: dict(zip("01", values, strict=True)) for name, values in COLUMNS.items()}),
    ),
    "ndjson": ("application/x-ndjson", "\n".join(map(json.dumps, ROWS))),
    "jsonl with a blank line": ("application/jsonl", "\n\n".join(map(json.dumps, ROWS)) + "\n"),
    "arrow": ("application/vnd.apache.arrow.stream", arrow(ROWS)),
    "cloudevents": ("application/cloudevents-batch+json", json.dumps([event(row) for row in ROWS])),
    "with parameters": ("Application/JSON; charset=utf-8", json.dumps(ROWS)),
}


@pytest.mark.parametrize("path", ["/iterate/taxi", "/iterate/taxi/", PREDICTIONS])
@pytest.mark.parametrize(("content_type", "body"), BODIES.values(), ids=BODIES)
def test_every_form_of_rows(client: TestClient, path: str, content_type: str, body: str | bytes) -> None:
    """Rows in any form are the same rows in the log, under their own ids."""
    answer = client.post(path, content=body, headers={"content-type": content_type})
    assert answer.json() == {"accepted": 2, "duplicates": 0, "ids": ["a", "b"]}
    watch = watch_of(client)
    kept = watch._log.tail("taxi")
    assert kept.ids == ["a", "b"]
    assert kept.table.values("trip_distance") == COLUMNS["trip_distance"]
    assert watch.monitor.window().rows == 2


def test_one_object(client: TestClient) -> None:
    """A single flat object, which one 2022 client sent, is one row, and gets an id."""
    answer = client.post("/iterate/taxi", json=trip(1)).json()
    assert answer["accepted"] == 1
    assert watch_of(client)._log.tail("taxi").ids == answer["ids"]


@pytest.mark.parametrize("body", ["[]", "{}", '{"trip_distance": []}'])
def test_no_rows(client: TestClient, body: str) -> None:
    """An empty list is fine, as in 2022."""
    answer = client.post("/iterate/taxi", content=body, headers={"content-type": JSON})
    assert answer.json() == {"accepted": 0, "duplicates": 0, "ids": []}


def test_one_structured_event(client: TestClient) -> None:
    """A CloudEvent gives its id and time to the row, unless the row has its own."""
    stamped = event(ROWS[0]) | {"time": "2022-01-01T00:00:00Z"}
    own = event(ROWS[1]) | {"data": trip(2) | {"id": "own"}}
    for each in (stamped, own):
        body, headers = json.dumps(each), {"content-type": "application/cloudevents+json"}
        assert client.post(PREDICTIONS, content=body, headers=headers).status_code == 200
    kept = watch_of(client)._log.tail("taxi")
    assert kept.ids == ["a", "own"]
    assert kept.times[0] == 1_640_995_200_000_000


def test_one_binary_event(client: TestClient) -> None:
    """A CloudEvent in binary mode has its id and time in headers, percent-encoded."""
    headers = {"ce-id": "trip%20%C3%A4", "ce-time": "2022-01-01T00:00:00Z", "ce-specversion": "1.0"}
    assert client.post(PREDICTIONS, json=trip(1), headers=headers).json()["ids"] == ["trip ä"]
    assert watch_of(client)._log.tail("taxi").times[0] == 1_640_995_200_000_000


def test_duplicates(client: TestClient) -> None:
    """The first row of an id wins, within a request and across requests; 17, 17.0 and "17" are one id."""
    first = [trip(1) | {"id": 17}, trip(2) | {"id": "18"}, trip(3) | {"id": 17.0}]
    assert client.post("/iterate/taxi", json=first).json() == {
        "accepted": 2,
        "duplicates": 1,
        "ids": ["17", "18", "17"],
    }
    again = client.post("/iterate/taxi", json=[trip(4) | {"id": "17"}]).json()
    assert (again["accepted"], again["duplicates"]) == (0, 1)
    watch = watch_of(client)
    assert watch._log.tail("taxi").table.values("trip_distance") == [
        trip(1)["trip_distance"],
        trip(2)["trip_distance"],
    ]
    found = watch.latest().findings
    assert found.get("window_rows").value == 2
    assert found.get("duplicate_ids").value == 2
    assert (watch.traffic.rows, watch.traffic.duplicates) == (2, 2)


@pytest.mark.parametrize(
    ("value", "measure"),
    [
        ('"twelve"', "wrong_type_share"),
        ("[1, 2]", "wrong_type_share"),
        ('{"a": 1}', "wrong_type_share"),
        ("true", "wrong_type_share"),
        ("null", "missing_share"),
        ("NaN", "missing_share"),
        ('"NaN"', "missing_share"),
        ("Infinity", "infinite_share"),
        ('"-Infinity"', "infinite_share"),
        ("1e999", "infinite_share"),
        ("1" + "0" * 400, "infinite_share"),
    ],
)
def test_broken_values_are_counted(client: TestClient, value: str, measure: str) -> None:
    """A record with a broken value is accepted and counted as a fault: watching for those is the job."""
    body = f'[{{"zone": "74", "prediction": 1.0, "trip_distance": {value}}}]'
    answer = client.post("/iterate/taxi", content=body, headers={"content-type": JSON})
    assert answer.status_code == 200, answer.text
    found = watch_of(client).latest().findings
    assert found.get(measure, "trip_distance").value == 1.0
    assert found.get(measure, "prediction").value == 0.0


def test_unknown_and_missing_columns(client: TestClient) -> None:
    """Columns that the reference does not know are kept and counted; columns that rows lack are an alarm."""
    client.post("/iterate/taxi", json=[{"zone": "74", "prediction": 1.0, "colour": "red"}])
    watch = watch_of(client)
    assert watch._log.tail("taxi").table.values("colour") == ["red"]
    found = watch.latest().findings
    assert found.get("unexpected_columns").cause == "colour"
    assert found.get("missing_columns").cause == "trip_distance"
    assert found.get("missing_columns").verdict == "alarm"


def test_labels(client: TestClient) -> None:
    """Labels come by the row's id, early or late, and may be repeated or corrected."""
    labels = "/v1/datasets/taxi/labels"
    assert client.post(labels, json=[{"id": "b", "target": 9.0}]).json()["waiting"] == 1
    client.post("/iterate/taxi", json=ROWS)
    assert client.post(labels, json={"id": "a", "target": 7.0}).json() == {
        "matched": 1,
        "waiting": 0,
        "repeated": 0,
        "changed": 0,
    }
    assert client.post(labels, json=[{"id": "a", "target": 7.0}]).json()["repeated"] == 1
    assert client.post(labels, json=[{"id": "a", "target": 8.0}]).json()["changed"] == 1
    assert client.post(labels, json=[]).json()["matched"] == 0
    watch = watch_of(client)
    assert watch.latest().findings.get("label_coverage").value == 1.0
    assert watch._log.tail("taxi").table.values("target") == [8.0, 9.0]
    assert watch.monitor.window().rows == 2


def test_a_label_without_a_target_says_nothing(client: TestClient) -> None:
    """A null or NaN takes no truth back, in the log as little as in the window."""
    labels = "/v1/datasets/taxi/labels"
    client.post("/iterate/taxi", json=[ROWS[0] | {"target": 7.0}, ROWS[1]])
    client.post(labels, json=[{"id": "b", "target": 9.0, "time": 5.0}])
    answer = client.post(labels, json=[{"id": name, "target": None, "time": 6.0} for name in "abc"])
    assert (answer.status_code, set(answer.json().values())) == (200, {0})
    body = '[{"id": "b", "target": NaN}, {"id": "a", "target": 8.0, "time": 7.0}]'
    assert (
        client.post(labels, content=body, headers={"content-type": "application/json"}).json()["matched"] == 1
    )
    rows = watch_of(client)._log.tail("taxi")
    assert (rows.table.values("target"), rows.labelled.tolist()) == ([8.0, 9.0], [7.0, 5.0])
    assert watch_of(client).monitor.labelled_window().columns["target"].values.tolist() == [8.0, 9.0]


def test_a_label_for_a_row_that_left_the_memory(client: TestClient) -> None:
    """A label for a row that is no longer in memory is joined to the row in the log."""
    rows = [trip(number) | {"id": number} for number in range(2100)]
    assert client.post("/iterate/taxi", json=rows).json()["accepted"] == 2100
    watch = watch_of(client)
    assert not watch.monitor.remembers("3")
    answer = client.post("/v1/datasets/taxi/labels", json=[{"id": 3, "target": truth_of(3)}])
    assert answer.json()["matched"] == 1
    found = watch.latest().findings
    assert found.labelled == 1
    assert found.get("mean_error").value == pytest.approx(trip(3)["prediction"] - truth_of(3), abs=1e-6)


def truth_of(number: int) -> float:
    return trip(number)["prediction"] + 2.5
