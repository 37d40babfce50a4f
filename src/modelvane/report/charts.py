"""The charts of the live page and the report: plain data in, SVG text out.

Colours, widths and dashes are the page's business: series carry classes, ``static/charts.css`` styles them.
Equal data give the same text, so it is kept: a page that refreshes draws only what changed.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache, partial
from operator import attrgetter
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from modelvane.formatting import share_text, value_text
from modelvane.naming import cut_text
from modelvane.report.history import Point
from modelvane.report.plotting import Bars, Lines, LyingBars, Trend
from modelvane.report.svg import OPTIONS, inline, wrap
from modelvane.report.ticks import duration_ticks, tick_text, time_tick_text, time_ticks
from modelvane.schema import Kind

if TYPE_CHECKING:
    from markupsafe import Markup

    from modelvane.report.distribution import Distribution
    from modelvane.report.history import Series

_KEPT_CHARTS = 256
_WIDTH, _HEIGHT = 400, 150
_BULLET = (120.0, 16.0)
_BULLET_REACH = 2.0
_NAME_LENGTH = 18
_LEVELS = 3
_REACH = 1e100


@lru_cache(_KEPT_CHARTS)
def over_time(series: Series, title: str, marks: tuple[float, ...] = ()) -> Markup:
    """Draw one value over time with its noise floor, usual range and configured threshold.

    Parameters
    ----------
    series
        Values of many rounds; a gap in the line is a round without a value.
    title
        What is measured, for screen readers.
    marks
        Moments to mark by an upright line, seconds since 1970; those outside of the picture are left out.
    """
    told = _told(series)
    series = replace(series, points=tuple(map(_within_reach, series.points)))
    points = series.points
    times = [point.at for point in points]
    highest = max(_drawn(series), default=0.0)
    chart = Lines(
        width=_WIDTH,
        height=_HEIGHT,
        margin=4,
        margin_right=14,
        spacing=4,
        show_dots=False,
        allow_interruptions=True,
        include_x_axis=True,
        min_scale=2,
        max_scale=4,
        x_labels=time_ticks(times),
        y_labels=duration_ticks(highest) if series.unit == "seconds" else [],
        x_value_formatter=partial(time_tick_text, times=times),
        value_formatter=partial(tick_text, unit=series.unit),
        **OPTIONS,
    )
    values = [(point.at, point.value) for point in points]
    # a line needs two points; a dot shows the first one
    chart.add("value", values, show_dots=len(values) < 3, dots_size=2.5)
    levels = _levels(series)
    upright = _upright(series, marks)
    if upright:
        levels += [[]] * (_LEVELS - len(levels)) + [upright]
    for level in levels:
        chart.add(None, level)
    return inline(chart, title=title, description=told, classes="over-time")


@lru_cache(_KEPT_CHARTS)
def grouped_bars(distribution: Distribution) -> Markup:
    """Draw the reference's and the current share of every bin (upright) or category (lying)."""
    is_numerical = distribution.kind is Kind.NUMERICAL
    ticks = (
        distribution.ticks
        if is_numerical
        else tuple(cut_text(name, _NAME_LENGTH) for name in distribution.ticks)
    )
    kind, height = (Bars, _HEIGHT) if is_numerical else (LyingBars, 30 + 13 * len(ticks))
    chart = kind(
        width=_WIDTH,
        height=height,
        margin=4,
        margin_right=14,
        spacing=4,
        include_x_axis=True,
        min_scale=2,
        max_scale=4,
        x_labels=list(ticks[:: 1 if is_numerical else -1]),
        x_labels_major=_sparse(ticks) if is_numerical else list(ticks),
        show_minor_x_labels=not is_numerical,
        value_formatter=partial(tick_text, unit="ratio"),
        **OPTIONS,
    )
    # lying bars start at the bottom
    step = 1 if is_numerical else -1
    chart.add("reference", distribution.reference[::step])
    chart.add("current", distribution.current[::step])
    title = f"{distribution.column}: share of rows, reference against current"
    return inline(chart, title=title, description=shift_text(distribution), classes="bars")


@lru_cache(_KEPT_CHARTS)
def sparkline(values: tuple[float | None, ...], title: str, line: float | None = None) -> Markup:
    """Draw a small trend without axes, with one level to compare it with."""
    chart = Trend(
        width=160,
        height=36,
        margin=3,
        spacing=0,
        show_dots=False,
        allow_interruptions=True,
        include_x_axis=True,
        show_x_labels=False,
        show_y_labels=False,
        show_y_guides=False,
        **{**OPTIONS, "no_data_text": ""},
    )
    chart.add("line", [_reached(line)] * len(values) if line is not None else [])
    chart.add("value", list(map(_reached, values)))
    known = [value for value in values if value is not None]
    told = f"Now {value_text(known[-1])}, highest {value_text(max(known))}." if known else "No values yet."
    return inline(chart, title=title, description=told, classes="sparkline")


