"""The replay: time order, pace, late labels, labels that never come."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from examples.shared.lateness import Label, LateLabels, Lateness
from examples.shared.replay import ReplayError, wait_until_logged
from examples.shared.speed import Speed
from examples.taxi.replay import Replay

from modelvane.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa
    from rich.console import Console


class World:
    """A prediction service and a monitor in one, which remember the requests."""

    def __init__(self, *, refuse: Callable[[dict[str, Any]], bool] = lambda _trip: False) -> None:
        self.trips: list[dict[str, Any]] = []
        self.labels: dict[str, float] = {}
        self.seen_at: dict[str, int] = {}
        self.known_at: dict[str, str] = {}
        self.label_statuses = [200]
        self._refuse = refuse
        self._lock = threading.Lock()

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        assert method == "POST"
        content = json.loads(body)
        with self._lock:
            if path == "/predict":
                if self._refuse(content):
                    return 422, b"{}"
                self.trips.append(content)
                return 200, json.dumps({"duration": 1.0, "id": f"trip-{len(self.trips) - 1}"}).encode()
            assert path == "/v1/datasets/taxi/labels"
            status = self.label_statuses.pop() if len(self.label_statuses) > 1 else self.label_statuses[0]
            if status == 200:
                self.labels |= {label["id"]: label["target"] for label in content}
                self.seen_at |= {label["id"]: len(self.trips) for label in content}
                self.known_at |= {label["id"]: label["time"] for label in content}
            return status, b"[]"


def truth(trips: pa.Table) -> list[float]:
    return trips["duration"].to_pylist()


def test_the_delays_follow_the_stated_law() -> None:
    """Median and share of never are what was asked for."""
    delays = Lateness(median_hours=2, never=0.1).draw(50_000)
    assert np.isnan(delays).mean() == pytest.approx(0.1, abs=0.005)
    assert np.nanmedian(delays) == pytest.approx(2 * 3600, rel=0.02)
    assert np.nanmin(delays) > 0


def test_another_seed_gives_other_delays() -> None:
    """Delays are a function of the seed."""
    assert not np.array_equal(Lateness(seed=0).draw(10), Lateness(seed=1).draw(10), equal_nan=True)


def test_labels_are_given_once_and_in_order_of_their_time() -> None:
    """What is due is given, the earliest first, and never again; what is not due stays."""
    late = LateLabels()
    for due in (3.0, 1.0, 2.0):
        late.add(Label(due, f"at {due}", 0.0))
    assert [label.id for label in late.take_due(2.0)] == ["at 1.0", "at 2.0"]
    assert late.take_due(2.5) == []
    assert [label.id for label in late.take_due(np.inf)] == ["at 3.0"]


def test_every_trip_is_sent_once_in_time_order(trips: pa.Table, console: Console, http_server: Any) -> None:
    """With one connection the service sees the trips in the order of their pick-up, without the truth."""
    world = World()
    few = trips.slice(0, 50)
    with http_server(world.answer) as address:
        totals = Replay(address, connections=1).run(few, console)
    sent = [trip["lpep_pickup_datetime"] for trip in world.trips]
    assert sent == [when.isoformat() for when in few["lpep_pickup_datetime"].to_pylist()]
    assert all("duration" not in trip for trip in world.trips)
    assert totals.predicted == 50


def test_each_label_carries_the_true_duration_of_its_trip(
    trips: pa.Table, console: Console, http_server: Any
) -> None:
    """Ids join predictions and truth, also with several requests under way."""
    world = World()
    few = trips.slice(0, 300)
    with http_server(world.answer) as address:
        totals = Replay(address, address, lateness=Lateness(never=0)).run(few, console)
    by_pickup = {}
    for trip, minutes in zip(few.to_pylist(), truth(few), strict=True):
        key = (trip["lpep_pickup_datetime"].isoformat(), trip["PULocationID"], trip["trip_distance"])
        by_pickup[key] = minutes
    for number, trip in enumerate(world.trips):
        key = (trip["lpep_pickup_datetime"], trip["PULocationID"], trip["trip_distance"])
        assert world.labels[f"trip-{number}"] == by_pickup[key]
    assert totals.labelled == len(world.labels) == 300


def test_a_share_of_labels_never_comes(trips: pa.Table, console: Console, http_server: Any) -> None:
    """Labels drawn as never are not sent, not even at the end."""
    world = World()
    few, lateness = trips.slice(0, 200), Lateness(never=0.3)
    with http_server(world.answer) as address:
        totals = Replay(address, address, lateness=lateness).run(few, console)
    never = int(np.isnan(lateness.draw(200)).sum())
    assert 0 < never < 200
    assert totals.never == never
    assert totals.labelled == len(world.labels) == 200 - never


def test_labels_come_late_in_stream_time(trips: pa.Table, console: Console, http_server: Any) -> None:
    """A label is not sent before the stream's clock has passed its drop-off and delay, and carries that time."""
    world = World()
    lateness = Lateness(median_hours=48, sigma=0.5, never=0)
    with http_server(world.answer) as address:
        Replay(address, address, lateness=lateness, connections=1).run(trips, console)
    pickups = trips["lpep_pickup_datetime"].to_numpy()
    minutes = trips["duration"].to_numpy()
    delays = lateness.draw(trips.num_rows)
    known = pickups + ((60 * minutes + delays) * 1e6).astype("timedelta64[us]")
    early = 0
    for number in range(trips.num_rows):
        told = np.datetime64(world.known_at[f"trip-{number}"])
        assert abs(told - known[number]) <= np.timedelta64(1, "s")
        seen = world.seen_at[f"trip-{number}"]
        if seen < trips.num_rows:
            early += 1
            assert known[number] <= pickups[seen]
    assert early > 0


