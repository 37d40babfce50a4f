"""Where the tests find real data: the environment says, and without it they are deselected."""

from __future__ import annotations

import os
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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests whose data is not there, rather than skip them."""
    absent = {fixture for fixture, (variable, _) in ENVIRONMENT.items() if not os.environ.get(variable)}
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
