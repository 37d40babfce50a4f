"""The body of a request that the framework answers, read no further than is taken."""

from __future__ import annotations

from fastapi import Request

from modelvane.service.headers import check_coding
from modelvane.service.intake import gone, too_large


async def read_body(request: Request, limit: int) -> bytes:
    """Read a body of at most ``limit`` bytes.

    Raises
    ------
    HttpError
        413 for more, 415 for a compressed one.
    """
    headers = dict(request.scope["headers"])
    check_coding(headers)
    declared = headers.get(b"content-length", b"")
    if declared.isdigit() and int(declared) > limit:
        raise too_large(f"{int(declared)} bytes", f"{limit} bytes")
    parts: list[bytes] = []
    size = 0
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise gone()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            raise too_large(f"{size} bytes and more", f"{limit} bytes")
        if not message.get("more_body", False):
            return b"".join(parts)
