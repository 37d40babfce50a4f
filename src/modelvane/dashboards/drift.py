"""Drift: columns against their lines, and the predictions themselves."""

from __future__ import annotations

from modelvane.catalogue import measure
from modelvane.config import Config
from modelvane.dashboards import choices, states, together
from modelvane.dashboards.measures import description, grouped, measures_of, panel
from modelvane.dashboards.model import Colour, Dashboard, Kind, Panel, Part, Query, Row, State, Step
from modelvane.dashboards.promql import selector
from modelvane.exposition import series
from modelvane.exposition.entry import Series
from modelvane.findings import Family
from modelvane.measure import Measure
from modelvane.schema import Kind as ColumnKind
from modelvane.schema import Task

LINE_STEPS = (Step(None, Colour.GOOD), Step(1.0, Colour.BAD))
_NO_HABIT = "a reference without a time column has no usual range"


def dashboard(config: Config) -> Dashboard:
    """Give the dashboard."""
    return Dashboard(
        uid=choices.DRIFT,
        title="Drift",
        description="How far the window is from the reference, and how far sampling and habit take it.",
        variables=(choices.DATASET, choices.COMPARED, choices.METHOD),
        annotations=(choices.alerts_of_dataset(), choices.references()),
        links=choices.evidence(config),
        rows=(
            Row("Dataset", _dataset(config)),
            Row("Columns", (_column(config), _now())),
            Row("Columns together", tuple(together.panels(config))),
            Row(
                "Predictions",
                tuple(
                    panel(title, members, config, empty=_kind_of(members[0].by))
                    for title, members in grouped(predicted(config))
                ),
            ),
        ),
    )


def predicted(config: Config) -> list[Measure]:
    """Give the measures of predictions; those of categories only where a prediction may be one."""
    is_number = all(section.column_mapping.task is Task.REGRESSION for section in config.datasets.values())
    return [
        each for each in measures_of(Family.PREDICTION) if not is_number or ColumnKind.NUMERICAL in each.kinds
    ]


def times_its_line(**labels: str) -> str:
    """Give each distance in units of the line that an alarm has to exceed: the limit, or the highest learned one."""

    def of(known: Series) -> str:
        return selector(known.name, **labels)

    floor, habit = of(series.DRIFT_NOISE_FLOOR), of(series.DRIFT_USUAL_RANGE)
    line = f"{of(series.DRIFT_THRESHOLD)} or ({habit} >= {floor}) or {floor} or {habit}"
    # of a column with one value the line is 0: any distance is an alarm, and none has a height
    return f"{of(series.DRIFT_DISTANCE)} / (({line}) > 0)"


def _dataset(config: Config) -> tuple[Panel, ...]:
    here = {"dataset": "$dataset"}
    columns = {"column": "~$column", "method": "~$method", "segment": ""}
    verdict, drifted, part = (measure(name) for name in ("dataset_drift", "drifted_columns", "drifted_share"))
    return (
        Panel(
            title=verdict.title,
            description=description((verdict,)),
            kind=Kind.NUMBER,
            queries=(Query(expression=selector(verdict.series, **here)),),
            states=states.DRIFT,
            links=choices.evidence(config),
            width=4,
            height=6,
        ),
        Panel(
            title=drifted.title,
            description=description((drifted,)),
            kind=Kind.NUMBER,
            queries=(Query(expression=selector(drifted.series, **here)),),
            steps=states.ANY_IS_BAD,
            width=4,
            height=6,
        ),
        panel(part.title, (part,), config),
        Panel(
            title="Alarms",
            description=series.DRIFT_ALARM.help,
            kind=Kind.STATES,
            queries=(
                Query(
                    expression=selector(series.DRIFT_ALARM.name, **here, **columns),
                    legend="{{column}}",
                ),
            ),
            states=states.ALARM,
            width=8,
        ),
        Panel(
            title="Distance in units of its line",
            description="1 is the line that an alarm has to exceed: the config's limit, or the higher of noise "
            "floor and usual range. It makes columns and methods comparable.",
            queries=(Query(expression=times_its_line(**here, **columns), legend="{{column}} {{method}}"),),
            steps=LINE_STEPS,
            minimum=0.0,
            width=16,
            links=choices.evidence(config),
        ),
        Panel(
            title="Beyond the noise floor",
            description=series.DRIFT_CHANGED.help,
            kind=Kind.STATES,
            queries=(
                Query(
                    expression=selector(series.DRIFT_CHANGED.name, **here, **columns),
                    legend="{{column}} {{method}}",
                ),
            ),
            states=(
                State(0, "noise", Colour.GOOD),
                State(1, "changed", Colour.NOTICE),
            ),
        ),
        Panel(
            title="Recognised changes",
            description=series.DRIFT_CHANGE.help,
            kind=Kind.STATES,
            queries=(
                Query(
                    expression=selector(series.DRIFT_CHANGE.name, **here, **columns),
                    legend="{{column}}: {{change}}",
                    empty="no change of this kind has been recognised",
                ),
            ),
            states=(State(1, "recognised", Colour.NOTICE),),
        ),
    )


def _column(config: Config) -> Panel:
    here = {"dataset": "$dataset", "column": "~$column", "method": "~$method", "segment": ""}
    has_limits = any(each.thresholds for each in config.datasets.values())
    lines = [
        Query(
            expression=selector(known.name, **here),
            legend=f"{name} ({{{{method}}}})",
            part=Part.LINE,
            empty=why,
        )
        for known, name, why in (
            (series.DRIFT_NOISE_FLOOR, "noise floor", ""),
            (series.DRIFT_USUAL_RANGE, "usual range", _NO_HABIT),
            *(
                ((series.DRIFT_THRESHOLD, "limit", "the config has no limit for this column"),)
                if has_limits
                else ()
            ),
        )
    ]
    value = Query(expression=selector(series.DRIFT_DISTANCE.name, **here), legend="distance ({{method}})")
    return Panel(
        title="$column",
        description=f"{series.DRIFT_DISTANCE.help} Lines: what sampling alone, and this stream's habit, reach.",
        queries=(value, *lines),
        minimum=0.0,
        repeat="column",
        links=choices.evidence(config),
    )


def _now() -> Panel:
    here = {"dataset": "$dataset", "column": "~$column", "method": "~$method", "segment": ""}
    labels = "max by (column, method)"
    return Panel(
        title="Now",
        description="The last distances, the lines that they are judged by, and the probability of a distance "
        "this large without any change.",
        kind=Kind.TABLE,
        queries=tuple(
            Query(expression=f"{labels} ({selector(known.name, **here)})", legend=head, empty=why)
            for known, head, why in (
                (series.DRIFT_DISTANCE, "Distance", ""),
                (series.DRIFT_NOISE_FLOOR, "Noise floor", ""),
                (series.DRIFT_USUAL_RANGE, "Usual range", _NO_HABIT),
                (series.DRIFT_P_VALUE, "p-value", "not every method has a formula for it"),
            )
        ),
        width=24,
    )


def _kind_of(by: str | None) -> str:
    return f"only {'categorical' if by == 'class' else 'numerical'} predictions have it"
