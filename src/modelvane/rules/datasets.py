"""Rules of datasets, from what the monitor finds."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from modelvane.catalogue import CATALOGUE
from modelvane.config import Config
from modelvane.exposition import series
from modelvane.exposition.labels import bounded
from modelvane.exposition.observed import WINDOW_END, WINDOW_START
from modelvane.findings import Family
from modelvane.periods import length_of
from modelvane.rules.links import Dashboard, evidence, panel, period
from modelvane.rules.making import Maker
from modelvane.rules.promql import any_of, duration, number, selector, verbatim
from modelvane.rules.rule import Alert, Group, Recording

_LABELLING = ("label_coverage", "label_lag")
_AGE_LIMIT = "last_row_age"
_ROWS = "modelvane_ingest_rows_total"
_ROW_AGE = "modelvane_ingest_last_row_age_seconds"
_LABEL_AGE = "modelvane_ingest_last_label_age_seconds"
_LABELLED = "modelvane_service_labelled_rows"
_COVERAGE = "modelvane_performance_label_coverage_ratio"


def dataset_rules(config: Config) -> Iterator[Group]:
    """Give the rules of all datasets."""
    over = duration(length_of(config.alerts.over))
    recordings = (
        Recording(
            "modelvane:ingest_rows:rate",
            f"sum by (dataset) (rate({_ROWS}[{over}]))",
            f"Predictions that come in per second, over {over}.",
        ),
        Recording(
            "modelvane:ingest_labels:rate",
            f"sum by (dataset) (rate(modelvane_ingest_labels_total[{over}]))",
            f"Labels that come in per second, over {over}.",
        ),
    )
    alerts = (alert for name in config.datasets for alert in _alerts(config, name))
    yield Group("modelvane-datasets", recordings, tuple(alerts))


def maker_of(config: Config, dataset: str, dashboard: Dashboard) -> Maker:
    """Give what makes the alerts of a dataset that one dashboard shows."""
    links = {
        "panel": panel(config, dashboard, dataset=dataset),
        "evidence": evidence(config, dataset),
    }
    return Maker(config, config.alerts_of(dataset), {"dataset": bounded(dataset)}, links)


def _alerts(config: Config, dataset: str) -> Iterator[Alert]:
    maker = partial(maker_of, config, dataset)
    yield from _no_predictions(maker(Dashboard.MONITOR), dataset)
    yield from _drift(maker(Dashboard.DRIFT), dataset)
    yield from _quality(maker(Dashboard.QUALITY), dataset)
    yield from _performance(maker(Dashboard.PERFORMANCE), dataset)
    if config.datasets[dataset].column_mapping.target is not None:
        yield from _labels(maker(Dashboard.PERFORMANCE), dataset)


def _no_predictions(maker: Maker, dataset: str) -> Iterator[Alert]:
    limit = maker.config.datasets[dataset].thresholds.get(_AGE_LIMIT)
    silence = length_of(maker.alerts.silence) if limit is None else limit
    age, rows = selector(_ROW_AGE, dataset=dataset), selector(_ROWS, dataset=dataset)
    steps = maker.steps("NoPredictions")
    services = [each.name for each in maker.config.services() if dataset in each.datasets]
    yield from maker.alert(
        "NoPredictions",
        f"{age} > {number(silence)}\nand {rows} > 0",
        (
            steps.fires(
                "Rows came, and come no more",
                {age: steps.steady(silence + 60), rows: steps.steady(100)},
                {},
                _no_period(dataset),
            ),
            steps.silent("Rows come", {age: steps.steady(silence / 2), rows: steps.rising(1)}),
            steps.silent("The monitor starts again", {age: steps.steady(silence / 2), rows: steps.reset(1)}),
            steps.silent(
                "The monitor has started, and rows are old: those of the log",
                {age: steps.steady(silence + 60), rows: steps.steady(0)},
            ),
            steps.silent("No row has ever come", {rows: steps.steady(0)}),
        ),
        summary=f"{verbatim(dataset)}: no predictions",
        description=f"No prediction has come for more than {duration(silence)}.",
        # so that the alert of the one service that is down speaks for both
        labels={"service": services[0]} if len(services) == 1 else {},
    )


def _drift(maker: Maker, dataset: str) -> Iterator[Alert]:
    least, steps = maker.alerts.drifted_columns, maker.steps("DatasetDrift")
    verdict = selector("modelvane_dataset_drift", dataset=dataset)
    columns = selector("modelvane_drifted_columns", dataset=dataset)
    alarms = selector(series.DRIFT_ALARM.name, dataset=dataset, segment="")
    which = _listed(f"{alarms} == 1", "column", "{{ $each.Labels.column }}")
    start, end = (selector(each.name, dataset=dataset) for each in (WINDOW_START, WINDOW_END))

    def drifted(count: int) -> dict[str, str]:
        one = selector(series.DRIFT_ALARM.name, dataset=dataset, column="distance", segment="")
        return {
            verdict: steps.steady(min(count, 1)),
            columns: steps.steady(count),
            one: steps.steady(min(count, 1)),
        }

    yield from maker.alert(
        "DatasetDrift",
        f"{verdict} == 1" if least == 1 else f"{columns} >= {least}",
        (
            steps.fires(
                "Columns are beyond their lines",
                drifted(least),
                {},
                {which: "distance", **_no_period(dataset)},
            ),
            steps.fires(
                "The same, and the evidence is of the window's time",
                {**drifted(least), start: steps.steady(1_700_000_000.5), end: steps.steady(1_700_003_600.5)},
                {},
                {which: "distance", period(dataset): "?since=1700000000&until=1700003601"},
            ),
            steps.silent("Too few columns are beyond their lines", drifted(least - 1)),
            steps.silent("No row has come, so nothing is known of drift", {}),
        ),
        summary=f"{verbatim(dataset)}: drift",
        description=f"Further from the reference than every line: {which}.",
    )


def _quality(maker: Maker, dataset: str) -> Iterator[Alert]:
    steps = maker.steps("QualityFault")
    # how old the last row may be is what NoPredictions tells, which knows of starts
    alarms = f'{selector(series.QUALITY_ALARM.name, dataset=dataset)[:-1]},measure!="{_AGE_LIMIT}"}} == 1'
    one = "{{ with $each.Labels.column }}{{ . }}: {{ end }}{{ $each.Labels.measure }}"
    which = _listed(alarms, "measure", f"{one}{{{{ with $each.Labels.segment }}}} ({{{{ . }}}}){{{{ end }}}}")

    def judged(measure: str, value: float, column: str = "fare") -> dict[str, str]:
        found = selector(
            series.QUALITY_ALARM.name, dataset=dataset, column=column, measure=measure, segment=""
        )
        return {found: steps.steady(value)}

    yield from maker.alert(
        "QualityFault",
        f"count by (dataset) ({alarms})",
        (
            steps.fires(
                "Values are missing",
                judged("missing_share", 1),
                {},
                {which: "fare: missing_share", **_no_period(dataset)},
            ),
            steps.fires(
                "A column is missing",
                judged("missing_columns", 1, ""),
                {},
                {which: "missing_columns", **_no_period(dataset)},
            ),
            steps.silent("No value has a fault", judged("missing_share", 0)),
            steps.silent("The monitor has started with old rows of the log", judged(_AGE_LIMIT, 1, "")),
            steps.silent("No row has come", {}),
        ),
        summary=f"{verbatim(dataset)}: faulty values",
        description=f"Beyond what the reference has: {which}.",
    )


def _performance(maker: Maker, dataset: str) -> Iterator[Alert]:
    limits = _limits(maker.config, dataset)
    if not limits:
        return
    window = maker.config.settings(dataset).window
    least = maker.alerts.labelled_rows
    least = least if window.seconds is not None else min(least, window.rows)
    needed = maker.alerts.label_coverage
    alarm = selector(series.PERFORMANCE_ALARM.name, dataset=dataset, segment="")[:-1]
    labelled, coverage = (selector(name, dataset=dataset) for name in (_LABELLED, _COVERAGE))
    expression = f"{alarm},measure!~{any_of(_LABELLING)}}} == 1\nand on (dataset) {labelled} >= {least}" + (
        f"\nand on (dataset) {coverage} >= {number(needed)}" if needed else ""
    )
    steps, measure = maker.steps("PerformanceBelowLimit"), next(iter(limits))

    def measured(value: float, rows: int, share: float = 1.0, name: str = measure) -> dict[str, str]:
        judged = selector(series.PERFORMANCE_ALARM.name, dataset=dataset, measure=name, segment="")
        return {
            judged: steps.steady(value),
            labelled: steps.steady(rows),
            coverage: steps.steady(share),
        }

    few = [
        steps.silent("Too few of the window's rows have labels", measured(1, least, needed / 2)),
    ]
    yield from maker.alert(
        "PerformanceBelowLimit",
        expression,
        (
            steps.fires(
                "A measure is beyond its limit",
                measured(1, least),
                {"measure": measure},
                {_MEASURE: measure, **_no_period(dataset)},
            ),
            steps.silent("All measures are within their limits", measured(0, least)),
            steps.silent("The first labels after the start are bad", measured(1, least - 1)),
            *(few if needed else ()),
            steps.silent("It is the labels that have a limit", measured(1, least, 1.0, _LABELLING[0])),
        ),
        summary=f"{verbatim(dataset)}: performance beyond its limit",
        description=f"{_MEASURE} is beyond its limit. Limits: "
        f"{', '.join(f'{name} {number(limit)}' for name, limit in limits.items())}.",
    )


_MEASURE = "{{ $labels.measure }}"


def _limits(config: Config, dataset: str) -> dict[str, float]:
    """Give the config's limits of performance by measure."""
    thresholds = config.datasets[dataset].thresholds
    return {
        measure: thresholds[measure]
        for (family, measure), each in CATALOGUE.items()
        if family is Family.PERFORMANCE
        and each.by is None
        and measure in thresholds
        and measure not in _LABELLING
    }


