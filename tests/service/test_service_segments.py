"""Segments over HTTP: of a column, a pair and bins; as series, on page and report, after a restart and of the log."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from prometheus_client.parser import text_string_to_metric_families
from tests.laws.test_segments import THREE, trips
from tests.service.serving import served, watch_of

from modelvane.batch import judge
from modelvane.engines.count import count
from modelvane.engines.log import LogSource
from modelvane.findings import Family, Finding
from modelvane.report.document import render_report
from modelvane.store import open_log

NAMED = ('zone="south, far"', "zone=north, hour=1", "miles=[1, 3)", "miles=other")


def _kept(findings: Any) -> list[Finding]:
    return [each for each in findings if each.segment is not None or each.family is Family.CHANGE]


def test_segments_are_watched_over_http(tmp_path: Path) -> None:
    """All three kinds are exposed and shown; a restart and a batch of the log find the same of them."""
    pq.write_table(pa.table(trips(1)), tmp_path / "reference.parquet")
    plain = {
        "datasets": {
            "taxi": {
                "column_mapping": {
                    "task": "regression",
                    "numerical_features": ["miles"],
                    "categorical_features": ["zone", "hour"],
                    "datetime": "time",
                },
                "reference_file": "reference.parquet",
                "window": {"rows": 900},
                "segments": THREE,
            }
        },
        "service": {"store": f"sqlite:///{tmp_path / 'log.db'}", "calculation_period_sec": 3600},
    }
    columns = trips(2, shift=0.5)
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    rows = [{**row, "miles": None if row["miles"] != row["miles"] else row["miles"]} for row in rows]
    with served(plain, tmp_path) as client:
        for at in range(0, len(rows), 300):
            answer = client.post("/v1/datasets/taxi/predictions", json=rows[at : at + 300])
            assert answer.status_code < 300, answer.text
        monitor = watch_of(client).monitor
        before = _kept(monitor.findings())
        exposed, page = client.get("/metrics").text, client.get("/datasets/taxi").text
    shown = {
        sample.labels["segment"]
        for family in text_string_to_metric_families(exposed)
        for sample in family.samples
        if sample.name == "modelvane_performance_mean_absolute_error"
    }
    assert set(NAMED) <= shown
    assert all(escape(name) in page.replace("&#34;", "&quot;") for name in NAMED)

    with served(plain, tmp_path) as client:
        assert _kept(watch_of(client).monitor.findings()) == before
    log = open_log(f"sqlite:///{tmp_path / 'log.db'}")
    log.open("taxi", monitor.reference.schema)
    judged = judge(
        "taxi", monitor.reference, count(LogSource(log, "taxi"), monitor.reference, now=0.0), monitor.settings
    )
    log.close()
    assert _kept(judged.findings) == before
    report = render_report(judged).replace("&#34;", "&quot;")
    assert all(escape(name) in report for name in NAMED)
