"""A reference that is built once, and what is judged by it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.trips import labelled, log_rows, trips, watched, write

from modelvane.reference import Reference


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the rows of the reference."""
    return write(tmp_path_factory.mktemp("reference") / "reference.parquet", labelled(1500, 1))


@pytest.fixture(scope="session")
def reference(data: Path) -> Path:
    """Give the reference."""
    path = data.with_name("reference.mv")
    Reference.of(data).save(path)
    return path


@pytest.fixture
def current(tmp_path: Path) -> Path:
    """Give rows like the reference's."""
    return write(tmp_path / "current.parquet", trips(600, 2))


@pytest.fixture
def drifted(tmp_path: Path) -> Path:
    """Give rows unlike the reference's."""
    return write(tmp_path / "drifted.parquet", trips(600, 2, shift=3.0))


@pytest.fixture
def config(tmp_path: Path, reference: Path) -> Path:
    """Give a config whose log has one day of trips."""
    path = watched(tmp_path, reference)
    log_rows(path, reference, trips(600, 2))
    return path
