"""Drawings small enough for a row of a table, or for hundreds of them: a few rectangles each.

pygal takes three milliseconds and two kilobytes for a chart, which is what a page of 500 columns has no room for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.etree import ElementTree as ET

from markupsafe import Markup

from modelvane.formatting import share_text
from modelvane.report.distribution import Distribution
from modelvane.report.svg import element, wrap

_MINI = (120, 28)
_BAR = (120, 14)


def mini_bars(distribution: Distribution) -> Markup:
    """Draw the reference as a shape and the current rows as a line over it, bin by bin.

    The bar of all other categories is left out: beside it nothing else can be seen.
    """
    width, height = _MINI
    sides = [
        [share for i, share in enumerate(side) if i != distribution.others]
        for side in (distribution.reference, distribution.current)
    ]
    largest = max((*sides[0], *sides[1]), default=0.0) or 1.0
    step = width / max(1, len(sides[0]))
    tops = [[height - 1 - share / largest * (height - 3) for share in side] for side in sides]
    shape = f"M0 {height}" + "".join(f"V{top:.1f}h{step:.4g}" for top in tops[0]) + f"V{height}Z"
    parts = [element("path", {"class": "reference", "d": shape})]
    if tops[1] and distribution.current_rows:
        line = f"M0 {tops[1][0]:.1f}" + "".join(f"V{top:.1f}h{step:.4g}" for top in tops[1])
        parts.append(element("path", {"class": "current", "d": line}))
    title = f"{distribution.column}: share of rows, reference against current"
    return wrap(parts, view_box=f"0 0 {width} {height}", title=title, description="", classes="mini")


def amount(value: float, beside: float | None, largest: float, title: str) -> Markup:
    """Draw a value as a bar, and what it is compared with as a mark."""
    width, height = _BAR
    scale = width / largest if largest > 0 else 0.0
    parts = [_rect("track", 0, 3, width, height - 6), _rect("bar", 0, 3, abs(value) * scale, height - 6)]
    if beside is not None:
        parts.append(_rect("beside", min(width - 2, abs(beside) * scale), 0, 2, height))
    return wrap(parts, view_box=f"0 0 {width} {height}", title=title, description="", classes="amount")


def part_of_change(part: float, largest: float, title: str) -> Markup:
    """Draw what one bin adds to a change: to the right where current has more, to the left where it has less."""
    width, height = _BAR
    reach = abs(part) / (largest or 1.0) * width / 2
    start = width / 2 if part > 0 else width / 2 - reach
    parts = [
        _rect("more" if part > 0 else "less", start, 2, reach, height - 4),
        _rect("middle", width / 2 - 0.5, 0, 1, height),
    ]
    return wrap(parts, view_box=f"0 0 {width} {height}", title=title, description="", classes="part")


def column_of_rows(rows: int, most: int) -> Markup:
    """Draw how many rows a slice has, as one upright bar."""
    tall = rows / most * 20 if most else 0.0
    bar = _rect("bar", 0, 20 - tall, 20, tall)
    return wrap([bar], view_box="0 0 20 20", title=f"{rows} rows", description="", classes="upright")


def stacked(parts: Sequence[tuple[str, float]], title: str) -> Markup:
    """Draw shares that add up to 1 as one bar; ``parts`` are names and shares."""
    width, height = 600, 18
    drawn, at = [], 0.0
    for name, share in parts:
        drawn.append(_rect(f"is-{name}", at, 0, share * width, height))
        at += share * width
    told = ", ".join(f"{name} {share_text(share)}" for name, share in parts)
    return wrap(drawn, view_box=f"0 0 {width} {height}", title=title, description=told, classes="stacked")


def path_of(rectangles: Iterable[tuple[float, float, float, float]]) -> str:
    """Give many rectangles (x, y, width, height) as one path."""
    return "".join(f"M{x:.1f} {y:.1f}h{w:.1f}v{h:.1f}h{-w:.1f}z" for x, y, w, h in rectangles)


def _rect(classes: str, x: float, y: float, width: float, height: float) -> ET.Element:
    where = {"x": x, "y": y, "width": width, "height": height}
    return element("rect", {"class": classes, **{key: f"{value:.4g}" for key, value in where.items()}})
