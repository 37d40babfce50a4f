"""The whole stack at work: panels have data, alerts reach people, and drift leads to another model."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
from tests.stack.conftest import WINDOW
from tests.stack.running import Running

from modelvane.dashboards import dashboards_of
from modelvane.dashboards.model import Dashboard
from modelvane.dashboards.variables import filled
from modelvane.rules import rules_of

# one worker has them all, one after the other: they share a stack

SPAN, RATE = 60.0, 8.0
"""Seconds that are shown, and that rates are taken over: four scrapes, as Grafana has it."""

WITHOUT_DATA: Mapping[str, str] = {
    "Overview: Alerts that fire: *": "no alert fires while all is well",
    "Service health: Exceptions per minute: *": "no route raises anything",
    "Service health: * of the machine: *": "the profile of the node exporter is not asked for",
    "Drift: Recognised changes: *": "nothing changed",
    "Drift: Largest change of a correlation: reference": "it is a distance from the reference",
    "Drift: Maximum mean discrepancy: reference": "it is a distance from the reference",
    "Drift: Conditional drift: * reference": "it is a distance from the reference",
    "Drift: Conditional drift: * limit": "the settings limit no column given others",
    "Drift: *: limit*": "the settings limit neither a column nor columns together",
    "Drift: ROC AUC of a domain classifier: *": "the settings ask for none",
    "Drift: Share per category: *": "no prediction is a category",
    "Quality: Alarms: *": "nothing is wrong",
    "Performance: Mean absolute error, changes that * finds: *": "the settings ask for no other detectors",
    "Performance: * error, estimated: limit": "the settings limit no estimate",
    "Performance: * error against the champion: *": "before a promotion one version answers",
    "Performance: Decision by * error: *": "before a promotion one version answers",
    "Fairness: Alarms: *": "the settings limit no difference between groups",
    "Attribution: *: limit": "the settings limit no distance of the order",
    "Segments: Accuracy, change by *": "no dataset is of classes",
    "Monitor itself: Size of the log: *": "only a log that is a file tells its size",
    "Monitor itself: Time since the reference was switched: *": "the reference is the first",
}
"""Queries of panels that have no data here while all is well, each with the reason."""

UNTOLD: Mapping[str, str] = {
    "modelvane_service_log_bytes": "only a log that is a file tells its size",
    "modelvane_versions_mean_absolute_error_decision": "before a promotion one version answers",
}
"""Series of rules that this stack does not show while all is well, each with the reason."""

_SELECTOR = re.compile(r"\b(?:modelvane[:_]|http_|process_|model_|up\b)[\w:]*(?:\{[^}]*\})?")
"""Every series that an expression asks for, with its labels."""


def choices(running: Running, dashboard: Dashboard) -> Iterator[dict[str, list[str]]]:
    """Give what can be chosen at the top of a dashboard: everything, for each dataset."""
    chosen: list[dict[str, list[str]]] = [{}]
    for variable in dashboard.variables:
        further = []
        for one in chosen:
            values = running.values(filled(variable.series, one, SPAN, RATE), variable.label)
            further += [
                one | {variable.name: part}
                for part in ([values] if variable.several else [[each] for each in values])
            ]
        chosen = further
    return iter(chosen)


def excused(name: str) -> bool:
    """Tell whether a query of a panel may have no data."""
    return any(fnmatchcase(name, pattern) for pattern in WITHOUT_DATA)


def test_every_panel_has_data(running: Running) -> None:
    """While traffic flows, Prometheus answers every query of every generated panel, for one dataset at least.

    That a query may be empty elsewhere excuses none here: only those of `WITHOUT_DATA` are.
    """

    def without_data() -> dict[str, str]:
        missing = {}
        for dashboard in dashboards_of(running.config):
            chosen = list(choices(running, dashboard))
            for panel, query in dashboard.queries():
                name = f"{dashboard.title}: {panel.title}: {query.legend}"
                if excused(name):
                    assert query.empty, f"the reader of an empty panel is not told why: {name}"
                elif not any(running.query(filled(query.expression, one, SPAN, RATE)) for one in chosen):
                    missing[name] = query.expression
        return missing

    last: dict[str, str] = {}

    def all_have_data() -> bool:
        last.clear()
        last.update(without_data())
        return not last

    try:
        running.until(all_have_data, "data for every panel")
    except AssertionError as error:
        lines = "\n".join(f"{where}: {expression}" for where, expression in last.items())
        raise AssertionError(f"{len(last)} queries have no data:\n{lines}\n{error}") from None


def test_every_rule_is_evaluated(running: Running) -> None:
    """Prometheus evaluates every generated rule, each recording has data, and so has whatever an alert looks at."""
    rules = rules_of(running.config)

    def evaluated() -> bool:
        groups = running.get("prometheus", "/api/v1/rules")["data"]["groups"]
        return all(rule["health"] == "ok" for group in groups for rule in group["rules"])

    running.until(evaluated, "all rules are healthy")
    groups = running.get("prometheus", "/api/v1/rules")["data"]["groups"]
    names = [rule["name"] for group in groups for rule in group["rules"]]
    assert sorted(names) == sorted(
        [*(one.name for one in rules.recordings), *(one.name for one in rules.alerts)]
    )
    looked_at = {one.name for one in rules.recordings}
    looked_at |= {selector for alert in rules.alerts for selector in _SELECTOR.findall(alert.expression)}
    for selector in sorted(looked_at):
        if not selector.startswith(tuple(UNTOLD)):
            running.until(lambda selector=selector: running.query(selector), f"data of {selector}")


def test_a_service_that_is_down_is_heard_of(running: Running) -> None:
    """Without the taxi service ServiceDown fires, reaches the webhook, and is resolved once the service is back."""
    assert not running.webhook.statuses("ServiceDown")
    running.stack.stop("taxi")
    running.until(lambda: running.alerts("ServiceDown", service="taxi"), "ServiceDown in Alertmanager")
    running.until(
        lambda: running.webhook.statuses("ServiceDown", service="taxi"), "ServiceDown at the webhook"
    )
    running.stack.start("taxi")
    running.until(lambda: running.stack.is_healthy("taxi"), "the taxi service is back")
    running.until(
        lambda: running.webhook.statuses("ServiceDown", service="taxi")[-1:] == ["resolved"], "it is resolved"
    )
    assert not running.webhook.statuses("ServiceDown", service="reco")


def test_drift_leads_to_another_model(running: Running) -> None:
    """Injected drift fires DatasetDrift, the monitor retrains, and the better model answers without a dropped request.

    The prediction service and the monitor take the new version and its reference, and the alert is resolved. The
    version before answers a few trips on, and stands beside the champion.
    """
    before = running.get("taxi", "/healthz")["model"]["version"]
    asked = running.get("traffic", "/healthz")["requests"]["taxi"]
    began = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    running.put("traffic", "/faults", ["scale trip_distance factor=2.5"])

    def told(kind: str) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = running.get("monitor", "/v1/datasets/taxi/events", kind=kind)
        return events

    running.until(lambda: running.alerts("DatasetDrift", dataset="taxi"), "DatasetDrift in Alertmanager")
    running.until(lambda: told("alert_firing"), "the alert at the monitor")
    running.until(lambda: told("model_promoted"), f"a promoted model; {told('')}")
    running.until(lambda: told("reference_switched"), "the monitor takes the new reference")
    outcome = told("model_promoted")[-1]["details"]["outcome"]
    version = outcome["version"]
    learned = pq.read_table(outcome["reference"])["lpep_pickup_datetime"]
    assert pc.min(learned).as_py() > began, "the reference holds trips from before the drift"
    assert version != before
    running.until(
        lambda: running.get("taxi", "/healthz")["model"] == {"version": version, "fault": None},
        "the prediction service takes the new version",
    )
    running.until(lambda: running.query(f'model_info{{job="taxi", version="{version}"}}'), "it says so")
    running.until(lambda: told("alert_resolved"), "the alert is resolved at the monitor")
    running.until(lambda: not running.alerts("DatasetDrift", dataset="taxi"), "and in Alertmanager")

    def is_noise() -> bool:
        """Tell whether a full window of drifted trips is as near to the new reference as sampling lets it be."""
        found = running.get("monitor", "/v1/datasets/taxi/findings")
        distances = [
            one
            for one in found["findings"]
            if one["column"] == "trip_distance" and one["family"] == "drift" and one["segment"] is None
        ]
        return found["rows"] == WINDOW and all(one["value"] <= one["noise_floor"] for one in distances)

    running.until(is_noise, "the drifted trips are what is usual")

    def side_by_side() -> bool:
        """Tell whether both versions have labelled trips, and their difference is a series."""
        series = (
            f'modelvane_versions_mean_absolute_error_against_champion{{dataset="taxi", version="{before}"}}'
        )
        return all(
            running.query(f'modelvane_versions_labelled_rows{{dataset="taxi", version="{each}"}} > 0')
            for each in (before, version)
        ) and bool(running.query(series))

    running.until(side_by_side, "the version before beside the champion")
    told_of_switch = told("reference_switched")[-1]["what"]
    assert told_of_switch.endswith(f"other versions of the model are compared with {version}")
    after = running.get("traffic", "/healthz")["requests"]["taxi"]
    assert after["answered"] > asked["answered"]
    assert (after["failed"], after["refused"]) == (asked["failed"], asked["refused"])
    log = running.get("taxi", "/healthz")["log"]
    assert (log["dropped"], log["rejected"]) == (0, 0)
    kinds = [event["kind"] for event in told("")]
    first = [
        kinds.index(kind)
        for kind in ("alert_firing", "retrain_started", "model_promoted", "reference_switched")
    ]
    assert first == sorted(first), kinds
    assert kinds.count("model_promoted") == kinds.count("reference_switched") == 1
    events = running.page("monitor", "/datasets/taxi").partition('id="events"')[2]
    assert f"Model {version} was promoted" in events
