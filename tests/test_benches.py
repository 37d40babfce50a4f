"""The benches, which nobody runs every day."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "bench"


@pytest.mark.parametrize("name", sorted(file.stem for file in FOLDER.glob("[!_]*.py")))
def test_every_bench_can_be_imported(name: str) -> None:
    """A bench names nothing that has moved or gone."""
    assert import_module(f"bench.{name}").__doc__
