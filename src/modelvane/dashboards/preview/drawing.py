"""Panels as plain HTML and SVG, by the charts that the live page and the report share."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from markupsafe import Markup

from modelvane.dashboards.model import Colour, Panel, Part, State, Step
from modelvane.dashboards.preview.answers import Answer, Shown
from modelvane.dashboards.preview.wording import text_of
from modelvane.dashboards.units import Unit
from modelvane.report.plotting import Lines
from modelvane.report.svg import OPTIONS, inline
from modelvane.report.ticks import time_tick_text, time_ticks

COLOURS = 10
"""Colours of lines; the eleventh line has the first one again."""

_WIDTH_OF_CELL = 50
# lines that have not got a colour of their own
_LEVEL = re.compile(r"serie-\d+ color-\d+(?=\")")
# 0.80 is 0.8 on an axis, and 8.0 is 8
_IDLE_ZEROS = re.compile(r"\.0+(?!\d)|(\.\d*[1-9])0+(?!\d)")
_HEIGHT = 190
_NUMBERS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart."""

    name: str
    points: tuple[tuple[float, float], ...]
    part: Part
    colour: int

    @property
    def last(self) -> float:
        """The newest value."""
        return self.points[-1][1]


@dataclass(frozen=True, slots=True)
class Band:
    """One series of states: rectangles from left to right, as shares of the width."""

    name: str
    pieces: tuple[tuple[float, float, State], ...]


@dataclass(frozen=True, slots=True)
class Number:
    """One value with its colour."""

    name: str
    text: str
    colour: str
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class Table:
    """Heads and cells."""

    heads: tuple[str, ...]
    lines: tuple[tuple[Number, ...], ...]


def lines_of(shown: Shown) -> list[Line]:
    """Give the lines of a chart: values first, what they are held against after them."""
    found = [
        (answer.legend(series), series.points, answer.query.part)
        for answer in shown.answers
        for series in sorted(answer.series, key=lambda series: _natural(answer.legend(series)))
    ]
    found.sort(key=lambda line: line[2] is Part.LINE)
    return [
        Line(name, tuple((at, value) for at, value in points if math.isfinite(value)), part, i % COLOURS)
        for i, (name, points, part) in enumerate(found)
        if any(math.isfinite(value) for _, value in points)
    ]


