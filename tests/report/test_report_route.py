"""The service's route of reports."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from starlette.testclient import TestClient
from tests.service.serving import save_reference, served, service_of, settings, trip, truth

from modelvane.report.document import content_security_policy
from modelvane.report.twin import schema
from modelvane.service import reports as reports_module

BEGIN = 1_640_995_200.0
REPORT = "/v1/datasets/taxi/report"


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the file of a small reference."""
    return save_reference(tmp_path_factory.mktemp("reference") / "taxi.mv")


@pytest.fixture
def client(reference: Path, tmp_path: Path) -> Iterator[TestClient]:
    """Give a service that took 300 trips of one day, half of them with their truth."""
    with served(settings(reference), tmp_path) as client:
        rows = [
            {"id": str(i), "time": BEGIN + 288 * i, **trip(i, shift=4 if i > 150 else 0)} for i in range(300)
        ]
        assert client.post("/iterate/taxi", json=rows).status_code == 200
        labels = [{"id": str(i), "target": truth(i)} for i in range(0, 300, 2)]
        assert client.post("/v1/datasets/taxi/labels", json=labels).status_code == 200
        yield client


def test_the_window_has_a_report(client: TestClient) -> None:
    """A browser gets a page that may run nothing but its own script, and may not be framed."""
    answer = client.get(REPORT, headers={"accept": "text/html,application/xhtml+xml"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == f"{content_security_policy()}; frame-ancestors 'none'"
    assert answer.headers["cache-control"] == "no-store"
    assert "the live window of taxi: last 200 rows" in answer.text


def test_the_report_of_the_window_says_what_the_findings_say(client: TestClient) -> None:
    """Each finding of the twin is one of the route of findings, labels that came late included."""
    twin = client.get(REPORT, params={"format": "json"}).json()
    found = client.get("/v1/datasets/taxi/findings").json()
    lasting = [f for f in found["findings"] if f["measure"] not in ("last_row_age", "label_lag")]
    assert [f for f in twin["findings"] if f["measure"] not in ("last_row_age", "label_lag")] == lasting
    assert (twin["rows"], twin["labelled"]) == (200, 150)
    jsonschema.validate(twin, schema())


def test_the_window_has_slices_of_its_own_rows(client: TestClient) -> None:
    """Slices of the window's rows add up to it, and predictions are held against late labels."""
    twin = client.get(REPORT, params={"format": "json"}).json()
    assert sum(one["rows"] for one in twin["slices"]) == 200
    assert sum(one["labelled"] for one in twin["slices"]) == 100
    assert sum(map(sum, twin["performance"]["regression"]["heat"]["counts"])) == 150


def test_a_row_at_a_limit_of_slices_is_in_the_later_one(reference: Path, tmp_path: Path) -> None:
    """Slices are half open: a row of each full hour of a day, and one of its last instant, are each counted once."""
    moments = [*(f"2022-01-01T{hour:02d}:00:00Z" for hour in range(24)), "2022-01-01T23:59:59.999999Z"]
    rows = [{"time": moment, **trip(i, target=True)} for i, moment in enumerate(moments)]
    with served(settings(reference), tmp_path) as client:
        assert client.post("/iterate/taxi", json=rows).status_code == 200
        slices = client.get(REPORT, params={"format": "json"}).json()["slices"]
        period = {"since": "2022-01-01", "until": "2022-01-02", "format": "json"}
        of_log = client.get(REPORT, params=period).json()["slices"]
    expected = [(BEGIN + 3600 * hour, 1 if hour < 23 else 2) for hour in range(24)]
    assert [(one["since"], one["rows"]) for one in slices] == expected
    assert [(one["since"], one["labelled"]) for one in slices] == expected
    assert [(one["since"], one["rows"]) for one in of_log] == expected


def test_a_period_of_the_log_has_a_report(client: TestClient) -> None:
    """Rows that have left the window are there, and the period is half open."""
    period = {"since": "2022-01-01", "until": "2022-01-01T12:00Z"}
    twin = client.get(REPORT, params=period, headers={"accept": "application/json"}).json()
    assert twin["rows"] == 150
    assert twin["labelled"] == 75
    assert twin["period"] == [BEGIN, BEGIN + 43_200]
    assert twin["source"]["name"] == "the log of taxi"
    assert "1 Jan 2022, 00:00 to 12:00 UTC" in client.get(REPORT, params=period).text


def test_a_period_may_be_open_and_in_seconds(client: TestClient) -> None:
    """Without an end the period is as long as the log; times may be seconds since 1970."""
    twin = client.get(REPORT, params={"since": str(BEGIN + 43_200), "format": "json"}).json()
    assert twin["rows"] == 150
    assert twin["source"]["first"] == BEGIN + 43_200


def test_a_period_without_rows_has_a_report(client: TestClient) -> None:
    """That there was nothing is an answer."""
    answer = client.get(REPORT, params={"since": "2021-01-01", "until": "2021-01-02"})
    assert answer.status_code == 200
    assert "There are no rows to judge." in answer.text


def test_a_service_without_rows_has_a_report(reference: Path, tmp_path: Path) -> None:
    """The window of a service that has just begun is empty, and said to be."""
    with served(settings(reference), tmp_path) as fresh:
        assert "There are no rows to judge." in fresh.get(REPORT).text


def test_a_time_window_has_a_report(reference: Path, tmp_path: Path) -> None:
    """A window by time keeps counts instead of rows: its report has everything but the slices."""
    with served(settings(reference, window={"seconds": 3600}), tmp_path) as timed:
        assert timed.post("/iterate/taxi", json=[trip(i, target=True) for i in range(50)]).status_code == 200
        twin = timed.get(REPORT, params={"format": "json"}).json()
    assert (twin["rows"], twin["slices"]) == (50, [])
    assert twin["performance"]["regression"]["heat"] is None


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ({"since": "yesterday"}, "since is no time"),
        ({"until": "2022-13-01"}, "until is no time"),
        ({"since": "2022-01-02", "until": "2022-01-01"}, "The period is empty"),
        ({"format": "pdf"}, "There is no such format of a report"),
    ],
)
def test_what_is_no_period_is_refused(client: TestClient, query: dict[str, str], what: str) -> None:
    """400, with what was received and what would do."""
    answer = client.get(REPORT, params=query)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == what
    assert answer.json()["expected"]


