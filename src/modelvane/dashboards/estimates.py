"""Performance before labels: what predictions let expect, beside what labels said since."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from modelvane.catalogue import measure
from modelvane.config import Config
from modelvane.dashboards import choices, states
from modelvane.dashboards.measures import description, grouped
from modelvane.dashboards.measures import panel as panel_of
from modelvane.dashboards.model import Kind, Panel, Part, Query, Row
from modelvane.dashboards.promql import selector
from modelvane.dashboards.units import unit_of
from modelvane.estimates.estimate import Estimated
from modelvane.estimates.table import ESTIMATED
from modelvane.exposition.entry import Series
from modelvane.exposition.series import (
    ESTIMATE_ALARM,
    ESTIMATE_NOISE_FLOOR,
    ESTIMATE_REFERENCE,
    ESTIMATE_STANDARD_ERROR,
    ESTIMATE_THRESHOLD,
    ESTIMATE_USUAL_RANGE,
)
from modelvane.findings import Family
from modelvane.measure import Measure, label_of
from modelvane.schema import Task

_LINES = {
    ESTIMATE_REFERENCE: "reference",
    ESTIMATE_NOISE_FLOOR: "noise floor",
    ESTIMATE_USUAL_RANGE: "usual range",
    ESTIMATE_THRESHOLD: "limit",
}


def rows(config: Config, tasks: Sequence[Task]) -> Iterator[Row]:
    """Give the rows of some tasks: each estimate beside the realised value, then how far estimates were off."""
    for task in tasks:
        empty = f"only some datasets of {task} have it"
        panels = [_beside(each, empty) for each in ESTIMATED[task]]
        off = (measure(each.error, Family.ESTIMATE) for each in ESTIMATED[task] if each.has_error)
        panels += [panel_of(title, found, config, empty=empty) for title, found in grouped(off)]
        errors = _by_measure(ESTIMATE_STANDARD_ERROR, "Standard errors of estimates", empty)
        alarms = _by_measure(ESTIMATE_ALARM, "Estimates that alarm", empty)
        states_of = replace(alarms, kind=Kind.STATES, states=states.ALARM, links=choices.evidence(config))
        yield Row(f"Before labels: {task}", (*panels, errors, states_of))


def _beside(each: Estimated, empty: str) -> Panel:
    estimate, realised = measure(each.name, Family.ESTIMATE), measure(each.of.name, Family.PERFORMANCE)
    queries = [
        _value(estimate, "estimated", empty),
        _value(realised, "of labelled rows", "until labels come"),
    ]
    if estimate.by is None:
        chosen = {"dataset": "$dataset", "measure": each.name, "segment": ""}
        queries += [
            Query(expression=selector(series.name, **chosen), legend=legend, part=Part.LINE, empty=empty)
            for series, legend in _LINES.items()
        ]
    return Panel(
        title=estimate.title,
        description=description((estimate,)),
        kind=Kind.LINES,
        queries=tuple(queries),
        unit=unit_of(estimate.unit),
    )


def _value(of: Measure, legend: str, empty: str) -> Query:
    label = f" {{{{{label_of(of.by)}}}}}" if of.by else ""
    return Query(
        expression=selector(of.series, dataset="$dataset", segment=""), legend=f"{legend}{label}", empty=empty
    )


def _by_measure(series: Series, title: str, empty: str) -> Panel:
    found = selector(series.name, dataset="$dataset", segment="")
    return Panel(
        title=title,
        description=series.help,
        kind=Kind.LINES,
        queries=(Query(expression=found, legend="{{measure}}", empty=empty),),
    )
