"""The whole stack while it runs: its parts by name, and waiting that tells all logs when it is in vain."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

import requests
from stack.local.raising import Stack
from tests.stack.webhook import Webhook

from modelvane.config import Config

Found = TypeVar("Found")

PATIENCE = 300.0
_PAUSE = 0.2
_TAIL = 25


@dataclass(frozen=True)
class Running:
    """A stack that is up.

    Parameters
    ----------
    stack
        Its processes.
    webhook
        What Alertmanager sends alerts of severity ``page`` to.
    config
        The monitor's settings, with this machine's addresses.
    """

    stack: Stack
    webhook: Webhook
    config: Config

    def get(self, name: str, path: str, **parameters: str) -> Any:
        """Ask a service, and give its JSON."""
        return self._asked(requests.get, name, path, params=parameters)

    def page(self, name: str, path: str) -> str:
        """Give a page of a service."""
        answer = requests.get(self.stack.address(name) + path, timeout=PATIENCE)
        assert answer.ok, f"{answer.url}: {answer.status_code}"
        return answer.text

    def put(self, name: str, path: str, body: object) -> Any:
        """Tell a service something."""
        return self._asked(requests.put, name, path, json=body)

    def _asked(self, method: Callable[..., requests.Response], name: str, path: str, **options: Any) -> Any:
        answer = method(self.stack.address(name) + path, timeout=PATIENCE, **options)
        assert answer.ok, f"{answer.url}: {answer.status_code} {answer.text}"
        return answer.json()

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Give what Prometheus answers to an instant query."""
        result: list[dict[str, Any]] = self.get("prometheus", "/api/v1/query", query=expression)["data"][
            "result"
        ]
        return result

    def values(self, series: str, label: str) -> list[str]:
        """Give the values that a label has in a selector's series, as Grafana asks for them."""
        query = urlencode({"match[]": series})
        found: list[str] = self.get("prometheus", f"/api/v1/label/{label}/values?{query}")["data"]
        return found

    def alerts(self, name: str, **labels: str) -> list[dict[str, Any]]:
        """Give the alerts of a name with some labels that Alertmanager holds for active."""
        matchers = [f'{label}="{value}"' for label, value in {"alertname": name, **labels}.items()]
        query = urlencode([("filter", matcher) for matcher in matchers])
        found: list[dict[str, Any]] = self.get("alertmanager", f"/api/v2/alerts?{query}")
        return found

    def until(self, look: Callable[[], Found], what: str, patience: float = PATIENCE) -> Found:
        """Look again and again until there is something to be seen, and give it."""
        deadline = time.monotonic() + patience
        while True:
            self.stack.check()
            if found := look():
                return found
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {patience:g} s: {what}\n{self.logs()}")
            time.sleep(_PAUSE)

    def logs(self) -> str:
        """Give the ends of all logs."""
        return "\n".join(
            f"--- {path.stem}\n" + "\n".join(path.read_text(errors="replace").splitlines()[-_TAIL:])
            for path in sorted(self.stack.log("x").parent.glob("*.log"))
        )
