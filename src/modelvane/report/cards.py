"""One card for each column that has full charts: over time, reference against current, and what made a change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup
from msgspec.structs import replace

from modelvane.batch import Judged
from modelvane.findings import Finding, Verdict
from modelvane.formatting import number_text, share_text, value_text
from modelvane.report.charts import grouped_bars, over_time, shift_text
from modelvane.report.history import Key, Point, Series, series_of, unit_of
from modelvane.report.parts.columns import ColumnPart, Contribution, Gap
from modelvane.report.small import part_of_change
from modelvane.report.tables import COVERAGE, headline
from modelvane.report.wording import title_of

_NAMED = 5
_FAR = 1000


@dataclass(frozen=True, slots=True)
class Card:
    """Charts of one column, and its contributions where there is a change to explain."""

    part: ColumnPart
    against: str
    trend: Markup | None
    bars: Markup
    shift: str
    gap: str
    made_by: tuple[tuple[Contribution, Markup], ...]


def slice_series(judged: Judged) -> Mapping[Key, Series]:
    """Give drift and performance over the slices, each at the middle of its slice."""
    rounds = [
        replace(found, computed_at=(one.since + one.until) / 2)
        for one, found in zip(judged.counted.slices, judged.slices, strict=True)
    ]
    return series_of(rounds)


def cards_of(
    columns: Sequence[ColumnPart], series: Mapping[Key, Series], titles: Mapping[str, str]
) -> list[Card]:
    """Give the cards of some columns."""
    return [_card(part, series, titles) for part in columns]


def _card(part: ColumnPart, series: Mapping[Key, Series], titles: Mapping[str, str]) -> Card:
    finding = part.finding
    past = series.get(finding.key)
    is_explained = finding.verdict in (Verdict.ALARM, Verdict.CHANGED)
    largest = max((abs(one.part) for one in part.contributions), default=0.0)
    return Card(
        part=part,
        against=_against(part),
        trend=over_time(past, f"{part.name}: {title_of(finding.measure, titles)} over the period")
        if past is not None and len(past.points) > 1 and not past.is_empty
        else None,
        bars=grouped_bars(part.distribution),
        shift=shift_text(part.distribution),
        gap=_gap_text(part.gap) if part.gap is not None and is_explained else "",
        made_by=tuple(
            (one, part_of_change(one.part, largest, _title(one))) for one in part.contributions[:_NAMED]
        )
        if is_explained
        else (),
    )


def _against(part: ColumnPart) -> str:
    finding = part.finding
    if finding.value is None:
        return finding.why
    said = value_text(finding.value, unit_of(finding))
    line = Point.of(finding, 0.0).line
    if line is None:
        return said
    text = value_text(line, unit_of(finding))
    times = part.times_its_line
    if times is None:
        return said
    if line == 0:
        return f"{said}; any above {text} is an alarm"
    # a line that is next to nothing is exceeded by any factor
    factor = number_text(times) if times < _FAR else f"more than {_FAR}"
    return f"{said}, {factor} times its line of {text}"


def _gap_text(gap: Gap) -> str:
    reach = f"at or below {number_text(gap.at)}" if gap.inclusive else f"below {number_text(gap.at)}"
    return f"Farthest apart {reach}: {share_text(gap.reference)} of the reference, {share_text(gap.current)} now."


def _title(one: Contribution) -> str:
    way = "more" if one.part > 0 else "less"
    return f"{one.label}: {share_text(abs(one.part))} of the change, {way} than in the reference"


@dataclass(frozen=True, slots=True)
class Trend:
    """One measure of performance over the period."""

    finding: Finding
    chart: Markup


def trends_of(judged: Judged, series: Mapping[Key, Series], titles: Mapping[str, str]) -> list[Trend]:
    """Give the headline and the coverage of labels over the period."""
    coverage = judged.findings.get(COVERAGE)
    shown = [finding for finding in (headline(judged.findings), coverage) if finding is not None]
    return [
        Trend(finding, over_time(past, f"{title_of(finding.name, titles)} over the period"))
        for finding in shown
        if (past := series.get(finding.key)) is not None
        # a measure that stood still needs no chart
        and len({point.value for point in past.points} - {None}) > 1
    ]
