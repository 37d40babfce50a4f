"""Alertmanager's configuration: who hears of what, and what goes without saying while something else is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from modelvane.config import Config
from modelvane.config.alerts import Severity
from modelvane.rules.kinds import KINDS
from modelvane.rules.monitor import EVERYTHING

MONITOR = "modelvane"
"""The receiver that is the monitor itself, which may retrain."""

TOKEN_FILE = "modelvane.token"  # noqa: S105 - the name of a file
_WAITS = {"page": "10s", "ticket": "30s", "info": "5m"}
_REPEATS = {"page": "1h", "ticket": "1d", "info": "1w"}


def alertmanager_of(config: Config) -> dict[str, Any]:
    """Give the configuration."""
    severities = [each for each in get_args(Severity) if each != "none"]
    return {
        "route": {
            "receiver": "info",
            "group_by": ["alertname", "service", "dataset"],
            "group_wait": "30s",
            "group_interval": "1m",
            "repeat_interval": "1d",
            "routes": [
                {
                    "receiver": MONITOR,
                    "matchers": ['dataset!=""'],
                    "group_wait": "0s",
                    "continue": True,
                },
                *(
                    {
                        "receiver": each,
                        "matchers": [f'severity="{each}"'],
                        "group_wait": _WAITS[each],
                        "repeat_interval": _REPEATS[each],
                    }
                    for each in severities
                ),
            ],
        },
        "inhibit_rules": list(_inhibitions()),
        "receivers": [
            {"name": MONITOR, "webhook_configs": [_of_monitor(config)]},
            *(_receiver(each, getattr(config.alerts.webhooks, each)) for each in severities),
        ],
    }


def _inhibitions() -> Iterator[dict[str, Any]]:
    of_datasets = "|".join(kind.name for kind in KINDS.values() if kind.about == "dataset")
    yield _inhibits(
        ['alertname="ServiceDown"'], 'alertname=~"NoPredictions|ServiceErrors|ServiceSlow"', "service"
    )
    blind = 'alertname="MonitorBlind"'
    everything = "|".join(EVERYTHING)
    yield _inhibits([blind, f'reason=~"{everything}"'], f'alertname=~"{of_datasets}"')
    yield _inhibits([blind, f'reason!~"{everything}"'], f'alertname=~"{of_datasets}"', "dataset")


def _inhibits(sources: list[str], target: str, *equal: str) -> dict[str, Any]:
    rule = {"source_matchers": sources, "target_matchers": [target]}
    return {**rule, "equal": list(equal)} if equal else rule


def _of_monitor(config: Config) -> dict[str, Any]:
    monitor = config.alerts.webhooks.monitor or config.monitor_url
    webhook: dict[str, Any] = {"url": f"{monitor}/v1/alerts", "send_resolved": True}
    if config.service.tokens.ingest is not None:
        # the token itself stays where it is: this file may be read by more people
        webhook["http_config"] = {"authorization": {"type": "Bearer", "credentials_file": TOKEN_FILE}}
    return webhook


def _receiver(severity: str, url: str | None) -> dict[str, Any]:
    webhooks = {} if url is None else {"webhook_configs": [{"url": url, "send_resolved": True}]}
    return {"name": severity, **webhooks}
