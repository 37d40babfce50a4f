"""Requests at a rate, over a few kept-alive connections."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Callable

_TIMEOUT = 60.0
_LATE = 1.0  # seconds behind after which turns are left out: what was away is not flooded when it is back

ANSWERED, REFUSED, FAILED = "answered", "refused", "failed"


class Session(requests.Session):
    """A session that knows neither proxies nor endless waits."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False  # all addresses are given; a proxy of the environment is not meant

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Ask, and wait a while for the answer, where nobody says how long."""
        if options.get("timeout") is None:
            options["timeout"] = _TIMEOUT
        return super().send(request, **options)


class Caller:
    """Asks again and again, at a rate, and counts what comes of it; a service that is away is no reason to end.

    Parameters
    ----------
    ask
        Asks once; what it raises of `requests` counts as failed, an answer of 4xx as refused.
    rate
        Requests a second.
    connections
        Requests under way at once.
    """

    def __init__(
        self, ask: Callable[[Session], requests.Response], rate: float, connections: int = 4
    ) -> None:
        self._ask = ask
        self._rate = rate
        self._lock = threading.Lock()  # of the counts and the clock
        self._counts: Counter[str] = Counter({ANSWERED: 0, REFUSED: 0, FAILED: 0})
        self._next = 0.0
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, name="caller") for _ in range(connections)]

    @property
    def counts(self) -> dict[str, int]:
        """How many requests were answered, refused (4xx) and failed (5xx, or no answer)."""
        with self._lock:
            return dict(self._counts)

    def start(self) -> None:
        """Begin to ask, in threads."""
        self._next = time.monotonic()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End, after the answers to what is under way."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        with Session() as session:
            while not self._stop.wait(self._due() - time.monotonic()):
                outcome = self._outcome(session)
                with self._lock:
                    self._counts[outcome] += 1

    def _due(self) -> float:
        with self._lock:
            due = max(self._next, time.monotonic() - _LATE)
            self._next = due + 1 / self._rate
        return due

    def _outcome(self, session: Session) -> str:
        try:
            status = self._ask(session).status_code
        except requests.RequestException:
            return FAILED
        return ANSWERED if status < 400 else REFUSED if status < 500 else FAILED
