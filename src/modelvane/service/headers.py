"""What the headers of a request say: who asks, and what the body is."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from functools import lru_cache

from modelvane.service.problems import HttpError


def check_coding(headers: Mapping[bytes, bytes]) -> None:
    """Refuse compressed bodies.

    Raises
    ------
    HttpError
        415 for any content coding.
    """
    coding = headers.get(b"content-encoding", b"identity")
    if coding != b"identity":
        raise HttpError(
            415,
            "Compressed bodies are not read",
            received=f"Content-Encoding: {coding.decode('latin-1')}",
            remedy="Send it as it is; Arrow IPC is the smaller body for many rows",
            headers={"accept-encoding": "identity"},
        )


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
