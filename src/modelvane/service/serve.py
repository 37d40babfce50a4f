"""Running the service."""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import uvicorn

from modelvane.config import Config
from modelvane.errors import ConfigError
from modelvane.service.app import create_app
from modelvane.service.protocol import Protocols

# how long a thread that computes may hold Python's lock while a request waits for it (the default is 5 ms)
_SWITCH_SECONDS = 0.00005
_GRACE_SECONDS = 10
_COLLECT_AFTER = 50_000
# as a shell says it of who was interrupted
_INTERRUPTED = 130


def serve(path: Path, host: str | None, port: int | None, workers: int) -> None:
    """Serve a config until interrupted.

    Raises
    ------
    ConfigError
        For more than one worker, for an address that cannot be listened on, and as `Config.load`.
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
    settings = config.service
    # before the references, which take their time: a port in use is said at once
    with _bound(host or settings.host, settings.port if port is None else port) as listener:
        with _ending_at_once():
            app = create_app(
                config, progress=lambda what: click.echo(what, err=True), apart=os.name == "posix"
            )
        sys.setswitchinterval(_SWITCH_SECONDS)
        # what is there now stays; rows come and go without cycles, and looking for some costs more than decoding
        gc.collect()
        gc.freeze()
        gc.set_threshold(_COLLECT_AFTER, 20, 50)
        click.echo(f"Serving {', '.join(config.datasets)} on {_address(listener)}", err=True)
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                http=Protocols(app.intake),  # type: ignore[arg-type] # uvicorn calls it as it would the class
                access_log=False,
                log_level="warning",
                timeout_graceful_shutdown=_GRACE_SECONDS,
                # nothing here depends on the client's address, and each costs every request
                proxy_headers=False,
                server_header=False,
            )
        )
        # uvicorn ends gracefully on these two, then raises them again for who was there before: nobody
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: None)
        server.run(sockets=[listener])
    if not server.started:
        sys.exit(1)


@contextmanager
def _ending_at_once() -> Iterator[None]:
    """End the process where it is interrupted, before there is anything to end gracefully.

    An exception would be lost where it is raised within a callback, such as of an import.
    """
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, lambda *_: os._exit(_INTERRUPTED))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _bound(host: str, port: int) -> socket.socket:
    """Give a socket that is bound, and listens once the service is ready."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
        except BaseException:
            listener.close()
            raise
    except OSError as error:
        raise ConfigError(
            "The service cannot listen here",
            received=f"{host}:{port}: {error.strerror}",
            remedy="Give another address: service.host and service.port, or --host and --port",
        ) from error
    return listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
