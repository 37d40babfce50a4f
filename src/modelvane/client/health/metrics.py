"""What is counted of each request, under the names that dashboards of HTTP services expect."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary

from modelvane.client.health.losses import Losses

if TYPE_CHECKING:
    from collections.abc import Sequence

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds in seconds of the latency histogram."""

UNMATCHED = "none"
"""The handler of every request that no route is for, so that random paths stay one series."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"})
_BY = ("handler", "method", "status")


class Request(NamedTuple):
    """One answered request: its route, and what became of it."""

    handler: str
    method: str
    status: str
    seconds: float
    received: int
    sent: int
    exception: str | None


class _Children(NamedTuple):
    requests: Counter
    seconds: Histogram
    received: Summary
    sent: Summary


class Metrics:
    """The metrics of HTTP requests in one registry.

    Parameters
    ----------
    registry : CollectorRegistry
        Where they are registered.
    buckets : sequence of float
        Upper bounds of the latency histogram, seconds.
    """

    def __init__(self, registry: CollectorRegistry, buckets: Sequence[float]) -> None:
        self.buckets = tuple(buckets)
        self._requests = Counter("http_requests_total", "Answered requests.", _BY, registry=registry)
        self._seconds = Histogram(
            "http_request_duration_seconds",
            "Seconds from a request's arrival to the end of its answer.",
            _BY,
            buckets=self.buckets,
            registry=registry,
        )
        self._received = Summary(
            "http_request_size_bytes",
            "Size of the requests' bodies, as far as they were read.",
            _BY,
            registry=registry,
        )
        self._sent = Summary(
            "http_response_size_bytes", "Size of the answers' bodies.", _BY, registry=registry
        )
        self.in_progress = Gauge(
            "http_requests_inprogress",
            "Requests that are being answered.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self._exceptions = Counter(
            "http_exceptions_total",
            "Exceptions that a route raised and nothing handled.",
            ("handler", "method", "exception"),
            registry=registry,
        )
        self.losses = Losses(registry)
        self._children: dict[tuple[str, str, str], _Children] = {}

    def observe(self, request: Request) -> None:
        """Count one request."""
        # Anything may stand where the method is: only known ones become series.
        method = request.method if request.method in _METHODS else "other"
        children = self._of((request.handler, method, request.status))
        children.requests.inc()
        children.seconds.observe(request.seconds)
        children.received.observe(request.received)
        children.sent.observe(request.sent)
        # here, since of several workers only the one that is scraped knows that it is
        self.losses.glance()
        if request.exception is not None:
            self._exceptions.labels(request.handler, method, request.exception).inc()

    def _of(self, labels: tuple[str, str, str]) -> _Children:
        children = self._children.get(labels)
        if children is None:
            children = self._children[labels] = _Children(
                self._requests.labels(*labels),
                self._seconds.labels(*labels),
                self._received.labels(*labels),
                self._sent.labels(*labels),
            )
        return children


_known: WeakKeyDictionary[CollectorRegistry, Metrics] = WeakKeyDictionary()


def metrics_of(registry: CollectorRegistry, buckets: Sequence[float]) -> Metrics:
    """Give the metrics of a registry: a second application in it counts into the same ones.

    Raises
    ------
    ValueError
        If the registry has them with other buckets, or has foreign series of these names.
    """
    known = _known.get(registry)
    if known is None:
        try:
            known = _known[registry] = Metrics(registry, buckets)
        except ValueError as error:
            raise ValueError(
                f"{error}. Something else counts HTTP requests in this registry: remove it, or give instrument() "
                "a registry of its own (registry=CollectorRegistry())."
            ) from None
    if known.buckets != tuple(buckets):
        raise ValueError(
            f"buckets is {tuple(buckets)}, but this registry's histogram has {known.buckets} already. Give every "
            "application the same buckets, or a registry of its own."
        )
    return known
