"""Columns together: what no column shows alone, against its lines."""

from __future__ import annotations

from collections.abc import Iterator

from modelvane.config import Config
from modelvane.dashboards import choices, states
from modelvane.dashboards.measures import description, measures_of
from modelvane.dashboards.model import Kind, Panel, Part, Query
from modelvane.dashboards.promql import selector
from modelvane.exposition import series
from modelvane.findings import Family


def panels(config: Config) -> Iterator[Panel]:
    """Give a panel for each measure, and one of their alarms."""
    for each in measures_of(Family.MULTIVARIATE):
        empty = f"it takes {each.needs}"
        column = "{{column}} " if "column" in each.labels else ""
        here = {"dataset": "$dataset", "measure": each.name}
        lines = (
            (series.MULTIVARIATE_REFERENCE, "reference", "the reference has no value of it"),
            (series.MULTIVARIATE_NOISE_FLOOR, "noise floor", empty),
            (
                series.MULTIVARIATE_USUAL_RANGE,
                "usual range",
                "the reference has learned no usual range of it",
            ),
            (series.MULTIVARIATE_THRESHOLD, "limit", "the config has no limit for it"),
        )
        yield Panel(
            title=each.title,
            description=description((each,)),
            queries=(
                Query(
                    expression=selector(each.series, dataset="$dataset"),
                    legend=column.strip() or "current",
                    empty=empty,
                ),
                *(
                    Query(
                        expression=selector(line.name, **here),
                        legend=f"{column}{name}",
                        part=Part.LINE,
                        empty=why,
                    )
                    for line, name, why in lines
                ),
            ),
            minimum=0.0,
            links=choices.evidence(config),
        )
    yield Panel(
        title="Alarms of columns together",
        description=series.MULTIVARIATE_ALARM.help,
        kind=Kind.STATES,
        queries=(
            Query(
                expression=selector(series.MULTIVARIATE_ALARM.name, dataset="$dataset"),
                legend="{{column}} {{measure}}",
                empty="it takes two columns that vary",
            ),
        ),
        states=states.ALARM,
    )
