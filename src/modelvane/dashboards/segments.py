"""Segments: the same, side by side for parts of the rows."""

from __future__ import annotations

from modelvane.config import Config
from modelvane.dashboards import choices, performance, quality
from modelvane.dashboards.drift import LINE_STEPS, times_its_line
from modelvane.dashboards.measures import grouped, measures_of, panel
from modelvane.dashboards.model import Dashboard, Panel, Query, Row
from modelvane.findings import Family


def dashboard(config: Config) -> Dashboard | None:
    """Give the dashboard; ``None`` where no dataset has segments."""
    if not any(section.broken_down_by for section in config.datasets.values()):
        return None
    return Dashboard(
        uid=choices.SEGMENTS,
        title="Segments",
        description="Drift, predictions, performance and faults for the values of the segments' columns.",
        variables=(choices.DATASET, choices.SEGMENT, choices.ONE_COLUMN),
        annotations=(choices.alerts_of_dataset(), choices.references()),
        links=choices.evidence(config),
        rows=(
            Row("Drift", (_drift(config),)),
            Row(
                "Predictions",
                tuple(
                    panel(title, members, config, segments=True, empty="only predictions of its kind have it")
                    for title, members in grouped(
                        each for each in measures_of(Family.PREDICTION) if each.by is None
                    )
                ),
            ),
            *(
                Row(f"Performance: {title.lower()}", panels)
                for title, measures, empty in performance.measured(config)
                if (
                    panels := tuple(
                        panel(name, members, config, segments=True, empty=empty)
                        for name, members in grouped(
                            each for each in measures if each.by is None and "segment" in each.labels
                        )
                    )
                )
            ),
            Row(
                "What made values change",
                tuple(
                    panel(title, members, config, segments=True, empty="only once there are rows enough")
                    for title, members in grouped(measures_of(Family.CHANGE))
                ),
            ),
            Row(
                "Faults",
                tuple(
                    panel(title, members, config, segments=True, empty="only columns of its kind have it")
                    for title, members in grouped(
                        each
                        for each in measures_of(Family.QUALITY)
                        if each.kinds and each.name not in quality.VALUES
                    )
                ),
            ),
        ),
    )


def _drift(config: Config) -> Panel:
    return Panel(
        title="Distance in units of its line",
        description="1 is the line that an alarm has to exceed: the config's limit, or the higher of noise floor "
        "and usual range.",
        queries=(
            Query(
                expression=times_its_line(dataset="$dataset", column="~$column", segment="~$segment"),
                legend="{{segment}} {{method}}",
            ),
        ),
        steps=LINE_STEPS,
        minimum=0.0,
        width=24,
        links=choices.evidence(config),
    )
