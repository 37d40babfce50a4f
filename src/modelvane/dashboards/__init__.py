"""Dashboards from the catalogue and a config: plain panels first, then somebody's format.

`dashboards_of` gives them as dataclasses; `modelvane.dashboards.grafana` writes them as Grafana has them, and
`modelvane.dashboards.preview` draws them with what a Prometheus answers.
"""

from __future__ import annotations

from modelvane.config import Config
from modelvane.dashboards import (
    attribution,
    drift,
    fairness,
    monitor,
    overview,
    performance,
    quality,
    recommender,
    segments,
    service_health,
)
from modelvane.dashboards.model import Dashboard, Panel, Query, Row

__all__ = ["Dashboard", "Panel", "Query", "Row", "dashboards_of"]

_PARTS = (
    overview,
    service_health,
    drift,
    quality,
    performance,
    segments,
    fairness,
    attribution,
    recommender,
    monitor,
)


def dashboards_of(config: Config) -> tuple[Dashboard, ...]:
    """Give the dashboards that a config asks for, the overview first.

    Service health needs ``prediction_services``, Segments a dataset with ``segments``, Fairness one with
    ``fairness``, Attribution one with ``attribution``, and Recommender one of the task ``recommendation``: without,
    they are left out.
    """
    return tuple(found for part in _PARTS if (found := part.dashboard(config)) is not None)
