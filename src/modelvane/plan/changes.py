"""Differences between two inventories: things by name, each with its facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

Facts: TypeAlias = Mapping[str, str]
Inventory: TypeAlias = Mapping[str, Facts]
"""Facts by the name of the thing."""


class Action(StrEnum):
    """What happens to a thing."""

    ADD = "add"
    REMOVE = "remove"
    CHANGE = "change"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that an edit adds, removes or changes.

    Parameters
    ----------
    kind
        What sort of thing it is, such as ``"alert"``.
    action
        What happens to it.
    name
        What tells it from others of its kind.
    details
        What differs, by fact: as it was, and as it will be. Of series also where they are added or removed.
    """

    kind: str
    action: Action
    name: str
    details: Mapping[str, tuple[str, str]]


def changes_between(kind: str, before: Inventory, after: Inventory) -> Iterator[Change]:
    """Compare two inventories of one kind: what is removed first, then the others in their order.

    >>> after = {"b": {"for": "2m"}, "c": {}}
    >>> [str(change.action) for change in changes_between("alert", {"a": {}, "b": {"for": "1m"}}, after)]
    ['remove', 'change', 'add']
    """
    for name in before:
        if name not in after:
            yield Change(kind, Action.REMOVE, name, {})
    for name, facts in after.items():
        if name not in before:
            yield Change(kind, Action.ADD, name, {})
        elif details := _differences(before[name], facts):
            yield Change(kind, Action.CHANGE, name, details)


def _differences(before: Facts, after: Facts) -> dict[str, tuple[str, str]]:
    names = {**before, **after}
    return {
        name: (before.get(name, ""), after.get(name, ""))
        for name in names
        if before.get(name) != after.get(name)
    }
