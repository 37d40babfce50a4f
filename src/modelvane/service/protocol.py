"""Posts of rows, answered at the connection: no ASGI scope, task or event for a request that is one of very many."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from modelvane.service.heads import Heads, Post
from modelvane.service.intake import Answer, Intake, gone

_log = logging.getLogger("modelvane.service")

# a head that is longer is read anew each time
_LONGEST_HEAD = 2048
# what uvicorn's class has without promising it
_NEEDED = (
    "_unset_keepalive_if_required",
    "cycle",
    "flow",
    "headers",
    "loop",
    "on_response_complete",
    "parser",
    "pipeline",
    "server_state",
    "timeout_keep_alive_task",
)


class _Exchange:
    """One post after the other on one connection; uvicorn sees it as the request that it is answering."""

    __slots__ = ("keep_alive", "response_complete")

    def __init__(self) -> None:
        self.keep_alive = True
        self.response_complete = True


class Protocols:
    """Makes the protocol of each connection: uvicorn's own, that answers posts of rows itself.

    Parameters
    ----------
    intake
        What takes the bodies.
    """

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._heads = Heads(intake)
        self._are_ordinary = False

    def __call__(self, **wiring: Any) -> asyncio.Protocol:
        """Make a protocol, with what uvicorn gives to any."""
        if self._are_ordinary:
            return HttpToolsProtocol(**wiring)
        protocol = IngestProtocol(self._intake, self._heads, **wiring)
        missing = [name for name in _NEEDED if not hasattr(protocol, name)]
        if missing:
            self._are_ordinary = True
            _log.warning(
                "Posts take the longer way through uvicorn, in which this is not known: %s",
                ", ".join(missing),
            )
            return HttpToolsProtocol(**wiring)
        return protocol


class IngestProtocol(HttpToolsProtocol):
    """uvicorn's protocol, but for posts of rows.

    What is not a usual post of rows goes uvicorn's way, as does whatever comes on a connection while a post of it is
    unanswered.
    """

    def __init__(self, intake: Intake, heads: Heads, **wiring: Any) -> None:
        super().__init__(**wiring)
        self.turn = 0
        self._intake = intake
        self._heads = heads
        self._exchange = _Exchange()
        self._post: Post | None = None
        self._parts: list[bytes] = []
        self._missing = 0
        self._head = b""
        self._url = b""
        # whether the parser has seen the whole of what it saw of
        self._is_between = True
        self._answered_at = 0.0
        self._keep_alive = self.config.timeout_keep_alive
        self._is_usual = not (
            self.config.root_path or self.config.access_log or self.config.limit_concurrency
        )

    # ------------------------------------------------------------- requests in

    def data_received(self, data: bytes) -> None:
        """Take bytes: of a post whose head is known, or for uvicorn's parser."""
        if self._missing:
            self._collect(data)
            return
        if self._is_between and self._is_free():
            end = data.find(b"\r\n\r\n", 0, _LONGEST_HEAD) + 4
            head = data[:end] if end > 3 else b""
            post = self._heads.known(head)
            if post is not None:
                self._begin(post)
                if post.length == len(data) - end:
                    self._take(data[end:])
                else:
                    self._missing = post.length
                    self._collect(data[end:])
                return
            self._head = head
        super().data_received(data)

    def _is_free(self) -> bool:
        """Say whether nothing of this connection is unanswered, and the client reads what it is told."""
        return (
            self._is_usual
            and (self.cycle is None or self.cycle.response_complete)
            and not self.flow.write_paused
            and not self.transport.is_closing()
        )

    def _collect(self, data: bytes) -> None:
        part, rest = data[: self._missing], data[self._missing :]
        self._parts.append(part)
        self._missing -= len(part)
        if not self._missing:
            parts, self._parts = self._parts, []
            self._take(b"".join(parts))
        if rest:
            # the request after this one, before this one is answered
            super().data_received(rest)

    def on_message_begin(self) -> None:
        """Note that the parser is within a request."""
        self._is_between = False
        self._url = b""
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Collect what is asked for."""
        self._url += url
        super().on_url(url)

    def on_headers_complete(self) -> None:
        """Decide which way a request goes."""
        # of the first request in the bytes that came, and of no other
        head, self._head = self._head, b""
        if (
            self._is_free()
            and self.parser.get_method() == b"POST"
            and self.parser.get_http_version() == "1.1"
        ):
            post = self._heads.post_of(self._url, self.headers)
            if post is not None:
                self._heads.remember(head, post)
                self._begin(post)
                return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Collect a part of a body."""
        if self._post is None:
            super().on_body(body)
        else:
            self._parts.append(body)

    def on_message_complete(self) -> None:
        """Take a body that is whole."""
        self._is_between = True
        if self._post is None:
            super().on_message_complete()
        else:
            parts, self._parts = self._parts, []
            self._take(b"".join(parts))

    def _begin(self, post: Post) -> None:
        exchange = self._exchange
        exchange.response_complete = False
        self._post = post
        # uvicorn waits for the answer before it closes the connection or begins with the next request
        self.cycle = exchange  # type: ignore[assignment] # of a request it asks no more than what this has

    def _take(self, body: bytes) -> None:
        post, self._post = self._post, None
        assert post is not None  # noqa: S101 - begun by the caller
        intake = self._intake
        intake.pace.came(self)
        intake.rows(post.watch, body, post.headers, self._reply)

    # ------------------------------------------------------------- answers out

    def _reply(self, answer: Answer) -> None:
        exchange = self._exchange
        exchange.response_complete = True
        if self.transport.is_closing():
            return
        head = self._heads.head_of(answer, self.server_state.default_headers)
        end = b"" if exchange.keep_alive else b"connection: close\r\n"
        self.transport.write(b"%bcontent-length: %d\r\n%b\r\n%b" % (head, len(answer.body), end, answer.body))
        if not exchange.keep_alive:
            self.transport.close()
        if self.pipeline or self.flow.read_paused or not exchange.keep_alive:
            self.on_response_complete()
            return
        self.server_state.total_requests += 1
        # one timer for many answers, instead of one for each
        self._answered_at = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._await_next(self._keep_alive)

    def _await_next(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection on which nothing came for long enough."""
        self.timeout_keep_alive_task = None
        if not self._exchange.response_complete:
            # its answer will see to that
            return
        rest = self._answered_at + self._keep_alive - self.loop.time()
        if rest > 0:
            self._await_next(rest)
        else:
            super().timeout_keep_alive_handler()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection; what it has posted whole is kept all the same."""
        self._unset_keepalive_if_required()
        post, self._post = self._post, None
        self._missing, self._parts = 0, []
        if post is not None:
            self._intake.refusal(gone(), post.watch)
        if self.cycle is self._exchange:  # type: ignore[comparison-overlap] # as in `_begin`
            # there is no task that would have to be told
            self.cycle = None  # type: ignore[assignment] # as uvicorn begins
        super().connection_lost(exc)