def _labels(maker: Maker, dataset: str) -> Iterator[Alert]:
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
    started = "modelvane_service_start_time_seconds"
    expression = f"({age} > {number(silence)} and {last_row} < {number(silence)})"
    scenarios = [
        steps.fires(
            "Labels came and come no more, while predictions do",
            {age: steps.steady(silence + 60), last_row: steps.steady(1)},
            {},
            _no_period(dataset),
        ),
        steps.silent("Labels come", {age: steps.steady(silence / 2), last_row: steps.steady(1)}),
        steps.silent(
            "Predictions come no more either",
            {age: steps.steady(silence + 60), last_row: steps.steady(silence + 60)},
        ),
        steps.silent("No label has ever come", {last_row: steps.steady(1)}),
    ]
    limited = [name for name in _LABELLING if name in maker.config.datasets[dataset].thresholds]
    if limited:
        alarm = selector(series.PERFORMANCE_ALARM.name, dataset=dataset, segment="")[:-1]
        is_rows = maker.config.settings(dataset).window.seconds is None
        # a window that fills has labels for few of its rows, whatever their lag
        filled = f"{rows} >= {full}" if is_rows else f"time() - {started} > on () group_right () {begun}"
        expression += f"\nor\n({alarm},measure=~{any_of(limited)}}} == 1 and on (dataset) ({filled}))"
        one = selector(series.PERFORMANCE_ALARM.name, dataset=dataset, measure=limited[0], segment="")
        window = {
            rows: steps.steady(50),
            full: steps.steady(50),
            begun: steps.steady(60),
            started: steps.steady(0),
        }
        filling = {**window, rows: steps.steady(49), begun: steps.steady(1e9)}
        scenarios += [
            steps.fires(
                "Labels are beyond their own limit",
                {one: steps.steady(1), **window},
                {"measure": limited[0]},
                _no_period(dataset),
            ),
            steps.silent("The window fills after the start", {one: steps.steady(1), **filling}),
            steps.silent("Labels are within their limit", {one: steps.steady(0), **window}),
        ]
    yield from maker.alert(
        "LabelsLate",
        expression,
        scenarios,
        summary=f"{verbatim(dataset)}: labels are late",
        description=f"No label has come for more than {duration(silence)} while predictions have"
        + (", or labels are beyond their own limit." if limited else "."),
    )


def _listed(expression: str, by: str, one: str) -> str:
    """Give a template that lists what a query gives."""
    return (
        f'{{{{ range $i, $each := query `{expression}` | sortByLabel "{by}" }}}}'
        f"{{{{ if $i }}}}, {{{{ end }}}}{one}{{{{ end }}}}"
    )


def _no_period(dataset: str) -> dict[str, str]:
    return {period(dataset): ""}
