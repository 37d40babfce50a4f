"""The way in for any ASGI server: the ingest routes, answered in front of the framework."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, TypeAlias

from modelvane.service.intake import Answer, Intake, Route, gone, route_of
from modelvane.service.problems import HttpError

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


class Ingest:
    """An ASGI application in front of another: it answers the ingest routes and passes on all else.

    What the framework does for a route costs several times what is done here for a row, so these routes are matched
    before it.

    Parameters
    ----------
    app
        What answers everything else.
    intake
        What takes the bodies.
    """

    def __init__(self, app: App, intake: Intake) -> None:
        self._app = app
        self.intake = intake

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        route = route_of(scope["path"]) if scope["type"] == "http" else None
        if route is None:
            await self._app(scope, receive, send)
        elif scope["method"] != "POST":
            await respond(send, self.intake.refusal(_only_post(scope["method"])))
        else:
            await respond(send, await self._take(route, dict(scope["headers"]), receive))

    async def _take(self, route: Route, headers: Mapping[bytes, bytes], receive: Receive) -> Answer:
        intake = self.intake
        try:
            watch = intake.admit(route.dataset, headers)
            body = await self._body(receive)
            if route.is_labels:
                return await intake.labels(watch, body, headers)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an answer and the log the cause
            return intake.refusal(error, intake.watches.get(route.dataset))
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

        def reply(answer: Answer) -> None:
            if not future.done():
                future.set_result(answer)

        intake.rows(watch, body, headers, reply)
        return await future

    async def _body(self, receive: Receive) -> bytes:
        limit = self.intake.limits.body_bytes
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise gone()
            part: bytes = message.get("body", b"")
            size += len(part)
            if size > limit:
                raise self.intake.too_large(f"{size} bytes and more")
            if not message.get("more_body", False):
                return b"".join([*parts, part]) if parts else part
            parts.append(part)


def _only_post(method: str) -> HttpError:
    return HttpError(
        405, "Rows and labels are posted", received=method, expected="POST", headers={"allow": "POST"}
    )


async def respond(send: Send, answer: Answer) -> None:
    """Send one whole answer."""
    sent = [(b"content-type", answer.content_type), (b"content-length", b"%d" % len(answer.body))]
    if answer.headers:
        sent += [(name.encode(), value.encode()) for name, value in answer.headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": sent})
    await send({"type": "http.response.body", "body": answer.body})
