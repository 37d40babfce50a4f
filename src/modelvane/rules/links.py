"""Addresses that an alert gives to whoever reads it."""

from __future__ import annotations

from enum import Enum
from urllib.parse import quote, urlencode

from modelvane.config import Config
from modelvane.exposition.labels import bounded
from modelvane.exposition.observed_series import WINDOW_END, WINDOW_START
from modelvane.panel_ids import panel_id
from modelvane.rules.promql import selector, verbatim


class Panel(Enum):
    """The panels that alerts point to: the uid of the dashboard, the heading, and the title."""

    SERVICE_UP = ("modelvane-service-health", "Up", "Up")
    SERVICE_ERRORS = ("modelvane-service-health", "Errors", "Share of 5xx")
    SERVICE_LATENCY = ("modelvane-service-health", "Latency", "Latency: p50, p90, p99")
    LOST_ROWS = ("modelvane-service-health", "Errors", "Lost rows per minute")
    DRIFT = ("modelvane-drift", "Dataset", "Distance in units of its line")
    TOGETHER = ("modelvane-drift", "Columns together", "Alarms of columns together")
    QUALITY = ("modelvane-quality", "Faults", "Alarms")
    PERFORMANCE = ("modelvane-performance", "Labels", "Alarms")
    RECOMMENDATION = ("modelvane-recommender", "Served", "Alarms")
    ESTIMATED_CLASSES = ("modelvane-performance", "Before labels: classification", "Estimates that alarm")
    ESTIMATED_ERRORS = ("modelvane-performance", "Before labels: regression", "Estimates that alarm")
    CONCEPT = ("modelvane-performance", "Concept drift", "Alarms of the relation")
    FAIRNESS = ("modelvane-fairness", "Limits", "Alarms")
    VERSIONS = ("modelvane-performance", "Versions", "Labelled rows")
    ATTRIBUTION = ("modelvane-attribution", "Order", "Alarms")
    LAST_LABEL = ("modelvane-monitor", "Taken in", "Time since the last label")
    LAST_ROW = ("modelvane-monitor", "Taken in", "Time since the last row")
    REFUSED = ("modelvane-monitor", "Taken in", "Refused rows per second")
    MONITOR_UP = ("modelvane-monitor", "Up", "Up")
    LOG_UP = ("modelvane-monitor", "Up", "The log takes rows")
    EVALUATIONS = ("modelvane-monitor", "Evaluations", "Last evaluation")
    WINDOW = ("modelvane-monitor", "Evaluations", "Age of a window's newest row")
    QUEUE = ("modelvane-monitor", "The log", "Rows that wait")
    SERIES = ("modelvane-monitor", "The scrape", "Samples left out")

    @property
    def dashboard(self) -> str:
        """The uid of its dashboard."""
        return self.value[0]

    @property
    def id(self) -> int:
        """Its number there."""
        return panel_id(*self.value[1:])


def address(config: Config, panel: Panel, **variables: str) -> str:
    """Give the address of a panel on its own; of the monitor's own page where the config has no Grafana."""
    if config.links.grafana is None:
        dataset = variables.get("dataset")
        page = "/" if dataset is None else f"/datasets/{quote(dataset, safe='')}"
        return verbatim(f"{config.monitor_url}{page}")
    chosen = {f"var-{name}": bounded(value) for name, value in variables.items()}
    query = urlencode({**chosen, "viewPanel": f"panel-{panel.id}"})
    return verbatim(f"{config.links.grafana}/d/{panel.dashboard}?{query}")


def period(dataset: str) -> str:
    """Give the template of the query that names the window's period, as the report's address has it."""
    start = f"floor({selector(WINDOW_START.name, dataset=dataset)})"
    end = f"floor({selector(WINDOW_END.name, dataset=dataset)}) + 1"
    return (
        f"{{{{ with query `{start}` }}}}?since={_SECONDS}"
        f"{{{{ with query `{end}` }}}}&until={_SECONDS}{{{{ end }}}}{{{{ end }}}}"
    )


_SECONDS = '{{ . | first | value | printf "%.0f" }}'


def evidence(config: Config, dataset: str) -> str:
    """Give the address of the report of the window as it is when the alert is evaluated."""
    report = f"{config.monitor_url}/v1/datasets/{quote(dataset, safe='')}/report"
    return f"{verbatim(report)}{period(dataset)}"


def no_period(dataset: str) -> dict[str, str]:
    """Give what the template of the period becomes where nothing is known of the window."""
    return {period(dataset): ""}
