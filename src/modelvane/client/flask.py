"""Service health of Flask applications, and the logging of what their views predict."""

from __future__ import annotations

from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

import flask
from prometheus_client import REGISTRY, CollectorRegistry
from werkzeug.wsgi import ClosingIterator

from modelvane.client.health.health import EXCLUDED, Health
from modelvane.client.health.metrics import BUCKETS, UNMATCHED, Metrics, Request
from modelvane.client.health.model import Model
from modelvane.client.logged import Route, logging_decorator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from wsgiref.types import InputStream, StartResponse, WSGIApplication, WSGIEnvironment

    from modelvane.client.client import Client

__all__ = ["Health", "Model", "instrument", "logged"]

_KEY = "modelvane"


def instrument(
    app: flask.Flask,
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
    app : Flask
        The application.
    model, path, excluded, buckets, group_status, registry
        As in `modelvane.client.fastapi.instrument`.

    Returns
    -------
    Health
        Its `model` may be set when the service takes another one.

    Raises
    ------
    ValueError
        If the application is instrumented already, or the registry has series of these names.
    """
    if _KEY in app.extensions:
        raise ValueError("the application is instrumented already. Call instrument() once.")
    health = Health(registry, buckets, model)
    left_out = {path, *excluded}

    def metrics() -> flask.Response:
        body, content_type = health.exposition(flask.request.headers.get("Accept"))
        return flask.Response(body, content_type=content_type)

    app.add_url_rule(path, "modelvane_metrics", metrics)
    # Signals, since a function before the request that answers itself would keep later ones from running.
    flask.request_started.connect(_note_handler, app, weak=False)
    flask.got_request_exception.connect(_note_exception, app, weak=False)
    app.wsgi_app = _counting(app.wsgi_app, health.metrics, left_out, group_status)  # type: ignore[method-assign, assignment] # Flask's own way of adding a middleware
    app.extensions[_KEY] = health
    return health


def logged(
    client: Client,
    *,
    record: str | Callable[[Mapping[str, Any]], Any] | None = None,
    prediction: str | Callable[[Any], Any] | None = None,
    id: str | Callable[[Any], Any] | None = None,  # noqa: A002 - the column's own name
    share: float = 1.0,
) -> Callable[[Route], Route]:
    """Log what a view is asked and answers, as `modelvane.client.fastapi.logged` does.

    The arguments of a view are those of its path, with the query's and those of a JSON body; the answer of
    ``jsonify`` is what was given to it.
    """
    return logging_decorator(client, record, prediction, id, share, _with_the_request, _answer)


def _with_the_request(arguments: dict[str, Any]) -> dict[str, Any]:
    body = flask.request.get_json(silent=True)
    return {**flask.request.args, **(body if isinstance(body, dict) else {}), **arguments}


def _answer(answer: Any) -> tuple[Any, int]:
    status = 200
    if isinstance(answer, tuple):
        # a status may have its words with it, as in "404 NOT FOUND"
        status = next((int(str(part)[:3]) for part in answer[1:] if isinstance(part, int | str)), status)
        answer = answer[0]
    if isinstance(answer, flask.Response):
        return (answer.get_json(silent=True) if answer.is_json else answer), max(status, answer.status_code)
    return answer, status


# Flask can be made to answer a request that no server sent, and that is not counted.


def _note_handler(_: flask.Flask, **__: Any) -> None:
    rule, call = flask.request.url_rule, flask.request.environ.get(_KEY)
    if rule is not None and call is not None:
        call.handler = rule.rule


def _note_exception(_: flask.Flask, exception: BaseException, **__: Any) -> None:
    call = flask.request.environ.get(_KEY)
    if call is not None:
        call.exception = type(exception).__name__


class _Call:
    """What is learned of one request on its way."""

    __slots__ = ("exception", "handler", "received", "sent", "started", "status")

    def __init__(self) -> None:
        self.started = perf_counter()
        self.handler = UNMATCHED
        self.status = "500"
        self.received = 0
        self.sent = 0
        self.exception: str | None = None


class _Input:
    """The body of a request, which tells how much of it is read."""

    def __init__(self, stream: InputStream, call: _Call) -> None:
        self._stream = stream
        self._call = call

    def read(self, size: int = -1, /) -> bytes:
        return self._noted(self._stream.read(size))

    def readline(self, size: int = -1, /) -> bytes:
        return self._noted(self._stream.readline(size))

    def readlines(self, hint: int = -1, /) -> list[bytes]:
        return [self._noted(line) for line in self._stream.readlines(hint)]

    def __iter__(self) -> Iterator[bytes]:
        return map(self._noted, self._stream)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._stream, name)
        # not every server's stream has it, and who finds it prefers it
        return partial(self._into, found) if name == "readinto" else found

    def _into(self, readinto: Callable[[memoryview], int | None], buffer: memoryview) -> int | None:
        size = readinto(buffer)
        self._call.received += size or 0
        return size

    def _noted(self, part: bytes) -> bytes:
        self._call.received += len(part)
        return part


def _counting(
    app: WSGIApplication, metrics: Metrics, left_out: set[str], group_status: bool
) -> WSGIApplication:
    def call(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = environ[_KEY] = _Call()
        environ["wsgi.input"] = _Input(environ["wsgi.input"], request)
        shown = environ["PATH_INFO"] not in left_out
        if shown:
            metrics.in_progress.inc()

        def noted_start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            request.status = f"{status[0]}xx" if group_status else status[:3]
            return start_response(status, headers, exc_info)

        def end() -> None:
            if shown:
                metrics.in_progress.dec()
            if request.handler not in left_out:
                metrics.observe(_answered(environ, request))

        try:
            body = app(environ, noted_start)
        except BaseException:
            end()
            raise
        return ClosingIterator(_measured(body, request), [getattr(body, "close", _nothing), end])

    return call


def _measured(body: Iterable[bytes], request: _Call) -> Iterator[bytes]:
    for part in body:
        request.sent += len(part)
        yield part


def _answered(environ: WSGIEnvironment, request: _Call) -> Request:
    return Request(
        request.handler,
        environ["REQUEST_METHOD"],
        request.status,
        perf_counter() - request.started,
        request.received,
        request.sent,
        request.exception,
    )


def _nothing() -> None:
    return
