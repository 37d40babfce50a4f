"""Replays a month: trips to the prediction service in time order, true durations to the monitor, late.

::

    python -m examples.taxi.replay --month 2022-01 --speed 600x
"""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import requests
from rich.console import Console

from examples.shared.lateness import Label, Lateness
from examples.shared.replay import TIMEOUT, Stream, require_success, stream_seconds
from examples.shared.speed import Speed
from examples.taxi.trips import find_months, read_trips, within_month
from modelvane.errors import ModelvaneError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa


@dataclass
class Totals:
    """What became of the replayed trips."""

    predicted: int = 0
    refused: int = 0
    labelled: int = 0
    never: int = 0


class _Ride(NamedTuple):
    """A trip with its duration, and how many seconds after its end that is told; NaN for never."""

    trip: dict[str, Any]
    delay: float


class Replay(Stream[_Ride]):
    """Sends trips to the prediction service, and their durations to the monitor.

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
        labels = f"{monitor.rstrip('/')}/v1/datasets/{dataset}/labels" if monitor else None
        super().__init__(labels, speed, connections)
        self._predict_url = f"{service.rstrip('/')}/predict"
        self._lateness = lateness
        self.totals = Totals()

    def run(self, trips: pa.Table, console: Console, *, check: Callable[[], None] = lambda: None) -> Totals:
        """Replay trips with ``duration``, in time order; the rest is as in `Stream.play`."""
        delays = self._lateness.draw(trips.num_rows).tolist()
        rides = map(_Ride, _rows(trips), delays)
        self.play(rides, trips.num_rows, console, check=check)
        self.totals.labelled = self.labelled
        return self.totals

    def moment(self, event: _Ride) -> float:
        """Give the pick-up."""
        return stream_seconds(event.trip["lpep_pickup_datetime"])

    def send(self, event: _Ride) -> None:
        """Ask for a prediction."""
        trip = {**event.trip, "lpep_pickup_datetime": event.trip["lpep_pickup_datetime"].isoformat()}
        minutes = trip.pop("duration")
        answer = self.session.post(self._predict_url, json=trip, timeout=TIMEOUT)
        refused = answer.status_code == 422
        if not refused:
            require_success(answer)
        never = math.isnan(event.delay)
        with self.lock:
            self.totals.refused += refused
            self.totals.predicted += not refused
            self.totals.never += never and not refused
        if not (refused or never):
            known_at = self.moment(event) + 60 * minutes + event.delay
            self.late.add(Label(known_at, answer.json()["id"], minutes))


def _rows(trips: pa.Table) -> Iterator[dict[str, Any]]:
    for batch in trips.to_batches(max_chunksize=1000):
        yield from batch.to_pylist()


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
