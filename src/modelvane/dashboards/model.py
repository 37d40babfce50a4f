"""What a dashboard is, before it is anybody's format: rows of panels, each with its queries.

Grafana's JSON, the preview, `modelvane plan` and the tests all read this.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from modelvane.dashboards.units import Unit


class Kind(StrEnum):
    """How a panel draws its queries."""

    LINES = "lines"
    """Over time."""
    NUMBER = "number"
    """The last value of each series, large."""
    BARS = "bars"
    """The last value of each series, as lying bars."""
    STATES = "states"
    """A band per series, coloured by its value over time."""
    TABLE = "table"
    """A line per set of labels, a column per query."""


class Colour(StrEnum):
    """What a colour says, in Grafana's names."""

    GOOD = "green"
    NOTICE = "yellow"
    BAD = "red"
    PLAIN = "blue"
    QUIET = "text"


class Part(StrEnum):
    """What a query is in its panel."""

    VALUE = "value"
    LINE = "line"
    """Something to hold the value against: the reference, a noise floor, a limit. Drawn dashed."""


class Query(Struct, frozen=True, kw_only=True):
    """One PromQL expression.

    Parameters
    ----------
    expression
        With Grafana's variables.
    legend
        Name of a series, with labels as ``{{label}}``; in a table the head of the column.
    part
        The value, or a line beside it.
    unit, states
        Of this column of a table, where it differs from the panel's.
    link
        Where this column of a table leads.
    empty
        Why it may rightly have no data; nothing when it must have some while the services run and rows come.
    """

    expression: str
    legend: str = ""
    part: Part = Part.VALUE
    unit: Unit | None = None
    states: tuple[State, ...] = ()
    link: Link | None = None
    empty: str = ""


class Step(Struct, frozen=True):
    """From this value on a colour; ``None`` is the lowest of all."""

    value: float | None
    colour: Colour


class State(Struct, frozen=True):
    """A value that stands for a word."""

    value: int
    text: str
    colour: Colour


class Link(Struct, frozen=True):
    """Where a click leads; the URL may have variables."""

    title: str
    url: str


class Panel(Struct, frozen=True, kw_only=True):
    """One picture.

    Parameters
    ----------
    title, description
        What is shown, and what it means.
    kind, queries, unit
        How, of what, in which unit.
    steps, states
        Colours by value, and words in place of values.
    minimum, maximum
        Of the axis; ``None`` leaves it to the data.
    links
        Where a click on a value leads.
    repeat
        The variable for each of whose values the panel is shown once.
    hidden
        Labels that a table does not show.
    width, height
        In cells of Grafana's grid of 24 columns.
    """

    title: str
    description: str
    queries: tuple[Query, ...]
    kind: Kind = Kind.LINES
    unit: Unit = Unit.PLAIN
    steps: tuple[Step, ...] = ()
    states: tuple[State, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    links: tuple[Link, ...] = ()
    repeat: str = ""
    hidden: tuple[str, ...] = ()
    width: int = 8
    height: int = 8

    def with_empty(self, why: str) -> Panel:
        """Give it with the reason for which its queries may have no data, where they have none yet."""
        queries = tuple(replace(query, empty=query.empty or why) for query in self.queries)
        return replace(self, queries=queries)


class Row(Struct, frozen=True):
    """Panels under one heading."""

    title: str
    panels: tuple[Panel, ...]


class Variable(Struct, frozen=True, kw_only=True):
    """A choice at the top of a dashboard.

    Parameters
    ----------
    name, title
        As queries write it, and as people read it.
    series, label
        The values of this label of that selector.
    several
        Whether more than one may be chosen; all are chosen then at first.
    """

    name: str
    title: str
    series: str
    label: str
    several: bool = False

    @property
    def query(self) -> str:
        """The query in Grafana's own words."""
        return f"label_values({self.series}, {self.label})"


class Annotation(Struct, frozen=True, kw_only=True):
    """Moments that are marked in every panel over time: those at which the expression has samples."""

    name: str
    expression: str
    title: str
    text: str
    colour: Colour


class Dashboard(Struct, frozen=True, kw_only=True):
    """A page.

    Parameters
    ----------
    uid
        Never changes; the file is called so.
    title, description, rows
        What is on it.
    variables, annotations
        What all panels share.
    links
        Beside those to the other dashboards.
    """

    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    links: tuple[Link, ...] = ()

    def panels(self) -> Iterator[Panel]:
        """Give every panel, in order."""
        return (panel for row in self.rows for panel in row.panels)

    def queries(self) -> Iterator[tuple[Panel, Query]]:
        """Give every query with its panel, in order."""
        return ((panel, query) for panel in self.panels() for query in panel.queries)
