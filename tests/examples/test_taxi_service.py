"""The prediction service: its answers, what it logs, and every way to refuse a request."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from examples.shared.identity import identity_of
from examples.taxi.service import create_app

from modelvane.client import Counters

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from examples.taxi.model import DurationModel
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

TRIP = {"PULocationID": 1, "DOLocationID": 2, "trip_distance": 2.5}


@dataclass
class Log:
    """Keeps what it is given, as a client without a network would."""

    rows: list[tuple[dict[str, Any], float]] = field(default_factory=list)

    def log(self, record: Mapping[str, Any], prediction: float) -> str:
        self.rows.append((dict(record), prediction))
        return f"trip-{len(self.rows)}"

    @property
    def counters(self) -> Counters:
        return Counters(
            logged=len(self.rows), sent=0, retried=0, dropped=0, rejected=0, queued=len(self.rows)
        )


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def service(model: DurationModel, log: Log) -> FlaskClient:
    return create_app(model, log).test_client()


def problem(answer: TestResponse, status: int) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    body: dict[str, Any] = json.loads(answer.data)
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    return body


def test_a_trip_is_answered_with_its_duration_and_id(service: FlaskClient, model: DurationModel) -> None:
    """The answer is the model's own number, and the id under which the prediction was logged."""
    answer = service.post("/predict", json=TRIP)
    assert answer.status_code == 200
    assert answer.json == {"duration": model.predict([TRIP])[0], "id": "trip-1"}


def test_the_prediction_is_logged_with_what_the_caller_said(service: FlaskClient, log: Log) -> None:
    """The record has the caller's known fields, null ones as null, absent ones not at all."""
    trip = {**TRIP, "payment_type": None, "lpep_pickup_datetime": "2022-01-05T10:00:00", "tip_amount": 3.0}
    duration = service.post("/predict", json=trip).json["duration"]
    del trip["tip_amount"]
    assert log.rows == [(trip, duration)]


def test_the_prediction_is_logged_with_the_version_of_its_model(
    model: DurationModel, log: Log, tmp_path: Path
) -> None:
    """A model with an identity is named in the record, whatever a caller says; an unknown one is not."""
    file = tmp_path / "model.skops"
    model.save(file)
    trip = {**TRIP, "model_version": "mine"}
    create_app(model, log).test_client().post("/predict", json=trip)
    for version in ("2021-01", None):
        identity = identity_of("duration", file, version=version)
        create_app(model, log, identity).test_client().post("/predict", json=trip)
    versions = [record.get("model_version") for record, _ in log.rows]
    assert versions == [None, "2021-01", identity_of("duration", file).version]


def test_without_a_monitor_every_prediction_still_has_an_id(model: DurationModel) -> None:
    """The service is useful on its own: it predicts, and ids differ."""
    alone = create_app(model).test_client()
    ids = {alone.post("/predict", json=TRIP).json["id"] for _ in range(3)}
    assert len(ids) == 3


@pytest.mark.parametrize("name", ["PULocationID", "DOLocationID", "trip_distance"])
def test_a_missing_field_is_named(service: FlaskClient, log: Log, name: str) -> None:
    """A trip without a required field gets 422 with the field's name, and nothing is logged."""
    body = problem(service.post("/predict", json={key: TRIP[key] for key in TRIP if key != name}), 422)
    assert body["fields"] == [name]
    assert "required" in body["errors"][0]["expected"]
    assert log.rows == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PULocationID", "74"),
        ("PULocationID", 74.5),
        ("PULocationID", True),
        ("DOLocationID", None),
        ("trip_distance", "far"),
        ("trip_distance", [1.0]),
        ("lpep_pickup_datetime", "yesterday"),
        ("payment_type", "cash"),
    ],
)
def test_a_wrong_type_is_named(service: FlaskClient, name: str, value: object) -> None:
    """A value of the wrong type gets 422 with the field, what came and what is expected."""
    body = problem(service.post("/predict", json={**TRIP, name: value}), 422)
    assert body["fields"] == [name]
    assert body["errors"][0]["received"] == repr(value)
    assert body["errors"][0]["expected"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("PULocationID", 0), ("DOLocationID", 266), ("trip_distance", -0.1), ("payment_type", 7)],
)
def test_a_value_out_of_range_is_named(service: FlaskClient, name: str, value: float) -> None:
    """A value outside its range gets 422 with the field and its bound."""
    body = problem(service.post("/predict", json={**TRIP, name: value}), 422)
    assert body["fields"] == [name]
    assert "equal to" in body["errors"][0]["expected"]


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "1e999"])
def test_a_distance_that_is_no_number_is_refused(service: FlaskClient, literal: str) -> None:
    """Not-a-number and infinity, which JSON parsers let through, do not reach the model."""
    body = f'{{"PULocationID": 1, "DOLocationID": 2, "trip_distance": {literal}}}'
    answer = service.post("/predict", data=body, content_type="application/json")
    assert problem(answer, 422)["fields"] == ["trip_distance"]


