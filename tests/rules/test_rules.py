"""What is generated, as plain records: complete, true to the config, and about series that exist."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from tests.rules.configs import CONFIGS, GOLDEN, TAXI, config

from modelvane.config import Config, LinksSection
from modelvane.config.alerts import AlertName
from modelvane.dashboards import dashboards_of
from modelvane.dashboards.grafana import text_of
from modelvane.errors import ConfigError
from modelvane.exposition.collector import native
from modelvane.periods import length_of
from modelvane.rules import Alert, rules_of, write_rules
from modelvane.rules.files import ALERTMANAGER, RULES, TESTS
from modelvane.rules.kinds import KINDS
from modelvane.rules.links import Panel

OF_SERVICES = {
    "http_requests_total",
    "http_request_duration_seconds_bucket",
    "modelvane_client_lost_rows_total",
}
every_config = pytest.mark.parametrize("name", CONFIGS)


def alerts(name: str) -> list[Alert]:
    return list(rules_of(config(name)).alerts)


def alerts_of(**changes: object) -> dict[str, Alert]:
    """Give the alerts of the kept config with other settings at the top, by name; of several the last."""
    return {alert.name: alert for alert in rules_of(Config.of({**TAXI, **changes})).alerts}


@pytest.mark.parametrize("file", [RULES, TESTS, ALERTMANAGER])
def test_golden(file: str, tmp_path: Path) -> None:
    """The files of a config are those in golden/; `python -m tests.rules.configs` writes them anew."""
    write_rules(config("taxi"), rules_of(config("taxi")), tmp_path)
    assert (tmp_path / file).read_text() == (GOLDEN / file).read_text()


def test_the_table_is_complete() -> None:
    """Every alert that a config may name is in the table, and generated for the config with everything."""
    assert set(get_args(AlertName)) == set(KINDS) == {alert.name for alert in alerts("taxi")}


@every_config
def test_alerts_are_told_apart(name: str) -> None:
    """No two alerts of a config have the same name and labels."""
    keys = [alert.key for alert in alerts(name)]
    assert len(keys) == len(set(keys))


@every_config
def test_every_alert_is_tried_both_ways(name: str) -> None:
    """Every alert has a scenario in which it fires and one in which it does not."""
    for alert in alerts(name):
        assert {scenario.fires is None for scenario in alert.scenarios} == {True, False}, alert.key


@every_config
def test_every_alert_says_what_to_do(name: str) -> None:
    """Every alert has severity, summary, description, what to do first, and a panel; of a dataset also evidence."""
    for alert in alerts(name):
        assert alert.labels["severity"] in ("page", "ticket", "info")
        assert {"summary", "description", "first", "panel"} <= {
            key for key, text in alert.annotations.items() if text
        }
        assert "dataset" not in alert.labels or "/report{{" in alert.annotations["evidence"]


@every_config
def test_no_alert_comes_or_goes_at_once(name: str) -> None:
    """Every alert lasts for two scrapes and for an evaluation, before it fires and after, whatever is wished."""
    settings = config(name)
    least = max(2 * length_of(settings.alerts.scrape_interval), settings.service.calculation_period_sec)
    assert all(alert.hold >= least and alert.keep >= least for alert in alerts(name))


@every_config
def test_series_exist(name: str) -> None:
    """Every series in an expression or a template is exposed by the monitor or a service, or recorded before."""
    built_in = {f"{series.name}{suffix}" for series in native() for suffix in ("", "_sum", "_count")}
    rules = rules_of(config(name))
    recorded = {recording.name for recording in rules.recordings}
    texts = [
        *(recording.expression for recording in rules.recordings),
        *(text for alert in rules.alerts for text in (alert.expression, *_queries(alert))),
    ]
    named = {
        series
        for text in texts
        for series in re.findall(
            r"(?:modelvane[_:]|http_)[a-z0-9_:]+", re.sub(r'"(?:[^"\\]|\\.)*"', "", text)
        )
    }
    assert named
    assert named <= built_in | recorded | OF_SERVICES


def _queries(alert: Alert) -> Iterator[str]:
    return (query for text in alert.annotations.values() for query in re.findall(r"query `([^`]*)`", text))


def test_thresholds_are_those_of_the_config() -> None:
    """Limits, holds and severities of the config are in the rules; `none` leaves an alert out."""
    found = alerts_of(
        alerts={
            "errors": 0.25,
            "silence": "1h",
            "series": 0.5,
            "hold": {"ServiceDown": "10min"},
            "severity": {"ServiceDown": "ticket", "ServiceSlow": "none"},
        }
    )
    assert "> 0.25\n" in found["ServiceErrors"].expression
    assert "> 3600\n" in found["NoPredictions"].expression
    assert found["SeriesBudget"].expression.endswith("> 0.5")
    assert (found["ServiceDown"].hold, found["ServiceDown"].labels["severity"]) == (600.0, "ticket")
    assert "ServiceSlow" not in found


def test_a_dataset_has_its_own_say() -> None:
    """What a dataset sets for its alerts goes before the top, and what it leaves open comes from there."""
    top = {"silence": "1h", "severity": {"DatasetDrift": "info", "LabelsLate": "none"}}
    own = {"drifted_columns": 2, "severity": {"DatasetDrift": "page"}}
    found = alerts_of(datasets={"taxi": {"alerts": own}}, alerts=top)
    assert found["DatasetDrift"].expression == 'modelvane_drifted_columns{dataset="taxi"} >= 2'
    assert found["DatasetDrift"].labels["severity"] == "page"
    assert "> 3600\n" in found["NoPredictions"].expression
    assert "LabelsLate" not in found


def test_performance_is_judged_by_the_datasets_limits() -> None:
    """There is an alert of performance where the dataset limits a measure of it, and only there."""
    assert "PerformanceBelowLimit" not in alerts_of(datasets={"taxi": {"thresholds": {"label_lag": 60}}})
    found = alerts_of()["PerformanceBelowLimit"]
    assert found.annotations["description"].endswith("Limits: mean_absolute_error 6.5, r_squared 0.5.")
    assert ">= 30\n" in found.expression
    few = alerts_of(datasets={"taxi": {"window": {"rows": 10}, "thresholds": {"mean_absolute_error": 1}}})
    assert ">= 10\n" in few["PerformanceBelowLimit"].expression


def test_what_a_recommender_serves_needs_no_labels() -> None:
    """A limit of what is served is judged over the window's rows, whatever is labelled."""
    found = alerts_of(datasets={"reco": {"thresholds": {"fallback_share": 0.5}}})["PerformanceBelowLimit"]
    assert found.expression == (
        'modelvane_recommendation_alarm{dataset="reco",segment=""} == 1\n'
        'and on (dataset) modelvane_quality_window_rows{dataset="reco"} >= 30'
    )


