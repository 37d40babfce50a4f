"""Fairness over HTTP: a protected column that is no feature, its groups on page, series and report, after a restart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.laws.test_fairness_laws import loans
from tests.service.serving import served, watch_of

from modelvane.batch import judge
from modelvane.config import Config
from modelvane.engines.count import count
from modelvane.engines.log import LogSource
from modelvane.errors import ConfigError
from modelvane.findings import Family, Finding, Verdict
from modelvane.reference import Reference
from modelvane.references import load_reference
from modelvane.report.document import render_report
from modelvane.store import open_log

MAPPING = {
    "task": "classification",
    "prediction": "approved",
    "target": "repaid",
    "datetime": "time",
    "numerical_features": ["income"],
}


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, Any]:
    """Give a config whose reference is built from data."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table(loans(1)), tmp_path / "reference.parquet")
    return {
        "datasets": {
            "loans": {
                "column_mapping": MAPPING,
                "reference_file": str(tmp_path / "reference.parquet"),
                "window": {"rows": 500},
                "fairness": {"column": "gender", "reference_group": "m", "positive": 1},
                "thresholds": {"demographic_parity_difference": 0.1},
            }
        },
        "service": {"store": f"sqlite:///{tmp_path / 'log.db'}", "calculation_period_sec": 3600},
    }


def _fair(findings: Any) -> list[Finding]:
    return [finding for finding in findings if finding.family is Family.FAIRNESS]


def test_a_protected_column_is_watched_over_http(settings: dict[str, Any], tmp_path: Path) -> None:
    """Series, page and report tell of the groups; a restart and a batch of the log find the same."""
    columns = loans(2, 500, against=0.6)
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    with served(settings, tmp_path) as client:
        for at in range(0, 500, 100):
            answer = client.post("/v1/datasets/loans/predictions", json=rows[at : at + 100])
            assert answer.status_code < 300, answer.text
        monitor = watch_of(client, "loans").monitor
        before = _fair(monitor.findings())
        exposed, page = client.get("/metrics").text, client.get("/datasets/loans").text
    assert [column.name for column in monitor.reference.schema.features] == ["income"]
    assert (
        'modelvane_fairness_group_selection_rate_ratio{dataset="loans",column="gender",group="f"}' in exposed
    )
    alarm = 'modelvane_fairness_alarm{dataset="loans",column="gender",measure="demographic_parity_difference"} 1.0'
    assert alarm in exposed
    assert "Between the groups of gender" in page
    assert "Demographic parity, difference" in page

    with served(settings, tmp_path) as client:
        monitor = watch_of(client, "loans").monitor
        assert _fair(monitor.findings()) == before
    log = open_log(f"sqlite:///{tmp_path / 'log.db'}")
    log.open("loans", monitor.reference.schema)
    counted = count(LogSource(log, "loans"), monitor.reference, now=0.0)
    judged = judge("loans", monitor.reference, counted, monitor.settings)
    log.close()
    assert _fair(judged.findings) == before
    assert judged.findings.verdict is Verdict.ALARM
    report = render_report(judged)
    assert "Gaps between the groups of gender" in report
    assert "Selection rate per group" in report


def test_a_saved_reference_has_to_know_the_groups(tmp_path: Path) -> None:
    """A reference that was built without the protected column is refused, with the remedy."""
    Reference.of(loans(1), prediction="approved", target="repaid", task="classification").save(
        tmp_path / "reference.mv"
    )
    config = Config.of(
        {
            "datasets": {
                "loans": {
                    "column_mapping": MAPPING,
                    "reference_file": "reference.mv",
                    "fairness": {"column": "gender"},
                }
            }
        },
        tmp_path,
    )
    with pytest.raises(ConfigError, match="other segments"):
        load_reference(config, "loans")


@pytest.mark.parametrize(
    ("fairness", "text"),
    [
        ({"colum": "gender"}, "colum"),
        ({"column": "gender", "least_rows": 0}, "least_rows"),
        ([{"column": "gender"}, {"column": "gender"}], "twice"),
        ("gender", "fairness"),
    ],
)
def test_a_setting_of_fairness_that_says_nothing_is_refused(fairness: Any, text: str) -> None:
    """Unknown settings, impossible numbers and columns that are named twice are told."""
    with pytest.raises(ConfigError, match=text):
        Config.of({"datasets": {"loans": {"fairness": fairness}}})