def test_all_bad_fields_are_named_at_once(service: FlaskClient) -> None:
    """A caller need not repair one field after the other."""
    body = problem(service.post("/predict", json={"PULocationID": "x", "trip_distance": -1}), 422)
    assert body["fields"] == ["PULocationID", "DOLocationID", "trip_distance"]


def test_a_broken_meter_is_predicted_and_logged(service: FlaskClient, log: Log) -> None:
    """An absurd but computable distance is the monitor's to notice, not the service's to refuse."""
    assert service.post("/predict", json={**TRIP, "trip_distance": 244152.01}).status_code == 200
    assert log.rows[0][0]["trip_distance"] == 244152.01


@pytest.mark.parametrize("text", ["", "{", "trip", '{"PULocationID": 1,}'])
def test_a_body_that_is_not_json_says_where(service: FlaskClient, text: str) -> None:
    """Malformed JSON gets 400 with the parser's position."""
    body = problem(service.post("/predict", data=text, content_type="application/json"), 400)
    assert "line 1 column" in body["detail"]


@pytest.mark.parametrize("value", [[TRIP], "trip", 3, None])
def test_json_that_is_no_object_is_refused(service: FlaskClient, value: object) -> None:
    """A list, a string, a number or null is JSON, but no trip."""
    answer = service.post("/predict", data=json.dumps(value), content_type="application/json")
    assert problem(answer, 422)["expected"] == "one JSON object"


def test_a_body_not_declared_as_json_is_refused(service: FlaskClient) -> None:
    """A form gets 415 with the content type to use."""
    body = problem(service.post("/predict", data=TRIP), 415)
    assert "application/json" in body["expected"]


def test_a_body_too_large_is_refused(service: FlaskClient) -> None:
    """A trip has no use for more than 64 KiB."""
    problem(service.post("/predict", json={**TRIP, "note": "x" * 70_000}), 413)


def test_unknown_routes_and_methods_are_problems_too(service: FlaskClient) -> None:
    """The framework's own errors come as problem+json, with the methods that are allowed."""
    problem(service.get("/nowhere"), 404)
    answer = service.get("/predict")
    problem(answer, 405)
    assert "POST" in answer.headers["Allow"]


def test_health_tells_what_became_of_the_log(service: FlaskClient, model: DurationModel) -> None:
    """Liveness answers with the log's counters, and without a log as well."""
    service.post("/predict", json=TRIP)
    assert service.get("/healthz").json == {
        "status": "ok",
        "log": {"logged": 1, "sent": 0, "retried": 0, "dropped": 0, "rejected": 0, "queued": 1},
    }
    assert create_app(model).test_client().get("/healthz").json == {"status": "ok", "log": None}


def test_its_health_has_exact_statuses_and_the_model(model: DurationModel, tmp_path: Path) -> None:
    """Answers are counted by route and exact status, health checks are not, and the model is told by its file."""
    (file := tmp_path / "model.skops").write_bytes(b"model")
    os.utime(file, (86_400, 86_400))
    client = create_app(model, identity=identity_of("duration", file)).test_client()
    for trip in (TRIP, TRIP, {}):
        client.post("/predict", json=trip, buffered=True)  # read to the end and closed, as servers do
    client.get("/healthz")
    shown = client.get("/metrics").text
    counted = [line for line in shown.splitlines() if line.startswith("http_requests_total{")]
    by = 'handler="/predict",method="POST"'
    assert sorted(counted) == [
        f'http_requests_total{{{by},status="200"}} 2.0',
        f'http_requests_total{{{by},status="422"}} 1.0',
    ]
    assert 'model_info{name="duration",reference="",trained="1970-01-02T00:00:00+00:00",version="' in shown