def test_a_limit_at_k_is_one_of_performance() -> None:
    """A limit such as hit_rate@5 makes an alert, which says the value at this k."""
    found = alerts_of(datasets={"reco": {"thresholds": {"hit_rate@5": 0.05}}})["PerformanceBelowLimit"]
    assert 'hit_rate_ratio{dataset="reco",segment="",k="5"}' in found.annotations["description"]
    assert found.annotations["description"].endswith("Limits: hit_rate@5 0.05.")


def test_a_limit_of_a_column_waits_for_rows() -> None:
    """Only a limit of a column's distance or values makes its alert wait for rows: a few are beyond it by chance."""

    def gated(**settings: object) -> list[str]:
        found = alerts_of(datasets={"taxi": settings})
        return [name for name, each in found.items() if "modelvane_quality_window_rows" in each.expression]

    assert gated(thresholds={"mean_absolute_error": 1}) == ["MonitorBlind"]
    assert gated(thresholds={"trip_distance": 0.1}) == ["DatasetDrift", "MonitorBlind"]
    assert gated(thresholds={"a.b.missing_share": 0.1}) == ["QualityFault", "MonitorBlind"]
    assert gated(thresholds={"trip_distance": 0.1}, alerts={"rows": 1}) == ["MonitorBlind"]
    few = alerts_of(datasets={"taxi": {"thresholds": {"fare": 0.1}, "window": {"rows": 7}}})["DatasetDrift"]
    assert few.expression.endswith('modelvane_quality_window_rows{dataset="taxi"} >= 7')


