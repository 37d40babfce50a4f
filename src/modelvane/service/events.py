"""What happened, as the service keeps and shows it."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from modelvane.events import LASTING, Event, Kind
from modelvane.store.protocol import Log
from modelvane.store.writer import GroupCommit
from modelvane.validity import Validity, history

_REMEMBERED = 100
_READ = 5_000
OF_DATASETS = tuple(Kind)
"""What may happen to a dataset."""
OF_THE_SERVICE = tuple(kind for kind in Kind if kind.is_alert)
"""What may happen that is of no dataset."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event, and how often the same happened in a row; ``event`` is the last of them."""

    event: Event
    times: int
    first_at: float


class EventBook:
    """Keeps events in the log, counts them, and remembers the last ones for the page.

    Parameters
    ----------
    writer
        Gives the writer of the log, or raises while there is none.
    """

    def __init__(self, writer: Callable[[], GroupCommit]) -> None:
        self._writer = writer
        self._lock = threading.Lock()
        # of alerts and of what modelvane did, so that a flood of those does not wash this away
        self._told: dict[tuple[str | None, bool], deque[Told]] = {}
        self._counts: dict[str | None, dict[str, int]] = {}
        self._switched: dict[str, float] = {}
        self._references: dict[str, list[Event]] = {}

    def load(self, log: Log) -> None:
        """Remember what the log has; counts are since the start."""
        alerts = log.read_events(kinds=OF_THE_SERVICE, limit=_READ)
        others = log.read_events(
            kinds=[kind for kind in Kind if not (kind.is_alert or kind in LASTING)], limit=_READ
        )
        references = log.read_events(kinds=LASTING)
        with self._lock:
            self._told.clear()
            self._switched.clear()
            self._references.clear()
            for event in [*alerts, *sorted([*others, *references], key=lambda event: event.at)]:
                self._remember(event)

    async def keep_all(self, events: Sequence[Event]) -> None:
        """Keep events together, from the event loop.

        Raises
        ------
        StoreError
            When the log does not take them; none is kept then.
        """
        future = asyncio.get_running_loop().create_future()
        self._writer().call(lambda log: log.append_events(events), rows=len(events), future=future)
        await future
        self.note(events)

    def keep(self, event: Event) -> None:
        """Keep an event, from any thread but the event loop's.

        Raises
        ------
        StoreError
            When the log does not take it.
        """
        self._writer().call(lambda log: log.append_events([event])).result()
        self.note([event])

    def note(self, events: Iterable[Event]) -> None:
        """Count and remember events that the log has."""
        with self._lock:
            for event in events:
                counts = self._counts.setdefault(event.dataset, {})
                counts[event.kind] = counts.get(event.kind, 0) + 1
                self._remember(event)

    def _remember(self, event: Event) -> None:
        if event.kind in LASTING and event.dataset is not None:
            self._references.setdefault(event.dataset, []).append(event)
        if event.kind is Kind.REFERENCE_SWITCHED and event.dataset is not None:
            self._switched[event.dataset] = event.at
        if event.kind is Kind.REFERENCE_BEGUN:
            # in the history of references, and no news
            return
        key = event.dataset, event.kind.is_alert
        told = self._told.setdefault(key, deque(maxlen=_REMEMBERED))
        if told and (told[-1].event.kind, told[-1].event.what) == (event.kind, event.what):
            told[-1] = replace(told[-1], event=event, times=told[-1].times + 1)
        else:
            told.append(Told(event, 1, event.at))

    def told(self, dataset: str | None) -> list[Told]:
        """Give the last events of a dataset, or of none, the oldest first."""
        with self._lock:
            told = [*self._told.get((dataset, True), ()), *self._told.get((dataset, False), ())]
        return sorted(told, key=lambda one: one.event.at)

    def counts(self, dataset: str | None) -> dict[str, int]:
        """Give the number of events since the start, by kind."""
        with self._lock:
            counts = self._counts.get(dataset, {})
            kinds = OF_THE_SERVICE if dataset is None else OF_DATASETS
            return {str(kind): counts.get(kind, 0) for kind in kinds}

    def references(self, dataset: str) -> Sequence[Validity]:
        """Give which references a dataset was compared with, and when."""
        with self._lock:
            return history(self._references.get(dataset, ()))

    def switched_at(self, dataset: str) -> float | None:
        """Give when another reference was taken last, seconds since 1970."""
        with self._lock:
            return self._switched.get(dataset)
