"""A receiver of Alertmanager's webhooks that remembers what it was sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Webhook:
    """What was received, at an address.

    Parameters
    ----------
    url
        Where it is received.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._alerts: list[dict[str, Any]] = []

    def take(self, body: bytes) -> None:
        """Remember what was sent."""
        self._alerts.extend(json.loads(body)["alerts"])

    def statuses(self, name: str, **labels: str) -> list[str]:
        """Give ``firing`` and ``resolved`` of the alerts of a name, in the order in which they came."""
        wanted = {"alertname": name, **labels}.items()
        return [alert["status"] for alert in self._alerts if wanted <= alert["labels"].items()]


@contextmanager
def receiving() -> Iterator[Webhook]:
    """Receive on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            webhook.take(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's name
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    webhook = Webhook(f"http://127.0.0.1:{server.server_port}/")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield webhook
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
