"""The alert of performance: by the limits of the config, over enough rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from modelvane.catalogue import CATALOGUE
from modelvane.config import Config
from modelvane.exposition import series
from modelvane.findings import Family, split_limit
from modelvane.rules.links import no_period
from modelvane.rules.making import Maker
from modelvane.rules.promql import any_of, number, selector, verbatim
from modelvane.rules.rule import Alert, Scenario

LABELLING = ("label_coverage", "label_lag")
"""Measures of labels themselves, which say how far to trust the others."""

_MEASURE = "{{ $labels.measure }}"


def performance_alerts(maker: Maker, dataset: str) -> Iterator[Alert]:
    """Give the alert of measures beyond their limits; none where the config limits none."""
    labelled = limits_of(maker.config, dataset, Family.PERFORMANCE)
    served = limits_of(maker.config, dataset, Family.RECOMMENDATION)
    values = {
        **{each: _value(dataset, each, Family.PERFORMANCE) for each in labelled},
        **{each: _value(dataset, each, Family.RECOMMENDATION) for each in served},
    }
    now = _now(values)
    expressions: list[str] = []
    scenarios: list[Scenario] = []
    if labelled:
        measure = next(iter(labelled))
        expression, tried = _over_labels(maker, dataset, measure, values[measure], now)
        expressions.append(expression)
        scenarios += tried
    if served:
        measure = next(iter(served))
        expression, tried = _over_rows(maker, dataset, measure, values[measure], now)
        expressions.append(expression)
        scenarios += tried
    if expressions:
        limits = ", ".join(f"{name} {number(limit)}" for name, limit in {**labelled, **served}.items())
        yield from maker.alert(
            "PerformanceBelowLimit",
            "\nor\n".join(expressions),
            scenarios,
            summary=f"{verbatim(dataset)}: performance beyond its limit",
            description=f"{_MEASURE} is {now}beyond its limit. Limits: {limits}.",
        )


def limits_of(config: Config, dataset: str, family: Family) -> dict[str, float]:
    """Give the config's limits of a family by measure, in the catalogue's order."""
    thresholds = config.datasets[dataset].thresholds
    return {
        key: thresholds[key]
        for kin, measure in CATALOGUE
        for key in thresholds
        if kin is family and split_limit(key)[0] == measure and measure not in LABELLING
    }


def _value(dataset: str, limit: str, family: Family) -> str:
    """Give the series with the value that a limit is about."""
    measure, k = split_limit(limit)
    labels = {"dataset": dataset, "segment": ""} | ({} if k is None else {"k": k})
    return selector(series.series_of(measure, family).name, **labels)


def _now(values: Mapping[str, str]) -> str:
    """Give the template of the value of the alert's measure, from the series by measure."""
    number = '{{ . | first | value | printf "%.4g" }}'
    return "".join(
        f"{{{{ if eq $labels.measure `{measure}` }}}}{{{{ with query `{found}` }}}}{number}, {{{{ end }}}}{{{{ end }}}}"
        for measure, found in values.items()
    )


def _over_labels(
    maker: Maker, dataset: str, measure: str, found: str, now: str
) -> tuple[str, list[Scenario]]:
    """Give the part of measures that need labels: enough of them, and for enough of the window's rows."""
    least, needed = maker.least(dataset, maker.alerts.labelled_rows), maker.alerts.label_coverage
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
            {**measured(1, least), found: steps.steady(7.25)},
            {"measure": measure},
            {_MEASURE: measure, now: "7.25, ", **no_period(dataset)},
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


def _over_rows(maker: Maker, dataset: str, measure: str, found: str, now: str) -> tuple[str, list[Scenario]]:
    """Give the part of what a recommender serves, which needs no labels."""
    least, steps = maker.least(dataset, maker.alerts.labelled_rows), maker.steps("PerformanceBelowLimit")
    window = selector("modelvane_quality_window_rows", dataset=dataset)
    alarm = selector(series.RECOMMENDATION_ALARM.name, dataset=dataset, segment="")

    def served(value: float, rows: int) -> dict[str, str]:
        judged = selector(series.RECOMMENDATION_ALARM.name, dataset=dataset, measure=measure, segment="")
        return {judged: steps.steady(value), window: steps.steady(rows)}

    return f"{alarm} == 1\nand on (dataset) {window} >= {least}", [
        steps.fires(
            "What is served is beyond its limit",
            {**served(1, least), found: steps.steady(0.5)},
            {"measure": measure},
            {_MEASURE: measure, now: "0.5, ", **no_period(dataset)},
        ),
        steps.silent("What is served is within its limits", served(0, least)),
        steps.silent("The first answers after the start are bad", served(1, least - 1)),
    ]
