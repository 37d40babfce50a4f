"""Addresses that an alert gives to whoever reads it."""

from __future__ import annotations

from enum import StrEnum
from urllib.parse import quote, urlencode

from modelvane.config import Config
from modelvane.exposition.labels import bounded
from modelvane.exposition.observed import WINDOW_END, WINDOW_START
from modelvane.rules.promql import selector, verbatim


class Dashboard(StrEnum):
    """The dashboards that alerts point to, by their uid in Grafana."""

    SERVICE = "modelvane-service-health"
    DRIFT = "modelvane-drift"
    QUALITY = "modelvane-quality"
    PERFORMANCE = "modelvane-performance"
    FAIRNESS = "modelvane-fairness"
    ATTRIBUTION = "modelvane-attribution"
    MONITOR = "modelvane-monitor"


def panel(config: Config, dashboard: Dashboard, **variables: str) -> str:
    """Give the address of a dashboard; of the monitor's own page where the config has no Grafana."""
    if config.links.grafana is None:
        dataset = variables.get("dataset")
        page = "/" if dataset is None else f"/datasets/{quote(dataset, safe='')}"
        return verbatim(f"{config.monitor_url}{page}")
    chosen = urlencode({f"var-{name}": bounded(value) for name, value in variables.items()})
    return verbatim(f"{config.links.grafana}/d/{dashboard}{'?' if chosen else ''}{chosen}")


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
