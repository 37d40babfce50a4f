"""Findings sorted into the rows that templates draw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from markupsafe import Markup
from msgspec.structs import replace

from modelvane.findings import JUDGED, Family, Finding, Findings, Verdict, verdict_of
from modelvane.formatting import value_text
from modelvane.report.charts import bullet
from modelvane.report.history import Point, unit_of
from modelvane.report.order import SEVERITY, drift_order
from modelvane.statistics import versions

COVERAGE, LAG = "label_coverage", "label_lag"
# of these every value above zero is a fault, whether or not it has lines
_FAULTS = frozenset(
    {
        "missing_share",
        "infinite_share",
        "wrong_type_share",
        "unseen_share",
        "out_of_range_share",
        "constant",
        "duplicate_ids",
        "late_rows",
        "missing_columns",
        "unexpected_columns",
    }
)
_OFF = (Verdict.ALARM, Verdict.CHANGED)
_HEADLINES = ("mean_absolute_error", "accuracy", "roc_auc")
_HITS = "hit_rate"


@dataclass(frozen=True, slots=True)
class DriftRow:
    """One row of the drift table."""

    finding: Finding
    bar: Markup | None
    times_its_line: float | None


@dataclass(frozen=True, slots=True)
class Matrix:
    """One row per column or segment, one cell per measure; a cell is ``None`` where it was not measured."""

    heads: tuple[tuple[str, str | None], ...]
    rows: tuple[tuple[str, tuple[Finding | None, ...]], ...]


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """One segment in one line; ``off`` are the findings that give it its alarm, or its change."""

    name: str
    rows: int
    verdict: Verdict
    drifted: int
    columns: int
    performance: Finding | None
    off: tuple[Finding, ...]


def of_family(findings: Findings | None, family: Family) -> list[Finding]:
    """Give the findings of a family over the whole window, in the catalogue's order."""
    return [f for f in findings or () if f.family is family and f.segment is None]


def drift_rows(findings: Findings | None, shown: Sequence[str]) -> list[DriftRow]:
    """Give the drift table of the shown columns, what is worst on top."""
    names = frozenset(shown)
    drift = (finding for finding in of_family(findings, Family.DRIFT) if finding.column in names)
    return [drift_row(finding) for finding in sorted(drift, key=drift_order)]


def drift_row(finding: Finding) -> DriftRow:
    """Give one row of the drift table, with the value against its line."""
    point = Point.of(finding, 0.0)
    times, line = point.times_its_line, point.line
    bar = None
    if times is not None:
        floor = finding.noise_floor / line if finding.noise_floor is not None and line else None
        said = f"{times:.2g} times the line of an alarm" if line else "the line of an alarm is 0"
        title = f"{finding.column}: {said}"
        bar = bullet(times, floor if floor != 1.0 else None, title)
    return DriftRow(finding, bar, times)


def shared_reason(findings: Iterable[Finding]) -> str:
    """Give the reason that more than half of the findings have in common, to be said once; else nothing."""
    counts = Counter(finding.why for finding in findings)
    reason, count = max(counts.items(), key=itemgetter(1), default=("", 0))
    return reason if count * 2 > counts.total() else ""


def drifted(findings: Findings) -> tuple[int, int]:
    """Count the columns that have a verdict, and those of them that alarm."""
    return drifted_of(of_family(findings, Family.DRIFT))


def drifted_of(findings: Iterable[Finding]) -> tuple[int, int]:
    """Do the same for findings of one segment, or of all rows."""
    judged = [f for f in findings if f.family is Family.DRIFT and f.verdict in JUDGED]
    alarms = {finding.column for finding in judged if finding.verdict is Verdict.ALARM}
    return len({finding.column for finding in judged}), len(alarms)


