"""Errors as the client sees them: problem+json (RFC 9457)."""

from __future__ import annotations

from typing import Any

import msgspec

from modelvane.errors import DecodeError, ModelvaneError, OverloadedError, StoreError, UnknownNameError

CONTENT_TYPE = "application/problem+json"

_STATUS = (
    (UnknownNameError, 404),
    (OverloadedError, 503),
    (StoreError, 503),
    (DecodeError, 400),
    (ModelvaneError, 422),
)
_TITLES = {
    400: "Malformed body",
    401: "Token needed",
    404: "Not found",
    405: "Method not allowed",
    413: "Body too large",
    415: "Content type not supported",
    422: "Not acceptable",
    500: "Fault in modelvane",
    503: "Not able to take this now",
}


class HttpError(ModelvaneError):
    """An error with a status of its own.

    Parameters
    ----------
    status
        HTTP status.
    headers
        Added to the answer.
    """

    def __init__(
        self, status: int, what: str, *, headers: dict[str, str] | None = None, **parts: Any
    ) -> None:
        super().__init__(what, **parts)
        self.status = status
        self.headers = headers or {}


def status_of(error: ModelvaneError) -> int:
    """Give the HTTP status of an error."""
    if isinstance(error, HttpError):
        return error.status
    return next(status for kind, status in _STATUS if isinstance(error, kind))


def unexpected() -> HttpError:
    """Give the error for what nobody foresaw; the cause is for the log alone."""
    return HttpError(
        500,
        "modelvane failed at this request",
        remedy="The service's log has the cause; please report it",
    )


def headers_of(error: ModelvaneError) -> dict[str, str]:
    """Give the headers that belong to an error: Retry-After where it makes sense to retry."""
    if isinstance(error, HttpError):
        return error.headers
    if isinstance(error, StoreError):
        return {"retry-after": str(max(1, round(getattr(error, "retry_after", 1.0))))}
    return {}


def problem(error: ModelvaneError) -> bytes:
    """Give the body."""
    status = status_of(error)
    members: dict[str, Any] = {
        "type": "about:blank",
        "title": _TITLES.get(status, "Error"),
        "status": status,
        "detail": error.what,
        "received": error.received,
        "expected": error.expected or None,
        "available": list(error.available) or None,
        "remedy": error.remedy or None,
    }
    return msgspec.json.encode({name: value for name, value in members.items() if value is not None})
