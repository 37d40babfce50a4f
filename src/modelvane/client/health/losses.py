"""Rows that clients of the same process have lost, as a series: nobody else knows of them."""

from __future__ import annotations

from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from prometheus_client import CollectorRegistry, Counter

from modelvane.client.client import outboxes

if TYPE_CHECKING:
    from modelvane.client.outbox import Outbox

_NONE = (0, 0)
_SECONDS = 1.0


class Losses:
    """Counts what every client of this process has lost since it was asked last.

    Parameters
    ----------
    registry : CollectorRegistry
        Where the series is registered.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._rows = Counter(
            "modelvane_client_lost_rows_total",
            "Rows that clients dropped because their queue was full, or that were refused for good.",
            ("dataset", "outcome"),
            registry=registry,
        )
        self._counted: WeakKeyDictionary[Outbox, tuple[int, int]] = WeakKeyDictionary()
        self._counting = Lock()
        self._next = 0.0

    def glance(self) -> None:
        """Take up what was lost, at most once a second: a request has better to do."""
        if (now := monotonic()) >= self._next:
            self._next = now + _SECONDS
            self.count()

    def count(self) -> None:
        """Take up what was lost."""
        for dataset, outbox in outboxes():
            if self._counted.get(outbox) != outbox.lost:
                self._take_up(dataset, outbox)

    def _take_up(self, dataset: str, outbox: Outbox) -> None:
        with self._counting:
            before, now = self._counted.get(outbox, _NONE), outbox.lost
            self._counted[outbox] = now
            # a client is there with 0 from the start: a rate sees no first count of a series that was not there
            for outcome, was, rows in zip(("dropped", "rejected"), before, now, strict=True):
                self._rows.labels(dataset, outcome).inc(rows - was)