@every_config
def test_panels_are_there(name: str) -> None:
    """The link of every alert leads to one panel, which is in a dashboard that is generated from the same config."""
    of_grafana = config(name).model_copy(update={"links": LinksSection(grafana="http://grafana:3000")})
    panels = {
        (dashboard.uid, f"panel-{each['id']}"): each["title"]
        for dashboard in dashboards_of(of_grafana)
        for each in json.loads(text_of(dashboard))["panels"]
        if each["type"] != "row"
    }
    for alert in rules_of(of_grafana).alerts:
        link = urlsplit(alert.annotations["panel"])
        (shown,) = parse_qs(link.query)["viewPanel"]
        assert (link.path.removeprefix("/d/"), shown) in panels, (alert.key, link.geturl())


def test_every_panel_is_pointed_to() -> None:
    """Of the panels that alerts may point to none is without an alert."""
    configs = (Config.of({**CONFIGS[name], "links": TAXI["links"]}) for name in CONFIGS)
    every = [alert for each in configs for alert in rules_of(each).alerts]
    links = {alert.annotations["panel"].rpartition("-")[2] for alert in every}
    assert {str(panel.id) for panel in Panel} == links


def test_a_limit_of_age_is_that_of_silence() -> None:
    """The dataset's own limit of `last_row_age` decides when predictions are missed, and is no fault of quality."""
    found = alerts_of(datasets={"taxi": {"thresholds": {"last_row_age": 42}}})
    assert "> 42\n" in found["NoPredictions"].expression
    assert 'measure!="last_row_age"' in found["QualityFault"].expression


def test_a_service_speaks_for_its_dataset() -> None:
    """NoPredictions names the service where there is one, so that ServiceDown can inhibit it; of two it names none."""
    by_dataset = {
        alert.labels["dataset"]: alert.labels.get("service")
        for alert in alerts("recommender")
        if alert.name == "NoPredictions"
    }
    assert by_dataset == {"reco": None, "items": "reco"}


def test_links() -> None:
    """Panels are Grafana's where the config has one, else the live page; evidence is the window's report."""
    assert alerts_of()["DatasetDrift"].annotations["panel"] == (
        f"http://127.0.0.1:3000/d/modelvane-drift?var-dataset=taxi&viewPanel=panel-{Panel.DRIFT.id}"
    )
    found = alerts_of(links={"monitor": "https://watch.example"})["DatasetDrift"].annotations
    assert found["panel"] == "https://watch.example/datasets/taxi"
    assert found["evidence"].startswith("https://watch.example/v1/datasets/taxi/report{{ with query")


def test_secrets_stay_where_they_are(tmp_path: Path) -> None:
    """No file has the config's tokens; Alertmanager reads the token from a file of its own."""
    files = write_rules(config("taxi"), rules_of(config("taxi")), tmp_path)
    assert not any("secret" in file.read_text() for file in files)
    (receiver, *_) = yaml.safe_load((tmp_path / ALERTMANAGER).read_text())["receivers"]
    assert (
        receiver["webhook_configs"][0]["http_config"]["authorization"]["credentials_file"]
        == "modelvane.token"
    )


@pytest.mark.parametrize(
    ("alerts", "message"),
    [
        ({"hold": {"DatasetDrift": "soon"}}, "alerts.hold.DatasetDrift"),
        ({"severity": {"DatasetDrift": "loud"}}, "alerts.severity.DatasetDrift"),
        ({"severity": {"DatsetDrift": "page"}}, "alerts.severity.DatsetDrift"),
        ({"over": "10s"}, "alerts.over is too short"),
        ({"silence": "0s"}, "alerts.silence"),
        ({"webhooks": {"page": "somewhere"}}, "alerts.webhooks.page"),
        ({"silense": "1h"}, "Did you mean 'silence'?"),
    ],
)
def test_bad_settings(alerts: dict[str, object], message: str) -> None:
    """A setting of alerts that is none is refused with its place."""
    with pytest.raises(ConfigError, match=re.escape(message)):
        Config.of({"datasets": {"taxi": {}}, "alerts": alerts})
