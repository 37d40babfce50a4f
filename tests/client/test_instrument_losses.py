"""Rows that a client loses are seen at the service's own /metrics."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from modelvane.client import Client
from modelvane.client.fastapi import instrument

SERIES = "modelvane_client_lost_rows_total"


@pytest.fixture
def service() -> TestClient:
    """Give an instrumented service with one route."""
    app = FastAPI()
    instrument(app, registry=CollectorRegistry())

    @app.get("/predict")
    def predict() -> int:
        return 1

    return TestClient(app)


@pytest.fixture
def nowhere() -> Iterator[str]:
    """Give an address at which nobody answers, for as long as the test runs."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def lost(service: TestClient, dataset: str) -> dict[str, float]:
    """Give what the clients of a dataset have lost, by outcome."""
    families = text_string_to_metric_families(service.get("/metrics").text)
    samples = (sample for family in families for sample in family.samples if sample.name == SERIES)
    return {one.labels["outcome"]: one.value for one in samples if one.labels["dataset"] == dataset}


@contextmanager
def losing(address: str, dataset: str, least: int) -> Iterator[Client]:
    """Give a client that has dropped rows, and is closed without waiting."""
    client = Client(address, dataset, queue_size=1, batch_size=1, timeout=0.1)
    while client.counters.dropped < least:
        client.log({}, 1.0)
    yield client
    client.close(0.0)


def test_losses_are_counted(service: TestClient, nowhere: str) -> None:
    """A client is there with 0, and then with what it dropped; a second one of the dataset adds its own."""
    with losing(nowhere, "losing", 0) as first:
        assert lost(service, "losing") == {"dropped": 0.0, "rejected": 0.0}
        with losing(nowhere, "losing", 3) as second:
            assert service.get("/predict").status_code == 200
            assert lost(service, "losing") == {"dropped": second.counters.dropped, "rejected": 0.0}
            while first.counters.dropped < 5:
                first.log({}, 1.0)
            both = first.counters.dropped + second.counters.dropped
            assert lost(service, "losing") == {"dropped": both, "rejected": 0.0}


def test_what_was_lost_stays_counted(service: TestClient, nowhere: str) -> None:
    """A counter does not fall when its client is gone."""
    with losing(nowhere, "gone", 2) as client:
        before = lost(service, "gone")
        assert before["dropped"] == client.counters.dropped
    del client
    assert lost(service, "gone")["dropped"] >= before["dropped"]
