"""The alert of columns together: what no column shows alone."""

from __future__ import annotations

from collections.abc import Iterator

from modelvane.conditional.measures import CONDITIONAL_DRIFT
from modelvane.exposition import series
from modelvane.findings import Family
from modelvane.multivariate.measures import CORRELATION_CHANGE
from modelvane.rules.few import gate_of
from modelvane.rules.links import no_period
from modelvane.rules.making import Maker
from modelvane.rules.promql import selector, verbatim
from modelvane.rules.rule import Alert

_WHICH = "{{ with $labels.column }}{{ . }}: {{ end }}{{ $labels.measure }}"


def joint_alerts(maker: Maker, dataset: str) -> Iterator[Alert]:
    """Give the alert of columns that do not hang together as in the reference."""
    steps, gate = maker.steps("JointDrift"), gate_of(maker, dataset, "JointDrift", Family.MULTIVARIATE)
    alarm = series.MULTIVARIATE_ALARM.name

    def judged(value: float, measure: str = CORRELATION_CHANGE.name, column: str = "") -> dict[str, str]:
        found = selector(alarm, dataset=dataset, column=column, measure=measure)
        return {found: steps.steady(value), **gate.enough}

    yield from maker.alert(
        "JointDrift",
        f"{selector(alarm, dataset=dataset)} == 1{gate.condition}",
        (
            steps.fires(
                "Correlations are not those of the reference",
                judged(1),
                {"measure": CORRELATION_CHANGE.name},
                {_WHICH: CORRELATION_CHANGE.name, **no_period(dataset)},
            ),
            steps.fires(
                "A number is not where it was given other columns",
                judged(1, CONDITIONAL_DRIFT.name, "fare"),
                {"measure": CONDITIONAL_DRIFT.name, "column": "fare"},
                {_WHICH: f"fare: {CONDITIONAL_DRIFT.name}", **no_period(dataset)},
            ),
            steps.silent("Columns hang together as in the reference", judged(0)),
            steps.silent("No row has come", {}),
            *gate.silent(maker, "JointDrift", judged(1)),
        ),
        summary=f"{verbatim(dataset)}: columns do not belong together",
        description=f"Beyond every line: {_WHICH}.",
    )
