"""What ``instrument`` gives back: the exposition, the model's identity, and the logging of routes."""

from __future__ import annotations

import os
from itertools import chain
from typing import TYPE_CHECKING

from prometheus_client import REGISTRY, CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from modelvane.client.health.metrics import BUCKETS, metrics_of
from modelvane.client.health.processes import CPU, processes
from modelvane.client.reporter import Reporter, said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from prometheus_client.metrics_core import Metric

    from modelvane.client.health.model import Model
    from modelvane.client.health.workers import Workers

EXCLUDED = ("/metrics", "/health", "/healthz", "/livez", "/ready", "/readyz")
"""Routes that are asked by machines at a fixed pace, and would blur what users see."""


class Health:
    """The health of one application.

    Parameters
    ----------
    registry : CollectorRegistry
        Where the metrics are, with whatever else the application counts.
    buckets : sequence of float
        Upper bounds of the latency histogram, seconds.
    model : Model or callable, optional
        The model that answers; a callable is asked at every scrape.

    Attributes
    ----------
    model
        As given; set it when the service takes another model.
    """

    def __init__(
        self,
        registry: CollectorRegistry = REGISTRY,
        buckets: Sequence[float] = BUCKETS,
        model: Model | Callable[[], Model] | None = None,
    ) -> None:
        self.model = model
        self._reporter = Reporter(None)
        self._workers = _meet()  # before the metrics, which then count where all workers see it
        self.metrics = metrics_of(registry, buckets)
        self._registry = registry

    def exposition(self, accept: str | None) -> tuple[bytes, str]:
        """Give the body and the content type of ``/metrics``, in the format that `accept` asks for."""
        encode, content_type = choose_encoder(accept or "")
        self.metrics.losses.count()
        if self._workers is None:
            own = list(self._registry.collect())
            if not any(metric.name == CPU for metric in own):
                own.extend(ProcessCollector(registry=None).collect())
            return encode(_Collected(chain(own, self._identity()))), content_type
        with self._workers.census() as living:
            counted = MultiProcessCollector.merge(self._workers.counts())  # type: ignore[no-untyped-call] # not typed there
            ran = processes(living, self._workers.folder)
            return encode(_Collected(chain(counted, ran, self._identity()))), content_type

    def _identity(self) -> Iterable[Metric]:
        try:
            model = self.model() if callable(self.model) else self.model
            return () if model is None else (model.series(),)
        except Exception as error:  # noqa: BLE001 - a user's function, without which all else is still to be seen
            self._reporter.report(f"the model could not be named: {said(error)}")
            return ()


class _Collected(Collector):
    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _meet() -> Workers | None:
    if os.name != "posix":
        return None  # no gunicorn there, and no locks of this kind
    from modelvane.client.health.workers import meet  # noqa: PLC0415 - needs fcntl

    return meet()
