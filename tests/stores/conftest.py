"""Every store there is, for the contract that all of them keep."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

import pytest

from modelvane.schema import Column, Kind, Role, Schema
from modelvane.store import Log, open_log

Opener: TypeAlias = Callable[[], Log]

# one entry per store: its name, and its URL in a test's own folder
STORES: dict[str, Callable[[Path], str]] = {
    "sqlite": lambda folder: f"sqlite:///{folder / 'log.db'}",
}


@pytest.fixture(params=STORES)
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Open the same log again and again, as restarts do."""
    url = STORES[request.param](tmp_path)
    with ExitStack() as stack:

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
