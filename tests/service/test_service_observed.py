"""What alerts are made of, beside findings: ages, periods, and counts from the start."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from starlette.testclient import TestClient
from tests.service.serving import await_that, served, settings, trip

from modelvane.service.refusals import REASONS

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC).timestamp()


def sample(client: TestClient, series: str) -> float | None:
    """Give the value of a series of the dataset, or of one that has none."""
    found = re.search(
        rf'^{series}(?:\{{dataset="taxi"\}})? (\S+)$', client.get("/metrics").text, re.MULTILINE
    )
    return None if found is None else float(found[1])


def test_refusals_are_counted_from_the_start(client: TestClient) -> None:
    """Every reason of a refusal is 0 at first: a rate sees no first count of a series that was not there."""
    lines = client.get("/metrics").text.splitlines()
    for reason in REASONS:
        assert f'modelvane_ingest_rejected_rows_total{{dataset="taxi",reason="{reason}"}} 0.0' in lines


def test_the_log_tells_its_size_where_it_is_a_file(reference: Path, tmp_path: Path) -> None:
    """The log's bytes are those of its file and of what SQLite has not moved there yet; a temporary log tells none."""
    with served(settings(reference), tmp_path) as client:
        empty = sample(client, "modelvane_service_log_bytes")
        assert empty is not None
        client.post("/iterate/taxi", json=[trip(n) | {"id": n} for n in range(2000)])

        def size() -> int:
            return sum(
                file.stat().st_size for pattern in ("*.db", "*.db-wal") for file in tmp_path.glob(pattern)
            )

        # verdicts and checkpoints are written beside, between the one look and the other
        await_that(lambda: sample(client, "modelvane_service_log_bytes") == size() > empty)
    with served(settings(reference, {"store": "sqlite://"}), tmp_path) as client:
        assert sample(client, "modelvane_service_log_bytes") is None


def test_the_period_of_the_window_is_that_of_its_report(reference: Path, tmp_path: Path) -> None:
    """The report between the window's first and last event times is of the window's rows, and of no other."""
    times = {"column_mapping": {"datetime": "time"}}
    rows = [trip(n) | {"id": n, "time": datetime.fromtimestamp(NOON + n, UTC).isoformat()} for n in range(50)]
    with served(settings(reference, window={"rows": 20}, **times), tmp_path) as client:
        assert sample(client, "modelvane_service_window_start_seconds") is None
        client.post("/iterate/taxi", json=rows)
        start, end = (sample(client, f"modelvane_service_window_{edge}_seconds") for edge in ("start", "end"))
        assert (start, end) == (NOON + 30, NOON + 49)
        report = client.get(
            "/v1/datasets/taxi/report",
            params={"since": f"{start:.0f}", "until": f"{end + 1:.0f}", "format": "json"},
        ).json()
    assert report["rows"] == 20


def test_a_time_window_has_a_period_too(reference: Path, tmp_path: Path) -> None:
    """The period of a time window ends with its newest row."""
    window = {"seconds": 60, "panes": 6}
    rows = [trip(n) | {"time": datetime.fromtimestamp(NOON + n, UTC).isoformat()} for n in range(50)]
    plain = settings(reference, window=window, column_mapping={"datetime": "time"})
    with served(plain, tmp_path) as client:
        client.post("/iterate/taxi", json=rows)
        assert sample(client, "modelvane_service_window_end_seconds") == NOON + 49
        start = sample(client, "modelvane_service_window_start_seconds")
        assert start is not None
        assert NOON - 11 <= start <= NOON


def test_labels_have_an_age_once_they_came(reference: Path, tmp_path: Path) -> None:
    """No age before the first label; and one after a restart, since labels that came are expected to go on coming."""
    age = "modelvane_ingest_last_label_age_seconds"
    with served(settings(reference), tmp_path) as client:
        client.post("/iterate/taxi", json=[trip(n) | {"id": n} for n in range(3)])
        assert (sample(client, age), sample(client, "modelvane_service_labelled_rows")) == (None, 0.0)
        client.post("/v1/datasets/taxi/labels", json=[{"id": 1, "target": 5.0}])
        known = sample(client, age)
        assert known is not None
        assert 0 <= known < 60
        assert sample(client, "modelvane_service_labelled_rows") == 1.0
    with served(settings(reference), tmp_path) as client:
        assert sample(client, age) is not None
