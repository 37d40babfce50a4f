"""The recommender: what it serves, and whether it is taken."""

from __future__ import annotations

from collections.abc import Iterator

from modelvane.catalogue import Measure
from modelvane.config import Config
from modelvane.dashboards import choices
from modelvane.dashboards.measures import grouped, measures_of, panel
from modelvane.dashboards.model import Dashboard, Row
from modelvane.findings import Family
from modelvane.schema import Task

_NAME = "recommendation"


def dashboard(config: Config) -> Dashboard | None:
    """Give the dashboard; ``None`` where no dataset is of recommendations, or the catalogue has no measure of them."""
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
            *((choices.deployments(jobs),) if (jobs := choices.jobs_of_dataset(config)) else ()),
        ),
        links=choices.evidence(config),
        rows=rows,
    )


def measures() -> dict[str, tuple[Measure, ...]]:
    """Give the measures of recommendations in the catalogue, by the title of their row."""
    families = {str(family): family for family in Family}
    served = measures_of(families[_NAME]) if _NAME in families else ()
    ranked = tuple(each for each in measures_of(Family.PERFORMANCE) if each.by == "k")
    return {title: found for title, found in (("Served", served), ("Taken", ranked)) if found}


def _rows(config: Config) -> Iterator[Row]:
    tasks = {str(task): task for task in Task}
    if not any(
        section.column_mapping.task == tasks.get(_NAME, _NAME) for section in config.datasets.values()
    ):
        return
    for title, found in measures().items():
        empty = "until labels come" if title == "Taken" else "only datasets of recommendations have it"
        yield Row(title, tuple(panel(name, members, config, empty=empty) for name, members in grouped(found)))