def headline(findings: Findings | None, wanted: str | None = None) -> Finding | None:
    """Give the measure of performance to show first: the wanted one, a usual one, or any with a value.

    Of a recommender that is its hit rate, at the middle of its k.
    """
    found = of_family(findings, Family.PERFORMANCE)
    measured = {
        finding.measure: finding
        for finding in found
        if finding.label is None and finding.measure not in (COVERAGE, LAG)
    }
    hits = [finding for finding in found if finding.measure == _HITS]
    if hits:
        measured = {_HITS: hits[(len(hits) - 1) // 2]} | measured
    for name in (wanted, *_HEADLINES, _HITS):
        if name in measured:
            return measured[name]
    return next((f for f in measured.values() if f.value is not None), next(iter(measured.values()), None))


def faults(findings: Findings | None) -> list[Finding]:
    """Give the findings of quality that are off, what is worst on top."""
    found = [
        finding
        for finding in of_family(findings, Family.QUALITY)
        if finding.verdict in _OFF
        or (finding.measure in _FAULTS and finding.verdict is not Verdict.OK and (finding.value or 0) > 0)
    ]
    return sorted(found, key=lambda finding: SEVERITY[finding.verdict])


def matrix(findings: Iterable[Finding], most: int | None = None) -> Matrix:
    """Set findings of at most ``most`` columns out: columns down, measures (and their labels) across."""
    cells: dict[str, dict[tuple[str, str | None], Finding]] = {}
    across: dict[tuple[str, str | None], None] = {}
    for finding in findings:
        if finding.column is not None:
            cells.setdefault(finding.column, {})[finding.measure, finding.label] = finding
            across[finding.measure, finding.label] = None
    return Matrix(
        tuple(across), tuple((name, tuple(map(row.get, across))) for name, row in list(cells.items())[:most])
    )


@dataclass(frozen=True, slots=True)
class FairnessRow:
    """One protected column: the gaps between its groups, and what each group has."""

    column: str
    between: tuple[Finding, ...]
    by_group: Matrix


def fairness_rows(findings: Findings | None) -> list[FairnessRow]:
    """Give the protected columns, each with one line per group."""
    found = of_family(findings, Family.FAIRNESS)
    columns = dict.fromkeys(finding.column or "" for finding in found)
    return [_fairness_row(name, [finding for finding in found if finding.column == name]) for name in columns]


def _fairness_row(column: str, found: Sequence[Finding]) -> FairnessRow:
    # in the matrix a group stands where a column does elsewhere
    groups = (replace(f, column=f.label, label=None) for f in found if f.label is not None)
    return FairnessRow(column, tuple(f for f in found if f.label is None), matrix(groups))


@dataclass(frozen=True, slots=True)
class VersionRows:
    """Versions of the model: what each lost, and what is decided of each challenger."""

    lines: tuple[VersionLine, ...]
    decided: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One loss of one version; the champion's is compared with nothing."""

    version: str
    rows: Finding | None
    mean: Finding
    apart: Finding | None
    lower: Finding | None
    upper: Finding | None
    said: str


_DECIDED = {1.0: "better", 0.0: "not decided yet", -1.0: "worse"}


def version_rows(findings: Findings | None) -> VersionRows | None:
    """Give one line per loss and version; ``None`` where there are none."""
    found = of_family(findings, Family.VERSIONS)
    if not found:
        return None
    by = {(each.measure, each.label): each for each in found}
    losses = [each.name for each in versions.COMPARED]
    lines = [
        _version_line(by, each) for name in losses for each in found if each.measure == name and each.label
    ]
    return VersionRows(tuple(lines), tuple(each.cause for each in found if each.cause))


def _version_line(by: Mapping[tuple[str, str | None], Finding], mean: Finding) -> VersionLine:
    def beside(what: str) -> Finding | None:
        return by.get((f"{mean.measure}_{what}", mean.label))

    decision = beside(versions.DECISION)
    said = "champion" if decision is None else decision.why or _DECIDED.get(decision.value or 0.0, "")
    return VersionLine(
        mean.label or "",
        by.get((versions.ROWS, mean.label)),
        mean,
        beside(versions.DIFFERENCE),
        beside(versions.LOWER),
        beside(versions.UPPER),
        said,
    )


def segment_rows(findings: Findings | None, measure: str | None) -> list[SegmentRow]:
    """Give one line per segment, what is worst on top, each with one measure of performance."""
    by_segment: dict[str, list[Finding]] = {}
    for finding in findings or ():
        if finding.segment is not None:
            by_segment.setdefault(finding.segment, []).append(finding)
    rows = []
    for name, found in by_segment.items():
        columns, alarms = drifted_of(found)
        verdict = verdict_of(finding.verdict for finding in found)
        rows.append(
            SegmentRow(
                name,
                max(finding.n for finding in found),
                verdict,
                alarms,
                columns,
                next((f for f in found if f.name == measure), None),
                tuple(f for f in found if f.verdict is verdict and verdict in _OFF),
            )
        )
    return sorted(rows, key=lambda row: (SEVERITY[row.verdict], -row.rows))


def note_of(finding: Finding) -> str:
    """Say what made a value, why it is missing, and how close it is."""
    parts = [finding.cause, finding.why]
    if finding.error_bound:
        parts.append(f"± {value_text(finding.error_bound, unit_of(finding))}")
    return " · ".join(part for part in parts if part)


def text_of(finding: Finding | None) -> str:
    """Write a finding's value in its unit."""
    return value_text(finding.value, unit_of(finding)) if finding else value_text(None)
