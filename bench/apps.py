"""The bare servers that ingest is compared with."""

from __future__ import annotations

from typing import Any

from flask import Flask

flask_app = Flask(__name__)


@flask_app.post("/iterate/taxi")
def nothing() -> tuple[str, int]:
    return "{}", 200


async def asgi_app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Read the body, answer 200."""
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    while (await receive()).get("more_body"):
        pass
    headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{}"})
