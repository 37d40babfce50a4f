"""The way in: rows and labels are decoded once, kept in the log, and only then acknowledged."""

from __future__ import annotations

import asyncio
import hmac
import logging
import re
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from functools import lru_cache
from typing import Any, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelvane.casting import NO_TIME, microseconds
from modelvane.config import Limits
from modelvane.errors import ModelvaneError, OverloadedError, UnknownNameError
from modelvane.service.decoding import decode_labels, decode_rows
from modelvane.service.problems import CONTENT_TYPE, HttpError, headers_of, problem, status_of, unexpected
from modelvane.service.watch import Watch
from modelvane.store.writer import GroupCommit

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

_log = logging.getLogger("modelvane.service")

_ROUTE = re.compile(
    r"/iterate/(?P<rows2022>[^/]+)/?|/v1/datasets/(?P<name>[^/]+)/(?P<what>predictions|labels)/?"
)
_JSON = b"application/json"
_PROBLEM = CONTENT_TYPE.encode()
# what the series of refused bodies calls them: part of queries, so independent of what the code calls its errors
_REASONS = {
    400: "malformed",
    401: "unauthorized",
    404: "unknown_name",
    413: "too_large",
    415: "unsupported_type",
    422: "not_acceptable",
    500: "internal_fault",
    503: "log_unavailable",
}
# more rows than this are cast and counted off the event loop
_FEW_ROWS = 1024

_encode = msgspec.json.Encoder().encode


