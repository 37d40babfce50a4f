"""The files: rules, their tests, and Alertmanager's configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from modelvane.config import Config
from modelvane.generated import write_generated
from modelvane.rules.alertmanager import alertmanager_of
from modelvane.rules.promql import duration
from modelvane.rules.promtool import tests_of
from modelvane.rules.rule import Alert, Group, Recording, Rules

RULES = "modelvane.rules.yml"
TESTS = "modelvane.rules.test.yml"
ALERTMANAGER = "alertmanager.yml"

_HEAD = "# Written by `modelvane rules`: change the config, and run it again.\n"


def write_rules(config: Config, rules: Rules, folder: Path) -> tuple[Path, ...]:
    """Write the files of a config into a folder, which is made if need be, and give their paths.

    Raises
    ------
    ConfigError
        When the folder or a file cannot be written, or a file there is not of this command: nothing is written then.
    """
    texts = {
        RULES: rules_text(rules),
        TESTS: _text(tests_of(rules, RULES)),
        ALERTMANAGER: _text(alertmanager_of(config)),
    }
    return write_generated(folder, texts, lambda _, text: text.startswith(_HEAD))


def rules_text(rules: Rules) -> str:
    """Give the rules as Prometheus reads them."""
    return _text({"groups": [_group(group) for group in rules.groups]})


def _group(group: Group) -> dict[str, Any]:
    return {"name": group.name, "rules": [*_recordings(group.recordings), *map(_alert, group.alerts)]}


def _recordings(recordings: tuple[Recording, ...]) -> Iterator[dict[str, Any]]:
    return ({"record": each.name, "expr": each.expression} for each in recordings)


def _alert(alert: Alert) -> dict[str, Any]:
    return {
        "alert": alert.name,
        "expr": alert.expression,
        "for": duration(alert.hold),
        "keep_firing_for": duration(alert.keep),
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
    }


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as they are read, and nothing by reference."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _written(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _written)


def _text(data: Mapping[str, Any]) -> str:
    # lines are not folded: an expression is searched for as it is
    body: str = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)
    return _HEAD + body
