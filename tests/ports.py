"""Ports for servers that tests start, as processes or again and again."""

from __future__ import annotations

import socket

_HELD: list[socket.socket] = []


def held_port() -> socket.socket:
    """Give a socket that keeps a port for servers to listen on, until it is closed.

    It does not listen, so connections are refused until a server does, which takes the port as servers do, with
    ``SO_REUSEADDR``. Meanwhile Linux gives the port to nobody who asks for any: neither to a server nor to a connection
    of another test, with which a port that was only seen free is taken now and then before its server has started.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    return held


def free_port() -> int:
    """Give a port that is kept until this process ends."""
    held = held_port()
    _HELD.append(held)
    port: int = held.getsockname()[1]
    return port
