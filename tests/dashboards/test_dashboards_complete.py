"""Everything that is measured is shown, and nothing is asked for that there is not."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry
from tests.dashboards.configs import ALL, BARE, OPEN, SHOP, TAXI

from modelvane.catalogue import CATALOGUE
from modelvane.client.health.metrics import BUCKETS, metrics_of
from modelvane.config import Config
from modelvane.dashboards import dashboards_of
from modelvane.dashboards.choices import UIDS
from modelvane.dashboards.measures import TOGETHER, WITHOUT_PANEL
from modelvane.dashboards.model import Dashboard
from modelvane.exposition.collector import native

PROCESS = {
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
    "process_open_fds",
    "process_start_time_seconds",
}
MACHINE = {"node_cpu_seconds_total", "node_memory_MemAvailable_bytes", "node_memory_MemTotal_bytes"}
PROMETHEUS = {"up", "scrape_duration_seconds", "ALERTS"}
_NAME = re.compile(r"\b(modelvane_\w+|http_\w+|process_\w+|node_\w+|model_info|up|scrape_\w+|ALERTS)\b")
_WORDS = re.compile(r'"[^"]*"')
_SUFFIXES = {
    "histogram": ("_bucket", "_sum", "_count"),
    "summary": ("_sum", "_count"),
    "counter": ("_total",),
}

every_config = pytest.mark.parametrize("config", ALL.values(), ids=ALL)


def http_series() -> set[str]:
    """Give the names of the samples that `instrument` shows of requests, and of the model."""
    registry = CollectorRegistry()
    metrics_of(registry, BUCKETS)
    return {"model_info"} | {
        f"{family.name}{suffix}"
        for family in registry.collect()
        for suffix in _SUFFIXES.get(family.type, ("",))
    }


def native_series() -> set[str]:
    """Give the names of the samples of the monitor."""
    return {
        f"{series.name}{suffix}"
        for series in native()
        for suffix in (_SUFFIXES["summary"] if series.type == "summary" else ("",))
    }


def names_in(expression: str) -> set[str]:
    """Give the series that an expression asks for."""
    return set(_NAME.findall(_WORDS.sub("", expression)))


def expressions(dashboard: Dashboard) -> Iterator[str]:
    """Give whatever a dashboard asks of Prometheus."""
    yield from (query.expression for _, query in dashboard.queries())
    yield from (each.expression for each in dashboard.annotations)
    yield from (each.series for each in dashboard.variables)


def asked(config: Config) -> set[str]:
    """Give all series that the panels of a config ask for."""
    return {
        name
        for dashboard in dashboards_of(config)
        for _, query in dashboard.queries()
        for name in names_in(query.expression)
    }


def test_every_measure_has_a_panel_or_a_reason() -> None:
    """A measure of the catalogue is in a panel, or the table says why it is in none."""
    shown = asked(OPEN) | asked(SHOP)
    missing = {
        key: each.series
        for key, each in CATALOGUE.items()
        if each.series not in shown and key not in WITHOUT_PANEL
    }
    assert not missing
    assert all(WITHOUT_PANEL.values())


def test_the_tables_name_measures_that_are_there() -> None:
    """Measures that are drawn together, or not at all, are in the catalogue."""
    together = {(family, name) for (family, _), names in TOGETHER.items() for name in names}
    assert together | set(WITHOUT_PANEL) <= set(CATALOGUE)


def test_every_series_of_the_monitor_has_a_panel() -> None:
    """What the service observes of itself, the lines beside findings and the budget are all shown."""
    shown = asked(OPEN) | asked(TAXI) | asked(SHOP)
    missing = {
        series.name
        for series in native()
        if not {f"{series.name}{suffix}" for suffix in ("", "_sum")} & shown
        and series.name not in {each.series for each in CATALOGUE.values()}
    }
    assert not missing


def test_every_series_of_a_prediction_service_has_a_panel() -> None:
    """Whatever `instrument` shows is on a dashboard."""
    assert http_series() | PROCESS <= asked(TAXI)


@every_config
def test_only_series_that_there_are_are_asked_for(config: Config) -> None:
    """Every name in every expression is a series of the monitor, of a service, of its machine, or of Prometheus."""
    known = native_series() | http_series() | PROCESS | MACHINE | PROMETHEUS
    for dashboard in dashboards_of(config):
        for expression in expressions(dashboard):
            assert names_in(expression), expression
            assert names_in(expression) <= known, expression


@every_config
def test_rates_are_of_counters(config: Config) -> None:
    """Only what never falls is given to rate and increase."""
    for dashboard in dashboards_of(config):
        for expression in expressions(dashboard):
            for name in re.findall(r"(?:rate|increase)\((\w+)", expression):
                assert name.endswith(("_total", "_sum", "_count", "_bucket")), expression


def test_a_config_gets_the_dashboards_that_it_has_data_for() -> None:
    """Those of segments, fairness, attribution, services and recommenders are left out where they would be empty."""
    bare = [dashboard.uid for dashboard in dashboards_of(BARE)]
    assert bare == [
        uid
        for uid in UIDS
        if uid.rpartition("-")[2] not in ("health", "segments", "fairness", "attribution", "recommender")
    ]
    taxi = {dashboard.uid for dashboard in dashboards_of(TAXI)}
    assert {"modelvane-service-health", "modelvane-segments"} <= taxi
    assert "modelvane-recommender" not in taxi


def test_the_task_decides_what_performance_shows() -> None:
    """A regression has no panel of classes; a dataset of an open task has those of every task."""

    def titles(config: Config) -> set[str]:
        (found,) = (each for each in dashboards_of(config) if each.uid == "modelvane-performance")
        return {row.title for row in found.rows}

    errors = {"Concept drift", "Concept drift: mean error", "Concept drift: mean absolute error"}
    classes = {"Concept drift: error rate", "Concept drift: log loss"}
    assert titles(TAXI) == {"Labels", "Errors", *errors}
    estimated = {"Before labels: classification", "Before labels: regression"}
    assert titles(OPEN) == {"Labels", "Errors", "Classes", "Probabilities", *estimated, *errors, *classes} | {
        "Versions"
    }


def test_limits_of_the_config_are_lines() -> None:
    """A limit in the config is a line in the measure's panel, and no other panel asks for one."""
    limited = {
        panel.title
        for dashboard in dashboards_of(TAXI)
        for panel, query in dashboard.queries()
        if "modelvane_performance_threshold" in query.expression
    }
    assert limited == {"Mean absolute error"}


