"""Heads of requests and answers: what a post of rows says of itself, and what it is told first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from modelvane.service.intake import Answer, Intake, route_of
from modelvane.service.watch import Watch

_MOST = 1024
# what a request may not say of itself to be answered at the connection: each changes how it is read or answered
_UNUSUAL = frozenset({b"content-encoding", b"expect", b"transfer-encoding", b"upgrade"})


class Post(NamedTuple):
    """What the head of a request says: whose rows, how many bytes, and its headers."""

    watch: Watch
    length: int
    headers: Mapping[bytes, bytes]


class Heads:
    """Understands heads of requests, and writes those of answers.

    Clients repeat themselves: the heads of their requests, which uvicorn takes apart header by header, are the same
    bytes again and again. Those that were understood once are recognised here, whichever connection they come on.

    Parameters
    ----------
    intake
        What says whether rows are taken.
    """

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._known: dict[bytes, Post] = {}
        self._own: list[tuple[bytes, bytes]] | None = None
        self._start = b""

    def known(self, head: bytes) -> Post | None:
        """Give what a head says, if it was understood before."""
        return self._known.get(head)

    def remember(self, head: bytes, post: Post) -> None:
        """Keep what a head says, if it is certain where it begins and ends."""
        lines = head.count(b"\r\n")
        if not head.startswith(b"POST ") or not head.count(b"\n") == head.count(b"\r") == lines:
            return
        if len(self._known) >= _MOST:
            # heads that differ each time, such as by a trace id, must not fill the memory
            self._known.clear()
        self._known[head] = post

    def post_of(self, url: bytes, headers: list[tuple[bytes, bytes]]) -> Post | None:
        """Give what is posted; ``None`` for whatever is not rows of a known dataset in a usual request."""
        try:
            route = route_of(url.decode("ascii"))
        except UnicodeDecodeError:
            return None
        if route is None or route.is_labels or b"%" in url:
            return None
        said = dict(headers)
        length = said.get(b"content-length", b"")
        keeps_alive = said.get(b"connection", b"keep-alive").lower() == b"keep-alive"
        if not keeps_alive or not length.isdigit() or not _UNUSUAL.isdisjoint(said):
            return None
        try:
            watch = self._intake.admit(route.dataset, said)
        except Exception:  # noqa: BLE001 - refused, and its fault told, on the ordinary way
            return None
        return Post(watch, int(length), said)

    def head_of(self, answer: Answer, own: list[tuple[bytes, bytes]]) -> bytes:
        """Give the head of an answer up to its length; ``own`` are headers of the server, such as the date."""
        if own is not self._own:
            self._own = own
            self._start = b"".join(b"%b: %b\r\n" % header for header in own)
        head = b"%b%bcontent-type: %b\r\n" % (STATUS_LINE[answer.status], self._start, answer.content_type)
        for name, value in (answer.headers or {}).items():
            head += f"{name}: {value}\r\n".encode("latin-1")
        return head
