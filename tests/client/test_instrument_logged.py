"""Routes log what they are asked and answer, and never fail by it."""

from __future__ import annotations

import asyncio
import sys
from copy import copy
from dataclasses import dataclass
from functools import partial

import pytest
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient
from flask import Flask, jsonify, request
from pydantic import BaseModel

from modelvane.client import fastapi, flask
from modelvane.client.logged import is_in

LONG = 300.0
TRIP = {"id": "t1", "distance": 2.5}


class Trip(BaseModel):
    id: str
    distance: float


def api(client, **settings):
    app = FastAPI()

    @app.post("/sync")
    @fastapi.logged(client, **settings)
    def sync_route(trip: Trip) -> dict[str, float]:
        return {"minutes": 4 * trip.distance}

    @app.post("/async")
    @fastapi.logged(client, **settings)
    async def async_route(trip: Trip) -> dict[str, float]:
        return {"minutes": 4 * trip.distance}

    return TestClient(app)


def wsgi(client, **settings):
    app = Flask(__name__)

    @app.post("/sync")
    @flask.logged(client, **settings)
    def sync_route():
        return {"minutes": 4 * request.get_json()["distance"]}

    @app.post("/async")
    @flask.logged(client, **settings)
    def jsonified():
        return jsonify(minutes=4 * request.get_json()["distance"]), 200

    return app.test_client()


@pytest.mark.parametrize("make", [api, wsgi])
@pytest.mark.parametrize("path", ["/sync", "/async"])
def test_record_and_answer_reach_the_service(sink, connect, make, path):
    """The record is the one model or body that was given, the prediction the named key, the id the record's."""
    client = connect()
    answer = make(client, prediction="minutes").post(path, json=TRIP)
    assert answer.status_code == 200
    assert client.flush(LONG)
    (row,) = sink.rows()
    assert {name: row[name] for name in ("id", "distance", "prediction")} == {**TRIP, "prediction": 10.0}


@pytest.mark.parametrize("make", [api, wsgi])
def test_functions_choose_what_is_logged(sink, connect, make):
    """A record, a prediction and an id may be computed from the arguments and the answer."""
    client = connect()
    choose = {
        "record": lambda arguments: {"given": len(arguments)},
        "prediction": lambda answer: answer["minutes"] + 1,
        "id": lambda answer: f"m{answer['minutes']:g}",
    }
    make(client, **choose).post("/sync", json=TRIP)
    assert client.flush(LONG)
    (row,) = sink.rows()
    assert (row["id"], row["prediction"]) == ("m10", 11.0)
    assert row["given"] == (1 if make is api else 2)


@pytest.mark.parametrize("make", [api, wsgi])
@pytest.mark.parametrize("part", ["record", "prediction", "id"])
def test_a_failure_stays_out_of_the_request(connect, caplog, make, part):
    """A function that raises costs a rejected row and a warning; the answer is what it was."""

    def fail(_):
        raise LookupError("no such thing")

    client = connect()
    answer = make(client, **{part: fail}).post("/sync", json=TRIP)
    assert (answer.json() if make is api else answer.get_json()) == {"minutes": 10.0}
    assert client.flush(LONG)
    assert client.counters.rejected == 1
    assert "no such thing" in caplog.text


@pytest.mark.parametrize("make", [api, wsgi])
def test_a_share_is_decided_by_the_id(sink, connect, make):
    """A quarter of the ids is logged, the same ids every time."""
    client = connect()
    app = make(client, prediction="minutes", share=0.25)
    for _ in range(2):
        for number in range(60):
            app.post("/sync", json={"id": str(number), "distance": 1.0})
    assert client.flush(LONG)
    chosen = [str(number) for number in range(60) if is_in(number, 0.25)]
    assert 5 < len(chosen) < 25
    assert [row["id"] for row in sink.rows()] == chosen * 2


def test_ids_are_made_for_a_sample_without_ids(sink, connect):
    """Without an id a share of the rows is still logged, each under an id of its own."""
    client = connect()
    route = fastapi.logged(client, share=0.5)(lambda number: number)
    for number in range(200):
        route(number)
    assert client.flush(LONG)
    assert 60 < len({row["id"] for row in sink.rows()}) < 140