def test_limits_at_k_are_lines() -> None:
    """A limit such as ndcg@5 is a line in the panel of the measure, named after its k."""
    panels = [panel for each in dashboards_of(SHOP) for row in each.rows for panel in row.panels]
    (limit,) = {
        (query.expression, query.legend)
        for panel in panels
        for query in panel.queries
        if "ndcg@5" in query.expression
    }
    assert limit == (
        'modelvane_performance_threshold{dataset="$dataset", measure=~"ndcg@5", segment=""}',
        "limit ({{measure}})",
    )


def test_alarms_of_models_are_those_of_recommenders_too() -> None:
    """The overview counts what a recommender serves beyond its limits; a service with an instance down is down."""
    found = [
        query.expression
        for each in dashboards_of(OPEN)
        if each.uid == "modelvane-overview"
        for row in each.rows
        for panel in row.panels
        for query in panel.queries
    ]
    alarms = [each for each in found if "performance_alarm" in each]
    assert len(alarms) == 2
    assert all("modelvane_recommendation_alarm" in each for each in alarms)
    assert 'min by (job) (up{job=~"one|second"})' in found


def test_slowness_is_that_of_each_service() -> None:
    """The share of quick answers is held against each service's own limit, however its bound is written."""
    queries = [
        query.expression
        for dashboard in dashboards_of(OPEN)
        for panel, query in dashboard.queries()
        if panel.title.startswith("Share answered within")
    ]
    assert [re.findall(r' job="(\w+)", le=~"(.+?)"', each) for each in queries] == [
        [("one", "1(.0)?")],
        [("second", "0.1")],
    ]
