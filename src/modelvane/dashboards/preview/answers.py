"""What a Prometheus answers to the queries of a dashboard."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from modelvane.dashboards.model import Dashboard, Kind, Panel, Query
from modelvane.dashboards.preview.prometheus import Prometheus, Series
from modelvane.dashboards.variables import filled

_LABEL = re.compile(r"\{\{(\w+)\}\}")
_POINTS = 120
_OVER_TIME = (Kind.LINES, Kind.STATES)


@dataclass(frozen=True, slots=True)
class Answer:
    """The series that one query gave."""

    query: Query
    expression: str
    series: tuple[Series, ...]

    @property
    def is_missing(self) -> bool:
        """Whether there is no data, and no reason for that."""
        return not self.series and not self.query.empty

    def legend(self, series: Series) -> str:
        """Give the name of one of its series; all that tells it apart where the panel names none."""
        if not self.query.legend:
            return ""
        return " ".join(_LABEL.sub(lambda match: series.labels.get(match[1], ""), self.query.legend).split())


@dataclass(frozen=True, slots=True)
class Shown:
    """A panel with its answers; one that repeats is shown once per value."""

    panel: Panel
    title: str
    answers: tuple[Answer, ...]


def answers_of(
    dashboard: Dashboard,
    prometheus: Prometheus,
    until: float,
    span: float,
    chosen: Mapping[str, Sequence[str]] | None = None,
) -> list[tuple[str, list[Shown]]]:
    """Ask the queries of a dashboard, row by row.

    Parameters
    ----------
    dashboard, prometheus
        What is asked, and who.
    until, span
        The time that is shown: its end in seconds since 1970, and its length.
    chosen
        Values of variables; otherwise the first, or all where several may be chosen.

    Raises
    ------
    PrometheusError
        When it cannot be reached, or refuses a query.
    """
    asking = _Asking(prometheus, until, span, max(span / _POINTS, 1.0), prometheus.scrape_interval())
    values = asking.choices(dashboard, chosen or {})
    return [
        (row.title, [shown for panel in row.panels for shown in asking.shown(panel, values)])
        for row in dashboard.rows
    ]


@dataclass(frozen=True, slots=True)
class _Asking:
    prometheus: Prometheus
    until: float
    span: float
    step: float
    scrape: float

    def choices(self, dashboard: Dashboard, chosen: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        values: dict[str, list[str]] = {}
        for variable in dashboard.variables:
            there = self.prometheus.label_values(
                self._filled(variable.series, values), variable.label, self.until - self.span, self.until
            )
            wanted = [value for value in chosen.get(variable.name, ()) if value in there] or there
            values[variable.name] = wanted if variable.several else wanted[:1]
        return values

    def shown(self, panel: Panel, values: Mapping[str, Sequence[str]]) -> Iterator[Shown]:
        repeated = [{panel.repeat: [value]} for value in values.get(panel.repeat, ())]
        for own in repeated or [{}]:
            chosen = {**values, **own}
            answers = tuple(self._answer(panel, query, chosen) for query in panel.queries)
            yield Shown(panel, self._filled(panel.title, chosen), answers)

    def _answer(self, panel: Panel, query: Query, chosen: Mapping[str, Sequence[str]]) -> Answer:
        expression = self._filled(query.expression, chosen)
        if panel.kind in _OVER_TIME:
            found = self.prometheus.over_time(expression, self.until - self.span, self.until, self.step)
        else:
            found = self.prometheus.at(expression, self.until)
        return Answer(query, expression, tuple(found))

    def _filled(self, text: str, chosen: Mapping[str, Sequence[str]]) -> str:
        # Grafana's own rule for $__rate_interval
        rate = max(self.step + self.scrape, 4 * self.scrape)
        return filled(text, chosen, self.span, rate)
