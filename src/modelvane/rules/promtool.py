"""Unit tests of the rules, as promtool runs them: every scenario of every alert."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from modelvane.rules.promql import duration, plain
from modelvane.rules.rule import Alert, Rules, Scenario


def tests_of(rules: Rules, file: str) -> dict[str, Any]:
    """Give what ``promtool test rules`` reads.

    Parameters
    ----------
    file
        Name of the file of the rules, in the same folder.
    """
    return {
        "rule_files": [file],
        "evaluation_interval": duration(
            min(scenario.step for alert in rules.alerts for scenario in alert.scenarios)
        ),
        "tests": [
            _test(alert, scenario, rules.background.get(alert.name, ()))
            for alert in rules.alerts
            for scenario in alert.scenarios
        ],
    }


def _test(alert: Alert, scenario: Scenario, background: Iterable[str]) -> dict[str, Any]:
    well = {series: f"1+0x{scenario.steps}" for series in background if series not in scenario.without}
    return {
        "name": plain(f"{' '.join(alert.key)}: {scenario.says}"),
        "interval": duration(scenario.step),
        "input_series": [
            {"series": series, "values": values} for series, values in {**well, **scenario.series}.items()
        ],
        "alert_rule_test": [
            {
                "eval_time": duration(scenario.step * scenario.steps),
                "alertname": alert.name,
                "exp_alerts": list(_expected(alert, scenario)),
            }
        ],
    }


def _expected(alert: Alert, scenario: Scenario) -> Iterator[dict[str, Any]]:
    if scenario.fires is not None:
        labels = {name: plain(value) for name, value in alert.labels.items()}
        annotations = {name: _said(text, scenario) for name, text in alert.annotations.items()}
        yield {"exp_labels": {**scenario.fires, **labels}, "exp_annotations": annotations}


def _said(template: str, scenario: Scenario) -> str:
    for part, text in scenario.said.items():
        template = template.replace(part, text)
    return plain(template)
