"""The routes of alerts, events and references."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from modelvane.config import Config
from modelvane.errors import ConfigError, DecodeError, SchemaError, UnknownNameError
from modelvane.events import Kind
from modelvane.service.alerts import answer_of, decode_alerts, event_of
from modelvane.service.body import read_body
from modelvane.service.intake import too_large
from modelvane.service.problems import CONTENT_TYPE, HttpError
from modelvane.service.service import Service

_PROBLEM = {CONTENT_TYPE: {"schema": {"type": "object"}}}
_MOST_EVENTS = 10_000
# that a reference is the one that the config names is told when it is asked for
_NEWS = [kind for kind in Kind if kind is not Kind.REFERENCE_BEGUN]
_EXPECTED = '{"file": "models/2022-03-01/reference.mv", "window": "keep", "champion": "v2"}, or nothing'


class _Switch(msgspec.Struct, forbid_unknown_fields=True):
    file: str | None = None
    window: Literal["keep", "empty"] = "keep"
    champion: str | None = None


def add_events(app: FastAPI, service: Service, *, reading: Sequence[Any], posting: Sequence[Any]) -> None:
    """Add ``POST /v1/alerts``, ``/v1/datasets/{dataset}/reference`` and the routes of events.

    Parameters
    ----------
    reading, posting
        What a request has to pass, to read or to post.
    """
    refusals: dict[int | str, dict[str, Any]] = {
        status: {"description": said, "content": _PROBLEM}
        for status, said in (
            (400, "A body that is not JSON"),
            (404, "No alert is of a dataset that is watched; they are kept all the same"),
            (413, "A body of more bytes or alerts than are taken"),
            (422, "JSON that Alertmanager did not write"),
            (503, "The log does not keep events now; Alertmanager sends them again"),
        )
    }

    @app.post(
        "/v1/alerts",
        summary="Alerts, as Alertmanager's webhook posts them",
        tags=["events"],
        dependencies=posting,
        responses=refusals,
    )
    async def alerts(request: Request) -> Response:
        limits = service.config.service.limits
        body = await read_body(request, limits.body_bytes)
        notification = decode_alerts(body)
        if len(notification.alerts) > limits.body_rows:
            raise too_large(f"{len(notification.alerts)} alerts", f"{limits.body_rows} alerts")
        at = time.time()
        events = [event_of(alert, notification, service.watches, at) for alert in notification.alerts]
        await service.book.keep_all(events)
        asked = service.retrains.consider(notification.alerts)
        return _json(answer_of(notification, service.watches, asked))

    @app.post(
        "/v1/datasets/{dataset}/reference",
        summary="Compare with another reference from now on",
        tags=["events"],
        dependencies=posting,
    )
    async def reference(request: Request, dataset: str) -> Response:
        if dataset not in service.watches:
            raise UnknownNameError.of("dataset", dataset, service.watches)
        switch = _decode_switch(await read_body(request, service.config.service.limits.body_bytes))
        file = None if switch.file is None else _allowed(service.config, dataset, switch.file)
        keeps_rows = switch.window == "keep"
        event = await run_in_threadpool(
            service.references.switch, dataset, file, keeps_rows=keeps_rows, champion=switch.champion
        )
        return _json(event.to_dict())

    # not coroutines: the framework runs them in a thread, off the event loop
    @app.get(
        "/v1/datasets/{dataset}/reference",
        summary="What a dataset is compared with, and was before",
        tags=["events"],
        dependencies=reading,
    )
    def references(dataset: str) -> Response:
        if dataset not in service.watches:
            raise UnknownNameError.of("dataset", dataset, service.watches)
        reference = service.watches[dataset].monitor.reference
        period = None if reference.period is None else [at / 1e6 for at in reference.period]
        about = {"digest": reference.digest, "rows": reference.rows, "period": period}
        return _json(about | {"history": [each.to_dict() for each in service.book.references(dataset)]})

    @app.get("/v1/events", summary="What happened", tags=["events"], dependencies=reading)
    def events(kind: str = "", since: float | None = None, limit: int = 100) -> Response:
        return _events(service, None, kind, since, limit)

    @app.get(
        "/v1/datasets/{dataset}/events",
        summary="What happened to a dataset",
        tags=["events"],
        dependencies=reading,
    )
    def events_of_dataset(
        dataset: str, kind: str = "", since: float | None = None, limit: int = 100
    ) -> Response:
        if dataset not in service.watches:
            raise UnknownNameError.of("dataset", dataset, service.watches)
        return _events(service, dataset, kind, since, limit)


def _events(service: Service, dataset: str | None, kind: str, since: float | None, limit: int) -> Response:
    known = [str(each) for each in Kind]
    wanted = [name for name in kind.split(",") if name]
    for name in wanted:
        if name not in known:
            raise UnknownNameError.of("kind of event", name, known)
    if not 0 <= limit <= _MOST_EVENTS:
        raise HttpError(
            422, "The limit is out of range", received=limit, expected=f"0 to {_MOST_EVENTS} events"
        )
    kinds = [Kind(name) for name in wanted] or _NEWS
    found = service.log.read_events(dataset, kinds=kinds, since=since, limit=limit)
    return _json([event.to_dict() for event in found])


def _decode_switch(body: bytes) -> _Switch:
    if not body.strip():
        return _Switch()
    shown = body[:200].decode("utf-8", "replace")
    try:
        return msgspec.json.decode(body, type=_Switch)
    except msgspec.ValidationError as error:
        raise SchemaError(
            f"This does not say which reference to take: {error}", received=shown, expected=_EXPECTED
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DecodeError(f"The body is not JSON: {error}", received=shown, expected=_EXPECTED) from None


def _allowed(config: Config, dataset: str, name: str) -> Path:
    # who may post rows may not have any file of the machine read
    folders = [config.folder.resolve(), config.reference_file(dataset).resolve().parent]
    # no path has a NUL
    path = None if "\0" in name else (folders[0] / name).resolve()
    if path is None or not any(path.is_relative_to(folder) for folder in folders):
        raise ConfigError(
            "A reference is taken from the config's folder, or from that of reference_file, alone",
            received=name,
            expected=f"a path inside of {' or '.join(map(str, dict.fromkeys(folders)))}",
            remedy="Copy it there, or name it as datasets.<name>.reference_file",
        )
    return path


def _json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")
