"""What the headers of a request say: who asks, and what the body is."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from functools import lru_cache

from modelvane.service.problems import HttpError

# Chromium looks at the first scheme of a header alone, so that of bearers is not named beside it
_ASK_PEOPLE = 'Basic realm="modelvane", charset="UTF-8"'


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


def check_token(headers: Mapping[bytes, bytes], token: str | None, *, by_people: bool = False) -> None:
    """Compare the bearer token, in constant time.

    Parameters
    ----------
    by_people
        Whether it may be the password of basic authentication (RFC 7617), which browsers ask their users for.

    Raises
    ------
    HttpError
        401 when one is asked for and another, or none, is shown.
    """
    if token is None:
        return
    shown = headers.get(b"authorization", b"")
    password = _password(shown) if by_people else None
    given, expected = (shown, f"Bearer {token}") if password is None else (password, token)
    if not hmac.compare_digest(given, expected.encode()):
        raise HttpError(
            401,
            "This needs a token",
            received="another token" if shown else "no Authorization header",
            expected="Authorization: Bearer ...",
            remedy="A browser takes it as the password of any user" if by_people else None,
            headers={"www-authenticate": _ASK_PEOPLE if by_people else "Bearer"},
        )


def _password(shown: bytes) -> bytes | None:
    """Give the password of basic authentication, nothing where another scheme is used."""
    scheme, _, credentials = shown.partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        return base64.b64decode(credentials.strip(), validate=True).partition(b":")[2]
    except binascii.Error:
        return b""
