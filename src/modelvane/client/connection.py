"""One keep-alive HTTP connection to the service."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from http.client import HTTPConnection, HTTPResponse

NO_ANSWER = 0
"""The status of a request that got no HTTP answer at all."""

_LONGEST_ANSWER = 65536
_LONGEST_DETAIL = 500


class Reply(NamedTuple):
    """What came back: the status, the seconds of ``Retry-After``, and the reason of a failure."""

    status: int
    retry_after: float | None = None
    detail: str = ""


class Connection:
    """Posts JSON over one connection that is opened when needed and kept open.

    Parameters
    ----------
    scheme, host, port
        Where the service is; a port of None is the scheme's own.
    timeout : float
        Seconds to wait for the connection, and for each answer.
    headers : dict
        Sent with every request.
    """

    def __init__(
        self, scheme: str, host: str, port: int | None, timeout: float, headers: dict[str, str]
    ) -> None:
        self._scheme = scheme
        self._host = host
        self._port = port
        self._timeout = timeout
        self._headers = headers
        self._http: HTTPConnection | None = None

    def post(self, path: str, body: bytes) -> Reply:
        """Send one request; whatever goes wrong on the way is a `Reply` with the status `NO_ANSWER`."""
        from http.client import HTTPException  # noqa: PLC0415 - 30 ms that only the sender's thread pays

        try:
            return self._exchange(path, body)
        except (OSError, HTTPException) as error:
            self.close()
            reason = str(error) or "no reason given"
            return Reply(NO_ANSWER, detail=f"{self._place}: {type(error).__name__}: {reason}")

    def close(self) -> None:
        """Close the connection; the next request opens a new one."""
        if self._http is not None:
            self._http.close()

    def disown(self) -> None:
        """Let go, in a forked child, of the socket that it shares with the parent.

        Not by closing the connection: the parent's thread may have been reading from it at the fork, and its
        lock is then held for ever in the child.
        """
        if self._http is not None and self._http.sock is not None:
            descriptor = self._http.sock.detach()
            if descriptor >= 0:
                os.close(descriptor)

    @property
    def _place(self) -> str:
        return f"{self._scheme}://{self._host}" + (f":{self._port}" if self._port else "")

    def _exchange(self, path: str, body: bytes) -> Reply:
        http = self._open()
        reused = http.sock is not None
        try:
            return self._answer(http, path, body)
        except ConnectionError:
            if not reused:
                raise
            # The service closed the connection while it was idle. That is no failure, and rows carry ids, so
            # the request is repeated at once.
            http.close()
            return self._answer(http, path, body)

    def _open(self) -> HTTPConnection:
        from http.client import HTTPConnection, HTTPSConnection  # noqa: PLC0415 - see post

        if self._http is None:
            kind = HTTPSConnection if self._scheme == "https" else HTTPConnection
            # Without a port, http.client would take the end of an IPv6 address for one.
            self._http = kind(self._host, self._port or kind.default_port, timeout=self._timeout)
        return self._http

    def _answer(self, http: HTTPConnection, path: str, body: bytes) -> Reply:
        cut = False
        try:
            http.request("POST", path, body, self._headers)
        except (BrokenPipeError, ConnectionResetError):
            if http.sock is None:
                raise
            cut = True  # 413 may have been answered, and the line cut, before the whole body was read
        response = http.getresponse()
        text = response.read(_LONGEST_ANSWER)
        if cut or not response.isclosed():  # or longer than any answer of the service: start afresh
            http.close()
        if 200 <= response.status < 300:
            return Reply(response.status)
        return Reply(response.status, _seconds(response.getheader("Retry-After")), _detail(response, text))


def _seconds(header: str | None) -> float | None:
    # The date form of Retry-After trusts two clocks; the sender's own backoff is the safer answer to it.
    text = (header or "").strip()
    return float(text) if text.isascii() and text.isdigit() else None


def _detail(response: HTTPResponse, text: bytes) -> str:
    import json  # noqa: PLC0415 - beside its only use, and long since loaded

    said = text.decode("utf-8", "replace").strip()
    try:
        problem = json.loads(said)
    except ValueError:
        problem = None
    if isinstance(problem, dict):
        parts = [str(problem[key]) for key in ("title", "what", "detail", "remedy") if problem.get(key)]
        said = ". ".join(part.rstrip(".") for part in parts) or said
    return f"HTTP {response.status} {response.reason}: {said[:_LONGEST_DETAIL]}".rstrip(": ")