def test_a_refused_trip_is_counted_and_the_replay_goes_on(
    trips: pa.Table, console: Console, http_server: Any
) -> None:
    """Real months hold trips that a service may refuse; they get no label."""
    world = World(refuse=lambda trip: trip["PULocationID"] == 1)
    few = trips.slice(0, 100)
    refused = few["PULocationID"].to_pylist().count(1)
    with http_server(world.answer) as address:
        totals = Replay(address, address, lateness=Lateness(never=0)).run(few, console)
    assert refused > 0
    assert (totals.refused, totals.predicted, totals.labelled) == (refused, 100 - refused, 100 - refused)


def test_an_overloaded_monitor_gets_the_labels_again(
    trips: pa.Table, console: Console, http_server: Any
) -> None:
    """503 is not the end: the same labels are sent once more."""
    world = World()
    world.label_statuses = [200, 503]
    with http_server(world.answer) as address:
        totals = Replay(address, address, lateness=Lateness(never=0)).run(trips.slice(0, 20), console)
    assert totals.labelled == len(world.labels) == 20


def test_a_failing_service_ends_the_replay(trips: pa.Table, console: Console, http_server: Any) -> None:
    """An answer of 500 is raised with what the service said."""
    with (
        http_server(lambda *_: (500, b"out of order")) as address,
        pytest.raises(ReplayError, match=r"/predict answered 500.*out of order"),
    ):
        Replay(address).run(trips.slice(0, 50), console)


def test_a_check_that_raises_ends_the_replay(trips: pa.Table, console: Console, http_server: Any) -> None:
    """The caller's check is asked between trips, and its error comes through with no thread left."""
    world = World()

    def check() -> None:
        if len(world.trips) >= 10:
            raise KeyboardInterrupt

    with http_server(world.answer) as address, pytest.raises(KeyboardInterrupt):
        Replay(address).run(trips, console, check=check)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("replay")]


def test_nothing_is_drawn_in_a_pipe(trips: pa.Table, console: Console, http_server: Any) -> None:
    """The progress bar is for terminals only."""
    with http_server(World().answer) as address:
        Replay(address).run(trips.slice(0, 5), console)
    assert console.file.getvalue() == ""  # type: ignore[attr-defined]  # a StringIO


@pytest.mark.parametrize(
    ("text", "due"), [("50", 2.0), ("50/s", 2.0), ("0.5/s", 200.0), ("600x", 10.0), ("max", 0.0)]
)
def test_speeds_are_read(text: str, due: float) -> None:
    """Trip number 100, picked up 6000 seconds after the first, is due when the speed says."""
    assert Speed.parse(text).due(100, 6000.0) == due


@pytest.mark.parametrize("text", ["", "0", "-3", "fast", "3 x", "1e3"])
def test_a_speed_that_is_none_is_refused(text: str) -> None:
    """The error shows the three forms."""
    with pytest.raises(ConfigError, match="50/s, 600x or max"):
        Speed.parse(text)


def test_predictions_that_were_dropped_are_reported(http_server: Any) -> None:
    """The end of the replay does not pass over predictions that never reached the monitor."""
    health = {"status": "ok", "log": {"queued": 0, "dropped": 3, "rejected": 0}}
    with (
        http_server(lambda *_: (200, json.dumps(health).encode())) as address,
        pytest.raises(ReplayError, match="did not reach the monitor"),
    ):
        wait_until_logged(f"{address}/healthz", check=lambda: None)


def test_the_end_waits_for_predictions_under_way(http_server: Any) -> None:
    """The service is asked until its queue is empty."""
    queued = [0, 2, 5]

    def answer(*_: object) -> tuple[int, bytes]:
        return 200, json.dumps({"log": {"queued": queued.pop(), "dropped": 0, "rejected": 0}}).encode()

    with http_server(answer) as address:
        wait_until_logged(f"{address}/healthz", check=lambda: None)
    assert queued == []
