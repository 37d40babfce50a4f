"""The heat strip: columns down, slices of the period across, so that one sees when a change began."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from modelvane.findings import Verdict
from modelvane.formatting import NOTHING, number_text, share_text, span_text, value_text, written
from modelvane.report.parts.columns import ColumnPart, Moment
from modelvane.report.parts.performance import SlicePart
from modelvane.report.small import column_of_rows
from modelvane.report.wording import WORDS

_DAY = 86_400.0
_YEAR = 365 * _DAY
# beyond this many columns the cells go without a tooltip each: the number in them is what matters
_MOST_TOLD = 60


@dataclass(frozen=True, slots=True)
class Cell:
    """One column in one slice: its shade, its text, and what to say of it in full."""

    shade: str
    text: str
    told: str


@dataclass(frozen=True, slots=True)
class Strip:
    """What the template draws.

    Parameters
    ----------
    heads
        Of each slice a short time and the whole span.
    rows
        Columns with their cells, what is worst first.
    counts
        Rows of each slice, drawn and as text.
    performance
        Of each slice, as text; empty without a measure.
    """

    heads: tuple[tuple[str, str], ...]
    rows: tuple[tuple[ColumnPart, tuple[Cell, ...]], ...]
    counts: tuple[tuple[Markup, str], ...]
    performance: tuple[str, ...]


def strip_of(columns: Sequence[ColumnPart], slices: Sequence[SlicePart], unit: str) -> Strip:
    """Set the strip out; ``unit`` is that of the performance."""
    spans = [span_text(one.since, one.until) for one in slices]
    named = spans if len(columns) <= _MOST_TOLD else [""] * len(spans)
    most = max((one.rows for one in slices), default=0)
    has_performance = any(one.performance is not None for one in slices)
    return Strip(
        heads=tuple((text, span) for text, span in zip(_times(slices), spans, strict=True)),
        rows=tuple((part, tuple(map(_cell, part.moments, named))) for part in columns),
        counts=tuple((column_of_rows(one.rows, most), _short(one.rows)) for one in slices),
        performance=tuple(value_text(one.performance, unit) for one in slices) if has_performance else (),
    )


def _cell(moment: Moment, span: str) -> Cell:
    times = moment.times_its_line
    told = f"{span}: {_said(moment)}" if span else ""
    if moment.value is None:
        return Cell("none", NOTHING, told)
    if times is None:
        return Cell("alarm-3" if moment.verdict is Verdict.ALARM else "ok-1", "!", told)
    # what has not reached its line does not read as if it had
    shown = min(times, 0.94) if times <= 1 else times
    text = f"{shown:.1f}" if shown < 9.95 else "99+" if shown >= 99.5 else f"{shown:.0f}"
    return Cell(_shade(moment.verdict, times), text, told)


def _shade(verdict: Verdict, times: float) -> str:
    if verdict is Verdict.ALARM:
        return f"alarm-{1 if times < 1.5 else 2 if times < 3 else 3}"
    if verdict is Verdict.CHANGED:
        return "changed-2" if times >= 0.75 else "changed-1"
    return f"ok-{1 if times < 1 / 3 else 2 if times < 2 / 3 else 3}"


def _said(moment: Moment) -> str:
    if moment.value is None:
        return "no value"
    said = f"{WORDS[moment.verdict]}, {number_text(moment.value)}"
    times = moment.times_its_line
    if times is None:
        return said
    return f"{said}, {share_text(times)} of its line" if times < math.inf else f"{said}; its line is 0"


def _times(slices: Sequence[SlicePart]) -> list[str]:
    if not slices:
        return []
    step, span = slices[0].until - slices[0].since, slices[-1].until - slices[0].since
    moments = [round(one.since / 60) * 60 for one in slices]
    if span <= _DAY:
        return [written(moment, "%H:%M", pads=True) for moment in moments]
    pattern = "%d %b %H:%M" if step < _DAY else "%d %b" if span < _YEAR else "%d %b %Y"
    return [written(moment, pattern) for moment in moments]


def _short(rows: int) -> str:
    for size, unit in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if rows >= size:
            return f"{rows / size:.3g}{unit}"
    return str(rows)
