"""One stack for all tests of it, raised as `make stack-local` does, from the same files, with shorter intervals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from examples.shared.interrupts import Interrupts
from stack.local import COMPOSE, raised
from stack.local.compose import load
from stack.local.places import free_port
from tests.stack.running import Running
from tests.stack.webhook import receiving

from modelvane.config import Config

_COMMANDS = {
    # the same everywhere, and without a download
    "prepare": ["--synthetic"],
    "traffic": ["--rate=40", "--label-delay=2"],
}
_RETRAIN = ["python", "-m", "examples.taxi.retrain", "--models=/var/lib/taxi/models"]
WINDOW = 400
_HELD = {"ServiceDown": "2s", "DatasetDrift": "2s"}


def overlay(page: str) -> dict[str, Any]:
    """Give what differs from the files of the stack: what is short in a test, and who is paged."""
    services = load(COMPOSE)["services"]
    return {
        COMPOSE.name: {
            "services": {
                name: {"command": [*services[name]["command"], *more]} for name, more in _COMMANDS.items()
            }
        },
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
                        "command": [*_RETRAIN, f"--least={WINDOW}", "--wait=60"],
                        "cooldown": "5s",
                    },
                },
                "reco": {"window": {"rows": WINDOW}},
            },
        },
    }


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
        receiving() as webhook,
        raised(
            tmp_path_factory.mktemp("stack"),
            Interrupts(),
            profiles=["traffic"],
            ports=ports,
            overlay=overlay(webhook.url),
        ) as stack,
    ):
        stack.prepare()
        stack.up()
        config = Config.load(stack.path("monitor", "/etc/modelvane/modelvane.yaml"))
        yield Running(stack, webhook, config)
