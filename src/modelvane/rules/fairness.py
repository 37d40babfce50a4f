"""The alert of fairness: by the limits of the config."""

from __future__ import annotations

from collections.abc import Iterator

from modelvane.exposition import series
from modelvane.findings import Family
from modelvane.rules.links import no_period
from modelvane.rules.making import Maker
from modelvane.rules.performance import limits_of
from modelvane.rules.promql import number, selector, verbatim
from modelvane.rules.rule import Alert

_MEASURE, _COLUMN = "{{ $labels.measure }}", "{{ $labels.column }}"


def fairness_alerts(maker: Maker, dataset: str) -> Iterator[Alert]:
    """Give the alert of gaps between groups, which have no value while a group has too few rows."""
    limits = limits_of(maker.config, dataset, Family.FAIRNESS)
    if not limits:
        return
    steps, measure = maker.steps("GroupsApart"), next(iter(limits))

    def judged(value: float) -> dict[str, str]:
        found = selector(series.FAIRNESS_ALARM.name, dataset=dataset, column="gender", measure=measure)
        return {found: steps.steady(value)}

    told = ", ".join(f"{name} {number(limit)}" for name, limit in limits.items())
    yield from maker.alert(
        "GroupsApart",
        f"{selector(series.FAIRNESS_ALARM.name, dataset=dataset)} == 1",
        (
            steps.fires(
                "Groups are further apart than the limit",
                judged(1),
                {"measure": measure, "column": "gender"},
                {_MEASURE: measure, _COLUMN: "gender", **no_period(dataset)},
            ),
            steps.silent("Groups are no further apart than the limit", judged(0)),
        ),
        summary=f"{verbatim(dataset)}: groups are treated differently",
        description=f"{_MEASURE} between the groups of {_COLUMN} is beyond its limit. Limits: {told}.",
    )
