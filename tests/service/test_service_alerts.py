"""What Alertmanager posts: good bodies, bad bodies, and what is kept of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.service.alerting import alert, notification
from tests.service.serving import served, settings


def test_every_alert_is_kept_as_an_event(client: TestClient) -> None:
    """Firing and resolved alerts come back as events, with their labels, by dataset and for all."""
    body = notification(alert(), alert(status="resolved"), alert(None, "ServiceDown"))
    answer = client.post("/v1/alerts", json=body)
    assert answer.status_code == 200
    assert answer.json()["kept"] == 3
    events = client.get("/v1/events").json()
    assert [(event["kind"], event["dataset"]) for event in events] == [
        ("alert_firing", "taxi"),
        ("alert_resolved", "taxi"),
        ("alert_firing", None),
    ]
    assert events[0]["what"] == "DatasetDrift fires: The inputs moved"
    assert events[0]["details"]["labels"]["alertname"] == "DatasetDrift"
    assert len(client.get("/v1/datasets/taxi/events").json()) == 2
    assert len(client.get("/v1/events?kind=alert_resolved").json()) == 1


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"", 400, "not JSON"),
        (b"{'a': 1}", 400, "not JSON"),
        (b"\xff\xfe", 400, "not JSON"),
        (b"[]", 422, "no notification"),
        (b"{}", 422, "version"),
        (b'{"version": "3", "alerts": []}', 422, "version"),
        (b'{"version": "4", "alerts": 1}', 422, "alerts"),
        (b'{"version": "4", "alerts": [{"status": "burning", "labels": {}}]}', 422, "status"),
        (b'{"version": "4", "alerts": [{"status": "firing", "labels": {"alertname": 5}}]}', 422, "labels"),
        (b'{"version": "4", "alerts": [{"status": "firing", "labels": {}}]}', 422, "alertname"),
    ],
)
def test_a_body_that_is_none_of_alertmanagers(
    client: TestClient, body: bytes, status: int, said: str
) -> None:
    """A body that is not a notification is refused, says what was wrong and what is expected, and nothing is kept."""
    answer = client.post("/v1/alerts", content=body)
    problem: dict[str, Any] = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert said in problem["detail"]
    assert "Alertmanager webhook" in problem["expected"]
    assert "received" in problem
    assert client.get("/v1/events").json() == []


def test_a_notification_of_nothing(client: TestClient) -> None:
    """A notification without alerts is well-formed, and nothing comes of it."""
    answer = client.post("/v1/alerts", json=notification())
    assert (answer.status_code, answer.json()["kept"]) == (200, 0)
    assert client.get("/v1/events").json() == []


def test_a_body_that_is_too_large(reference: Path, tmp_path: Path) -> None:
    """A body of more bytes, or more alerts, than are taken is refused whole."""
    plain = settings(reference, {"limits": {"body_bytes": 2000, "body_rows": 2}})
    with served(plain, tmp_path) as client:
        large = client.post("/v1/alerts", json=notification(*[alert()] * 50))
        assert (large.status_code, large.json()["expected"]) == (413, "at most 2000 bytes")
        many = client.post(
            "/v1/alerts", json=notification(*[{"status": "firing", "labels": {"alertname": "A"}}] * 3)
        )
        assert (many.status_code, many.json()["expected"]) == (413, "at most 2 alerts")
        assert client.get("/v1/events").json() == []


def test_unknown_datasets_lose_nothing_of_the_others(client: TestClient) -> None:
    """An alert of a dataset that is not watched is told of in the answer, and all are kept."""
    answer = client.post("/v1/alerts", json=notification(alert("taxy"), alert()))
    assert (answer.status_code, answer.json()["unknown_datasets"]) == (200, ["taxy"])
    assert [event["dataset"] for event in client.get("/v1/events").json()] == [None, "taxi"]


def test_nothing_but_unknown_datasets(client: TestClient) -> None:
    """When no alert is of a watched dataset the answer is 404 with the known ones, and the alerts are kept."""
    answer = client.post("/v1/alerts", json=notification(alert("taxy")))
    assert answer.status_code == 404
    assert answer.json()["available"] == ["taxi"]
    assert "Did you mean 'taxi'" in answer.json()["remedy"]
    [event] = client.get("/v1/events").json()
    assert event["details"]["labels"]["dataset"] == "taxy"


def test_alerts_need_the_token_of_ingest(reference: Path, tmp_path: Path) -> None:
    """With tokens, who posts alerts shows that of ingest, and who reads events that of reading."""
    plain = settings(reference, {"tokens": {"ingest": "in", "read": "out"}})
    with served(plain, tmp_path) as client:
        body = notification(alert())
        assert client.post("/v1/alerts", json=body).status_code == 401
        assert (
            client.post("/v1/alerts", json=body, headers={"Authorization": "Bearer out"}).status_code == 401
        )
        assert client.post("/v1/alerts", json=body, headers={"Authorization": "Bearer in"}).status_code == 200
        assert client.get("/v1/events").status_code == 401
        assert len(client.get("/v1/events", headers={"Authorization": "Bearer out"}).json()) == 1


def test_questions_about_events_that_make_no_sense(client: TestClient) -> None:
    """An unknown kind, an unknown dataset and a limit out of range are refused."""
    assert client.get("/v1/events?kind=alert_fired").json()["remedy"] == "Did you mean 'alert_firing'?"
    assert client.get("/v1/datasets/taxy/events").status_code == 404
    assert client.get("/v1/events?limit=-1").status_code == 422
