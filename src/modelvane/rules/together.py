"""The alert of columns together: what no column shows alone."""

from __future__ import annotations

from collections.abc import Iterator

from modelvane.exposition import series
from modelvane.findings import Family
from modelvane.multivariate.measures import CORRELATION_CHANGE
from modelvane.rules.few import gate_of
from modelvane.rules.links import no_period
from modelvane.rules.making import Maker
from modelvane.rules.promql import selector, verbatim
from modelvane.rules.rule import Alert

_MEASURE = "{{ $labels.measure }}"


def joint_alerts(maker: Maker, dataset: str) -> Iterator[Alert]:
    """Give the alert of columns that do not hang together as in the reference."""
    steps, gate = maker.steps("JointDrift"), gate_of(maker, dataset, "JointDrift", Family.MULTIVARIATE)
    alarm = series.MULTIVARIATE_ALARM.name

    def judged(value: float) -> dict[str, str]:
        found = selector(alarm, dataset=dataset, measure=CORRELATION_CHANGE.name)
        return {found: steps.steady(value), **gate.enough}

    yield from maker.alert(
        "JointDrift",
        f"{selector(alarm, dataset=dataset)} == 1{gate.condition}",
        (
            steps.fires(
                "Correlations are not those of the reference",
                judged(1),
                {"measure": CORRELATION_CHANGE.name},
                {_MEASURE: CORRELATION_CHANGE.name, **no_period(dataset)},
            ),
            steps.silent("Columns hang together as in the reference", judged(0)),
            steps.silent("No row has come", {}),
            *gate.silent(maker, "JointDrift", judged(1)),
        ),
        summary=f"{verbatim(dataset)}: columns do not belong together",
        description=f"Beyond every line: {_MEASURE}.",
    )
