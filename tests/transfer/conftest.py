"""Logs to move, and what they hold, in a form that can be compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

import pytest

from modelvane.schema import Column, Kind, Role, Schema
from modelvane.store import Log, open_log

Opener: TypeAlias = Callable[[str], Log]


@pytest.fixture
def opener(tmp_path: Path) -> Iterator[Opener]:
    """Open the log of a name in the test's own folder; a second call opens it again."""
    with ExitStack() as stack:

        def open_it(name: str) -> Log:
            log = open_log(f"sqlite:///{tmp_path / name}.db")
            stack.callback(log.close)
            return log

        yield open_it


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


@pytest.fixture
def log(opener: Opener, schema: Schema) -> Log:
    """Open a log with the dataset ``taxi``."""
    log = opener("source")
    log.open("taxi", schema)
    return log