def test_plain_arguments_are_the_record(sink, connect):
    """Without a model among the arguments, the plain ones are the record."""
    client = connect()
    app = FastAPI()

    @app.get("/user/{user}")
    @fastapi.logged(client, prediction=len)
    def similar(user: int, n: int = 5) -> list[int]:
        return list(range(user, user + n))

    assert TestClient(app).get("/user/7?n=3").json() == [7, 8, 9]
    assert client.flush(LONG)
    (row,) = sink.rows()
    assert (row["user"], row["n"], row["prediction"]) == (7, 3, 3)


def test_errors_are_not_predictions(connect):
    """An answer that is an error, raised or returned, is not logged."""
    client = connect()
    app = FastAPI()

    @app.get("/raised")
    @fastapi.logged(client)
    def raised() -> None:
        raise HTTPException(404)

    @app.get("/returned")
    @fastapi.logged(client)
    async def returned() -> JSONResponse:
        return JSONResponse({}, 422)

    web = Flask(__name__)
    for path, status in {"/returned": 400, "/in_words": "422 UNPROCESSABLE ENTITY"}.items():
        view = flask.logged(client)(lambda status=status: ({"error": "no"}, status))
        web.add_url_rule(path, path, view)
    assert [TestClient(app).get(path).status_code for path in ("/raised", "/returned")] == [404, 422]
    assert web.test_client().get("/returned").status_code == 400
    assert web.test_client().get("/in_words").status_code == 422
    assert client.flush(LONG)
    assert client.counters.logged == 0


def test_a_request_among_the_arguments_is_no_record(sink, connect):
    """The framework's own request, which is a mapping of many things, does not compete with the model's input."""
    client = connect()
    app = FastAPI()

    @app.post("/predict")
    @fastapi.logged(client, prediction="minutes")
    def predict(trip: Trip, request: Request) -> dict[str, float]:
        return {"minutes": len(request.url.path) * trip.distance}

    assert TestClient(app).post("/predict", json=TRIP).json() == {"minutes": 20.0}
    assert client.flush(LONG)
    (row,) = sink.rows()
    assert {name: row[name] for name in ("id", "distance", "prediction")} == {**TRIP, "prediction": 20.0}


@pytest.fixture
def warm(connect):
    """Give a client whose thread has loaded what writes rows, with no row waiting, that sends when it is told to."""
    client = connect(linger=60.0)
    client.log({})
    assert client.flush(LONG)
    return client


def test_a_plain_row_is_written_in_the_request(warm):
    """While a row of plain values waits, it is a text of its own, and keeps nothing of the request alive."""
    name = "a name " * 10
    before = sys.getrefcount(name)
    fastapi.logged(warm)(lambda _: 1.0)({"name": name})
    assert warm.counters.queued == 1
    assert sys.getrefcount(name) == before
    fastapi.logged(warm)(lambda _: 1.0)({"name": name, "stops": [1, 2]})
    assert sys.getrefcount(name) == before + 1


@pytest.mark.parametrize("extra", [2.5, None, float("nan"), [1, 2]])
@pytest.mark.parametrize("answer", [1.0, {"cat": 0.75, "dog": 0.25}, [1, 2]])
def test_a_row_arrives_as_it_was(sink, warm, extra, answer):
    """Whether written in the request or later, a row is what it was when the route answered."""
    trip, given = {"id": "t1", "extra": extra}, copy(answer)
    fastapi.logged(warm)(lambda _: answer)(trip)
    trip["extra"] = "changed"
    if not isinstance(answer, float):
        answer.clear()
    assert warm.flush(LONG)
    row = sink.rows()[-1]
    assert row.pop("time") > 0
    predicted = given if isinstance(given, dict) else {"prediction": given}
    assert row == {"id": "t1", "extra": "NaN" if extra != extra else extra, **predicted}  # noqa: PLR0124 - NaN


def test_rows_arrive_in_their_order(sink, warm):
    """Rows that are written in the request and rows that are written later do not change places."""
    route = fastapi.logged(warm)(lambda _: 1.0)
    for number in range(20):
        route({"number": number, "odd": [] if number % 2 else None})
    assert warm.flush(LONG)
    assert [row["number"] for row in sink.rows()[1:]] == list(range(20))


