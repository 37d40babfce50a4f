"""The prediction service: a trip in, its duration out, the prediction logged off the request path.

::

    python -m examples.taxi.service --model .modelvane/demo/model.skops --monitor http://127.0.0.1:8085
    curl -d '{"PULocationID": 74, "DOLocationID": 75, "trip_distance": 1.8}' \
         -H 'content-type: application/json' http://127.0.0.1:9696/predict

Without ``--monitor`` it serves all the same, and logs nowhere. Its health is at /metrics, for Prometheus.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import uuid
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

from flask import Flask, Response, jsonify, request
from prometheus_client import CollectorRegistry
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from werkzeug.exceptions import HTTPException
from werkzeug.serving import WSGIRequestHandler, make_server

from examples.shared.command import until_stopped
from examples.shared.identity import identity_of
from examples.taxi.following import FollowedModel
from examples.taxi.model import DurationModel
from modelvane.client import Client
from modelvane.client.flask import Model, instrument

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import numpy as np
    import numpy.typing as npt

    from modelvane.client import Counters

TIME_FIELD = "lpep_pickup_datetime"
VERSION_FIELD = "model_version"
_LARGEST_BODY = 64 * 1024

Zone = Annotated[int, Field(ge=1, le=265, description="taxi zone of the TLC")]
Amount = Annotated[float, Field(allow_inf_nan=False, description="US dollars; refunds are negative")]


class Trip(BaseModel):
    """What a caller must say of a trip (the first three), and may say; other fields are ignored.

    Only what the model cannot compute with is refused. A trip of 200 000 miles is a broken meter, and
    noticing broken meters is the monitor's job.
    """

    model_config = ConfigDict(strict=True, extra="ignore")

    PULocationID: Zone
    DOLocationID: Zone
    trip_distance: Annotated[float, Field(ge=0, allow_inf_nan=False, description="miles")]
    lpep_pickup_datetime: dt.datetime | None = None
    passenger_count: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    fare_amount: Amount | None = None
    total_amount: Amount | None = None
    payment_type: Annotated[float, Field(ge=0, le=6, allow_inf_nan=False)] | None = None


class PredictionLog(Protocol):
    """Where predictions go: `modelvane.client.Client`, or anything that logs like it."""

    def log(self, record: Mapping[str, Any], prediction: float) -> str:
        """Take a prediction without blocking or raising; return the id that its label will carry."""
        ...

    @property
    def counters(self) -> Counters:
        """What became of the predictions."""
        ...


class Problem(Exception):  # noqa: N818 - RFC 9457 calls it a problem
    """An answer of 4xx, as RFC 9457 (2023) wants it."""

    def __init__(self, status: int, title: str, detail: str, **members: object) -> None:
        super().__init__(detail)
        self.status = status
        self.body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **members}


class Predictor(Protocol):
    """What predicts: a `DurationModel`, or one that follows a pointer to the latest."""

    def predict(self, trips: Iterable[Mapping[str, Any]]) -> npt.NDArray[np.float64]:
        """Predict minutes, one per trip."""
        ...


def create_app(
    model: Predictor,
    log: PredictionLog | None = None,
    identity: Model | Callable[[], Model] | None = None,
) -> Flask:
    """Build the service's WSGI application.

    Parameters
    ----------
    model
        What predicts.
    log
        What remembers; without one each prediction still gets an id.
    identity
        What ``/metrics`` tells of the model, and its version in the log; a function is asked each time.
    """
    app = Flask("taxi")
    instrument(app, model=identity, registry=CollectorRegistry())
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST_BODY

    @app.post("/predict")
    def predict() -> Response:
        trip = _trip_of_request()
        version, answering = _chosen(model, identity)
        duration = float(answering.predict([trip.model_dump()])[0])
        # Fields that the caller left out stay out, so that the monitor can tell absent from null.
        record = trip.model_dump(mode="json", exclude_unset=True)
        if version is not None:
            record[VERSION_FIELD] = version
        logged = str(uuid.uuid4()) if log is None else log.log(record, duration)
        return jsonify(duration=duration, id=logged)

    @app.get("/healthz")
    def healthz() -> Response:
        about: dict[str, Any] = {"status": "ok", "log": None if log is None else log.counters._asdict()}
        if isinstance(model, FollowedModel):
            # a version that cannot be loaded is no reason to send no more requests: the one before answers them
            about["model"] = {"version": model.version, "fault": model.fault}
        return jsonify(about)

    @app.errorhandler(Problem)
    def problem(error: Problem) -> Response:
        return _problem_response(error)

    @app.errorhandler(HTTPException)
    def refusal(error: HTTPException) -> Response:
        answer = _problem_response(Problem(error.code or 500, error.name, error.description or error.name))
        answer.headers.extend(header for header in error.get_headers() if header[0] != "Content-Type")
        return answer

    return app


def _chosen(model: Predictor, identity: Model | Callable[[], Model] | None) -> tuple[str | None, Predictor]:
    """Give who answers a request: a version and its model, which belong together."""
    if isinstance(model, FollowedModel):
        return model.choose()
    about = identity() if callable(identity) else identity
    return (None if about is None else about.version), model


def _trip_of_request() -> Trip:
    if not request.is_json:
        raise Problem(
            415,
            "The body is not declared as JSON",
            "A trip is posted as one JSON object.",
            received=request.content_type or "no content type",
            expected="content-type: application/json",
        )
    try:
        return Trip.model_validate_json(request.get_data())
    except ValidationError as error:
        raise _problem_of(error) from error


def _problem_of(error: ValidationError) -> Problem:
    faults = error.errors(include_url=False, include_context=False)
    if faults[0]["type"] == "json_invalid":
        return Problem(400, "The body is not JSON", faults[0]["msg"], expected="one JSON object")
    if not faults[0]["loc"]:
        return Problem(422, "The body is not a trip", faults[0]["msg"], expected="one JSON object")
    errors = [_fault(fault) for fault in faults]
    detail = "; ".join(f"{one['field']}: {one['expected']}" for one in errors)
    fields = [one["field"] for one in errors]
    return Problem(422, "The trip has a bad field", detail, fields=fields, errors=errors)


def _fault(fault: Mapping[str, Any]) -> dict[str, object]:
    field = str(fault["loc"][0])
    if fault["type"] == "missing":
        return {"field": field, "received": "nothing", "expected": "a value: the field is required"}
    return {"field": field, "received": repr(fault["input"])[:100], "expected": fault["msg"]}


def _problem_response(problem: Problem) -> Response:
    answer = jsonify(problem.body)
    answer.status_code = problem.status
    answer.content_type = "application/problem+json"
    return answer


class _QuietHandler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"  # keep-alive: a connection per prediction costs more than the prediction
    # Head and body are two writes; by Nagle's algorithm the second waits 40 ms for an acknowledgement.
    disable_nagle_algorithm = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: one line per prediction hides the lines that matter."""


