"""The service over a log in MongoDB whose server crashes: nothing that was acknowledged is lost, and it passes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pymongo import MongoClient
from tests.service.serving import await_ready, await_that, live, logging_all_the_time, settings
from tests.stores.servers.mongodb import Server, own_database

from modelvane.service import health


@pytest.fixture
def url(own_mongodb: Server) -> Iterator[str]:
    """Give a database whose server is not waited for as long as in production."""
    with own_database(own_mongodb.url) as own:
        yield f"{own}?serverSelectionTimeoutMS=1000"


def logged(url: str) -> list[str]:
    """Give the ids in the log."""
    with MongoClient(url.partition("?")[0]) as client:
        return [found["_id"] for found in client.get_default_database()["data"].find({}, {"_id": 1})]


def test_a_mongodb_server_that_crashes(
    own_mongodb: Server, url: str, reference: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While MongoDB is down the service says so; then all that a client sent is in the log, once each."""
    monkeypatch.setattr(health, "TRY_SECONDS", 0.05)
    with live(settings(reference, {"store": url}), tmp_path) as address:
        with logging_all_the_time(address) as ids:
            await_that(lambda: len(logged(url)) > 100)
            own_mongodb.kill()
            said = await_ready(address, 503).body
            own_mongodb.start()
            await_ready(address)
        found = logged(url)
    assert "MongoDB" in said
    assert sorted(found) == sorted(f"taxi/{id_}" for id_ in ids)
