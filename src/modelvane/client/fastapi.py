"""Service health of FastAPI and Starlette applications, and the logging of what their routes predict."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_fastapi_instrumentator.middleware import PrometheusInstrumentatorMiddleware
from prometheus_fastapi_instrumentator.routing import get_route_name
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from modelvane.client.health.health import EXCLUDED, Health
from modelvane.client.health.metrics import BUCKETS, UNMATCHED, Metrics
from modelvane.client.health.metrics import Request as Answered
from modelvane.client.health.model import Model
from modelvane.client.logged import logged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from prometheus_fastapi_instrumentator.metrics import Info
    from starlette.applications import Starlette
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Health", "Model", "instrument", "logged"]

_KEY = "modelvane"


def instrument(
    app: Starlette,
    *,
    model: Model | Callable[[], Model] | None = None,
    path: str = "/metrics",
    excluded: Iterable[str] = EXCLUDED,
    buckets: Sequence[float] = BUCKETS,
    group_status: bool = False,
    registry: CollectorRegistry = REGISTRY,
) -> Health:
    """Count the requests of an application, and show its health at ``/metrics``.

    Call it once, before the first request, in the module (or factory) that makes the application.

    Parameters
    ----------
    app : FastAPI or Starlette
        The application.
    model : Model or callable, optional
        The model that answers; a callable is asked at every scrape.
    path : str
        Where the exposition is.
    excluded : iterable of str
        Routes that are not counted.
    buckets : sequence of float
        Upper bounds of the latency histogram, seconds.
    group_status : bool
        Count the status as ``2xx``, for dashboards that ask for it so.
    registry : CollectorRegistry
        Where the metrics are registered; what else is in it is shown too.

    Returns
    -------
    Health
        Its `model` may be set when the service takes another one.

    Raises
    ------
    ValueError
        If the application is instrumented already, or the registry has series of these names.
    RuntimeError
        If the application has started.
    """
    if hasattr(app.state, _KEY):
        raise ValueError("the application is instrumented already. Call instrument() once.")
    health = Health(registry, buckets, model)
    app.add_middleware(
        _Middleware,  # type: ignore[arg-type] # Starlette asks for a name of the first argument that a class cannot have
        counts=health.metrics,
        should_group_status_codes=group_status,
        excluded_handlers=[f"^{re.escape(route)}$" for route in {path, *excluded}],
        registry=registry,
    )

    def metrics(request: Request) -> Response:
        body, content_type = health.exposition(request.headers.get("accept"))
        return Response(body, headers={"content-type": content_type})

    # in front, or a route for any path would take it
    app.router.routes.insert(0, Route(path, metrics, include_in_schema=False))
    setattr(app.state, _KEY, health)
    return health


class _Traffic:
    """What went through one request, for which the instrumentator has no place."""

    __slots__ = ("exception", "received", "sent")

    def __init__(self) -> None:
        self.received = 0
        self.sent = 0
        self.exception: str | None = None


class _Middleware(PrometheusInstrumentatorMiddleware):
    def __init__(self, app: ASGIApp, *, counts: Metrics, **settings: Any) -> None:
        super().__init__(_with_traffic(app), instrumentations=[self._count], **settings)
        self._counts = counts
        # the instrumentator's own gauge would be in the default registry, whichever is asked for
        self.should_instrument_requests_inprogress = True
        self.inprogress = counts.in_progress

    def _get_handler(self, request: Request) -> tuple[str, bool]:
        # Without the router, which would make a path that is redirected for its last slash a handler of its own.
        matchable = Request({**request.scope, "app": SimpleNamespace(routes=request.app.routes)})
        name = get_route_name(matchable, should_include_root_path=False)
        return name or UNMATCHED, name is not None

    def _count(self, info: Info) -> None:
        traffic: _Traffic = info.request.scope[_KEY]
        self._counts.observe(
            Answered(
                info.modified_handler,
                info.method,
                info.modified_status,
                info.modified_duration,
                traffic.received,
                traffic.sent,
                traffic.exception,
            )
        )


def _with_traffic(app: ASGIApp) -> ASGIApp:
    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        traffic = scope[_KEY] = _Traffic()

        async def counted_receive() -> Message:
            message = await receive()
            traffic.received += len(message.get("body", b""))
            return message

        async def counted_send(message: Message) -> None:
            traffic.sent += len(message.get("body", b""))
            await send(message)

        try:
            await app(scope, counted_receive, counted_send)
        except Exception as error:
            traffic.exception = type(error).__name__
            raise

    return call
