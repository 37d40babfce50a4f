"""Applications with service health, for tests to run under real servers: FastAPI, and Flask."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from pathlib import Path

from fastapi import FastAPI
from flask import Flask
from prometheus_client import CollectorRegistry

from modelvane.client import fastapi, flask

ENOUGH = "enough"
"""The file in the folder of temporary ones with which slow requests end."""
MODEL = fastapi.Model("duration", "7", "2021-03-01", "abc123")


def api() -> FastAPI:
    app = FastAPI()
    fastapi.instrument(app, model=MODEL, registry=CollectorRegistry())

    @app.get("/double/{number}")
    def double(number: int) -> dict[str, int]:
        return {"double": 2 * number, "worker": os.getpid()}

    @app.get("/busy/{seconds}")
    def busy(seconds: float) -> dict[str, int]:
        return {"worker": _work(seconds)}

    @app.get("/fail")
    def fail() -> None:
        raise LookupError

    @app.get("/die")
    async def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    return app


def wsgi() -> Flask:
    app = Flask(__name__)
    flask.instrument(app, model=MODEL, registry=CollectorRegistry())

    @app.get("/double/<int:number>")
    def double(number: int) -> dict[str, int]:
        return {"double": 2 * number, "worker": os.getpid()}

    @app.get("/busy/<float:seconds>")
    def busy(seconds: float) -> dict[str, int]:
        return {"worker": _work(seconds)}

    @app.get("/slow")
    def slow() -> dict[str, int]:
        while not (Path(tempfile.gettempdir()) / ENOUGH).exists():
            time.sleep(0.01)
        return {}

    @app.get("/fail")
    def fail() -> dict[str, int]:
        raise LookupError

    @app.get("/die")
    def die() -> dict[str, int]:
        os.kill(os.getpid(), signal.SIGKILL)
        return {}

    return app


def _work(seconds: float) -> int:
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass
    return os.getpid()
