"""Addresses in the config: checked when it is read, since nobody else reads them before they are needed."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator


def checked_url(text: str) -> str:
    """Give a URL of http or https without a slash at its end.

    Raises
    ------
    ValueError
        When it is none.
    """
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError("no URL; expected one such as http://127.0.0.1:3000")
    return text.rstrip("/")


def _target(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or "/" in text or not port.isdecimal() or not 0 < int(port) <= 65_535:
        raise ValueError("no target; expected host and port as Prometheus has it, such as 127.0.0.1:9696")
    return text


Url = Annotated[str, AfterValidator(checked_url)]
"""A URL of http or https; a slash at its end is dropped."""

Target = Annotated[str, AfterValidator(_target)]
"""Host and port."""
