"""The alert of concept drift: errors of rows with the same inputs, over enough labelled rows."""

from __future__ import annotations

from collections.abc import Iterator

from modelvane.concept.measures import RELATION, name_of
from modelvane.concept.signals import MEAN_ERROR
from modelvane.exposition import series
from modelvane.rules.links import no_period
from modelvane.rules.making import Maker
from modelvane.rules.promql import listed, selector, verbatim
from modelvane.rules.rule import Alert
from modelvane.schema import Task


def concept_alerts(maker: Maker, dataset: str) -> Iterator[Alert]:
    """Give the alert; none where there is no target, or what is predicted are lists."""
    columns = maker.config.datasets[dataset].column_mapping
    if columns.target is None or columns.task is Task.RECOMMENDATION:
        return
    steps, least = maker.steps("ConceptDrift"), maker.least(dataset, maker.alerts.labelled_rows)
    alarms = f"{selector(series.CONCEPT_ALARM.name, dataset=dataset)} == 1"
    labelled = selector("modelvane_service_labelled_rows", dataset=dataset)
    one = "{{ with $each.Labels.column }}{{ . }}: {{ end }}{{ $each.Labels.measure }}"
    which, measure = listed(alarms, "column", one), name_of(MEAN_ERROR, RELATION)

    def judged(value: float, rows: int, column: str = "fare") -> dict[str, str]:
        found = selector(series.CONCEPT_ALARM.name, dataset=dataset, column=column, measure=measure)
        return {found: steps.steady(value), labelled: steps.steady(rows)}

    yield from maker.alert(
        "ConceptDrift",
        f"count by (dataset) ({alarms})\nand on (dataset) {labelled} >= {least}",
        (
            steps.fires(
                "Errors moved in the bins of a column",
                judged(1, least),
                {},
                {which: f"fare: {measure}", **no_period(dataset)},
            ),
            steps.fires(
                "Errors of all rows moved", judged(1, least, ""), {}, {which: measure, **no_period(dataset)}
            ),
            steps.silent("Errors are what inputs make one expect", judged(0, least)),
            steps.silent("The first labels after the start are bad", judged(1, least - 1)),
            steps.silent("No label has come", {}),
        ),
        summary=f"{verbatim(dataset)}: the relation between inputs and target changed",
        description=f"Rows with the same inputs have other errors than in the reference: {which}.",
    )