def test_a_prediction_of_too_few_values_is_told(connect, caplog):
    """An answer that does not fill the columns of a prediction costs its row, and the warning says why."""
    client = connect(prediction_field=["cat", "dog"])
    route = fastapi.logged(client)(lambda _: 0.5)
    for _ in range(2):  # before and after the encoder is loaded
        assert route({"distance": 1.0}) == 0.5
        assert client.flush(LONG)
    assert client.counters.rejected == client.counters.logged == 2
    assert "expected 2 values for cat, dog" in caplog.text


@dataclass
class Ride:
    id: str
    distance: float


class Leg(BaseModel):
    trip: Trip
    tip: float = 0.5


def test_a_dataclass_is_a_record(sink, connect):
    """What the framework reads into a dataclass is logged by its fields."""
    client = connect()
    app = FastAPI()

    @app.post("/predict")
    @fastapi.logged(client, prediction="minutes")
    def predict(ride: Ride) -> dict[str, float]:
        return {"minutes": 4 * ride.distance}

    assert TestClient(app).post("/predict", json=TRIP).status_code == 200
    assert client.flush(LONG)
    (row,) = sink.rows()
    assert {name: row[name] for name in ("id", "distance", "prediction")} == {**TRIP, "prediction": 10.0}


def test_models_inside_models_are_logged(sink, connect):
    """A model in a field of the record, and models in a list of answers, arrive as objects."""
    client = connect()
    route = fastapi.logged(client)(lambda leg: [leg.trip, Ride("r", 1.0)])
    route(Leg(trip=Trip(id="t", distance=2.0)))
    assert client.flush(LONG)
    (row,) = sink.rows()
    assert (row["trip"], row["tip"]) == ({"id": "t", "distance": 2.0}, 0.5)
    assert row["prediction"] == [{"id": "t", "distance": 2.0}, {"id": "r", "distance": 1.0}]


def test_the_answer_of_a_json_response_is_its_content(sink, connect):
    """A route that makes its own JSON response is logged by what is in it."""
    client = connect()
    app = FastAPI()

    @app.post("/predict")
    @fastapi.logged(client, prediction="minutes")
    def predict(trip: Trip) -> JSONResponse:
        return JSONResponse({"minutes": 4 * trip.distance}, 201)

    assert TestClient(app).post("/predict", json=TRIP).status_code == 201
    assert client.flush(LONG)
    assert [row["prediction"] for row in sink.rows()] == [10.0]


def test_arguments_without_a_record_are_told(connect, caplog):
    """Where nothing can be the record, no empty one is logged, and the warning says how to name it."""
    client = connect()
    assert fastapi.logged(client)(lambda things: float(len(things)))([1, 2]) == 2.0
    assert client.flush(LONG)
    assert client.counters.rejected == client.counters.logged == 1
    assert "things" in caplog.text
    assert "record=" in caplog.text


class Unspeakable(Exception):  # noqa: N818 - it is about the text
    def __str__(self):
        raise RuntimeError("no words")


class Predictor:
    async def __call__(self, trip):
        return 4 * trip["distance"]


@pytest.mark.parametrize("error", [LookupError("no such thing"), Unspeakable()])
@pytest.mark.parametrize(
    "route", [partial(lambda factor, trip: factor * trip["distance"], 4), lambda trip: 4 * trip["distance"]]
)
def test_no_failure_and_no_kind_of_route_reaches_the_request(connect, error, route):
    """A route without a name of its own, or an error without words, is a rejected row like any other."""

    def fail(_):
        raise error

    client = connect()
    assert fastapi.logged(client, prediction=fail)(route)(TRIP) == 10.0
    assert client.flush(LONG)
    assert client.counters.rejected == 1


def test_an_object_that_is_called_may_be_async(sink, connect):
    """A callable object with an async call is awaited as its route would be."""
    client = connect()
    app = FastAPI()
    route = fastapi.logged(client)(Predictor())
    app.post("/predict")(route)
    assert asyncio.run(route(TRIP)) == 10.0
    assert client.flush(LONG)
    assert [row["prediction"] for row in sink.rows()] == [10.0]


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_a_share_out_of_range_is_refused(connect, share):
    """A share is between 0 and 1."""
    with pytest.raises(ValueError, match="share is"):
        fastapi.logged(connect(), share=share)
