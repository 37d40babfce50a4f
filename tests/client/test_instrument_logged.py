"""Routes log what they are asked and answer, and never fail by it."""

from __future__ import annotations

import pytest
from fastapi import FastAPI, HTTPException
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient
from flask import Flask, jsonify, request
from pydantic import BaseModel

from modelvane.client import fastapi, flask
from modelvane.client.logged import is_in

LONG = 20.0
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
    web.add_url_rule("/returned", "returned", flask.logged(client)(lambda: ({"error": "no"}, 400)))
    assert [TestClient(app).get(path).status_code for path in ("/raised", "/returned")] == [404, 422]
    assert web.test_client().get("/returned").status_code == 400
    assert client.flush(LONG)
    assert client.counters.logged == 0


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_a_share_out_of_range_is_refused(connect, share):
    """A share is between 0 and 1."""
    with pytest.raises(ValueError, match="share is"):
        fastapi.logged(connect(), share=share)
