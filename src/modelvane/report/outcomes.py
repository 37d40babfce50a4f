"""How good the predictions are, drawn: by group, by segment, by class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from modelvane.findings import Finding, split_limit
from modelvane.formatting import number_text, number_texts, share_text
from modelvane.naming import cut_text
from modelvane.report.charts import grouped_bars
from modelvane.report.parts.classification import ClassCurves, Confusion
from modelvane.report.parts.performance import SegmentPart
from modelvane.report.parts.regression import Group, Regression
from modelvane.report.small import amount, stacked
from modelvane.report.squares import calibration_chart, heat_map, precision_recall_chart, roc_chart
from modelvane.report.tables import text_of

_SHADES = 5
GROUPS = {"under": "Under\u2011estimates", "majority": "Majority", "over": "Over\u2011estimates"}


@dataclass(frozen=True, slots=True)
class RegressionCharts:
    """Charts of a regression; ``heat`` is ``None`` without labelled rows, ``bars`` without limits."""

    heat: Markup | None
    errors: Markup
    groups: tuple[Group, ...]
    bars: tuple[tuple[str, Markup], ...]


def regression_charts(part: Regression) -> RegressionCharts:
    """Draw a regression."""
    return RegressionCharts(
        heat=heat_map(part.heat) if part.heat is not None else None,
        errors=grouped_bars(part.errors),
        groups=part.groups,
        bars=tuple(_group_bars(part.groups)),
    )


def _group_bars(groups: Sequence[Group]) -> list[tuple[str, Markup]]:
    sides = (
        ("reference", [(group.name, group.reference_share) for group in groups]),
        ("current", [(group.name, group.current_share) for group in groups]),
    )
    return [
        (name, stacked([(group, share or 0.0) for group, share in shares], f"Estimation groups, {name}"))
        for name, shares in sides
        if any(share is not None for _, share in shares)
    ]


def limits_text(group: Group) -> str:
    """Say which errors a group has."""
    if group.above is not None and group.below is not None:
        return " to ".join(number_texts((group.above, group.below)))
    if group.above is not None:
        return f"error above {number_text(group.above)}"
    return f"error below {number_text(group.below)}" if group.below is not None else ""


@dataclass(frozen=True, slots=True)
class CurveCharts:
    """The three curves of one class."""

    label: str
    charts: tuple[tuple[str, Markup], ...]


def curve_charts(curves: Sequence[ClassCurves]) -> list[CurveCharts]:
    """Draw the curves of each class that has any."""
    return [
        CurveCharts(
            one.label,
            (
                ("ROC", roc_chart(one)),
                ("Precision and recall", precision_recall_chart(one)),
                ("Calibration", calibration_chart(one)),
            ),
        )
        for one in curves
        if one.current is not None or one.reference is not None
    ]


@dataclass(frozen=True, slots=True)
class ConfusionCell:
    """Rows of one pair of classes: how many, their share of the target's rows, and that of the reference."""

    shade: int
    rows: int
    share: str
    before: str
    is_right: bool


def confusion_rows(part: Confusion) -> list[tuple[str, list[ConfusionCell]]]:
    """Give the confusion matrix, each row as shares of its target class."""
    return [
        (
            label,
            [
                _cell(rows, sum(line), _share(part.reference, down, across), is_right=down == across)
                for across, rows in enumerate(line)
            ],
        )
        for down, (label, line) in enumerate(zip(part.labels, part.current, strict=True))
    ]


def _cell(rows: int, of: int, before: float | None, *, is_right: bool) -> ConfusionCell:
    share = rows / of if of else 0.0
    return ConfusionCell(
        shade=round(share * _SHADES),
        rows=rows,
        share=share_text(share) if of else "",
        before=share_text(before) if before is not None else "",
        is_right=is_right,
    )


def _share(matrix: tuple[tuple[int, ...], ...] | None, down: int, across: int) -> float | None:
    if matrix is None or not (of := sum(matrix[down])):
        return None
    return matrix[down][across] / of


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """One segment: the measure that is shown first as a bar, the others as text."""

    part: SegmentPart
    first: Finding | None
    bar: Markup | None
    others: tuple[str, ...]


def segment_table(
    segments: Sequence[SegmentPart], first: str | None, others: Sequence[tuple[str, str | None]]
) -> list[SegmentRow]:
    """Give the segments with one measure drawn, and others as text."""
    found = [{(f.measure, f.label): f for f in part.performance} for part in segments]
    firsts = [known.get(split_limit(first or "")) for known in found]
    largest = max(
        (
            abs(value)
            for f in firsts
            if f is not None
            for value in (f.value, f.reference)
            if value is not None
        ),
        default=0.0,
    )
    return [
        SegmentRow(
            part,
            shown,
            amount(shown.value, shown.reference, largest, f"{cut_text(part.name)}: {text_of(shown)}")
            if shown is not None and shown.value is not None
            else None,
            tuple(text_of(known.get(key)) for key in others),
        )
        for part, shown, known in zip(segments, firsts, found, strict=True)
    ]
