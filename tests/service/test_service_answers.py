"""A recommender over HTTP: answers and late lists in, findings, series and pages out, the same after a restart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient
from tests.laws.answers import COLUMNS, answers, reference_of
from tests.service.serving import served, watch_of

from modelvane.batch import judge
from modelvane.engines.count import count
from modelvane.engines.log import LogSource
from modelvane.findings import Findings
from modelvane.report.document import render_report
from modelvane.store import open_log

MAPPING = {**COLUMNS, "id": "id", "datetime": "time", "categorical_features": ["kind"]}
RATES = {"last_row_age", "rows_per_second"}


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, Any]:
    """Give a config of one recommender."""
    reference = reference_of(answers(np.random.default_rng(1), 200), categorical=["kind"], time="time")
    reference.save(tmp_path / "reference.mv")
    dataset = {"column_mapping": MAPPING, "reference_file": "reference.mv", "window": {"rows": 80}}
    return {
        "datasets": {"reco": {**dataset, "thresholds": {"hit_rate@5": 0.99}}},
        "service": {"store": f"sqlite:///{tmp_path / 'log.db'}", "calculation_period_sec": 3600},
    }


def _values(found: Findings) -> dict[Any, Any]:
    return {one.key: (one.value, one.n, one.verdict) for one in found if one.measure not in RATES}


def _post(client: TestClient, path: str, body: Any) -> None:
    answer = client.post(path, json=body)
    assert answer.status_code == 200, answer.text


def test_a_recommender_is_watched_over_http(settings: dict[str, Any], tmp_path: Path) -> None:
    """What is posted is found, exposed and shown; a restart changes nothing; a report of the log says the same."""
    rows = answers(np.random.default_rng(3), 120)
    bought = [{"id": row["id"], "target": row.pop("bought")} for row in rows]
    with served(settings, tmp_path) as client:
        for at in range(0, 120, 30):
            _post(client, "/v1/datasets/reco/predictions", rows[at : at + 30])
        _post(client, "/v1/datasets/reco/labels", bought[10:])
        before = watch_of(client, "reco").monitor.findings()
        exposed = client.get("/metrics").text
        page, overview = client.get("/datasets/reco").text, client.get("/").text
    assert 'modelvane_recommendation_fallback_ratio{dataset="reco",segment=""}' in exposed
    assert 'modelvane_performance_ndcg_ratio{dataset="reco",segment="",k="5"}' in exposed
    assert 'modelvane_performance_alarm{dataset="reco",measure="hit_rate@5",segment=""} 1.0' in exposed
    assert "Catalogue coverage" in page
    # of all that is measured at k, one figure that says whether recommendations are taken
    assert "Hit rate at 5" in page
    assert "Hit rate at 5" in overview

    with served(settings, tmp_path) as client:
        monitor = watch_of(client, "reco").monitor
        assert _values(monitor.findings()) == _values(before)
        reference = monitor.reference
    log = open_log(f"sqlite:///{tmp_path / 'log.db'}")
    log.open("reco", reference.schema)
    judged = judge("reco", reference, count(LogSource(log, "reco"), reference, now=0.0))
    log.close()
    assert judged.findings.labelled == 110
    assert judged.findings.get("catalogue_coverage") is not None
    report = render_report(judged)
    assert "Measures of recommendations" in report
    assert "NDCG at k" in report
