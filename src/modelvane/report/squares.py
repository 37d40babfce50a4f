"""Square charts with two axes in numbers: predicted against actual, and the curves of probabilities."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.etree import ElementTree as ET

from markupsafe import Markup

from modelvane.formatting import number_text, share_text
from modelvane.report.parts.classification import ClassCurves, Curves
from modelvane.report.parts.regression import Heat
from modelvane.report.small import path_of
from modelvane.report.svg import element, wrap

_SIDE = 260.0
_LEFT, _TOP, _RIGHT, _BOTTOM = 44.0, 8.0, 10.0, 34.0
_LEVELS = 8
# the lightest level begins at this part of the greatest density
_FAINT = 0.004
# so far apart that their difference is a number, too
_LARGEST, _SMALLEST = 1e300, 1e-300


@dataclass(frozen=True, slots=True)
class _Axes:
    """A square whose two axes go from ``low`` to ``high``."""

    low: float
    high: float

    def x(self, value: float) -> float:
        return _LEFT + self._part(value) * _SIDE

    def y(self, value: float) -> float:
        return _TOP + (1 - self._part(value)) * _SIDE

    def _part(self, value: float) -> float:
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))

    def drawn(
        self, across: str, up: str, ticks: Sequence[float], named: Sequence[float]
    ) -> Iterator[ET.Element]:
        bottom = _TOP + _SIDE
        for tick in ticks:
            x, y = self.x(tick), self.y(tick)
            grid = f"M{x:.1f} {_TOP:g}V{bottom:g}M{_LEFT:g} {y:.1f}h{_SIDE:g}"
            yield element("path", {"class": "grid", "d": grid})
        for tick in named:
            where = {"class": "down", "x": f"{self.x(tick):.1f}", "y": f"{bottom + 13:g}"}
            yield element("text", where, _tick_text(tick))
            where = {"class": "side", "x": f"{_LEFT - 5:g}", "y": f"{self.y(tick) + 3.5:.1f}"}
            yield element("text", where, _tick_text(tick))
        middle = f"{_LEFT + _SIDE / 2:g}"
        yield element("text", {"class": "down name", "x": middle, "y": f"{bottom + 29:g}"}, across)
        turned = f"translate(11 {_TOP + _SIDE / 2:g}) rotate(-90)"
        yield element("text", {"class": "down name", "transform": turned}, up)

    def diagonal(self) -> ET.Element:
        line = f"M{_LEFT:g} {_TOP + _SIDE:g}L{_LEFT + _SIDE:g} {_TOP:g}"
        return element("path", {"class": "even", "d": line})


def heat_map(heat: Heat) -> Markup:
    """Draw predictions (up) against targets (across): the stronger the colour, the more rows for each unit of area.

    Both axes have one scale, so that a perfect model is the diagonal. They end a bin's width beyond the inner limits,
    where the outermost bins reach farther: one value of a million must not make a point of all others.
    """
    axes = _axes_of(heat)
    cells = list(_cells(heat, axes))
    most = max(density for *_, density in cells)
    levels: dict[int, list[tuple[float, float, float, float]]] = {}
    for x, y, width, height, density in cells:
        levels.setdefault(_level(density / most), []).append((x, y, width, height))
    shades = (
        element("path", {"class": f"heat-{level}", "d": path_of(rectangles)})
        for level, rectangles in sorted(levels.items())
    )
    ticks = _ticks(axes.low, axes.high)
    parts = [*axes.drawn("target", "prediction", ticks, ticks), *shades, axes.diagonal()]
    return _square(parts, "Predictions against targets", _told(heat), "heat")


def _axes_of(heat: Heat) -> _Axes:
    lows, highs = zip(*(_reach(limits) for limits in (heat.down, heat.across)), strict=True)
    low, high = max(min(lows), -_LARGEST), min(max(highs), _LARGEST)
    size = max(abs(low), abs(high))
    if high - low > max(size * 1e-9, _SMALLEST):
        return _Axes(low, high)
    # numbers of this size are hardly told apart: one value alone
    room = size / 2 if size > _SMALLEST else 0.5
    return _Axes(low - room, high + room)


def _reach(limits: Sequence[float]) -> tuple[float, float]:
    inner = limits[1:-1]
    if len(inner) < 2:
        return limits[0], limits[-1]
    return max(limits[0], 2 * inner[0] - inner[1]), min(limits[-1], 2 * inner[-1] - inner[-2])


def _cells(heat: Heat, axes: _Axes) -> Iterator[tuple[float, float, float, float, float]]:
    for (low, high), rows in zip(pairwise(heat.down), heat.counts, strict=True):
        top, bottom = axes.y(high), axes.y(low)
        for (left, right), count in zip(pairwise(heat.across), rows, strict=True):
            start, end = axes.x(left), axes.x(right)
            width, height = max(end - start, 1.0), max(bottom - top, 1.0)
            if count:
                yield start, top, width, height, count / (width * height)


def _level(part: float) -> int:
    return max(1, math.ceil(_LEVELS * (1 - math.log(max(part, _FAINT)) / math.log(_FAINT))))


def _told(heat: Heat) -> str:
    rows = sum(map(sum, heat.counts))
    over = sum(
        count
        for (low, _), line in zip(pairwise(heat.down), heat.counts, strict=True)
        for (_, right), count in zip(pairwise(heat.across), line, strict=True)
        if low >= right
    )
    under = sum(
        count
        for (_, high), line in zip(pairwise(heat.down), heat.counts, strict=True)
        for (left, _), count in zip(pairwise(heat.across), line, strict=True)
        if high <= left
    )
    return (
        f"{share_text(over / rows)} of rows lie clearly above the diagonal (too high a prediction), "
        f"{share_text(under / rows)} clearly below it."
    )


def _ticks(low: float, high: float) -> list[float]:
    rough = (high - low) / 5
    scale = 10.0 ** math.floor(math.log10(rough))
    step = next(step for step in (scale, 2 * scale, 5 * scale, 10 * scale) if step >= rough)
    return [i * step for i in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _tick_text(tick: float) -> str:
    return f"{tick:g}".replace("-", "−") if abs(tick) < 1000 else number_text(tick)


_UNIT = _Axes(0.0, 1.0)
_QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)
_HALVES = (0.0, 0.5, 1.0)


def roc_chart(curves: ClassCurves) -> Markup:
    """Draw the share of positives found against the share of false alarms, for every threshold."""
    lines = [(name, side.roc) for name, side in _sides(curves)]
    parts = [*_UNIT.drawn("false-positive rate", "true-positive rate", _QUARTERS, _HALVES), _UNIT.diagonal()]
    return _curve(parts, lines, f"ROC curve of class {curves.label}")


def precision_recall_chart(curves: ClassCurves) -> Markup:
    """Draw precision against recall, for every threshold; the dotted line is that of a coin."""
    lines = [(name, side.precision_recall) for name, side in _sides(curves)]
    parts = list(_UNIT.drawn("recall", "precision", _QUARTERS, _HALVES))
    for _, side in _sides(curves)[-1:]:
        y = _UNIT.y(side.positives / (side.positives + side.negatives))
        parts.append(element("path", {"class": "even", "d": f"M{_LEFT:g} {y:.1f}h{_SIDE:g}"}))
    return _curve(parts, lines, f"Precision and recall of class {curves.label}")


def calibration_chart(curves: ClassCurves) -> Markup:
    """Draw how often the class was true against how likely it was said to be; the diagonal is honest."""
    lines = [(name, [(b.score, b.share) for b in side.calibration]) for name, side in _sides(curves)]
    parts = [*_UNIT.drawn("mean probability", "share true", _QUARTERS, _HALVES), _UNIT.diagonal()]
    for name, points in lines:
        for x, y in points:
            where = {"cx": f"{_UNIT.x(x):.1f}", "cy": f"{_UNIT.y(y):.1f}", "r": "2.5"}
            parts.append(element("circle", {"class": name, **where}))
    return _curve(parts, lines, f"Calibration of class {curves.label}")


def _sides(curves: ClassCurves) -> list[tuple[str, Curves]]:
    both = (("reference", curves.reference), ("current", curves.current))
    return [(name, side) for name, side in both if side is not None]


def _curve(
    parts: list[ET.Element], lines: Sequence[tuple[str, Sequence[tuple[float, float]]]], title: str
) -> Markup:
    for name, points in lines:
        path = "L".join(f"{_UNIT.x(x):.1f} {_UNIT.y(y):.1f}" for x, y in points)
        parts.append(element("path", {"class": f"curve {name}", "d": f"M{path}"}))
    return _square(parts, title, "", "curves")


def _square(parts: Sequence[ET.Element], title: str, description: str, classes: str) -> Markup:
    box = f"0 0 {_LEFT + _SIDE + _RIGHT:g} {_TOP + _SIDE + _BOTTOM:g}"
    return wrap(parts, view_box=box, title=title, description=description, classes=f"square {classes}")
