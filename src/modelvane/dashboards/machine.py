"""The machine that services run on, by the series of Prometheus' node exporter, where that is scraped."""

from __future__ import annotations

from modelvane.dashboards.model import Panel, Query
from modelvane.dashboards.promql import RATE
from modelvane.dashboards.units import Unit

_ABSENT = "no node exporter is scraped"


def panels() -> tuple[Panel, ...]:
    """Give the panels of CPU and memory of every machine."""
    facts = (
        (
            "CPU",
            "Share of the machine's processor time that is not idle.",
            f'1 - avg by (instance) (rate(node_cpu_seconds_total{{mode="idle"}}[{RATE}]))',
        ),
        (
            "Memory",
            "Share of the machine's memory that no program could get.",
            "1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes",
        ),
    )
    return tuple(
        Panel(
            title=f"{what} of the machine",
            description=description,
            queries=(Query(expression=expression, legend="{{instance}}", empty=_ABSENT),),
            unit=Unit.RATIO,
            minimum=0.0,
            maximum=1.0,
            width=12,
        )
        for what, description, expression in facts
    )
