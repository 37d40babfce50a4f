"""Dashboards as Grafana 11 reads them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models

from modelvane.dashboards.choices import TAG
from modelvane.dashboards.grafana_panels import SOURCE, panel_of
from modelvane.dashboards.layout import Place, placed
from modelvane.dashboards.model import Annotation, Dashboard, Link, Row, Variable
from modelvane.panel_ids import panel_id

if TYPE_CHECKING:
    from grafana_foundation_sdk.cog.builder import Builder

SCHEMA_VERSION = 39
"""Of Grafana 11.0; later ones read it."""


def text_of(dashboard: Dashboard) -> str:
    """Give the JSON of a dashboard; equal dashboards give equal bytes.

    Parameters
    ----------
    dashboard
        Its uid stays, so a new text takes the place of the old one, and so do the ids of panels; see
        `modelvane.panel_ids`.
    """
    builder = (
        build.Dashboard(dashboard.title)
        .uid(dashboard.uid)
        .description(dashboard.description)
        .tags([TAG])
        .timezone("browser")
        .time("now-6h", "now")
        .refresh("30s")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .readonly()
        .variables([_source(), *(_variable(each) for each in dashboard.variables)])
        .links([_others(), *(_link(each) for each in dashboard.links)])
    )
    built = builder.build()
    built.schema_version = SCHEMA_VERSION
    built.annotations = models.AnnotationContainer([_Marked(each) for each in dashboard.annotations])
    built.panels = list(_panels(dashboard))
    return f"{JSONEncoder(sort_keys=True, indent=2, ensure_ascii=False).encode(built)}\n"


def _panels(dashboard: Dashboard) -> Iterator[models.Panel | models.RowPanel]:
    heading = ""
    for place, what in placed(dashboard):
        where = _grid(place)
        if isinstance(what, Row):
            heading = what.title
            yield build.Row(heading).id(panel_id(heading)).grid_pos(where).build()
        else:
            yield panel_of(what, panel_id(heading, what.title), where)


def _grid(place: Place) -> models.GridPos:
    return models.GridPos(h=place.height, w=place.width, x=place.x, y=place.y)


def _source() -> Builder[models.VariableModel]:
    return build.DatasourceVariable("datasource").label("Prometheus").type("prometheus")


def _variable(variable: Variable) -> Builder[models.VariableModel]:
    builder = (
        build.QueryVariable(variable.name)
        .label(variable.title)
        .query({"query": variable.query, "refId": variable.name})
        .datasource(SOURCE)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(variable.several)
        .include_all(variable.several)
    )
    if variable.several:
        builder.current(models.VariableOption(selected=True, text=["All"], value=["$__all"]))
    return builder


def _others() -> Builder[models.DashboardLink]:
    return (
        build.DashboardLink("Dashboards")
        .type(models.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(True)
        .include_vars(True)
        .keep_time(True)
    )


def _link(link: Link) -> Builder[models.DashboardLink]:
    return (
        build.DashboardLink(link.title)
        .type(models.DashboardLinkType.LINK)
        .url(link.url)
        .icon("external link")
        .target_blank(True)
    )


class _Marked(models.AnnotationQuery):
    """An annotation from Prometheus, with what the library's type lacks: how its samples are written."""

    def __init__(self, annotation: Annotation) -> None:
        super().__init__(
            name=annotation.name,
            datasource=SOURCE,
            enable=True,
            icon_color=annotation.colour.value,
            expr=annotation.expression,
        )
        self._more = {
            "step": "60s",
            "titleFormat": annotation.title,
            "textFormat": annotation.text,
            "useValueForTime": False,
        }

    def to_json(self) -> dict[str, object]:
        """Give plain JSON values."""
        return {**super().to_json(), **self._more}
