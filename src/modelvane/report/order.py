"""What comes first: findings by how much they matter."""

from __future__ import annotations

from collections.abc import Iterable

from modelvane.findings import Family, Finding, Findings, Verdict
from modelvane.report.history import Point

SHOWN_COLUMNS = 24
SEVERITY = {
    Verdict.ALARM: 0,
    Verdict.CHANGED: 1,
    Verdict.UNDEFINED: 2,
    Verdict.OK: 3,
    Verdict.INFO: 4,
}


def drift_order(finding: Finding) -> tuple[int, float]:
    """Sort findings: alarms first, then by how far the value is beyond its line."""
    times = Point.of(finding, 0.0).times_its_line
    return SEVERITY[finding.verdict], -(times if times is not None else -1.0)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Give the one that matters most; no verdict where there is none."""
    return min(verdicts, key=SEVERITY.__getitem__, default=Verdict.UNDEFINED)


def shown_columns(findings: Findings | None, most: int | None = SHOWN_COLUMNS) -> tuple[str, ...]:
    """Name the columns whose charts are shown: the most drifted ``most``, or all."""
    if findings is None:
        return ()
    drift = [
        finding
        for finding in findings
        if finding.family is Family.DRIFT and finding.segment is None and finding.column is not None
    ]
    names = dict.fromkeys(str(finding.column) for finding in sorted(drift, key=drift_order))
    return tuple(names)[:most]
