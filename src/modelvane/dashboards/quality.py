"""Quality: do rows come, and is what they hold what it was."""

from __future__ import annotations

from modelvane.config import Config
from modelvane.dashboards import choices, states
from modelvane.dashboards.measures import grouped, measures_of, panel
from modelvane.dashboards.model import Dashboard, Kind, Panel, Query, Row
from modelvane.dashboards.promql import selector
from modelvane.exposition.series import QUALITY_ALARM
from modelvane.findings import Family
from modelvane.schema import Kind as ColumnKind

VALUES = frozenset(
    {
        "rows",
        "distinct",
        "most_common_share",
        "list_length",
        "mean",
        "standard_deviation",
        "minimum",
        "median",
        "maximum",
        "quantile",
    }
)
"""What describes values without saying that something is wrong with them."""

ROWS = frozenset({"outlier_share"})
"""What is wrong with rows, and with no column of them alone."""


def dashboard(config: Config) -> Dashboard:
    """Give the dashboard."""
    measures = measures_of(Family.QUALITY)
    arrival = [each for each in measures if not each.kinds and each.name not in ROWS]
    faults = [each for each in measures if each.name in ROWS or (each.kinds and each.name not in VALUES)]
    values = [each for each in measures if each.kinds and each.name in VALUES]
    return Dashboard(
        uid=choices.QUALITY,
        title="Quality",
        description="Do rows come, are they whole, and are their values of the kind that the reference has.",
        variables=(choices.DATASET, choices.COLUMN, choices.NUMBER),
        annotations=(choices.alerts_of_dataset(), choices.references()),
        links=choices.evidence(config),
        rows=tuple(
            Row(
                title,
                (
                    *((_alarms(config),) if title == "Faults" else ()),
                    *(
                        panel(name, members, config, empty=_why_empty(members[0].kinds, members[0].needs))
                        for name, members in grouped(chosen)
                    ),
                ),
            )
            for title, chosen in (("Arrival", arrival), ("Faults", faults), ("Values", values))
        ),
    )


def _alarms(config: Config) -> Panel:
    where = selector(QUALITY_ALARM.name, dataset="$dataset", column="~$column|", segment="")
    return Panel(
        title="Alarms",
        description=f"{QUALITY_ALARM.help} Measures that were above them in the time that is shown.",
        kind=Kind.STATES,
        queries=(
            Query(
                expression=f"{where} and on (column, measure) max_over_time({where}[$__range]) > 0",
                legend="{{column}} {{measure}}",
                empty="nothing was wrong",
            ),
        ),
        states=states.ALARM,
        links=choices.evidence(config),
        width=16,
    )


def _why_empty(kinds: frozenset[ColumnKind], needs: str) -> str:
    if kinds and not {ColumnKind.NUMERICAL, ColumnKind.CATEGORICAL} <= kinds:
        return f"only {' or '.join(sorted(kinds))} columns have it"
    return f"it needs {needs}" if needs else ""
