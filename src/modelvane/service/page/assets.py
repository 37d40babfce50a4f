"""Style, script and icon of the page, as the service hands them out."""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from importlib.resources import files
from typing import NamedTuple

from modelvane.errors import UnknownNameError

# name: (package it lies in, type)
_ASSETS = {
    "base.css": ("modelvane.report", "text/css; charset=utf-8"),
    "charts.css": ("modelvane.report", "text/css; charset=utf-8"),
    "page.css": ("modelvane.service.page", "text/css; charset=utf-8"),
    "page.js": ("modelvane.service.page", "text/javascript; charset=utf-8"),
    "vane.svg": ("modelvane.service.page", "image/svg+xml"),
}


class Asset(NamedTuple):
    """One file: its bytes, its type, and a tag that changes when it does."""

    content: bytes
    content_type: str
    etag: str


@cache
def static(name: str) -> Asset:
    """Give one of the page's files by name.

    Raises
    ------
    UnknownNameError
        For any other name; only listed names are ever looked up, so no path leads out.
    """
    if name not in _ASSETS:
        raise UnknownNameError.of("static file", name, _ASSETS)
    package, content_type = _ASSETS[name]
    content = files(package).joinpath("static", name).read_bytes()
    return Asset(content, content_type, f'"{blake2b(content, digest_size=8).hexdigest()}"')
