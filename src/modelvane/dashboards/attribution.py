"""Attribution: what each feature contributes to the predictions."""

from __future__ import annotations

from msgspec.structs import replace

from modelvane.config import Config
from modelvane.dashboards import choices, states
from modelvane.dashboards.measures import grouped, measures_of, panel
from modelvane.dashboards.model import Dashboard, Kind, Panel, Part, Query, Row
from modelvane.dashboards.promql import selector
from modelvane.exposition.series import (
    ATTRIBUTION_ALARM,
    ATTRIBUTION_NOISE_FLOOR,
    ATTRIBUTION_THRESHOLD,
    ATTRIBUTION_USUAL_RANGE,
)
from modelvane.findings import Family

_EMPTY = "only datasets with `attribution` have it"
_LINES = {
    "noise floor": ATTRIBUTION_NOISE_FLOOR,
    "usual range": ATTRIBUTION_USUAL_RANGE,
    "limit": ATTRIBUTION_THRESHOLD,
}


def dashboard(config: Config) -> Dashboard | None:
    """Give the dashboard; ``None`` where no dataset says what its features contribute."""
    if not any(section.attribution is not None for section in config.datasets.values()):
        return None
    panels = {
        title: panel(title, measures, config, empty=_EMPTY)
        for title, measures in grouped(measures_of(Family.ATTRIBUTION))
    }
    order, *others = sorted(panels.values(), key=lambda one: "order" not in one.title)
    return Dashboard(
        uid=choices.ATTRIBUTION,
        title="Attribution",
        description="What each feature contributes to the predictions, and whether it is what it was.",
        variables=(choices.DATASET,),
        annotations=(choices.alerts_of_dataset(), choices.references()),
        links=choices.evidence(config),
        rows=(Row("Order", (_alarms(config), _with_lines(order))), Row("Contributions", tuple(others))),
    )


def _with_lines(order: Panel) -> Panel:
    lines = (
        Query(
            expression=selector(series.name, dataset="$dataset", measure="rank_distance"),
            legend=legend,
            part=Part.LINE,
            empty=_EMPTY,
        )
        for legend, series in _LINES.items()
    )
    return replace(order, queries=(*order.queries, *lines))


def _alarms(config: Config) -> Panel:
    return Panel(
        title="Alarms",
        description=ATTRIBUTION_ALARM.help,
        kind=Kind.STATES,
        queries=(
            Query(
                expression=selector(ATTRIBUTION_ALARM.name, dataset="$dataset"),
                legend="{{measure}}",
                empty=_EMPTY,
            ),
        ),
        states=states.ALARM,
        links=choices.evidence(config),
    )