def _natural(name: str) -> list[tuple[int, str]]:
    """Give what puts 5 before 10, which Prometheus orders as text."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in _NUMBERS.split(name)]


def chart(panel: Panel, lines: Sequence[Line], since: float, until: float) -> Markup:
    """Draw lines over time."""
    drawn = Lines(
        width=panel.width * _WIDTH_OF_CELL,
        height=_HEIGHT,
        margin=4,
        margin_right=14,
        spacing=4,
        show_dots=False,
        allow_interruptions=True,
        xrange=(since, until),
        range=_range(panel, lines),
        min_scale=2,
        max_scale=4,
        x_labels=time_ticks((since, until)),
        x_value_formatter=partial(time_tick_text, times=(since, until)),
        y_labels=_byte_ticks(_range(panel, lines)) if panel.unit is Unit.BYTES else [],
        value_formatter=partial(_tick, unit=panel.unit),
        **OPTIONS,
    )
    for line in lines:
        drawn.add(None, _with_gaps(line.points), show_dots=len(line.points) < 3, dots_size=2.5)
    for level in _levels(panel, lines):
        drawn.add(None, [(since, level), (until, level)])
    told = ", ".join(f"{line.name} {text_of(line.last, panel.unit)}" for line in lines)
    text = str(inline(drawn, title=panel.title, description=f"Last values: {told}.", classes="of-panel"))
    for i, line in enumerate(lines):
        classes = f"colour-{line.colour}{' beside' if line.part is Part.LINE else ''}"
        text = text.replace(f'serie-{i} color-{i}"', f'{classes}"')
    return Markup(_LEVEL.sub("level", text))  # noqa: S704 - the drawing has escaped every text, and classes are ours


def bands_of(shown: Shown, since: float, until: float) -> list[Band]:
    """Give the states of each series as pieces of the time that is shown."""
    return [
        Band(answer.legend(series), tuple(_pieces(series.points, shown.panel.states, since, until)))
        for answer in shown.answers
        for series in answer.series
    ]


def numbers_of(shown: Shown) -> list[Number]:
    """Give the last value of each series, with its share of the largest."""
    found = [
        (answer.legend(series), series.points[-1][1]) for answer in shown.answers for series in answer.series
    ]
    largest = max((abs(value) for _, value in found if math.isfinite(value)), default=0.0)
    return [
        Number(
            name,
            *_worded(value, shown.panel.unit, shown.panel.states, shown.panel.steps),
            share=abs(value) / largest if largest and math.isfinite(value) else 0.0,
        )
        for name, value in found
    ]


def table_of(shown: Shown) -> Table:
    """Give a line per set of labels and a column per query, as Grafana merges them."""
    hidden = {"__name__", *shown.panel.hidden}
    names: dict[str, None] = {}
    cells: dict[tuple[tuple[str, str], ...], dict[int, Number]] = {}
    for i, answer in enumerate(shown.answers):
        for series in answer.series:
            labels = {name: value for name, value in series.labels.items() if name not in hidden}
            names |= dict.fromkeys(labels)
            cells.setdefault(tuple(sorted(labels.items())), {})[i] = _cell(
                answer, series.points[-1][1], shown
            )
    return Table(
        (*names, *(answer.query.legend for answer in shown.answers)),
        tuple(
            (
                *(Number("", dict(labels).get(name, ""), "") for name in names),
                *(found.get(i, Number("", "", "")) for i in range(len(shown.answers))),
            )
            for labels, found in sorted(cells.items())
        ),
    )


def _cell(answer: Answer, value: float, shown: Shown) -> Number:
    return Number("", *_worded(value, answer.query.unit or shown.panel.unit, answer.query.states, ()))


def _worded(value: float, unit: Unit, states: Sequence[State], steps: Sequence[Step]) -> tuple[str, str]:
    for state in states:
        if state.value == value:
            return state.text, state.colour.name.lower()
    colour = ""
    for step in steps:
        if step.value is None or value >= step.value:
            colour = step.colour.name.lower()
    return text_of(value, unit), colour


def _pieces(
    points: Sequence[tuple[float, float]], states: Sequence[State], since: float, until: float
) -> Iterator[tuple[float, float, State]]:
    """Join neighbours of one state; a step that is missing is a gap."""
    step = min((b[0] - a[0] for a, b in pairwise(points)), default=until - since)
    begin, end, last = since, since, None
    for at, value in points:
        state = next((each for each in states if each.value == value), State(0, f"{value:g}", Colour.QUIET))
        if last is not None and (state != last or at - end > step * 0.5):
            yield (begin - since) / (until - since), (end - begin) / (until - since), last
            begin = at
        elif last is None:
            begin = at
        end, last = min(at + step, until), state
    if last is not None:
        yield (begin - since) / (until - since), max(end - begin, 0.0) / (until - since), last


def _with_gaps(points: Sequence[tuple[float, float]]) -> list[tuple[float, float | None]]:
    """Break a line where steps are missing: nothing was measured there."""
    step = min((after[0] - before[0] for before, after in pairwise(points)), default=0.0)
    broken: list[tuple[float, float | None]] = list(points[:1])
    for before, after in pairwise(points):
        if after[0] - before[0] > 1.5 * step:
            broken.append((before[0], None))
        broken.append(after)
    return broken


def _levels(panel: Panel, lines: Sequence[Line]) -> list[float]:
    """Give the values at which the colour changes, unless they are far beyond the data."""
    highest = max(value for line in lines for _, value in line.points)
    values = [step.value for step in panel.steps if step.value is not None]
    return [value for value in values if value <= 2 * highest]


def _tick(value: float, unit: Unit) -> str:
    return _IDLE_ZEROS.sub(lambda found: found[1] or "", text_of(value, unit))


def _byte_ticks(span: tuple[float, float] | None) -> list[float]:
    """Give two to five multiples of a power of two: what is written in MiB is round in MiB."""
    low, high = span or (0.0, 1.0)
    step = 2.0 ** math.ceil(math.log2((high - low) / 4))
    return [step * count for count in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _range(panel: Panel, lines: Sequence[Line]) -> tuple[float, float] | None:
    values = [value for line in lines for _, value in line.points] + _levels(panel, lines)
    low = min(values) if panel.minimum is None else min(panel.minimum, *values)
    high = max(values) if panel.maximum is None else max(panel.maximum, *values)
    if low < high:
        return low, high
    room = 0.01 if panel.unit is Unit.RATIO else 1.0
    return (low if panel.minimum == low else low - room), high + room
