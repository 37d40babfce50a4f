"""The summary of findings at the end of a bounded demo."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from examples.shared.summary import FindingsError, fetch_findings, print_summary, require_drift

if TYPE_CHECKING:
    from rich.console import Console


def finding(family: str, measure: str, verdict: str, **rest: object) -> dict[str, Any]:
    empty = dict.fromkeys(("column", "segment", "label", "value", "noise_floor", "usual_range"))
    return {"family": family, "measure": measure, "verdict": verdict, "unit": "", "why": "", **empty, **rest}


def findings(*of: dict[str, Any], computed_at: float = 100.0) -> dict[str, Any]:
    return {
        "dataset": "taxi",
        "verdict": "alarm",
        "computed_at": computed_at,
        "rows": 5000,
        "findings": list(of),
    }


def test_the_summary_shows_alarms_and_performance_and_counts_the_rest(console: Console) -> None:
    """What is in order is counted, not listed; what is not is listed with its lines."""
    print_summary(
        findings(
            finding(
                "drift",
                "kolmogorov_smirnov",
                "alarm",
                column="trip_distance",
                value=0.21,
                noise_floor=0.03,
                usual_range=0.08,
            ),
            finding("drift", "jensen_shannon", "ok", column="payment_type", value=0.01),
            finding("performance", "mae", "info", value=4.53, unit="minutes"),
        ),
        console,
    )
    told = console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO
    for expected in ("trip_distance", "0.21", "0.03", "0.08", "4.53 minutes", "1 alarm, 1 info, 1 ok"):
        assert expected in told
    assert "payment_type" not in told


def test_drift_in_alarm_is_enough() -> None:
    """One column in alarm is drift."""
    require_drift(
        findings(finding("drift", "psi", "ok", column="a"), finding("drift", "psi", "alarm", column="b"))
    )


def test_findings_without_drift_are_a_failure() -> None:
    """A demo in which nothing is found has failed, alarms of other families notwithstanding."""
    with pytest.raises(FindingsError, match=r"No drift was found.*'ok': 1"):
        require_drift(findings(finding("drift", "psi", "ok"), finding("quality", "missing", "alarm")))


def test_stale_findings_are_not_summed_up(http_server: Any) -> None:
    """The monitor is asked until its findings are younger than the last row."""
    answers = [findings(computed_at=time) for time in (11.0, 10.0, 9.0)]
    with http_server(lambda *_: (200, json.dumps(answers.pop()).encode())) as address:
        found = fetch_findings(address, "taxi", since=10.5, check=lambda: None)
    assert found["computed_at"] == 11.0


def test_findings_that_are_never_renewed_are_an_error(http_server: Any) -> None:
    """The wait for fresh findings has an end."""
    with (
        http_server(lambda *_: (200, json.dumps(findings(computed_at=1.0)).encode())) as address,
        pytest.raises(FindingsError, match="not renewed"),
    ):
        fetch_findings(address, "taxi", since=2.0, check=lambda: None, patience=0.0)


def test_a_monitor_that_refuses_is_quoted(http_server: Any) -> None:
    """An error of the monitor is shown with its body."""
    with (
        http_server(lambda *_: (404, b"unknown dataset taxi")) as address,
        pytest.raises(FindingsError, match=r"answered 404.*unknown dataset taxi"),
    ):
        fetch_findings(address, "taxi", since=0.0, check=lambda: None)
