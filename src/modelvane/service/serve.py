"""Running the service."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import click
import uvicorn

from modelvane.config import Config
from modelvane.errors import ConfigError
from modelvane.service.app import create_app

# how long a thread that computes may hold Python's lock while a request waits for it (the default is 5 ms)
_SWITCH_SECONDS = 0.0005


def serve(path: Path, host: str | None, port: int | None, workers: int) -> None:
    """Serve a config until interrupted.

    Raises
    ------
    ConfigError
        For more than one worker, and as `Config.load`.
    """
    if workers != 1:
        raise ConfigError(
            "One process owns the windows, so there cannot be more workers",
            received=f"--workers {workers}",
            expected="--workers 1",
            remedy="One process takes thousands of rows a second; give datasets services of their own for more",
        )
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    config = Config.load(path)
    app = create_app(config, progress=lambda what: click.echo(what, err=True))
    sys.setswitchinterval(_SWITCH_SECONDS)
    settings = config.service
    address = f"http://{host or settings.host}:{settings.port if port is None else port}/"
    click.echo(f"Serving {', '.join(config.datasets)} on {address}", err=True)
    uvicorn.run(
        app,
        host=host or settings.host,
        port=settings.port if port is None else port,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=10,
    )
