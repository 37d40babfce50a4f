"""Ports for servers that tests start as processes."""

from __future__ import annotations

import random
import socket

_PORTS = range(20_000, 30_000)


def free_port() -> int:
    """Give a port that nobody listens on and that no connection is given.

    Systems give connections ports from 32768 (Linux) or 49152 on: one of those, seen free here, can be taken by a
    connection of another test before the server has started.
    """
    while True:
        port = random.choice(_PORTS)  # noqa: S311 - nothing is kept secret by it
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
