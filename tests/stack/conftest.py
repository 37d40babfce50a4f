"""One stack for all tests of it, raised as `make stack-local` does, from the same files, with shorter intervals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from examples.shared.interrupts import Interrupts
from stack.local import COMPOSE, raised
from stack.local.compose import load
from tests.ports import free_port
from tests.stack.packages import guarded_path, hiding, lacking_in
from tests.stack.running import Running
from tests.stack.webhook import receiving

from modelvane.config import Config

_COMMANDS = {
    # the same everywhere, and without a download
    "prepare": ["--synthetic"],
    "traffic": ["--rate=40", "--label-delay=2"],
}
SERVICES: dict[str, dict[str, Any]] = load(COMPOSE)["services"]
_RETRAIN = ["python", "-m", "examples.taxi.retrain", "--models=/var/lib/taxi/models"]
WINDOW = 400
# what estimates of a regression are learned from, at least
LEAST = 500
_HELD = {"ServiceDown": "2s", "DatasetDrift": "2s"}
_OWN = "modelvane/"


def overlay(page: str) -> dict[str, Any]:
    """Give what differs from the files of the stack: what is short in a test, who is paged, what images lack."""
    return {
        COMPOSE.name: {"services": {name: _changed(name, one) for name, one in SERVICES.items()}},
        "prometheus.yml": {
            "global": {"scrape_interval": "2s", "scrape_timeout": "2s", "evaluation_interval": "1s"}
        },
        "alertmanager.yml": {"route": {"group_wait": "1s", "group_interval": "2s"}},
        "modelvane.yaml": {
            "alerts": {
                "scrape_interval": "2s",
                "over": "10s",
                "hold": _HELD,
                "webhooks": {"page": page},
            },
            "service": {"calculation_period_sec": 1},
            "datasets": {
                "taxi": {
                    "window": {"rows": WINDOW},
                    "retrain": {
                        "command": [*_RETRAIN, f"--least={LEAST}", "--wait=60"],
                        "cooldown": "5s",
                    },
                },
                "reco": {"window": {"rows": WINDOW}},
            },
        },
    }


def _changed(name: str, service: dict[str, Any]) -> dict[str, Any]:
    """Give what differs of a service; what its image lacks, it does not find here either."""
    changed: dict[str, Any] = {}
    if name in _COMMANDS:
        changed["command"] = [*service["command"], *_COMMANDS[name]]
    image = service["image"].rpartition(":")[0]
    if image.startswith(_OWN):
        changed["environment"] = hiding(lacking_in(image.removeprefix(_OWN)))
    return changed


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory,
    mongo_java_server: str,  # noqa: ARG001 - what the stack starts itself is asked for, to be there
    alertmanager: str,  # noqa: ARG001 - as above
    promtool: str,  # noqa: ARG001 - it comes with Prometheus
) -> Iterator[Running]:
    """Give the stack once all of it is healthy."""
    ports = {port: free_port() for port in (8085, 9696, 9697, 9090, 9093, 3000, 4200, 27017, 9700)}
    with (
        pytest.MonkeyPatch.context() as patch,
        receiving() as webhook,
        raised(
            tmp_path_factory.mktemp("stack"),
            Interrupts(),
            profiles=["traffic"],
            ports=ports,
            overlay=overlay(webhook.url),
        ) as stack,
    ):
        patch.setenv("PYTHONPATH", guarded_path())
        stack.prepare()
        stack.up()
        config = Config.load(stack.path("monitor", "/etc/modelvane/modelvane.yaml"))
        yield Running(stack, webhook, config)
