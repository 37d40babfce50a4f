"""Findings are computed when someone asks, once, and beside the stream."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.service.serving import PATIENCE_SECONDS, served, settings, trip, watch_of

from modelvane.monitor import Monitor


class Gate:
    """Holds evaluations until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.entered, self.open = threading.Event(), threading.Event()
        measure = Monitor.measure

        def held(monitor: Monitor) -> Any:
            self.entered.set()
            assert self.open.wait(PATIENCE_SECONDS)
            return measure(monitor)

        monkeypatch.setattr(Monitor, "measure", held)


@pytest.mark.parametrize("rows", [1, 500])
def test_rows_are_taken_while_findings_are_computed(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    """While a scrape computes, rows and labels are posted and answered, and other routes too."""
    gate = Gate(monkeypatch)
    with ThreadPoolExecutor(1) as pool:
        scrape = pool.submit(client.get, "/metrics")
        assert gate.entered.wait(PATIENCE_SECONDS)
        posted = client.post("/iterate/taxi", json=[trip(n) | {"id": n} for n in range(rows)])
        labelled = client.post("/v1/datasets/taxi/labels", json=[{"id": 0, "target": 5.0}])
        alive = client.get("/healthz")
        assert not scrape.done()
        gate.open.set()
        assert scrape.result(PATIENCE_SECONDS).status_code == 200
    assert (posted.json()["accepted"], labelled.json()["matched"], alive.status_code) == (rows, 1, 200)


def test_concurrent_scrapes_compute_once(
    reference: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scrapes, pages and findings that are asked for at once share one evaluation, and get the same."""
    gate = Gate(monkeypatch)
    with (
        served(settings(reference, {"calculation_period_sec": 60}), tmp_path) as client,
        ThreadPoolExecutor(8) as pool,
    ):
        asked = [pool.submit(client.get, "/v1/datasets/taxi/findings") for _ in range(6)]
        others = [pool.submit(client.get, path) for path in ("/metrics", "/datasets/taxi")]
        assert gate.entered.wait(PATIENCE_SECONDS)
        gate.open.set()
        assert len({future.result(PATIENCE_SECONDS).content for future in asked}) == 1
        assert {future.result(PATIENCE_SECONDS).status_code for future in others} == {200}
        assert watch_of(client).evaluations == 1


def test_findings_are_good_for_a_period(reference: Path, tmp_path: Path) -> None:
    """Within ``calculation_period_sec`` findings are those of before; then, or with the clock set back, new ones."""
    with served(settings(reference, {"calculation_period_sec": 60}), tmp_path) as client:
        watch = watch_of(client)
        now = [1000.0]
        monkey = (watch, watch.monitor)
        for each in monkey:
            each._clock = lambda: now[0]
        assert watch.latest().findings.rows == 0
        client.post("/iterate/taxi", json=[trip(1)])
        now[0] += 59
        assert client.get("/v1/datasets/taxi/findings").json()["rows"] == 0
        now[0] += 1
        assert client.get("/v1/datasets/taxi/findings").json()["rows"] == 1
        client.post("/iterate/taxi", json=[trip(2)])
        now[0] -= 3600
        assert client.get("/v1/datasets/taxi/findings").json()["rows"] == 2
        assert watch.evaluations == 3


def test_one_evaluation_per_scrape(client: TestClient) -> None:
    """Even when findings are good for no time at all a scrape or a page computes each dataset once."""
    for path in ("/metrics", "/", "/datasets/taxi"):
        before = watch_of(client).evaluations
        assert client.get(path).status_code == 200
        assert watch_of(client).evaluations == before + 1, path


def test_one_dataset_that_fails(
    reference: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A dataset whose evaluation fails loses its own findings: the others' series and the traffic are there."""
    plain = settings(reference)
    plain["datasets"]["other"] = plain["datasets"]["taxi"]
    with served(plain, tmp_path) as client:

        def broken() -> Any:
            raise RuntimeError("broken beyond words")

        monkeypatch.setattr(watch_of(client, "taxi").monitor, "measure", broken)
        with caplog.at_level(logging.ERROR):
            answer = client.get("/metrics")
    assert answer.status_code == 200
    assert 'modelvane_dataset_drift{dataset="taxi"' not in answer.text
    assert 'modelvane_quality_rows{dataset="other"' in answer.text
    for line in (
        'modelvane_service_evaluation_up{dataset="taxi"} 0.0',
        'modelvane_service_evaluation_up{dataset="other"} 1.0',
        'modelvane_ingest_rows_total{dataset="taxi"} 0.0',
    ):
        assert line in answer.text.splitlines()
    assert "broken beyond words" in caplog.text


def test_what_the_service_says_of_itself(client: TestClient) -> None:
    """Rows, duplicates, refusals and labels are counted, and a scrape shows them."""
    client.post("/iterate/taxi", json=[trip(n) | {"id": n} for n in (1, 2, 2)])
    client.post("/iterate/taxi", content=b"{", headers={"content-type": "application/json"})
    client.post("/v1/datasets/taxi/labels", json=[{"id": 1, "target": 5.0}, {"id": "x", "target": 1}])
    text = client.get("/metrics").text
    for line in (
        'modelvane_ingest_rows_total{dataset="taxi"} 2.0',
        'modelvane_ingest_duplicate_rows_total{dataset="taxi"} 1.0',
        'modelvane_ingest_rejected_rows_total{dataset="taxi",reason="malformed"} 1.0',
        'modelvane_ingest_labels_total{dataset="taxi",outcome="matched"} 1.0',
        'modelvane_ingest_labels_total{dataset="taxi",outcome="waiting"} 1.0',
        "modelvane_service_log_rows 2.0",
    ):
        assert line in text.splitlines()


def test_openmetrics(client: TestClient) -> None:
    """Who asks for OpenMetrics gets it."""
    answer = client.get("/metrics", headers={"accept": "application/openmetrics-text"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")
