"""Replays a past stream: questions to a prediction service in time order, the truth to the monitor, late."""

from __future__ import annotations

import datetime as dt
import math
import threading
import time
from abc import ABC, abstractmethod
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import requests
from requests.adapters import HTTPAdapter
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from urllib3.util import Retry

from examples.shared.lateness import Label, LateLabels
from examples.shared.processes import PATIENCE
from modelvane.errors import ModelvaneError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rich.console import Console

    from examples.shared.speed import Speed

EventT = TypeVar("EventT")

TIMEOUT = 60.0
_LABELS_PER_POST = 500
_SECONDS_BETWEEN_POSTS = 1.0  # of wall clock, while there are too few labels for a whole request
_EPOCH = dt.datetime(2000, 1, 1)  # noqa: DTZ001 - files keep a wall clock; only differences count


class ReplayError(ModelvaneError):
    """The prediction service or the monitor gave an answer with which the replay makes no sense."""


def stream_seconds(moment: dt.datetime) -> float:
    """Give a moment on the stream's clock."""
    return (moment - _EPOCH).total_seconds()


class Stream(ABC, Generic[EventT]):
    """Sends events over a few kept-alive connections, and labels when the stream's clock reaches them.

    Parameters
    ----------
    labels_url
        Where labels go; ``None`` for nowhere.
    speed
        How fast.
    connections
        Requests under way at once.
    """

    def __init__(self, labels_url: str | None, speed: Speed, connections: int) -> None:
        self._labels_url = labels_url
        self._speed = speed
        self._connections = connections
        self.session = self._open_session()
        self.lock = threading.Lock()  # of whatever the requests count
        self.late = LateLabels()
        self.labelled = 0
        self._ready: list[Label] = []
        self._posted_at = 0.0
        self._under_way: set[Future[None]] = set()

    @abstractmethod
    def moment(self, event: EventT) -> float:
        """Give an event's time in seconds of the stream's clock."""

    @abstractmethod
    def send(self, event: EventT) -> None:
        """Send one event, on a thread of the pool, and add the label that follows to ``late``."""

    def play(
        self,
        events: Iterable[EventT],
        total: int,
        console: Console,
        *,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        """Send events, and at the end deliver the labels that are still to come.

        Parameters
        ----------
        events
            In time order, ``total`` of them.
        console
            Gets a progress bar on a terminal, nothing in a pipe.
        check
            Called often; raises what should end the replay.

        Raises
        ------
        ReplayError
            An answer that makes no sense.
        requests.RequestException
            The service or the monitor cannot be reached.
        """
        bar = (TextColumn("Replaying"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        pool = ThreadPoolExecutor(self._connections, thread_name_prefix="replay")
        try:
            with Progress(*bar, console=console, disable=not console.is_terminal) as progress:
                task = progress.add_task("", total=total)
                for now in self._send_all(events, pool, check):
                    progress.advance(task)
                    self._post_labels(pool, now)
            self._settle(down_to=0)
            self._post_labels(pool, math.inf)
            self._settle(down_to=0)
        finally:
            pool.shutdown(cancel_futures=True)
            self.session.close()

    def _open_session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False  # both addresses are given; a proxy of the environment is not meant
        session.mount("http://", HTTPAdapter(pool_maxsize=self._connections))
        if self._labels_url is not None:
            # Labels may be repeated without harm; a repeated prediction would be logged twice.
            retry = Retry(total=5, backoff_factor=0.2, status_forcelist=[503], allowed_methods=None)
            session.mount(self._labels_url, HTTPAdapter(pool_maxsize=self._connections, max_retries=retry))
        return session

    def _send_all(
        self, events: Iterable[EventT], pool: ThreadPoolExecutor, check: Callable[[], None]
    ) -> Iterator[float]:
        began = time.monotonic()
        first: float | None = None
        for number, event in enumerate(events):
            at = self.moment(event)
            first = at if first is None else first
            while (early := began + self._speed.due(number, at - first) - time.monotonic()) > 0:
                time.sleep(min(early, 0.2))
                check()
            check()
            self._submit(pool, self.send, event)
            yield at

    def _post_labels(self, pool: ThreadPoolExecutor, now: float) -> None:
        if self._labels_url is None:
            return
        self._ready += self.late.take_due(now)
        recently = time.monotonic() - self._posted_at < _SECONDS_BETWEEN_POSTS
        if len(self._ready) < _LABELS_PER_POST and recently and now < math.inf:
            return
        for start in range(0, len(self._ready), _LABELS_PER_POST):
            batch = self._ready[start : start + _LABELS_PER_POST]
            self._submit(pool, self._label, [_row_of(label) for label in batch])
        self._ready = []
        self._posted_at = time.monotonic()

    def _label(self, labels: list[dict[str, Any]]) -> None:
        require_success(self.session.post(self._labels_url or "", json=labels, timeout=TIMEOUT))
        with self.lock:
            self.labelled += len(labels)

    def _submit(self, pool: ThreadPoolExecutor, task: Callable[..., None], *arguments: object) -> None:
        self._settle(down_to=2 * self._connections)
        self._under_way.add(pool.submit(task, *arguments))

    def _settle(self, *, down_to: int) -> None:
        while len(self._under_way) > down_to:
            done, self._under_way = wait(self._under_way, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()


def wait_until_logged(health: str, *, check: Callable[[], None], patience: float = PATIENCE) -> None:
    """Wait until a prediction service has handed all its predictions to the monitor.

    Parameters
    ----------
    health
        Address whose answer has the counters of its log under ``log``.

    Raises
    ------
    ReplayError
        Some were dropped or rejected, or the rest is not through in time.
    """
    deadline = time.monotonic() + patience
    with requests.Session() as session:
        session.trust_env = False
        while True:
            check()
            answer = session.get(health, timeout=TIMEOUT)
            require_success(answer)
            counts = answer.json()["log"]
            if counts["dropped"] or counts["rejected"]:
                raise ReplayError("Predictions did not reach the monitor", received=counts)
            if not counts["queued"]:
                return
            if time.monotonic() > deadline:
                raise ReplayError("The monitor does not take the predictions in time", received=counts)
            time.sleep(0.1)


def require_success(answer: requests.Response) -> None:
    """Refuse an answer that is none.

    Raises
    ------
    ReplayError
        With what it said.
    """
    if not answer.ok:
        raise ReplayError(f"{answer.url} answered {answer.status_code}", received=answer.text[:500])


def _row_of(label: Label) -> dict[str, Any]:
    # The time, too, is that of the stream: against today's the labels of a past year would be years late.
    known = _EPOCH + dt.timedelta(seconds=label.due)
    return {"id": label.id, "target": label.target, "time": known.isoformat(timespec="seconds")}