def main() -> int:
    """Serve until SIGINT or SIGTERM, then send what is still to be logged."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.taxi.service", description="Predict taxi trips."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9696)
    parser.add_argument(
        "--model",
        type=Path,
        default=Path(".modelvane/demo/model.skops"),
        help="a model's file, or a folder of versions whose current one is followed (%(default)s)",
    )
    parser.add_argument(
        "--reference", type=Path, help="the monitor's reference, which /metrics names by hash"
    )
    parser.add_argument("--version", help="what the version in a model's file is called (its hash)")
    parser.add_argument(
        "--holdback",
        type=_share,
        default=0.0,
        help="share of the trips that the version before goes on answering, so that the monitor can compare both "
        "(%(default)s)",
    )
    parser.add_argument("--monitor", help="base address of the monitor, as in http://127.0.0.1:8085")
    parser.add_argument("--dataset", default="taxi", help="the monitor's name for these predictions")
    options = parser.parse_args()
    return until_stopped(_serve, options)


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share < 1:
        raise argparse.ArgumentTypeError(f"{text} is no share: from 0 to below 1 is expected")
    return share


def _serve(options: argparse.Namespace) -> None:
    with ExitStack() as stack:
        if options.model.is_dir():
            followed = stack.enter_context(FollowedModel(options.model, holdback=options.holdback))
            _answer(options, followed, lambda: followed.identity)
        else:
            identity = identity_of(
                "duration", options.model, version=options.version, reference=options.reference
            )
            _answer(options, DurationModel.load(options.model), identity)


def _answer(options: argparse.Namespace, model: Predictor, identity: Model | Callable[[], Model]) -> None:
    client = None
    if options.monitor:
        client = Client(options.monitor, options.dataset, time_field=TIME_FIELD)
    try:
        app = create_app(model, client, identity)
        server = make_server(options.host, options.port, app, threaded=True, request_handler=_QuietHandler)
        print(f"predictions at http://{options.host}:{options.port}/predict", flush=True)
        server.serve_forever()
    finally:
        if client is not None:
            client.close()


if __name__ == "__main__":
    sys.exit(main())