def test_an_unknown_dataset_is_not_found(client: TestClient) -> None:
    """404, with the datasets that there are."""
    answer = client.get("/v1/datasets/taxy/report")
    assert answer.status_code == 404
    assert answer.json()["available"] == ["taxi"]


def test_reading_needs_its_token(reference: Path, tmp_path: Path) -> None:
    """Where reading has a token, a report has it too."""
    with served(settings(reference, {"tokens": {"read": "secret"}}), tmp_path) as guarded:
        assert guarded.get(REPORT).status_code == 401
        assert guarded.get(REPORT, headers={"authorization": "Bearer secret"}).status_code == 200


def test_reports_are_made_one_at_a_time(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one is made another is asked to come back; then it gets its turn."""
    counting, go_on = threading.Event(), threading.Event()
    count = reports_module.count

    def slowly(*args, **kwargs):
        counting.set()
        assert go_on.wait(300)
        return count(*args, **kwargs)

    monkeypatch.setattr(reports_module, "count", slowly)
    answers = []
    first = threading.Thread(
        target=lambda: answers.append(client.get(REPORT, params={"since": "2022-01-01"}))
    )
    first.start()
    assert counting.wait(300)
    for query in ({}, {"since": "2022-01-01"}):
        refused = client.get(REPORT, params=query)
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "5"
    go_on.set()
    first.join()
    assert answers[0].status_code == 200
    assert client.get(REPORT).status_code == 200


def test_a_log_that_cannot_be_read_is_said(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 with the cause; the next report is made."""
    from modelvane.errors import StoreError

    def scan(*_args, **_kwargs):
        raise StoreError("The log is away")

    with monkeypatch.context() as patched:
        patched.setattr(service_of(client).log, "scan", scan)
        answer = client.get(REPORT, params={"since": "2022-01-01"})
    assert answer.status_code == 503
    assert answer.json()["detail"] == "The log is away"
    assert client.get(REPORT, params={"since": "2022-01-01"}).status_code == 200


def test_the_page_leads_to_the_report(client: TestClient) -> None:
    """The dataset's page has a link to it, and the API's description has the route."""
    assert f'href="{REPORT}"' in client.get("/datasets/taxi").text
    described = client.get("/openapi.json").json()["paths"]["/v1/datasets/{dataset}/report"]["get"]
    assert set(described["responses"]["200"]["content"]) == {"text/html", "application/json"}
    assert {"400", "404", "503"} <= set(described["responses"])
