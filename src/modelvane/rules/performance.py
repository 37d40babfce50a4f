"""The alert of performance: by the limits of the config, over enough rows."""

from __future__ import annotations

from collections.abc import Iterator

from modelvane.catalogue import CATALOGUE
from modelvane.config import Config
from modelvane.exposition import series
from modelvane.findings import Family
from modelvane.rules.links import no_period
from modelvane.rules.making import Maker
from modelvane.rules.promql import any_of, number, selector, verbatim
from modelvane.rules.rule import Alert, Scenario

LABELLING = ("label_coverage", "label_lag")
"""Measures of labels themselves, which say how far to trust the others."""

_MEASURE = "{{ $labels.measure }}"


def performance_alerts(maker: Maker, dataset: str) -> Iterator[Alert]:
    """Give the alert of measures beyond their limits; none where the config limits none."""
    labelled = _limits(maker.config, dataset, Family.PERFORMANCE)
    served = _limits(maker.config, dataset, Family.RECOMMENDATION)
    expressions: list[str] = []
    scenarios: list[Scenario] = []
    if labelled:
        expression, tried = _over_labels(maker, dataset, next(iter(labelled)))
        expressions.append(expression)
        scenarios += tried
    if served:
        expression, tried = _over_rows(maker, dataset, next(iter(served)))
        expressions.append(expression)
        scenarios += tried
    if expressions:
        limits = ", ".join(f"{name} {number(limit)}" for name, limit in {**labelled, **served}.items())
        yield from maker.alert(
            "PerformanceBelowLimit",
            "\nor\n".join(expressions),
            scenarios,
            summary=f"{verbatim(dataset)}: performance beyond its limit",
            description=f"{_MEASURE} is beyond its limit. Limits: {limits}.",
        )


def _limits(config: Config, dataset: str, family: Family) -> dict[str, float]:
    """Give the config's limits of a family by measure."""
    thresholds = config.datasets[dataset].thresholds
    return {
        measure: thresholds[measure]
        for (kin, measure), each in CATALOGUE.items()
        if kin is family and each.by is None and measure in thresholds and measure not in LABELLING
    }


def _over_labels(maker: Maker, dataset: str, measure: str) -> tuple[str, list[Scenario]]:
    """Give the part of measures that need labels: enough of them, and for enough of the window's rows."""
    least, needed = _least(maker, dataset), maker.alerts.label_coverage
    alarm = selector(series.PERFORMANCE_ALARM.name, dataset=dataset, segment="")[:-1]
    labelled = selector("modelvane_service_labelled_rows", dataset=dataset)
    coverage = selector("modelvane_performance_label_coverage_ratio", dataset=dataset)
    steps = maker.steps("PerformanceBelowLimit")

    def measured(value: float, rows: int, share: float = 1.0, name: str = measure) -> dict[str, str]:
        judged = selector(series.PERFORMANCE_ALARM.name, dataset=dataset, measure=name, segment="")
        return {
            judged: steps.steady(value),
            labelled: steps.steady(rows),
            coverage: steps.steady(share),
        }

    parts = [f"{alarm},measure!~{any_of(LABELLING)}}} == 1", f"and on (dataset) {labelled} >= {least}"]
    scenarios = [
        steps.fires(
            "A measure is beyond its limit",
            measured(1, least),
            {"measure": measure},
            {_MEASURE: measure, **no_period(dataset)},
        ),
        steps.silent("All measures are within their limits", measured(0, least)),
        steps.silent("The first labels after the start are bad", measured(1, least - 1)),
        steps.silent("It is the labels that have a limit", measured(1, least, 1.0, LABELLING[0])),
    ]
    if needed:
        parts.append(f"and on (dataset) {coverage} >= {number(needed)}")
        scenarios.append(
            steps.silent("Too few of the window's rows have labels", measured(1, least, needed / 2))
        )
    return "\n".join(parts), scenarios


def _over_rows(maker: Maker, dataset: str, measure: str) -> tuple[str, list[Scenario]]:
    """Give the part of what a recommender serves, which needs no labels."""
    least, steps = _least(maker, dataset), maker.steps("PerformanceBelowLimit")
    window = selector("modelvane_quality_window_rows", dataset=dataset)
    alarm = selector(series.RECOMMENDATION_ALARM.name, dataset=dataset, segment="")

    def served(value: float, rows: int) -> dict[str, str]:
        judged = selector(series.RECOMMENDATION_ALARM.name, dataset=dataset, measure=measure, segment="")
        return {judged: steps.steady(value), window: steps.steady(rows)}

    return f"{alarm} == 1\nand on (dataset) {window} >= {least}", [
        steps.fires(
            "What is served is beyond its limit",
            served(1, least),
            {"measure": measure},
            {_MEASURE: measure, **no_period(dataset)},
        ),
        steps.silent("What is served is within its limits", served(0, least)),
        steps.silent("The first answers after the start are bad", served(1, least - 1)),
    ]


def _least(maker: Maker, dataset: str) -> int:
    """Give the rows that it takes to judge: those of the config, or all that the window has."""
    window = maker.config.settings(dataset).window
    least = maker.alerts.labelled_rows
    return least if window.seconds is not None else min(least, window.rows)
