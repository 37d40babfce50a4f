"""The alert of attribution: features matter in another order than in the reference."""

from __future__ import annotations

from collections.abc import Iterator

from modelvane.exposition import series
from modelvane.rules.links import no_period
from modelvane.rules.making import Maker
from modelvane.rules.promql import selector, verbatim
from modelvane.rules.rule import Alert

_MEASURE = "{{ $labels.measure }}"


def attribution_alerts(maker: Maker, dataset: str) -> Iterator[Alert]:
    """Give the alert of a dataset that says what its features contribute."""
    if maker.config.datasets[dataset].attribution is None:
        return
    steps = maker.steps("AttributionDrift")

    def judged(value: float) -> dict[str, str]:
        found = selector(series.ATTRIBUTION_ALARM.name, dataset=dataset, measure="rank_distance")
        return {found: steps.steady(value)}

    yield from maker.alert(
        "AttributionDrift",
        f"{selector(series.ATTRIBUTION_ALARM.name, dataset=dataset)} == 1",
        (
            steps.fires(
                "The order of features is beyond its lines",
                judged(1),
                {"measure": "rank_distance"},
                {_MEASURE: "rank_distance", **no_period(dataset)},
            ),
            steps.silent("The order of features is within its lines", judged(0)),
            steps.silent("No row has come", {}),
        ),
        summary=f"{verbatim(dataset)}: other features matter",
        description=f"{_MEASURE} is beyond its lines: predictions rest on the features in another order than in the "
        "reference, or too few rows say on which.",
    )
