"""What the tests need that may not be there: real data, and programs.

The environment says where data is; programs are looked for on the PATH. Tests without what they need are deselected,
unless ``MODELVANE_REQUIRE_PARTS`` is set: then they run, and fail.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

# how long an example takes says more of the machine than of the code
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

ENVIRONMENT = {
    "contract": ("MODELVANE_CONTRACT", ""),
    "taxi_data": ("MODELVANE_DATA", "taxi"),
    "retail_data": ("MODELVANE_DATA", "retail"),
}


PROGRAMS = {
    "chromium": ("chromium", "chromedriver"),
    "prometheus": ("prometheus",),
    "promtool": ("promtool",),
}
"""By fixture, the programs that it starts."""


def _absent() -> set[str]:
    absent = {fixture for fixture, (variable, _) in ENVIRONMENT.items() if not os.environ.get(variable)}
    if not os.environ.get("MODELVANE_REQUIRE_PARTS"):
        absent |= {fixture for fixture, names in PROGRAMS.items() if not all(map(shutil.which, names))}
    return absent


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests that lack what they need, rather than skip them."""
    absent = _absent()
    without = [item for item in items if absent & set(getattr(item, "fixturenames", ()))]
    if without:
        config.hook.pytest_deselected(items=without)
        items[:] = [item for item in items if item not in set(without)]


def _folder(fixture: str) -> Path:
    variable, subfolder = ENVIRONMENT[fixture]
    return Path(os.environ[variable]) / subfolder


@pytest.fixture(scope="session")
def contract() -> Path:
    """Give the folder of the 2022 contract; recorded values are in ``golden/``."""
    return _folder("contract")


@pytest.fixture(scope="session")
def taxi_data() -> Path:
    """Give the folder of green-taxi trips."""
    return _folder("taxi_data")


@pytest.fixture(scope="session")
def retail_data() -> Path:
    """Give the folder of online-shop purchases."""
    return _folder("retail_data")


@pytest.fixture(scope="session")
def promtool() -> str:
    """Give the path of Prometheus' own checker."""
    found = shutil.which("promtool")
    assert found, "promtool is not installed: apt-get install prometheus"
    return found
