"""Replays a month: trips to the prediction service in time order, true durations to the monitor, late.

::

    python -m examples.taxi.replay --month 2022-01 --speed 600x
"""

from __future__ import annotations

import argparse
import datetime as dt
import math
import sys
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from urllib3.util import Retry

from examples.taxi.lateness import Label, LateLabels, Lateness
from examples.taxi.speed import Speed
from examples.taxi.trips import find_months, read_trips, within_month
from modelvane.errors import ModelvaneError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

_LABELS_PER_POST = 500
_SECONDS_BETWEEN_POSTS = 1.0  # of wall clock, while there are too few labels for a whole request
_TIMEOUT = 10.0
_EPOCH = dt.datetime(2000, 1, 1)  # noqa: DTZ001 - the files keep New York's wall clock; only differences count


class ReplayError(ModelvaneError):
    """The prediction service or the monitor gave an answer with which the replay makes no sense."""


@dataclass
class Totals:
    """What became of the replayed trips."""

    predicted: int = 0
    refused: int = 0
    labelled: int = 0
    never: int = 0


class Replay:
    """Sends trips over a few kept-alive connections, and labels when the stream's clock reaches them.

    Parameters
    ----------
    service
        Base address of the prediction service.
    monitor
        Base address of the monitor; without one no labels are sent.
    dataset
        The monitor's name for the predictions.
    speed, lateness
        See there.
    connections
        Requests under way at once.
    """

    def __init__(
        self,
        service: str,
        monitor: str | None = None,
        *,
        dataset: str = "taxi",
        speed: Speed = Speed(),  # noqa: B008 - frozen
        lateness: Lateness = Lateness(),  # noqa: B008 - frozen
        connections: int = 4,
    ) -> None:
        self._predict_url = f"{service.rstrip('/')}/predict"
        self._labels_url = monitor and f"{monitor.rstrip('/')}/v1/datasets/{dataset}/labels"
        self._speed = speed
        self._lateness = lateness
        self._connections = connections
        self._session = self._open_session()
        self._lock = threading.Lock()  # of the totals
        self._late = LateLabels()
        self._ready: list[Label] = []
        self._posted_at = 0.0
        self._under_way: set[Future[None]] = set()
        self.totals = Totals()

    def run(self, trips: pa.Table, console: Console, *, check: Callable[[], None] = lambda: None) -> Totals:
        """Replay trips, and at the end deliver the labels that are still to come.

        Parameters
        ----------
        trips
            Trips with ``duration``, in time order.
        console
            Gets a progress bar on a terminal, nothing in a pipe.
        check
            Called often; raises what should end the replay.

        Raises
        ------
        ReplayError
            An answer that is neither a prediction nor a refusal of one trip.
        requests.RequestException
            The service or the monitor cannot be reached.
        """
        bar = (TextColumn("Replaying"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        pool = ThreadPoolExecutor(self._connections, thread_name_prefix="replay")
        try:
            with Progress(*bar, console=console, disable=not console.is_terminal) as progress:
                task = progress.add_task("", total=trips.num_rows)
                for now in self._send(trips, pool, check):
                    progress.advance(task)
                    self._post_labels(pool, now)
            self._settle(down_to=0)
            self._post_labels(pool, math.inf)
            self._settle(down_to=0)
        finally:
            pool.shutdown(cancel_futures=True)
            self._session.close()
        return self.totals

    def _open_session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False  # both addresses are given; a proxy of the environment is not meant
        session.mount("http://", HTTPAdapter(pool_maxsize=self._connections))
        if self._labels_url is not None:
            # Labels may be repeated without harm; a repeated prediction would be logged twice.
            retry = Retry(total=5, backoff_factor=0.2, status_forcelist=[503], allowed_methods=None)
            session.mount(self._labels_url, HTTPAdapter(pool_maxsize=self._connections, max_retries=retry))
        return session

    def _send(self, trips: pa.Table, pool: ThreadPoolExecutor, check: Callable[[], None]) -> Iterator[float]:
        delays = self._lateness.draw(trips.num_rows)
        began = time.monotonic()
        first: float | None = None
        for number, (trip, delay) in enumerate(zip(_rows(trips), delays, strict=True)):
            picked_up = _stream_seconds(trip)
            first = picked_up if first is None else first
            while (early := began + self._speed.due(number, picked_up - first) - time.monotonic()) > 0:
                time.sleep(min(early, 0.2))
                check()
            check()
            minutes = trip.pop("duration")
            self._submit(pool, self._predict, trip, minutes, picked_up + 60 * minutes + delay)
            yield picked_up

    def _predict(self, trip: dict[str, Any], minutes: float, known_at: float) -> None:
        trip = {**trip, "lpep_pickup_datetime": trip["lpep_pickup_datetime"].isoformat()}
        answer = self._session.post(self._predict_url, json=trip, timeout=_TIMEOUT)
        refused = answer.status_code == 422
        if not refused:
            _require_success(answer)
        never = math.isnan(known_at)
        with self._lock:
            self.totals.refused += refused
            self.totals.predicted += not refused
            self.totals.never += never and not refused
        if not (refused or never):
            self._late.add(Label(known_at, answer.json()["id"], minutes))

    def _post_labels(self, pool: ThreadPoolExecutor, now: float) -> None:
        if self._labels_url is None:
            return
        self._ready += self._late.take_due(now)
        recently = time.monotonic() - self._posted_at < _SECONDS_BETWEEN_POSTS
        if len(self._ready) < _LABELS_PER_POST and recently and now < math.inf:
            return
        for start in range(0, len(self._ready), _LABELS_PER_POST):
            batch = self._ready[start : start + _LABELS_PER_POST]
            self._submit(pool, self._label, [_row_of(label) for label in batch])
        self._ready = []
        self._posted_at = time.monotonic()

    def _label(self, labels: list[dict[str, Any]]) -> None:
        _require_success(self._session.post(self._labels_url or "", json=labels, timeout=_TIMEOUT))
        with self._lock:
            self.totals.labelled += len(labels)

    def _submit(self, pool: ThreadPoolExecutor, task: Callable[..., None], *arguments: object) -> None:
        self._settle(down_to=2 * self._connections)
        self._under_way.add(pool.submit(task, *arguments))

    def _settle(self, *, down_to: int) -> None:
        while len(self._under_way) > down_to:
            done, self._under_way = wait(self._under_way, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()


def wait_until_logged(service: str, *, check: Callable[[], None], patience: float = 60.0) -> None:
    """Wait until the prediction service has handed all its predictions to the monitor.

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
            answer = session.get(f"{service.rstrip('/')}/healthz", timeout=_TIMEOUT)
            _require_success(answer)
            counts = answer.json()["log"]
            if counts["dropped"] or counts["rejected"]:
                raise ReplayError("Predictions did not reach the monitor", received=counts)
            if not counts["queued"]:
                return
            if time.monotonic() > deadline:
                raise ReplayError("The monitor does not take the predictions in time", received=counts)
            time.sleep(0.1)


def _rows(trips: pa.Table) -> Iterator[dict[str, Any]]:
    for batch in trips.to_batches(max_chunksize=1000):
        yield from batch.to_pylist()


def _stream_seconds(trip: dict[str, Any]) -> float:
    return float((trip["lpep_pickup_datetime"] - _EPOCH).total_seconds())


def _row_of(label: Label) -> dict[str, Any]:
    # The time, too, is that of the stream: against today's the labels of 2022 would be years late.
    known = _EPOCH + dt.timedelta(seconds=label.due)
    return {"id": label.id, "target": label.target, "time": known.isoformat(timespec="seconds")}


def _require_success(answer: requests.Response) -> None:
    if not answer.ok:
        raise ReplayError(f"{answer.url} answered {answer.status_code}", received=answer.text[:500])


def main() -> int:
    """Replay a month against services that run already."""
    parser = argparse.ArgumentParser(prog="python -m examples.taxi.replay", description="Replay taxi trips.")
    parser.add_argument("--service", default="http://127.0.0.1:9696")
    parser.add_argument("--monitor", help="where the true durations go; without it nowhere")
    parser.add_argument("--month", default="2022-01")
    parser.add_argument("--speed", default="100/s", help="50/s, 600x (times real time) or max")
    parser.add_argument("--trips", type=int, help="at most so many; without it the whole month")
    options = parser.parse_args()
    console = Console()
    try:
        months = find_months([options.month], console, synthetic_folder=Path(".modelvane/demo/synthetic"))
        trips = within_month(read_trips(months.files[options.month]), options.month).slice(0, options.trips)
        replay = Replay(options.service, options.monitor, speed=Speed.parse(options.speed))
        console.print(replay.run(trips, console))
    except KeyboardInterrupt:
        return 130
    except (ModelvaneError, requests.RequestException) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
