"""The alert of labels: late, or too few."""

from __future__ import annotations

from collections.abc import Iterator

from modelvane.exposition import series
from modelvane.periods import length_of
from modelvane.rules.links import no_period
from modelvane.rules.making import Maker
from modelvane.rules.performance import LABELLING
from modelvane.rules.promql import START, any_of, duration, number, selector, verbatim
from modelvane.rules.rule import Alert

_ROW_AGE = "modelvane_ingest_last_row_age_seconds"
_LABEL_AGE = "modelvane_ingest_last_label_age_seconds"


def label_alerts(maker: Maker, dataset: str) -> Iterator[Alert]:
    """Give the alert of labels that do not come."""
    silence, steps = length_of(maker.alerts.label_silence), maker.steps("LabelsLate")
    age, last_row = (selector(name, dataset=dataset) for name in (_LABEL_AGE, _ROW_AGE))
    rows, full, begun = (
        selector(name, dataset=dataset)
        for name in (
            "modelvane_quality_window_rows",
            "modelvane_service_window_rows",
            "modelvane_service_window_seconds",
        )
    )
    none = f"No label has come for more than {duration(silence)} while predictions have."
    which = f"{{{{ with $labels.measure }}}}{{{{ . }}}} is beyond its limit.{{{{ else }}}}{none}{{{{ end }}}}"
    # labels are not late for rows that did not come: the longest time without rows does not count
    paused = f"max_over_time({last_row}[{duration(silence)}])"
    expression = f"({age} - {paused} > {number(silence)} and {last_row} < {number(silence)})"
    scenarios = [
        steps.fires(
            "Labels came and come no more, while predictions do",
            {age: steps.steady(silence + 60), last_row: steps.steady(1)},
            {},
            {which: none, **no_period(dataset)},
        ),
        steps.silent("Labels come", {age: steps.steady(silence / 2), last_row: steps.steady(1)}),
        steps.silent(
            "Predictions come no more either",
            {age: steps.steady(silence + 60), last_row: steps.steady(silence + 60)},
        ),
        steps.silent("No label has ever come", {last_row: steps.steady(1)}),
        steps.silent(
            "Predictions come again after a weekend without any",
            {age: steps.steady(3 * silence), last_row: steps.turned(2 * silence, 1)},
        ),
        steps.fires(
            "Predictions have come again for long, and labels have not",
            {age: steps.steady(3 * silence + 120), last_row: steps.turned(2 * silence, 1)},
            {},
            {which: none, **no_period(dataset)},
        ),
    ]
    limited = [name for name in LABELLING if name in maker.config.datasets[dataset].thresholds]
    if limited:
        alarm = selector(series.PERFORMANCE_ALARM.name, dataset=dataset, segment="")[:-1]
        is_rows = maker.config.settings(dataset).window.seconds is None
        # a window that fills has labels for few of its rows, whatever their lag
        filled = (
            f"{rows} >= {full}"
            if is_rows
            else f"time() - {START} > on (job, instance) group_right () {begun}"
        )
        expression += f"\nor\n({alarm},measure=~{any_of(limited)}}} == 1 and on (dataset) ({filled}))"
        one = selector(series.PERFORMANCE_ALARM.name, dataset=dataset, measure=limited[0], segment="")
        window = {
            rows: steps.steady(50),
            full: steps.steady(50),
            begun: steps.steady(60),
            START: steps.steady(0),
        }
        filling = {**window, rows: steps.steady(49), begun: steps.steady(1e9)}
        scenarios += [
            steps.fires(
                "Labels are beyond their own limit",
                {one: steps.steady(1), **window},
                {"measure": limited[0]},
                {which: f"{limited[0]} is beyond its limit.", **no_period(dataset)},
            ),
            steps.silent("The window fills after the start", {one: steps.steady(1), **filling}),
            steps.silent("Labels are within their limit", {one: steps.steady(0), **window}),
        ]
    yield from maker.alert(
        "LabelsLate",
        expression,
        scenarios,
        summary=f"{verbatim(dataset)}: labels are late",
        description=which if limited else none,
    )
