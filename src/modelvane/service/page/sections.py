"""Sections of a dataset's page: findings sorted into the rows that the templates draw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from markupsafe import Markup

from modelvane.findings import Family, Finding, Findings, Verdict
from modelvane.report.charts import bullet, grouped_bars, over_time, shift_text
from modelvane.report.distribution import Distribution
from modelvane.report.formatting import value_text
from modelvane.report.history import Key, Point, Series, unit_of
from modelvane.service.page.view import SEVERITY, DatasetView, drift_order
from modelvane.service.page.wording import title_of

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
_HEADLINES = ("mean_absolute_error", "accuracy", "roc_auc")


@dataclass(frozen=True, slots=True)
class DriftRow:
    """One row of the drift table."""

    finding: Finding
    bar: Markup | None
    times_its_line: float | None


@dataclass(frozen=True, slots=True)
class ColumnCard:
    """Charts of one column."""

    finding: Finding
    trend: Markup | None
    distribution: Distribution | None
    bars: Markup | None
    shift: str


@dataclass(frozen=True, slots=True)
class Trend:
    """One measure of performance over time."""

    finding: Finding
    chart: Markup


@dataclass(frozen=True, slots=True)
class Matrix:
    """One row per column or segment, one cell per measure; a cell is ``None`` where it was not measured."""

    heads: tuple[tuple[str, str | None], ...]
    rows: tuple[tuple[str, tuple[Finding | None, ...]], ...]


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """One segment in one line."""

    name: str
    rows: int
    verdict: Verdict
    drifted: int
    columns: int
    performance: Finding | None


def of_family(findings: Findings | None, family: Family) -> list[Finding]:
    """Give the findings of a family over the whole window, in the catalogue's order."""
    return [f for f in findings or () if f.family is family and f.segment is None]


def drift_rows(findings: Findings | None, shown: Sequence[str]) -> list[DriftRow]:
    """Give the drift table of the shown columns, what is worst on top."""
    rows, names = [], frozenset(shown)
    drift = (finding for finding in of_family(findings, Family.DRIFT) if finding.column in names)
    for finding in sorted(drift, key=drift_order):
        point = Point.of(finding, 0.0)
        times, line = point.times_its_line, point.line
        bar = None
        if times is not None and line:
            floor = finding.noise_floor / line if finding.noise_floor is not None else None
            title = f"{finding.column}: {times:.2g} times the line of an alarm"
            bar = bullet(times, floor if floor != 1.0 else None, title)
        rows.append(DriftRow(finding, bar, times))
    return rows


def shared_reason(findings: Iterable[Finding]) -> str:
    """Give the reason that more than half of the findings have in common, to be said once; else nothing."""
    counts = Counter(finding.why for finding in findings)
    reason, count = max(counts.items(), key=itemgetter(1), default=("", 0))
    return reason if count * 2 > counts.total() else ""


def column_cards(
    view: DatasetView, shown: Sequence[str], series: Mapping[Key, Series], titles: Mapping[str, str]
) -> list[ColumnCard]:
    """Give the charts of the shown columns: the worst drift finding of each over time, and its distribution."""
    distributions = {distribution.column: distribution for distribution in view.distributions}
    worst: dict[str, Finding] = {}
    for finding in sorted(of_family(view.findings, Family.DRIFT), key=drift_order):
        worst.setdefault(str(finding.column), finding)
    cards = []
    for name in shown:
        finding, found = worst[name], distributions.get(name)
        past = series.get(finding.key)
        title = f"{name}: {title_of(finding.measure, titles)} over time"
        cards.append(
            ColumnCard(
                finding,
                over_time(past, title) if past and not past.is_empty else None,
                found,
                grouped_bars(found) if found else None,
                shift_text(found) if found else "",
            )
        )
    return cards


def headline(view: DatasetView) -> Finding | None:
    """Give the measure of performance to show first."""
    measured = {
        finding.measure: finding
        for finding in of_family(view.findings, Family.PERFORMANCE)
        if finding.label is None and finding.measure not in (COVERAGE, LAG)
    }
    for name in (view.headline, *_HEADLINES):
        if name in measured:
            return measured[name]
    return next((f for f in measured.values() if f.value is not None), next(iter(measured.values()), None))


def trends(view: DatasetView, series: Mapping[Key, Series], titles: Mapping[str, str]) -> list[Trend]:
    """Give the headline, the coverage and the lag of labels over time."""
    first = headline(view)
    others = (f for f in of_family(view.findings, Family.PERFORMANCE) if f.measure in (COVERAGE, LAG))
    shown = [finding for finding in (first, *others) if finding is not None]
    return [
        Trend(finding, over_time(series[finding.key], f"{title_of(finding.measure, titles)} over time"))
        for finding in shown
        if finding.key in series and not series[finding.key].is_empty
    ]


def faults(findings: Findings | None) -> list[Finding]:
    """Give the findings of quality that are off, what is worst on top."""
    found = [
        finding
        for finding in of_family(findings, Family.QUALITY)
        if finding.verdict in (Verdict.ALARM, Verdict.CHANGED)
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


def segment_rows(view: DatasetView) -> list[SegmentRow]:
    """Give one line per segment, what is worst on top."""
    by_segment: dict[str, list[Finding]] = {}
    for finding in view.findings or ():
        if finding.segment is not None:
            by_segment.setdefault(finding.segment, []).append(finding)
    first = headline(view)
    measure = first.measure if first else view.headline
    rows = []
    for name, found in by_segment.items():
        drift = [finding for finding in found if finding.family is Family.DRIFT]
        rows.append(
            SegmentRow(
                name,
                max(finding.n for finding in found),
                min((finding.verdict for finding in found), key=SEVERITY.__getitem__),
                len({finding.column for finding in drift if finding.verdict is Verdict.ALARM}),
                len({finding.column for finding in drift}),
                next((f for f in found if f.measure == measure and f.label is None), None),
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
