"""What the features contribute, as the live page and the report show it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from modelvane.attribution.statistics import BY_FEATURE, OF_ROWS
from modelvane.findings import Family, Finding, Findings
from modelvane.formatting import value_text
from modelvane.naming import cut_text
from modelvane.report.plotting import LyingBars
from modelvane.report.svg import OPTIONS, inline
from modelvane.report.tables import of_family
from modelvane.report.ticks import tick_text

if TYPE_CHECKING:
    from markupsafe import Markup

SHOWN = 20
"""Features with a bar and a row, those that contribute most."""
_SIZE, _MEAN = (each.name for each in BY_FEATURE)
_COVERAGE, _DISTANCE = (each.name for each in OF_ROWS)
_WIDTH, _NAME_LENGTH = 440, 26


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """One feature: its findings, its shares of all contributions, and its ranks among the features.

    Parameters
    ----------
    size, mean
        Of its contributions.
    reference_share, share
        Its part of the sizes of all features; ``None`` where one is not known.
    reference_rank, rank
        1 is what contributes most.
    """

    size: Finding
    mean: Finding
    reference_share: float | None
    share: float | None
    reference_rank: int | None
    rank: int | None


@dataclass(frozen=True, slots=True)
class AttributionTable:
    """What is shown: two findings over all features, and those that contribute most in the reference."""

    distance: Finding
    coverage: Finding
    rows: tuple[FeatureRow, ...]
    more: int
    bars: Markup | None


def attribution_table(findings: Findings | None) -> AttributionTable | None:
    """Set out the findings of attribution; ``None`` where there are none."""
    found = of_family(findings, Family.ATTRIBUTION)
    whole = {finding.measure: finding for finding in found if finding.column is None}
    if not whole:
        return None
    sizes = [finding for finding in found if finding.measure == _SIZE]
    means = {finding.column: finding for finding in found if finding.measure == _MEAN}
    before, now = (_shares([get(finding) for finding in sizes]) for get in (_reference, _value))
    ranks_before, ranks_now = _ranks(before), _ranks(now)
    rows = [
        FeatureRow(size, means[size.column], before[at], now[at], ranks_before[at], ranks_now[at])
        for at, size in enumerate(sizes)
    ]
    rows.sort(key=lambda row: (row.reference_rank or len(rows), row.size.column or ""))
    shown = tuple(rows[:SHOWN])
    told = tuple((row.size.column or "", row.reference_share, row.share) for row in shown)
    drawn = any(share is not None for _, *shares in told for share in shares)
    return AttributionTable(
        whole[_DISTANCE], whole[_COVERAGE], shown, len(rows) - len(shown), _bars(told) if drawn else None
    )


@lru_cache(64)
def _bars(rows: tuple[tuple[str, float | None, float | None], ...]) -> Markup:
    names = [cut_text(name, _NAME_LENGTH) for name, _, _ in rows]
    chart = LyingBars(
        width=_WIDTH,
        height=40 + 22 * len(rows),
        margin=4,
        margin_right=14,
        spacing=4,
        include_x_axis=True,
        min_scale=2,
        max_scale=4,
        # lying bars start at the bottom
        x_labels=names[::-1],
        x_labels_major=names,
        value_formatter=partial(tick_text, unit="ratio"),
        **OPTIONS,
    )
    chart.add("reference", [before for _, before, _ in rows[::-1]])
    chart.add("current", [now for _, _, now in rows[::-1]])
    before, now = (value_text(share, "ratio") for share in rows[0][1:])
    return inline(
        chart,
        title="Share of all contributions by feature, reference against current",
        description=f"Most in the reference: {names[0]}, {before}, now {now}.",
        classes="bars alone",
    )


def _value(finding: Finding) -> float | None:
    return finding.value


def _reference(finding: Finding) -> float | None:
    return finding.reference


def _shares(sizes: list[float | None]) -> list[float | None]:
    known = [size for size in sizes if size is not None]
    total = sum(known)
    if len(known) < len(sizes) or not total:
        return [None] * len(sizes)
    return [size / total for size in known]


def _ranks(shares: list[float | None]) -> list[int | None]:
    if None in shares:
        return [None] * len(shares)
    order = sorted(range(len(shares)), key=lambda at: -(shares[at] or 0.0))
    ranks = {at: rank for rank, at in enumerate(order, 1)}
    return [ranks[at] for at in range(len(shares))]
