"""Why bodies are refused, as a series says it: part of queries, so independent of what the code calls its errors."""

from __future__ import annotations

from modelvane.errors import ModelvaneError, OverloadedError
from modelvane.service.problems import HttpError, status_of

_OVERLOADED = "overloaded"
_DISCONNECTED = "disconnected"
_OTHER = "refused"
_BY_STATUS = {
    400: "malformed",
    401: "unauthorized",
    404: "unknown_name",
    413: "too_large",
    415: "unsupported_type",
    422: "not_acceptable",
    500: "internal_fault",
    503: "log_unavailable",
}
REASONS = (_OVERLOADED, _DISCONNECTED, *_BY_STATUS.values(), _OTHER)
"""Every reason that there is."""


def reason_of(error: ModelvaneError) -> str:
    """Give the reason of a refusal."""
    if isinstance(error, OverloadedError):
        return _OVERLOADED
    if isinstance(error, HttpError) and error.status == 400:
        # nothing else of its own is 400
        return _DISCONNECTED
    return _BY_STATUS.get(status_of(error), _OTHER)
