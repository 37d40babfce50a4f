"""Switches of the traffic, over HTTP.

===============  ===================================================================================
``GET /healthz`` counts of requests by service, and the faults of the trips that are in force
``PUT /faults``  ``["scale trip_distance factor=1.5"]`` puts faults in force from now on, as
                 `modelvane.faults.fault_of` reads them; ``[]`` ends them
===============  ===================================================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response, jsonify, request

from modelvane.errors import ConfigError, ModelvaneError
from modelvane.faults import fault_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from examples.traffic.caller import Caller
    from examples.traffic.taxi import Riders


def create_app(callers: Mapping[str, Caller], riders: Riders) -> Flask:
    """Build the WSGI application of the switches."""
    app = Flask("traffic")
    in_force: list[str] = []

    @app.get("/healthz")
    def healthz() -> Response:
        return jsonify(requests={name: caller.counts for name, caller in callers.items()}, faults=in_force)

    @app.put("/faults")
    def change() -> Response:
        wanted = request.get_json()
        if not isinstance(wanted, list) or not all(isinstance(text, str) for text in wanted):
            raise ConfigError(
                "The faults cannot be read",
                received=wanted,
                expected='a list of texts, as in ["scale trip_distance factor=1.5"]; [] for none',
            )
        riders.inject([fault_of(text) for text in wanted])
        in_force[:] = wanted
        return jsonify(in_force)

    @app.errorhandler(ModelvaneError)
    def refused(error: ModelvaneError) -> Response:
        answer = jsonify(type="about:blank", title="The faults cannot be set", status=422, detail=str(error))
        answer.status_code = 422
        answer.content_type = "application/problem+json"
        return answer

    return app
