"""Settings that an edit changes, by their place in the file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from modelvane.config import Config
from modelvane.locations import without_password
from modelvane.plan.changes import Action, Change

_SECRET = re.compile(r"service\.tokens\.|alerts\.webhooks\.|.*\.retrain\.env\.")
_HIDDEN = "***"


def setting_changes(before: Config, after: Config) -> Iterator[Change]:
    """Compare two configs setting by setting, as both are with their defaults; secrets are not told.

    Of a dataset that only one of them has no settings are told, only that it comes or goes.
    """
    both = before.datasets.keys() & after.datasets.keys()
    old, new = (dict(_settings(config, both)) for config in (before, after))
    for place in sorted({**old, **new}):
        if place not in old:
            action = Action.ADD
        elif place not in new:
            action = Action.REMOVE
        elif old[place] != new[place]:
            action = Action.CHANGE
        else:
            continue
        values = tuple(_shown(place, found[place]) if place in found else "" for found in (old, new))
        yield Change("setting", action, place, {"value": (values[0], values[1])})


def _settings(config: Config, both: set[str]) -> Iterator[tuple[str, Any]]:
    plain = config.model_dump(mode="json")
    datasets = plain.pop("datasets")
    for name, section in datasets.items():
        if name in both:
            # nothing in its place is the service's, or the default
            section["window"]["rows"] = config.settings(name).window.rows
            yield from _flat(f"datasets.{name}", section)
        else:
            yield f"datasets.{name}", ""
    for name, section in plain.items():
        yield from _flat(name, section)


def _flat(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, Mapping):
        yield place, value
        return
    for name, part in value.items():
        yield from _flat(f"{place}.{name}", part)


def _shown(place: str, value: Any) -> str:
    if value is None:
        return "none"
    if value and _SECRET.match(place):
        return _HIDDEN
    if isinstance(value, float):
        return f"{value:g}"
    return without_password(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
