"""Sections of a dataset's page that take its history: the charts of its columns and of its performance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from modelvane.events import Kind
from modelvane.findings import Family, Finding, Verdict
from modelvane.report.charts import grouped_bars, over_time, shift_text
from modelvane.report.distribution import Distribution
from modelvane.report.history import Key, Series
from modelvane.report.order import drift_order
from modelvane.report.tables import COVERAGE, LAG, headline, of_family
from modelvane.report.wording import title_of
from modelvane.service.page.view import DatasetView


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
                over_time(past, title, view.marks) if past and not past.is_empty else None,
                found,
                grouped_bars(found) if found else None,
                shift_text(found) if found else "",
            )
        )
    return cards


def trends(view: DatasetView, series: Mapping[Key, Series], titles: Mapping[str, str]) -> list[Trend]:
    """Give the headline, the coverage and the lag of labels over time."""
    first = headline(view.findings, view.headline)
    others = (f for f in of_family(view.findings, Family.PERFORMANCE) if f.measure in (COVERAGE, LAG))
    shown = [finding for finding in (first, *others) if finding is not None]
    return [
        Trend(
            finding,
            over_time(series[finding.key], f"{title_of(finding.name, titles)} over time", view.marks),
        )
        for finding in shown
        if finding.key in series and not series[finding.key].is_empty
    ]


_SHOWN_EVENTS = 30
_ALARMING = (Kind.ALERT_FIRING, Kind.RETRAIN_FAILED, Kind.REFERENCE_REFUSED)
_CHANGING = (Kind.RETRAIN_STARTED, Kind.RETRAIN_REHEARSED, Kind.RETRAIN_SKIPPED)


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the timeline."""

    at: float
    kind: str
    verdict: Verdict
    what: str
    times: int


def timeline(view: DatasetView) -> list[Happening]:
    """Give what happened last, the newest first; what happened again and again is one line.

    Half of the lines are for what modelvane did, however many alerts came.
    """
    alerts = [told for told in view.events if told.event.kind.is_alert]
    others = [told for told in view.events if not told.event.kind.is_alert]
    half = _SHOWN_EVENTS // 2
    last = sorted([*alerts[-half:], *others[-half:]], key=lambda told: told.event.at)
    return [
        Happening(
            told.event.at,
            told.event.kind.replace("_", " "),
            Verdict.ALARM
            if told.event.kind in _ALARMING
            else Verdict.CHANGED
            if told.event.kind in _CHANGING
            else Verdict.OK,
            told.event.what,
            told.times,
        )
        for told in reversed(last)
    ]
