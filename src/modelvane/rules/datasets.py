"""Rules of datasets, from what the monitor finds."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from modelvane.causes import Change
from modelvane.config import Config
from modelvane.exposition import series
from modelvane.exposition.labels import bounded
from modelvane.exposition.observed_series import WINDOW_END, WINDOW_START
from modelvane.findings import Family
from modelvane.periods import length_of
from modelvane.rules.attribution import attribution_alerts
from modelvane.rules.concept import concept_alerts
from modelvane.rules.estimates import estimate_alerts
from modelvane.rules.fairness import fairness_alerts
from modelvane.rules.few import gate_of
from modelvane.rules.labels import label_alerts
from modelvane.rules.links import Panel, address, evidence, no_period, period
from modelvane.rules.making import Maker
from modelvane.rules.performance import limits_of, performance_alerts
from modelvane.rules.promql import START, duration, listed, number, selector, verbatim
from modelvane.rules.rule import Alert, Group, Recording
from modelvane.rules.together import joint_alerts
from modelvane.rules.versions import version_alerts
from modelvane.schema import Task

_AGE_LIMIT = "last_row_age"
_ROWS = "modelvane_ingest_rows_total"
_ROW_AGE = "modelvane_ingest_last_row_age_seconds"


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


def maker_of(config: Config, dataset: str, panel: Panel) -> Maker:
    """Give what makes the alerts of a dataset that one panel shows."""
    links = {
        "panel": address(config, panel, dataset=dataset),
        "evidence": evidence(config, dataset),
    }
    return Maker(config, config.alerts_of(dataset), {"dataset": bounded(dataset)}, links)


def _alerts(config: Config, dataset: str) -> Iterator[Alert]:
    maker = partial(maker_of, config, dataset)
    yield from _no_predictions(maker(Panel.LAST_ROW), dataset)
    yield from _drift(maker(Panel.DRIFT), dataset)
    yield from joint_alerts(maker(Panel.TOGETHER), dataset)
    yield from _quality(maker(Panel.QUALITY), dataset)
    # limits of what is served alone are on a dashboard of their own
    is_served = not limits_of(config, dataset, Family.PERFORMANCE)
    shown = Panel.RECOMMENDATION if is_served else Panel.PERFORMANCE
    yield from performance_alerts(maker(shown), dataset)
    is_regression = config.datasets[dataset].column_mapping.task is Task.REGRESSION
    estimated = Panel.ESTIMATED_ERRORS if is_regression else Panel.ESTIMATED_CLASSES
    yield from estimate_alerts(maker(estimated), dataset)
    yield from concept_alerts(maker(Panel.CONCEPT), dataset)
    yield from fairness_alerts(maker(Panel.FAIRNESS), dataset)
    yield from version_alerts(maker(Panel.VERSIONS), dataset)
    yield from attribution_alerts(maker(Panel.ATTRIBUTION), dataset)
    if config.datasets[dataset].column_mapping.target is not None:
        yield from label_alerts(maker(Panel.LAST_LABEL), dataset)


def _no_predictions(maker: Maker, dataset: str) -> Iterator[Alert]:
    limit = maker.config.datasets[dataset].thresholds.get(_AGE_LIMIT)
    silence = length_of(maker.alerts.silence) if limit is None else limit
    age = selector(_ROW_AGE, dataset=dataset)
    steps = maker.steps("NoPredictions")
    services = [each.name for each in maker.config.services() if dataset in each.datasets]
    yield from maker.alert(
        "NoPredictions",
        # rows of the log are old when the monitor starts, and services need time to send again
        f"{age} > {number(silence)}\nand on (job, instance) time() - {START} > {number(silence)}",
        (
            steps.fires(
                "Rows came, and come no more",
                {age: steps.steady(silence + 60), START: steps.steady(-silence)},
                {},
                no_period(dataset),
            ),
            steps.silent("Rows come", {age: steps.steady(silence / 2), START: steps.steady(-silence)}),
            steps.silent(
                "The monitor has started, and rows are old: those of the log",
                {age: steps.steady(silence + 60), START: steps.steady(steps.seconds * steps.count)},
            ),
            steps.silent("No row has ever come", {START: steps.steady(-silence)}),
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
    alarms, changes = (
        selector(each.name, dataset=dataset, segment="") for each in (series.DRIFT_ALARM, series.DRIFT_CHANGE)
    )
    # a column has an alarm by method, and a change only where one was recognised
    which = listed(
        f"max by (column, change) ({changes} and on (column, method) {alarms} == 1)"
        f" or on (column) max by (column) ({alarms} == 1)",
        "column",
        "{{ $each.Labels.column }}{{ with $each.Labels.change }}: {{ . }}{{ end }}",
    )
    start, end = (selector(each.name, dataset=dataset) for each in (WINDOW_START, WINDOW_END))
    gate = gate_of(maker, dataset, "DatasetDrift", Family.DRIFT)

    def drifted(count: int) -> dict[str, str]:
        judged = (
            selector(series.DRIFT_ALARM.name, dataset=dataset, column=column, method=method, segment="")
            for column, method in (("distance", "ks"), ("distance", "psi"), ("fare", "ks"))
        )
        return {
            verdict: steps.steady(min(count, 1)),
            columns: steps.steady(count),
            **dict.fromkeys(judged, steps.steady(min(count, 1))),
            **gate.enough,
        }

    def changed(column: str, change: Change, segment: str = "") -> dict[str, str]:
        labels = {"dataset": dataset, "column": column, "method": "ks", "segment": segment, "change": change}
        return {selector(series.DRIFT_CHANGE.name, **labels): steps.steady(1)}

    yield from maker.alert(
        "DatasetDrift",
        (f"{verdict} == 1" if least == 1 else f"{columns} >= {least}") + gate.condition,
        (
            steps.fires(
                "Columns are beyond their lines",
                drifted(least),
                {},
                {which: "distance, fare", **no_period(dataset)},
            ),
            steps.fires(
                "A change is recognised in a drifted column, in one that has not drifted, and in a segment",
                {
                    **drifted(least),
                    **changed("distance", Change.SCALED),
                    **changed("fare", Change.NULLS, segment="zone=7"),
                    **changed("tip", Change.SHIFTED),
                },
                {},
                {which: "distance: scaled, fare", **no_period(dataset)},
            ),
            steps.fires(
                "The same, and the evidence is of the window's time",
                {**drifted(least), start: steps.steady(1_700_000_000.5), end: steps.steady(1_700_003_600.5)},
                {},
                {which: "distance, fare", period(dataset): "?since=1700000000&until=1700003601"},
            ),
            steps.fires(
                "A scrape fails while the alert fires",
                {verdict: steps.gone(1), columns: steps.gone(least), **gate.enough},
                {},
                {which: "", **no_period(dataset)},
            ),
            steps.silent("Too few columns are beyond their lines", drifted(least - 1)),
            steps.silent("No row has come, so nothing is known of drift", {}),
            *gate.silent(maker, "DatasetDrift", drifted(least)),
        ),
        summary=f"{verbatim(dataset)}: drift",
        description="Columns further from the reference than every line, with what happened to them where it was "
        f"recognised: {which}.",
    )


def _quality(maker: Maker, dataset: str) -> Iterator[Alert]:
    steps, gate = maker.steps("QualityFault"), gate_of(maker, dataset, "QualityFault", Family.QUALITY)
    # how old the last row may be is what NoPredictions tells, which knows of starts
    alarms = f'{selector(series.QUALITY_ALARM.name, dataset=dataset)[:-1]},measure!="{_AGE_LIMIT}"}} == 1'
    one = "{{ with $each.Labels.column }}{{ . }}: {{ end }}{{ $each.Labels.measure }}"
    which = listed(alarms, "measure", f"{one}{{{{ with $each.Labels.segment }}}} ({{{{ . }}}}){{{{ end }}}}")

    def judged(measure: str, value: float, column: str = "fare") -> dict[str, str]:
        found = selector(
            series.QUALITY_ALARM.name, dataset=dataset, column=column, measure=measure, segment=""
        )
        return {found: steps.steady(value), **gate.enough}

    yield from maker.alert(
        "QualityFault",
        f"count by (dataset) ({alarms}){gate.condition}",
        (
            steps.fires(
                "Values are missing",
                judged("missing_share", 1),
                {},
                {which: "fare: missing_share", **no_period(dataset)},
            ),
            steps.fires(
                "A column is missing",
                judged("missing_columns", 1, ""),
                {},
                {which: "missing_columns", **no_period(dataset)},
            ),
            steps.silent("No value has a fault", judged("missing_share", 0)),
            steps.silent("The monitor has started with old rows of the log", judged(_AGE_LIMIT, 1, "")),
            steps.silent("No row has come", {}),
            *gate.silent(maker, "QualityFault", judged("missing_share", 1)),
        ),
        summary=f"{verbatim(dataset)}: faulty values",
        description=f"Beyond what the reference has: {which}.",
    )
