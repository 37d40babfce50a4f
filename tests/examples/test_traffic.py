"""The made-up callers: they ask at their rate, label late, drift when told to, and outlive a service that is away."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from examples.taxi.model import build_reference_table
from examples.taxi.service import create_app as create_taxi
from examples.traffic.caller import Caller, Session
from examples.traffic.control import create_app
from examples.traffic.reco import Shoppers
from examples.traffic.taxi import Riders

from modelvane.errors import UnknownNameError
from modelvane.faults import fault_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa
    from examples.taxi.model import DurationModel

PATIENCE = 20.0


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
        riders = Riders(address, address, build_reference_table(trips), label_delay=0.01)
        riders.start()
        yield riders
        riders.stop()


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


def test_shoppers_ask_for_known_and_unknown_ids(http_server: Any) -> None:
    """Customers, new customers with the fallback, and products are asked for."""
    paths: list[str] = []

    def answer(_: str, path: str, __: bytes) -> tuple[int, bytes]:
        paths.append(path)
        return 200, b"[]"

    with http_server(answer) as address, Session() as session:
        shoppers = Shoppers(address, ["17850"], ["85123A"])
        for _ in range(200):
            shoppers.ask(session)
    assert {path.partition("new-")[0] for path in paths} == {
        "/predict/item/85123A",
        "/predict/user/17850",
        "/predict/user/",
    }
    assert all("fallback=popular" in path for path in paths if "new-" in path)
