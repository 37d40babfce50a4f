"""A triangle of correlations: what each pair of columns has now, and how much that changed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from markupsafe import Markup

from modelvane.formatting import number_text
from modelvane.naming import cut_text
from modelvane.report.parts.multivariate import MultivariatePart
from modelvane.report.svg import element, wrap

_CELL, _NAMES = 34.0, 120.0
_SIZE = 1.15
_LEVELS = 8
_NAME_LENGTH = 18


def correlation_triangle(part: MultivariatePart) -> Markup:
    """Draw each pair as a square with its correlation: the stronger its colour, the more that changed."""
    side = _CELL * (len(part.columns) - 1)
    parts = [*_names(part.columns, side)]
    for down in range(1, len(part.columns)):
        for across in range(down):
            where = _NAMES + _CELL * across, _CELL * (down - 1)
            parts += _square(*where, part.reference[down][across], part.current[down][across])
    return wrap(
        parts,
        view_box=f"0 0 {_NAMES + side:g} {side + _NAMES:g}",
        title="Correlations of pairs of columns, by how much they changed",
        description=_told(part),
        classes="triangle",
        width=_SIZE * (_NAMES + side),
    )


def _names(columns: tuple[str, ...], side: float) -> Iterator[ET.Element]:
    for at, column in enumerate(columns):
        name = cut_text(column, _NAME_LENGTH)
        middle = _CELL * (at - 0.5)
        if at:
            yield element("text", {"class": "side", "x": f"{_NAMES - 6:g}", "y": f"{middle + 3.5:g}"}, name)
        if at < len(columns) - 1:
            turned = f"translate({_NAMES + middle + _CELL - 3:g} {side + 6:g}) rotate(90)"
            yield element("text", {"class": "turned", "transform": turned}, name)


def _square(x: float, y: float, before: float, now: float) -> Iterator[ET.Element]:
    level = min(_LEVELS, math.ceil(abs(now - before) * _LEVELS))
    size = {"width": f"{_CELL - 2:g}", "height": f"{_CELL - 2:g}"}
    shade = f"{'more' if now > before else 'less'} change-{level}"
    yield element("rect", {"class": shade, "x": f"{x:g}", "y": f"{y:g}", **size})
    middle = {"class": "down", "x": f"{x + _CELL / 2 - 1:g}", "y": f"{y + _CELL / 2 + 2.5:g}"}
    yield element("text", middle, f"{now:.2f}".replace("-", "−"))


def _told(part: MultivariatePart) -> str:
    pairs = ((down, across) for down in range(1, len(part.columns)) for across in range(down))
    down, across = max(pairs, key=lambda at: abs(part.current[at[0]][at[1]] - part.reference[at[0]][at[1]]))
    before, now = number_text(part.reference[down][across]), number_text(part.current[down][across])
    return f"Most changed: {part.columns[across]} and {part.columns[down]}, from {before} to {now}."
