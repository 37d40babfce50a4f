"""The made-up callers: they ask at their rate, label late, drift when told to, and outlive a service that is away."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from examples.taxi.model import build_reference_table
from examples.taxi.service import create_app as create_taxi
from examples.traffic.caller import Caller, Session
from examples.traffic.control import create_app
from examples.traffic.labels import Labels
from examples.traffic.reco import Shoppers
from examples.traffic.taxi import Riders

from modelvane.errors import UnknownNameError
from modelvane.faults import fault_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from examples.taxi.model import DurationModel

PATIENCE = 300.0


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def posted() -> list[tuple[str, Any]]:
    """Give what was posted, by path."""
    return []


@pytest.fixture
def riders(
    trips: pa.Table, model: DurationModel, http_server: Any, posted: list[tuple[str, Any]]
) -> Iterator[Riders]:
    """Give riders who ask a real taxi service, and label at once to a monitor that notes all."""
    taxi = create_taxi(model).test_client()

    def answer(method: str, path: str, body: bytes) -> tuple[int, bytes]:
        posted.append((path, json.loads(body)))
        if path != "/predict":
            return 200, b"{}"
        answered = taxi.open(path, method=method, data=body, content_type="application/json")
        return answered.status_code, answered.data

    with http_server(answer) as address:
        labels = Labels(address, "taxi", delay=0.01, seed=0)
        labels.start()
        yield Riders(address, build_reference_table(trips), labels)
        labels.stop()


def asked(posted: list[tuple[str, Any]]) -> list[dict[str, Any]]:
    return [body for path, body in posted if path == "/predict"]


def test_riders_ask_and_label(riders: Riders, posted: list[tuple[str, Any]]) -> None:
    """Drawn trips are answered, and most of them labelled later by the id of the answer."""
    with Session() as session:
        ids = {riders.ask(session).json()["id"] for _ in range(40)}
    until(lambda: sum(len(body) for path, body in posted if path.endswith("/taxi/labels")) > 20)
    labelled = {label["id"] for path, body in posted if path.endswith("/labels") for label in body}
    assert labelled <= ids
    assert not any({"target", "prediction"} & trip.keys() for trip in asked(posted))


def test_faults_come_and_go(riders: Riders, posted: list[tuple[str, Any]], trips: pa.Table) -> None:
    """Faults that are put in force change the trips from then on, until they are ended; unknown ones are refused."""
    control = create_app({}, riders).test_client()
    longest = max(trips["trip_distance"].to_pylist())
    with Session() as session:
        for faults in ([f"shift trip_distance by={longest + 1}"], []):
            assert control.put("/faults", json=faults).status_code == 200
            assert control.get("/healthz").get_json()["faults"] == faults
            posted.clear()
            for _ in range(40):
                riders.ask(session)
            # those that were drawn before are still asked for
            last = [trip["trip_distance"] > longest for trip in asked(posted)[-10:]]
            assert all(last) if faults else not any(last)
    refused = control.put("/faults", json=["scale nothing factor=2"])
    assert refused.status_code == 422
    assert "trip_distance" in refused.get_json()["detail"]
    assert control.put("/faults", json={"scale": 2}).status_code == 422
    with pytest.raises(UnknownNameError):
        riders.inject([fault_of("scale nothing factor=2")])


def test_a_caller_counts_what_becomes_of_requests(http_server: Any) -> None:
    """Answers, refusals, errors and silence are counted apart, and none of them ends the traffic."""
    statuses = iter([200, 404, 500] * 1000)
    with http_server(lambda *_: (next(statuses), b"{}")) as address:
        caller = Caller(lambda session: session.get(address), rate=500.0, connections=1)
        caller.start()
        until(lambda: min(caller.counts.values()) >= 3)
        caller.stop()
    away = Caller(lambda session: session.get(address), rate=500.0)
    away.start()
    until(lambda: away.counts["failed"] >= 3)
    away.stop()
    assert away.counts["answered"] == 0


def test_shoppers_ask_and_tell_what_was_bought(http_server: Any, posted: list[tuple[str, Any]]) -> None:
    """Questions are asked as they stand, and what was bought is told of those that were answered."""
    about = {"n": 5, "fallback": True, "bought": ["85123A"]}
    known = {"kind": "user", "subject": "178 50", **about}
    stranger = {"kind": "user", "subject": "stranger", **about}
    product = {"kind": "item", "subject": "85123A", **about, "bought": None}
    paths: set[str] = set()

    def answer(_: str, path: str, body: bytes) -> tuple[int, bytes]:
        if body:
            posted.append((path, json.loads(body)))
        else:
            paths.add(path)
        return (404 if "stranger" in path else 200), b"[]"

    with http_server(answer) as address, Session() as session:
        labels = Labels(address, "reco", delay=0.01, seed=0)
        labels.start()
        shoppers = Shoppers(address, pa.Table.from_pylist([known, stranger, product]), labels)
        answered = sum("/178%2050?" in shoppers.ask(session).url for _ in range(60))
        until(lambda: sum(len(body) for _, body in posted) > answered / 2)
        labels.stop()
    assert paths == {
        "/predict/user/178%2050?n=5&fallback=popular",
        "/predict/user/stranger?n=5&fallback=popular",
        "/predict/item/85123A?n=5",
    }
    told = [label for path, body in posted for label in body if path.endswith("/reco/labels")]
    assert len(told) <= answered
    assert {tuple(label["target"]) for label in told} == {("85123A",)}
