"""One panel as Grafana 11 reads it."""

from __future__ import annotations

from collections.abc import Iterable
from string import ascii_uppercase
from typing import TypeAlias

from grafana_foundation_sdk.builders import bargauge, common, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models import common as shapes
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from modelvane.dashboards.model import Kind, Link, Panel, Part, Query, State, Step

SOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
"""The data source that the reader chooses; Grafana's default at first."""

_Builder: TypeAlias = timeseries.Panel | stat.Panel | bargauge.Panel | statetimeline.Panel | table.Panel
_MOST_REPEATED = 3


def panel_of(panel: Panel, number: int, where: models.GridPos) -> models.Panel:
    """Build a panel at its place."""
    builder = _shape(panel)
    builder.id(number).grid_pos(where).title(panel.title).description(panel.description)
    builder.datasource(SOURCE).unit(panel.unit.value)
    for letter, query in zip(ascii_uppercase, panel.queries, strict=False):
        builder.with_target(_target(panel, query, letter))
        if panel.kind is Kind.TABLE and (properties := _column(query)):
            builder.override_by_name(query.legend, properties)
        elif query.part is Part.LINE:
            builder.override_by_query(letter, _dashed())
    if panel.minimum is not None:
        builder.min(panel.minimum)
    if panel.maximum is not None:
        builder.max(panel.maximum)
    if panel.steps:
        builder.thresholds(
            build.ThresholdsConfig()
            .mode(models.ThresholdsMode.ABSOLUTE)
            .steps([_step(each) for each in panel.steps])
        )
    if panel.states:
        builder.mappings([_words(panel.states)])
    if panel.links:
        builder.data_links([_link(each) for each in panel.links])
    if panel.repeat:
        builder.repeat(panel.repeat).repeat_direction("h").max_per_row(_MOST_REPEATED)
    return builder.build()


def _shape(panel: Panel) -> _Builder:
    match panel.kind:
        case Kind.LINES:
            return _lines(panel)
        case Kind.NUMBER:
            return _number(panel)
        case Kind.BARS:
            return bargauge.Panel().orientation(shapes.VizOrientation.HORIZONTAL).reduce_options(_last())
        case Kind.STATES:
            return (
                statetimeline.Panel()
                .show_value(shapes.VisibilityMode.NEVER)
                .line_width(0)
                .fill_opacity(70)
                .legend(_legend())
                .color_scheme(build.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
            )
        case Kind.TABLE:
            return _table(panel)


def _lines(panel: Panel) -> timeseries.Panel:
    return (
        timeseries.Panel()
        .line_width(1)
        .fill_opacity(8 if len(panel.queries) == 1 else 0)
        .show_points(shapes.VisibilityMode.AUTO)
        .legend(_legend())
        .tooltip(
            common.VizTooltipOptions().mode(shapes.TooltipDisplayMode.MULTI).sort(shapes.SortOrder.DESCENDING)
        )
        .thresholds_style(
            common.GraphThresholdsStyleConfig().mode(
                shapes.GraphThresholdsStyleMode.DASHED if panel.steps else shapes.GraphThresholdsStyleMode.OFF
            )
        )
    )


def _number(panel: Panel) -> stat.Panel:
    is_coloured = bool(panel.steps or panel.states)
    return (
        stat.Panel()
        .reduce_options(_last())
        .text_mode(
            shapes.BigValueTextMode.VALUE_AND_NAME
            if any(query.legend for query in panel.queries)
            else shapes.BigValueTextMode.VALUE
        )
        .color_mode(shapes.BigValueColorMode.VALUE if is_coloured else shapes.BigValueColorMode.NONE)
        .graph_mode(shapes.BigValueGraphMode.NONE)
    )


def _table(panel: Panel) -> table.Panel:
    heads = {
        f"Value #{letter}": query.legend
        for letter, query in zip(ascii_uppercase, panel.queries, strict=False)
    }
    if len(panel.queries) == 1:
        heads["Value"] = panel.queries[0].legend
    hidden = dict.fromkeys(("Time", *panel.hidden), True)
    return (
        table.Panel()
        .show_header(True)
        .align(shapes.FieldTextAlignment.AUTO)
        .inspect(False)
        .with_transformation(models.DataTransformerConfig(id_val="merge", options={}))
        .with_transformation(
            models.DataTransformerConfig(
                id_val="organize",
                options={"excludeByName": hidden, "indexByName": {}, "renameByName": heads},
            )
        )
    )


def _target(panel: Panel, query: Query, letter: str) -> Dataquery:
    target = Dataquery().expr(query.expression).ref_id(letter).legend_format(query.legend or "__auto")
    if panel.kind is Kind.TABLE:
        return target.instant().format(PromQueryFormat.TABLE)
    target.format(PromQueryFormat.TIME_SERIES)
    return target.instant() if panel.kind in (Kind.NUMBER, Kind.BARS) else target.range()


def _column(query: Query) -> list[models.DynamicConfigValue]:
    properties = []
    if query.unit is not None:
        properties.append(models.DynamicConfigValue("unit", query.unit.value))
    if query.states:
        properties += [
            models.DynamicConfigValue("mappings", [_words(query.states)]),
            models.DynamicConfigValue("custom.cellOptions", {"type": "color-text"}),
        ]
    if query.link is not None:
        properties.append(models.DynamicConfigValue("links", [_link(query.link).build()]))
    return properties


def _dashed() -> list[models.DynamicConfigValue]:
    return [
        models.DynamicConfigValue("custom.lineStyle", {"fill": "dash", "dash": [8, 6]}),
        models.DynamicConfigValue("custom.fillOpacity", 0),
    ]


def _words(states: Iterable[State]) -> models.ValueMap:
    return models.ValueMap(
        {
            str(state.value): models.ValueMappingResult(
                text=state.text, color=state.colour.value, index=index
            )
            for index, state in enumerate(states)
        }
    )


def _step(step: Step) -> models.Threshold:
    return models.Threshold(step.value, step.colour.value)


def _link(link: Link) -> build.DashboardLink:
    return build.DashboardLink(link.title).url(link.url).target_blank(not link.url.startswith("/d/"))


def _legend() -> common.VizLegendOptions:
    return (
        common.VizLegendOptions()
        .display_mode(shapes.LegendDisplayMode.LIST)
        .placement(shapes.LegendPlacement.BOTTOM)
        .show_legend(True)
        .calcs([])
    )


def _last() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(False)
