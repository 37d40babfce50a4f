"""What the page shows of one dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from modelvane.findings import Family, Finding, Findings, Verdict
from modelvane.report.distribution import Distribution
from modelvane.report.history import Point

SHOWN_COLUMNS = 24
SEVERITY = {
    Verdict.ALARM: 0,
    Verdict.CHANGED: 1,
    Verdict.UNDEFINED: 2,
    Verdict.OK: 3,
    Verdict.INFO: 4,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceState:
    """How the service itself does for one dataset; ``None`` for what it does not know.

    Parameters
    ----------
    rows_accepted, rows_rejected
        Rows since the start; rejected ones by reason.
    queue_rows, queue_limit
        Rows that wait to be committed, and how many may.
    commit_seconds, evaluation_seconds
        What the last commit and the last evaluation took.
    window
        The window in words, such as ``"last 5000 rows"``.
    uptime_seconds
        Since the service started.
    """

    rows_accepted: int | None = None
    rows_rejected: Mapping[str, int] = field(default_factory=dict)
    queue_rows: int | None = None
    queue_limit: int | None = None
    commit_seconds: float | None = None
    evaluation_seconds: float | None = None
    window: str = ""
    uptime_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetView:
    """Everything that the page shows of one dataset.

    Parameters
    ----------
    name
        Of the dataset.
    findings
        The last round; ``None`` before the first.
    history
        Rounds before and with the last, oldest first.
    distributions
        Of the columns to show; see `shown_columns`.
    service
        How the service does.
    headline
        Measure of performance to show first; the first one with a value when ``None``.
    """

    name: str
    findings: Findings | None = None
    history: Sequence[Findings] = ()
    distributions: Sequence[Distribution] = ()
    service: ServiceState = field(default_factory=ServiceState)
    headline: str | None = None


def drift_order(finding: Finding) -> tuple[int, float]:
    """Sort findings: alarms first, then by how far the value is beyond its line."""
    times = Point.of(finding, 0.0).times_its_line
    return SEVERITY[finding.verdict], -(times if times is not None else -1.0)


def shown_columns(findings: Findings | None, most: int | None = SHOWN_COLUMNS) -> tuple[str, ...]:
    """Name the columns whose charts the page shows: the most drifted ``most``, or all.

    Whoever builds a `DatasetView` needs no distribution of any other column.
    """
    if findings is None:
        return ()
    drift = [
        finding
        for finding in findings
        if finding.family is Family.DRIFT and finding.segment is None and finding.column is not None
    ]
    names = dict.fromkeys(str(finding.column) for finding in sorted(drift, key=drift_order))
    return tuple(names)[:most]