def bullet(times_its_line: float, noise_floor: float | None, title: str) -> Markup:
    """Draw a value against its line, for a row of a table: the line stands in the middle of every row.

    pygal has no such chart, and it is four rectangles (Few, Bullet graph design specification, 2006).

    Parameters
    ----------
    times_its_line
        The value in units of its alarm line; beyond twice the line the bar ends in an arrow.
    noise_floor
        The noise floor in the same units, where it is not the alarm line itself.
    title
        What a screen reader says.
    """
    width, height = _BULLET
    is_beyond = times_its_line > _BULLET_REACH
    end = width - 8 if is_beyond else max(times_its_line, 0.0) / _BULLET_REACH * width
    over = "over" if times_its_line > 1 else "under"
    parts = [
        _rect("track", 0, 4, width - 8 if is_beyond else width, height - 8),
        _rect(f"bar {over}", 0, 4, end, height - 8),
    ]
    if is_beyond:
        arrow = f"M{width - 8:g} 2 L{width:g} {height / 2:g} L{width - 8:g} {height - 2:g} Z"
        parts.append(ET.Element("path", {"class": "beyond", "d": arrow}))
    if noise_floor is not None and 0 <= noise_floor < 1:
        parts.append(_rect("noise", noise_floor / _BULLET_REACH * width - 0.75, 2, 1.5, height - 4))
    parts.append(_rect("line", width / _BULLET_REACH - 1, 0, 2, height))
    return wrap(parts, view_box=f"0 0 {width:g} {height:g}", title=title, description="", classes="bullet")


def shift_text(distribution: Distribution) -> str:
    """Say where two distributions differ most."""
    shift = distribution.largest_shift
    if shift is None:
        return "No rows in the window." if distribution.reference_rows else "No rows in the reference."
    label, reference, current = shift
    if reference == current:
        return "No difference."
    before, now = share_text(reference), share_text(current)
    if before == now:
        return "Hardly any difference."
    return f"Largest shift: {cut_text(label, 40)}, {before} → {now}"


def _told(series: Series) -> str:
    known = [point for point in series.points if point.value is not None]
    if not known:
        return "No values yet."
    last, said = known[-1], []
    for name, level in (
        ("noise floor", last.noise_floor),
        ("usual range", last.usual_range),
        ("threshold", last.threshold),
    ):
        if level is not None:
            said.append(f"{name} {value_text(level, series.unit)}")
    return ", ".join([f"Last value {value_text(last.value, series.unit)}", *said]) + f"; {len(known)} rounds."


def _within_reach(point: Point) -> Point:
    levels = map(_reached, (point.value, point.noise_floor, point.usual_range, point.threshold))
    return Point(point.at, *levels)


def _reached(value: float | None) -> float | None:
    """Give a value as near as it can be drawn: the steps of an axis are floats too."""
    if value is None:
        return None
    return 0.0 if abs(value) < 1 / _REACH else max(-_REACH, min(value, _REACH))


def _levels(series: Series) -> list[list[tuple[float, float | None]]]:
    """Give noise floor, usual range and threshold as lines; their place is their class, so only the last may lack."""
    levels = [
        _corners([(point.at, level(point)) for point in series.points])
        for level in (attrgetter("noise_floor"), attrgetter("usual_range"), attrgetter("threshold"))
    ]
    while levels and all(level is None for _, level in levels[-1]):
        levels.pop()
    return levels


def _drawn(series: Series) -> list[float]:
    return [
        value
        for point in series.points
        for value in (point.value, point.noise_floor, point.usual_range, point.threshold)
        if value is not None
    ]


def _upright(series: Series, marks: tuple[float, ...]) -> list[tuple[float, float | None]]:
    """Give an upright line at each mark, from the lowest to the highest thing drawn."""
    times = [point.at for point in series.points]
    drawn = _drawn(series)
    if not drawn:
        return []
    low, high = min(0.0, *drawn), max(0.0, *drawn)
    shown = sorted({mark for mark in marks if times[0] <= mark <= times[-1]})
    return [corner for mark in shown for corner in ((mark, low), (mark, high), (mark, None))]


def _corners(levels: list[tuple[float, float | None]]) -> list[tuple[float, float | None]]:
    """Drop the points inside a level stretch: they change nothing in the picture."""
    inner = range(1, len(levels) - 1)
    dull = {i for i in inner if levels[i - 1][1] == levels[i][1] == levels[i + 1][1]}
    return [level for i, level in enumerate(levels) if i not in dull]


def _sparse(ticks: tuple[str, ...]) -> list[str]:
    step = max(1, -(-len(ticks) // 5))
    return [tick for i, tick in enumerate(ticks) if i % step == step // 2]


def _rect(classes: str, x: float, y: float, width: float, height: float) -> ET.Element:
    where = {"x": x, "y": y, "width": width, "height": height}
    return ET.Element("rect", {"class": classes, **{key: f"{value:.4g}" for key, value in where.items()}})
