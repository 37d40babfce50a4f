"""The recommender: what it serves, and whether it is taken."""

from __future__ import annotations

from collections.abc import Iterator

from modelvane.config import Config
from modelvane.dashboards import choices, states
from modelvane.dashboards.measures import grouped, measures_of, panel
from modelvane.dashboards.model import Dashboard, Kind, Panel, Query, Row
from modelvane.dashboards.promql import selector
from modelvane.exposition.series import RECOMMENDATION_ALARM
from modelvane.findings import Family
from modelvane.measure import Measure
from modelvane.schema import Task
from modelvane.statistics.ranking import RANKING

_SERVED, _TAKEN = "Served", "Taken"
_RANKED = frozenset(each.name for each in RANKING)


def dashboard(config: Config) -> Dashboard | None:
    """Give the dashboard; ``None`` where no dataset is of recommendations."""
    rows = tuple(_rows(config))
    if not rows:
        return None
    return Dashboard(
        uid=choices.RECOMMENDER,
        title="Recommender",
        description="What is recommended to whom, from where, and whether it is taken.",
        variables=(choices.DATASET,),
        annotations=(
            choices.alerts_of_dataset(),
            choices.references(),
            *((choices.deployments(jobs),) if (jobs := choices.watched_jobs_of(config)) else ()),
        ),
        links=choices.evidence(config),
        rows=rows,
    )


def measures() -> dict[str, tuple[Measure, ...]]:
    """Give the measures of recommendations in the catalogue, by the title of their row."""
    taken = tuple(each for each in measures_of(Family.PERFORMANCE) if each.name in _RANKED)
    return {_SERVED: measures_of(Family.RECOMMENDATION), _TAKEN: taken}


def _rows(config: Config) -> Iterator[Row]:
    if not any(section.column_mapping.task is Task.RECOMMENDATION for section in config.datasets.values()):
        return
    for title, found in measures().items():
        empty = "until labels come" if title == _TAKEN else "only datasets of recommendations have it"
        panels = [panel(name, members, config, empty=empty) for name, members in grouped(found)]
        if title == _SERVED:
            panels.append(_alarms(config))
        yield Row(title, tuple(panels))


def _alarms(config: Config) -> Panel:
    return Panel(
        title="Alarms",
        description=RECOMMENDATION_ALARM.help,
        kind=Kind.STATES,
        queries=(
            Query(
                expression=selector(RECOMMENDATION_ALARM.name, dataset="$dataset", segment=""),
                legend="{{measure}}",
                empty="the config has no limit for a measure",
            ),
        ),
        states=states.ALARM,
        links=choices.evidence(config),
    )
