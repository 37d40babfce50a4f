"""A reference that is built once, and a service that watches against it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.service.serving import save_reference, served, settings


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the file of a small reference."""
    return save_reference(tmp_path_factory.mktemp("reference") / "taxi.mv")


@pytest.fixture
def client(reference: Path, tmp_path: Path) -> Iterator[TestClient]:
    """Give a client of a service with one dataset, ``taxi``."""
    with served(settings(reference), tmp_path) as client:
        yield client
