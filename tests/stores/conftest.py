"""Every store there is, for the contract that all of them keep."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TypeAlias

import pytest
from tests.stores.servers.mongodb import own_database
from tests.stores.servers.postgresql import drop_schema, in_own_schema

from modelvane.schema import Column, Kind, Role, Schema
from modelvane.store import Log, open_log

Opener: TypeAlias = Callable[[], Log]


@contextmanager
def sqlite_url(_request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """Give a file in the test's folder."""
    yield f"sqlite:///{folder / 'log.db'}"


@contextmanager
def postgresql_url(request: pytest.FixtureRequest, _folder: Path) -> Iterator[str]:
    """Give a schema of the test's own."""
    url = in_own_schema(request.getfixturevalue("postgresql"))
    yield url
    drop_schema(url)


@contextmanager
def mongodb_url(request: pytest.FixtureRequest, _folder: Path) -> Iterator[str]:
    """Give a database of the test's own."""
    with own_database(request.getfixturevalue("mongodb")) as url:
        yield url


# one entry per store: its name, which is that of the fixture that starts its server, and an empty log's URL for a test
STORES: dict[str, Callable[[pytest.FixtureRequest, Path], AbstractContextManager[str]]] = {
    "sqlite": sqlite_url,
    "postgresql": postgresql_url,
    "mongodb": mongodb_url,
}


@pytest.fixture(params=STORES)
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Open the same log again and again, as restarts do."""
    with STORES[request.param](request, tmp_path) as url, ExitStack() as stack:

        def open_again() -> Log:
            log = open_log(url)
            stack.callback(log.close)
            return log

        yield open_again


@pytest.fixture
def log(opener: Opener, schema: Schema) -> Log:
    """Open a log with the dataset ``taxi``."""
    log = opener()
    log.open("taxi", schema)
    return log


@pytest.fixture
def schema() -> Schema:
    """Describe trips: an id, a time, a number, a category, a flag, a prediction, a target."""
    return Schema(
        (
            Column("trip", Role.ID, None, "string"),
            Column("pickup", Role.TIME, None, "timestamp[us]"),
            Column("distance"),
            Column("payment", kind=Kind.CATEGORICAL, dtype="string"),
            Column("zone", kind=Kind.CATEGORICAL, dtype="int64"),
            Column("shared", kind=Kind.CATEGORICAL, dtype="bool"),
            Column("prediction", Role.PREDICTION),
            Column("duration", Role.TARGET),
        )
    )
