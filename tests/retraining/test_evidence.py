"""When findings bear an alert out: both lines, one of them, none of them."""

from __future__ import annotations

from typing import Any

import pytest

from modelvane.findings import Family, Finding, Findings, Verdict
from modelvane.retraining import evidence_of


def drift(value: float | None, **more: Any) -> Finding:
    """Give a finding with a noise floor of 0.1 and a usual range of 0.2, unless told otherwise."""
    told = {
        "family": Family.DRIFT,
        "measure": "kolmogorov_smirnov",
        "column": "distance",
        "verdict": Verdict.ALARM,
    }
    return Finding(**{**told, "value": value, "noise_floor": 0.1, "usual_range": 0.2, "n": 500} | more)


def found(*findings: Finding, rows: int = 500) -> Findings:
    """Give a round of these findings."""
    return Findings("taxi", 0.0, rows, 0, findings)


def test_both_lines_are_crossed() -> None:
    """A value above noise floor and usual range is evidence, and is told with its lines."""
    evidence = evidence_of(found(drift(0.3)))
    assert evidence
    assert evidence.why == "distance above both lines (0.3, noise floor 0.1, usual range 0.2)"
    assert evidence.to_dict()[0]["usual_range"] == 0.2


@pytest.mark.parametrize(
    "finding",
    [
        drift(0.15, verdict=Verdict.CHANGED),
        drift(0.05, verdict=Verdict.OK),
        # alarms that go on by their hysteresis alone
        drift(0.19),
        drift(0.095, usual_range=None),
        # the habit is narrower than the noise: one line alone is not both
        drift(0.15, noise_floor=0.18, usual_range=0.1),
        drift(0.3, segment="zone=1"),
        drift(0.3, verdict=Verdict.INFO),
        drift(None, verdict=Verdict.UNDEFINED),
        drift(0.3, family=Family.QUALITY, measure="missing_share"),
        drift(3.0, family=Family.PERFORMANCE, measure="label_lag", threshold=1.0),
    ],
)
def test_what_is_no_evidence(finding: Finding) -> None:
    """Less than both lines, what was not judged, a segment, quality and late labels start nothing."""
    evidence = evidence_of(found(finding))
    assert not evidence
    assert evidence.why


def test_without_a_usual_range_the_noise_floor_decides() -> None:
    """Where there is no usual range the noise floor alone decides, and the reason is told."""
    why = "no usual range: the reference has no time column"
    evidence = evidence_of(found(drift(0.3, usual_range=None, why=why)))
    assert evidence
    assert "which alone decides" in evidence.why
    assert why in evidence.why


def test_a_limit_of_the_config_decides() -> None:
    """Where the config sets a limit there are no learned lines, and the limit decides, also on the lower side."""
    worse = drift(
        0.6,
        family=Family.PERFORMANCE,
        measure="accuracy",
        column=None,
        noise_floor=None,
        usual_range=None,
        threshold=0.7,
    )
    assert evidence_of(found(worse)).why == "accuracy beyond its limit (0.6, limit 0.7)"

    held = drift(0.195, noise_floor=None, usual_range=None, threshold=0.2)
    assert not evidence_of(found(held)), "an alarm that goes on by its hysteresis alone"
    assert evidence_of(found(drift(0.21, noise_floor=None, usual_range=None, threshold=0.2)))


def test_what_is_said_of_nothing() -> None:
    """An empty window and changes within the habit are told apart."""
    assert evidence_of(found(rows=0)).why == "the window has no rows"
    within = drift(0.15, verdict=Verdict.CHANGED)
    assert evidence_of(found(within)).why.startswith("1 finding is above the noise floor")


def test_many_columns_are_not_all_named() -> None:
    """The first few findings are named, the others counted."""
    evidence = evidence_of(found(*(drift(0.3, column=f"c{n}") for n in range(10))))
    assert evidence.why.endswith(" and 7 more")
    assert len(evidence.crossed) == 10
