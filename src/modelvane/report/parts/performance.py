"""Predictions against the truth: over all labelled rows, by slice and by segment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from modelvane.batch import Judged
from modelvane.findings import Family, Finding, Findings, Verdict, verdict_of
from modelvane.report.order import SEVERITY
from modelvane.report.parts.classification import ClassCurves, Confusion, confusion_part, curves_part
from modelvane.report.parts.regression import Regression, regression_part
from modelvane.report.tables import COVERAGE, LAG, drifted, drifted_of, headline, of_family

# of the measures with labels, what is told of each segment
_BY_SEGMENT = frozenset({"estimation_group_share"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SlicePart:
    """One part of the period, half open, seconds since 1970.

    Parameters
    ----------
    drifted_columns
        That alarm.
    performance
        The measure that is shown first; ``None`` where it has no value.
    """

    since: float
    until: float
    rows: int
    labelled: int
    verdict: Verdict
    drifted_columns: int
    performance: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentPart:
    """One segment: its rows, its verdict, its performance and its shares of under- and over-estimates."""

    name: str
    rows: int
    labelled: int
    verdict: Verdict
    columns: int
    drifted_columns: int
    performance: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformancePart:
    """Predictions against the truth.

    Parameters
    ----------
    headline
        Name of the measure to show first.
    findings
        Over all labelled rows, with the reference's values beside.
    regression, confusion, curves
        What the task has.
    """

    headline: str | None
    findings: tuple[Finding, ...]
    regression: Regression | None
    confusion: Confusion | None
    curves: tuple[ClassCurves, ...]


def performance_part(judged: Judged) -> PerformancePart | None:
    """Give the performance; ``None`` where the reference has no predictions with targets."""
    findings = tuple(of_family(judged.findings, Family.PERFORMANCE))
    if not findings:
        return None
    first = headline(judged.findings)
    return PerformancePart(
        headline=first.name if first is not None else None,
        findings=findings,
        regression=regression_part(judged),
        confusion=confusion_part(judged),
        curves=curves_part(judged),
    )


def slice_parts(judged: Judged) -> tuple[SlicePart, ...]:
    """Give the slices of the period."""
    first = headline(judged.findings)
    return tuple(
        SlicePart(
            since=one.since,
            until=one.until,
            rows=one.rows.rows,
            labelled=one.labelled.rows,
            verdict=found.verdict,
            drifted_columns=drifted(found)[1],
            performance=_value(found, first.name) if first is not None else None,
        )
        for one, found in zip(judged.counted.slices, judged.slices, strict=True)
    )


def _value(findings: Findings, name: str) -> float | None:
    found = (f for f in findings if f.name == name and f.family is Family.PERFORMANCE)
    return next((f.value for f in found if f.segment is None), None)


def segment_parts(judged: Judged) -> tuple[SegmentPart, ...]:
    """Give the segments, what is worst first."""
    by_segment: dict[str, list[Finding]] = {}
    for finding in judged.findings:
        if finding.segment is not None:
            by_segment.setdefault(finding.segment, []).append(finding)
    window = judged.counted.window
    parts = []
    for name, found in by_segment.items():
        rows, labelled = window.rows.segments.get(name), window.labelled.segments.get(name)
        columns, alarms = drifted_of(found)
        parts.append(
            SegmentPart(
                name=name,
                rows=rows.rows if rows is not None else 0,
                labelled=labelled.rows if labelled is not None else 0,
                verdict=verdict_of(finding.verdict for finding in found),
                columns=columns,
                drifted_columns=alarms,
                performance=tuple(_told(found)),
            )
        )
    return tuple(sorted(parts, key=lambda part: (SEVERITY[part.verdict], -part.rows)))


def _told(findings: Iterable[Finding]) -> Iterable[Finding]:
    return (
        finding
        for finding in findings
        if finding.family is Family.PERFORMANCE
        and finding.measure not in (COVERAGE, LAG)
        and (finding.label is None or finding.measure in _BY_SEGMENT)
    )