class Ingest:
    """An ASGI application in front of another: it answers the ingest routes and passes on all else.

    What the framework does for a route costs several times what is done here for a row, so these routes are matched
    before it.

    Parameters
    ----------
    app
        What answers everything else.
    watches
        By dataset.
    writer
        Keeps rows and labels; a full queue is answered with 503 and Retry-After.
    token
        What has to be shown to post, if anything.
    """

    def __init__(
        self,
        app: App,
        watches: Mapping[str, Watch],
        writer: Callable[[], GroupCommit],
        *,
        limits: Limits,
        token: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._app = app
        self._watches = watches
        self._writer = writer
        self._limits = limits
        self._token = token
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        route = _ROUTE.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if route is None:
            await self._app(scope, receive, send)
            return
        if scope["method"] != "POST":
            await _refuse(send, _only_post(scope["method"]))
            return
        name, is_labels = route["rows2022"] or route["name"], route["what"] == "labels"
        watch = self._watches.get(name)
        try:
            answer = await self._take(name, watch, is_labels, dict(scope["headers"]), receive)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an answer and the log the cause
            refused = error if isinstance(error, ModelvaneError) else unexpected()
            if refused is not error:
                _log.exception("%s %s failed", scope["method"], scope["path"])
            if watch is not None:
                watch.traffic.reject(_reason(refused))
            await _refuse(send, refused)
            return
        await respond(send, 200, _JSON, answer)

    async def _take(
        self,
        name: str,
        watch: Watch | None,
        is_labels: bool,
        headers: Mapping[bytes, bytes],
        receive: Receive,
    ) -> bytes:
        check_token(headers, self._token)
        if watch is None:
            raise UnknownNameError.of("dataset", name, self._watches)
        _check_coding(headers)
        body = await self._body(headers, receive)
        take = self._labels if is_labels else self._rows
        return await take(watch, body, headers)

    async def _body(self, headers: Mapping[bytes, bytes], receive: Receive) -> bytes:
        limit = self._limits.body_bytes
        declared = headers.get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > limit:
            raise _too_large(f"{int(declared)} bytes", f"{limit} bytes")
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise HttpError(400, "The client went away before the body was complete")
            part: bytes = message.get("body", b"")
            size += len(part)
            if size > limit:
                raise _too_large(f"{size} bytes and more", f"{limit} bytes")
            if not message.get("more_body", False):
                return b"".join([*parts, part]) if parts else part
            parts.append(part)

    async def _rows(self, watch: Watch, body: bytes, headers: Mapping[bytes, bytes]) -> bytes:
        table = decode_rows(body, content_type_of(headers), headers, watch.names)
        self._check_rows(table.rows)
        if table.rows == 0:
            return b'{"accepted":0,"duplicates":0,"ids":[]}'
        received = self._clock()
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._writer().submit(watch.name, table, received, size=len(body), future=future)
        appended = await future
        watch.count(appended)
        if table.rows <= _FEW_ROWS:
            watch.added(table, appended, received)
        else:
            await loop.run_in_executor(None, watch.added, table, appended, received)
        duplicates = appended.duplicates
        return _encode({"accepted": table.rows - duplicates, "duplicates": duplicates, "ids": appended.ids})

    async def _labels(self, watch: Watch, body: bytes, headers: Mapping[bytes, bytes]) -> bytes:
        ids, targets, times = decode_labels(body, content_type_of(headers), watch.target_name, watch.names)
        self._check_rows(len(ids))
        if not ids:
            return b'{"matched":0,"waiting":0,"repeated":0,"changed":0}'
        received = self._clock()
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        at = None if times is None else _stamps(times, received)
        self._writer().submit_labels(watch.name, ids, targets, at, received, size=len(body), future=future)
        result = await future
        watch.count_labels(result)
        known = [received] * len(ids) if at is None else (at / 1e6).tolist()
        await loop.run_in_executor(None, watch.labelled, ids, targets, known, result)
        counts = {
            "matched": result.matched,
            "waiting": result.waiting,
            "repeated": result.repeated,
            "changed": result.changed,
        }
        return _encode(counts)

    def _check_rows(self, rows: int) -> None:
        if rows > self._limits.body_rows:
            raise _too_large(f"{rows} rows", f"{self._limits.body_rows} rows")


def _only_post(method: str) -> HttpError:
    return HttpError(
        405, "Rows and labels are posted", received=method, expected="POST", headers={"allow": "POST"}
    )


def _check_coding(headers: Mapping[bytes, bytes]) -> None:
    coding = headers.get(b"content-encoding", b"identity")
    if coding != b"identity":
        raise HttpError(
            415,
            "Compressed bodies are not read",
            received=f"Content-Encoding: {coding.decode('latin-1')}",
            remedy="Send it as it is; Arrow IPC is the smaller body for many rows",
            headers={"accept-encoding": "identity"},
        )


def _stamps(times: list[Any], received: float) -> NDArray[np.int64]:
    at = np.fromiter(map(microseconds, times), np.int64, len(times))
    return np.where(at == NO_TIME, round(received * 1e6), at)


def _too_large(received: str, limit: str) -> HttpError:
    return HttpError(
        413,
        "The body is too large",
        received=received,
        expected=f"at most {limit}",
        remedy="Send it in parts",
    )


def _reason(error: ModelvaneError) -> str:
    if isinstance(error, OverloadedError):
        return "overloaded"
    if isinstance(error, HttpError) and error.status == 400:
        # nothing else of its own is 400
        return "disconnected"
    return _REASONS.get(status_of(error), "refused")


def content_type_of(headers: Mapping[bytes, bytes]) -> str:
    """Give the content type without its parameters."""
    return _without_parameters(headers.get(b"content-type", b""))


@lru_cache(maxsize=64)
def _without_parameters(value: bytes) -> str:
    return value.partition(b";")[0].strip().lower().decode("latin-1")


def check_token(headers: Mapping[bytes, bytes], token: str | None) -> None:
    """Compare the bearer token, in constant time.

    Raises
    ------
    HttpError
        401 when one is asked for and another, or none, is shown.
    """
    if token is None:
        return
    shown = headers.get(b"authorization", b"")
    if not hmac.compare_digest(shown, f"Bearer {token}".encode()):
        raise HttpError(
            401,
            "This needs a token",
            received="another token" if shown else "no Authorization header",
            expected="Authorization: Bearer ...",
            headers={"www-authenticate": "Bearer"},
        )


async def _refuse(send: Send, error: ModelvaneError) -> None:
    await respond(send, status_of(error), _PROBLEM, problem(error), headers_of(error))


async def respond(
    send: Send, status: int, content_type: bytes, body: bytes, headers: Mapping[str, str] | None = None
) -> None:
    """Send one whole answer."""
    sent = [(b"content-type", content_type), (b"content-length", b"%d" % len(body))]
    if headers:
        sent += [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": sent})
    await send({"type": "http.response.body", "body": body})
