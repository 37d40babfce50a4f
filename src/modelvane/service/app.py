"""The ASGI application: ingest in front, then pages, findings, metrics and health."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Any

import msgspec
from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from modelvane import __version__
from modelvane.catalogue import titles
from modelvane.config import Config
from modelvane.errors import ModelvaneError, UnknownNameError
from modelvane.exposition import render
from modelvane.service.event_routes import add_events
from modelvane.service.exposed import Exposition
from modelvane.service.headers import check_token
from modelvane.service.ingest import Ingest
from modelvane.service.intake import Intake
from modelvane.service.openapi import INGEST_PATHS
from modelvane.service.page import CONTENT_SECURITY_POLICY, render_dataset, render_overview, static
from modelvane.service.problems import CONTENT_TYPE, HttpError, headers_of, problem, status_of, unexpected
from modelvane.service.report_route import add_report
from modelvane.service.reports import Reports
from modelvane.service.score_route import add_score
from modelvane.service.service import Service
from modelvane.service.views import view_of
from modelvane.service.watch import Watch

_SWAGGER = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}


def create_app(
    config: Config, *, progress: Callable[[str], None] = lambda _what: None, apart: bool = False
) -> Ingest:
    """Build the application; its references are read and its windows warmed up now.

    Parameters
    ----------
    progress
        Called with a sentence when something that takes a while begins.
    apart
        Evaluate in a process of its own, so that posts never wait for an evaluation to give up Python's lock.

    Raises
    ------
    ModelvaneError
        When the config, a reference or the log does not do.
    """
    service = Service(config, progress=progress, apart=apart)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await service.start()
        try:
            yield
        finally:
            await service.stop()

    app = FastAPI(
        title="modelvane",
        version=__version__,
        description="Watches machine-learning models in production.",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.service = service
    app.add_exception_handler(ModelvaneError, _on_error)
    app.add_exception_handler(HTTPException, _on_framework_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(Exception, _on_unexpected)
    _health(app, service)
    _data(app, service)
    add_report(app, Reports(service.log), lambda name: _watch(service, name), [_reader(service)])
    add_events(app, service, reading=[_reader(service)], posting=[_poster(service)])
    add_score(app, service, [_poster(service)])
    _pages(app, service)
    _documentation(app)
    settings = config.service
    intake = Intake(
        service.watches,
        lambda: service.writer,
        limits=settings.limits,
        pace=service.pace,
        token=settings.tokens.ingest,
    )
    return Ingest(app, intake)


def _answer(error: ModelvaneError) -> Response:
    return Response(problem(error), status_of(error), headers_of(error), media_type=CONTENT_TYPE)


async def _on_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ModelvaneError)  # noqa: S101 - registered for nothing else
    return _answer(error)


async def _on_framework_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    what = f"{request.method} {request.url.path}: {error.detail}"
    return _answer(HttpError(error.status_code, what, headers=headers))


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for nothing else
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    what = f"{request.method} {request.url.path}: {where}: {first['msg']}"
    return _answer(HttpError(422, what, received=first.get("input")))


async def _on_unexpected(_request: Request, _error: Exception) -> Response:
    # the server, which gets the exception too, writes it to the log
    return _answer(unexpected())


def _reader(service: Service) -> Any:
    return _shows(service.config.service.tokens.read, by_people=True)


def _poster(service: Service) -> Any:
    return _shows(service.config.service.tokens.ingest)


def _shows(token: str | None, *, by_people: bool = False) -> Any:
    def check(request: Request) -> None:
        check_token(dict(request.scope["headers"]), token, by_people=by_people)

    return Depends(check)


def _json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")


def _watch(service: Service, dataset: str) -> Watch:
    try:
        return service.watches[dataset]
    except KeyError:
        raise UnknownNameError.of("dataset", dataset, service.watches) from None


def _health(app: FastAPI, service: Service) -> None:
    @app.get("/healthz", summary="The process is alive", tags=["health"])
    async def healthz() -> Response:
        return _json({"status": "alive"})

    @app.get("/readyz", summary="Rows are taken in", tags=["health"])
    async def readyz() -> Response:
        trouble = service.trouble()
        if trouble is not None:
            raise HttpError(503, trouble, headers={"retry-after": "5"})
        return _json({"status": "ready"})


def _data(app: FastAPI, service: Service) -> None:
    guarded = [_reader(service)]
    exposition = Exposition(service)

    @app.get("/v1/datasets", summary="What is watched", tags=["findings"], dependencies=guarded)
    def datasets() -> Response:
        return _json(
            [
                {
                    "dataset": watch.name,
                    "rows": watch.traffic.rows,
                    "reference": {
                        "rows": watch.monitor.reference.rows,
                        "digest": watch.monitor.reference.digest,
                    },
                    "schema": watch.monitor.reference.schema.to_dict(),
                }
                for watch in service.watches.values()
            ]
        )

    @app.get(
        "/v1/datasets/{dataset}/findings",
        summary="The latest findings",
        tags=["findings"],
        dependencies=guarded,
    )
    def findings(dataset: str) -> Response:
        return _json(_watch(service, dataset).latest().findings.to_dict())

    @app.get(
        "/v1/datasets/{dataset}/history",
        summary="Findings over time",
        tags=["findings"],
        dependencies=guarded,
    )
    def history(dataset: str) -> Response:
        return _json([round_.to_dict() for round_ in list(_watch(service, dataset).history)])

    @app.get("/metrics", summary="Prometheus and OpenMetrics text", tags=["findings"], dependencies=guarded)
    def metrics(request: Request) -> Response:
        body, content_type = render(exposition, request.headers.get("accept", ""))
        return Response(body, headers={"content-type": content_type})


def _pages(app: FastAPI, service: Service) -> None:
    guarded = [_reader(service)]
    known = titles()
    policy = {"content-security-policy": CONTENT_SECURITY_POLICY, "cache-control": "no-store"}

    @app.get("/", include_in_schema=False, dependencies=guarded)
    def overview(request: Request, fragment: bool = False) -> Response:
        views = [view_of(service, watch) for watch in service.watches.values()]
        root = request.scope.get("root_path", "")
        return HTMLResponse(
            render_overview(views, titles=known, fragment=fragment, root=root), headers=policy
        )

    @app.get("/datasets/{dataset}", include_in_schema=False, dependencies=guarded)
    def dataset_page(request: Request, dataset: str, fragment: bool = False, columns: str = "") -> Response:
        every = columns == "all"
        view = view_of(service, _watch(service, dataset), all_columns=every)
        root = request.scope.get("root_path", "")
        page = render_dataset(view, titles=known, fragment=fragment, all_columns=every, root=root)
        return HTMLResponse(page, headers=policy)

    @app.get("/static/{name}", include_in_schema=False)
    async def asset(request: Request, name: str) -> Response:
        found = static(name)
        headers = {"etag": found.etag, "cache-control": "no-cache", "content-type": found.content_type}
        if request.headers.get("if-none-match") == found.etag:
            return Response(status_code=304, headers=headers)
        return Response(found.content, headers=headers)


def _documentation(app: FastAPI) -> None:
    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        root = request.scope.get("root_path", "")
        return get_swagger_ui_html(
            openapi_url=f"{root}/openapi.json",
            title="modelvane: API",
            swagger_js_url=f"{root}/docs/swagger-ui-bundle.js",
            swagger_css_url=f"{root}/docs/swagger-ui.css",
            swagger_favicon_url=f"{root}/docs/favicon-32x32.png",
        )

    @app.get("/docs/{name}", include_in_schema=False)
    async def docs_asset(name: str) -> Response:
        if name not in _SWAGGER:
            raise UnknownNameError.of("documentation file", name, _SWAGGER)
        content = await asyncio.to_thread(files("fastapi_swagger.resources").joinpath(name).read_bytes)
        return Response(content, media_type=_SWAGGER[name], headers={"cache-control": "max-age=86400"})

    described = app.openapi

    def openapi() -> dict[str, Any]:
        document = described()
        # these routes are answered before the framework, which therefore does not know them
        document["paths"] = {**INGEST_PATHS, **document["paths"]}
        return document

    app.openapi = openapi  # type: ignore[method-assign] # the documented way to extend the document
