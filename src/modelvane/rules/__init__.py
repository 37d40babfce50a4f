"""Prometheus rules from a config: recording rules, alerts, their unit tests, and Alertmanager's configuration.

>>> from modelvane.config import Config
>>> rules = rules_of(Config.of({"datasets": {"taxi": {}}}))
>>> [group.name for group in rules.groups]
['modelvane-datasets', 'modelvane-monitor']
>>> next(rules.alerts).expression.splitlines()[0]
'modelvane_ingest_last_row_age_seconds{dataset="taxi"} > 900'
"""

from __future__ import annotations

from modelvane.config import Config
from modelvane.rules.datasets import dataset_rules
from modelvane.rules.files import write_rules
from modelvane.rules.monitor import monitor_is_well, monitor_rules
from modelvane.rules.rule import Alert, Group, Recording, Rules, Scenario
from modelvane.rules.services import service_rules, services_are_well

__all__ = ["Alert", "Group", "Recording", "Rules", "Scenario", "rules_of", "write_rules"]


def rules_of(config: Config) -> Rules:
    """Give the rules of a config: of its prediction services, of its datasets, of the monitor."""
    return Rules(
        (*service_rules(config), *dataset_rules(config), *monitor_rules(config)),
        {"ServiceDown": services_are_well(config), "MonitorBlind": monitor_is_well(config)},
    )
