"""Replays the shop's last months: questions to the recommender, what was bought to the monitor, days later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote
from uuid import uuid4

import numpy as np

from examples.reco.answers import USER
from examples.reco.service import ANSWER_ID
from examples.reco.visits import HORIZON, Question
from examples.shared.lateness import Label
from examples.shared.replay import TIMEOUT, Stream, require_success, stream_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console

    from examples.shared.speed import Speed

_NEVER = 0.1
"""Share of answers of which nobody tells what became of them."""


@dataclass
class Totals:
    """What became of the replayed questions."""

    answered: int = 0
    unknown: int = 0
    labelled: int = 0
    never: int = 0


class Replay(Stream[Question]):
    """Asks as the shop's page and mailings did, and tells what was bought once the horizon is over.

    Parameters
    ----------
    service
        Base address of the recommender.
    monitor
        Base address of the monitor; without one no labels are sent.
    dataset
        The monitor's name for the answers.
    speed
        See there.
    connections
        Requests under way at once.
    seed
        Which answers never get a label.
    """

    def __init__(
        self,
        service: str,
        monitor: str | None,
        *,
        dataset: str = "reco",
        speed: Speed,
        connections: int = 4,
        seed: int = 0,
    ) -> None:
        labels = f"{monitor.rstrip('/')}/v1/datasets/{dataset}/labels" if monitor else None
        super().__init__(labels, speed, connections)
        self._service = service.rstrip("/")
        self._random = np.random.default_rng(seed)
        self.totals = Totals()

    def run(
        self, asked: Sequence[Question], console: Console, *, check: Callable[[], None] = lambda: None
    ) -> Totals:
        """Replay questions in time order; the rest is as in `Stream.play`."""
        self.play(asked, len(asked), console, check=check)
        self.totals.labelled = self.labelled
        return self.totals

    def moment(self, event: Question) -> float:
        """Give when it was asked."""
        return stream_seconds(event.at)

    def send(self, event: Question) -> None:
        """Ask; that nobody, or nothing, has the id is an answer too."""
        name = uuid4().hex
        query: dict[str, str | int] = {"n": event.n, "at": event.at.isoformat()}
        if event.kind == USER and event.fallback:
            query["fallback"] = "popular"
        address = f"{self._service}/predict/{event.kind}/{quote(event.subject, safe='')}"
        answer = self.session.get(address, params=query, headers={ANSWER_ID: name}, timeout=TIMEOUT)
        is_unknown = answer.status_code == 404
        if not is_unknown:
            require_success(answer)
        with self.lock:
            never = event.bought is None or bool(self._random.random() < _NEVER)
            self.totals.answered += not is_unknown
            self.totals.unknown += is_unknown
            self.totals.never += never
        if not never:
            self.late.add(Label(self.moment(event) + HORIZON.total_seconds(), name, event.bought))
