"""The alert of estimates: performance that nobody knows yet is expected to be worse than the reference's."""

from __future__ import annotations

from collections.abc import Iterator

from modelvane.estimates.estimate import ESTIMATE
from modelvane.estimates.table import ESTIMATED
from modelvane.exposition import series
from modelvane.findings import Family
from modelvane.rules.few import gate_of
from modelvane.rules.links import no_period
from modelvane.rules.making import Maker
from modelvane.rules.promql import listed, selector, verbatim
from modelvane.rules.rule import Alert
from modelvane.schema import Task


def estimate_alerts(maker: Maker, dataset: str) -> Iterator[Alert]:
    """Give the alert; none of a dataset without a target, or of a task of which nothing is estimated."""
    section = maker.config.datasets[dataset]
    columns = section.column_mapping
    if columns.target is None or columns.task not in (None, *ESTIMATED):
        return
    if columns.task is Task.REGRESSION and not section.estimates:
        return
    steps = maker.steps("EstimateBelowReference")
    gate = gate_of(maker, dataset, "EstimateBelowReference", Family.ESTIMATE)
    alarms = selector(series.ESTIMATE_ALARM.name, dataset=dataset, segment="")
    alarms = f'{alarms[:-1]},measure=~"{ESTIMATE}.+"}}'
    one = "{{ $each.Labels.measure }}"
    which = listed(f"{alarms} == 1", "measure", one)
    estimated = ESTIMATED[columns.task or next(iter(ESTIMATED))]
    first, error = estimated[0].name, estimated[0].error

    def judged(measure: str, value: float) -> dict[str, str]:
        found = selector(series.ESTIMATE_ALARM.name, dataset=dataset, measure=measure, segment="")
        return {found: steps.steady(value), **gate.enough}

    yield from maker.alert(
        "EstimateBelowReference",
        f"count by (dataset) ({alarms} == 1){gate.condition}",
        (
            steps.fires(
                "An estimate is worse than its lines",
                judged(first, 1),
                {},
                {which: first, **no_period(dataset)},
            ),
            steps.silent("Estimates are what the reference promises", judged(first, 0)),
            steps.silent("Estimates were off, and are no worse", judged(error, 1)),
            *gate.silent(maker, "EstimateBelowReference", judged(first, 1)),
        ),
        summary=f"{verbatim(dataset)}: performance is expected to be worse",
        description=f"Before labels, from predictions alone: {which}.",
    )
