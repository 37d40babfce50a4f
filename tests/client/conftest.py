"""A sink per test, and clients for it that are closed afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.client.sink import Sink

from modelvane.client import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def sink() -> Iterator[Sink]:
    sink = Sink()
    yield sink
    sink.end()


@pytest.fixture
def connect(sink: Sink) -> Iterator[Callable[..., Client]]:
    """Make clients that are quick to send and to retry."""
    clients = []

    def connect(**settings: Any) -> Client:
        quick = {"linger": 0.01, "backoff": 0.005, "backoff_max": 0.02}
        client = Client(sink.url, "taxi", **(quick | settings))
        clients.append(client)
        return client

    yield connect
    for client in clients:
        client.close(0.5)
        thread = client._sender._thread
        if thread is not None:
            thread.join()
