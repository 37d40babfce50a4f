"""A plan: the changes of an edit, and what they do to the budget of series."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from modelvane.config import Config
from modelvane.dashboards import Panel, dashboards_of
from modelvane.plan.changes import Action, Change, Inventory, changes_between
from modelvane.plan.expected import Expected, Sample, expected_series
from modelvane.plan.lines import line_changes
from modelvane.plan.settings import setting_changes
from modelvane.rules import Rules, rules_of
from modelvane.rules.promql import duration, selector


@dataclass(frozen=True, slots=True)
class Plan:
    """What an edit would do.

    Parameters
    ----------
    changes
        Of settings, lines, series, recording rules, alerts and panels.
    expected
        The series and lines afterwards.
    before
        How many series there are now.
    """

    changes: tuple[Change, ...]
    expected: Expected
    before: int


def plan_between(before: Config | None, after: Config) -> Plan:
    """Compare two configs; ``None`` is one that watches nothing.

    Raises
    ------
    ModelvaneError
        For whatever would keep the service from starting with either.
    """
    expected = expected_series(after)
    old = None if before is None else expected_series(before)
    samples = frozenset[Sample]() if old is None else old.samples
    rules = Rules(()) if before is None else rules_of(before)
    panels = {} if before is None else _panels(before)
    changes = (
        *(() if before is None else setting_changes(before, after)),
        *(() if old is None else line_changes(old.lines, expected.lines)),
        *_series_changes(samples, expected.samples),
        *changes_between("recording rule", _recordings(rules), _recordings(rules_of(after))),
        *changes_between("alert", _alerts(rules), _alerts(rules_of(after))),
        *changes_between("panel", panels, _panels(after)),
    )
    return Plan(changes, expected, len(samples))


def plan_beside(live: frozenset[Sample], after: Config) -> Plan:
    """Compare a config with the series of a running monitor, which tells nothing of settings, rules and panels.

    A measure that has no value there now counts as added.
    """
    expected = expected_series(after)
    return Plan(tuple(_series_changes(live, expected.samples)), expected, len(live))


def _series_changes(before: Iterable[Sample], after: Iterable[Sample]) -> Iterator[Change]:
    old, new = _grouped(before), _grouped(after)
    for name in sorted({*old, *new}):
        was, will = old.get(name, set()), new.get(name, set())
        if was != will:
            action = Action.CHANGE if was and will else Action.ADD if will else Action.REMOVE
            yield Change("series", action, name, _count(was, will))


def _count(was: set[Sample], will: set[Sample]) -> dict[str, tuple[str, str]]:
    return {
        "samples": (str(len(was)), str(len(will))),
        # where a column takes another's place, as many come as go
        "of these only there": (str(len(was - will)), str(len(will - was))),
    }


def _grouped(samples: Iterable[Sample]) -> dict[str, set[Sample]]:
    """Give samples by series and dataset: with their columns and segments they are too many to read."""
    groups: dict[str, set[Sample]] = {}
    for sample in samples:
        name, labels = sample
        dataset = dict(labels).get("dataset")
        key = name if dataset is None else selector(name, dataset=dataset)
        # the digest of a reference that was built again is no other series to people
        groups.setdefault(key, set()).add((name, _but_digest(labels)))
    return groups


def _but_digest(labels: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in labels if name not in ("digest", "rows"))


def _recordings(rules: Rules) -> Inventory:
    return {each.name: {"expression": each.expression} for each in rules.recordings}


def _alerts(rules: Rules) -> Inventory:
    return {
        " ".join(each.key): {
            "expression": each.expression,
            "for": duration(each.hold),
            "keep firing for": duration(each.keep),
            "severity": each.labels["severity"],
            **each.annotations,
        }
        for each in rules.alerts
    }


def _panels(config: Config) -> Inventory:
    return {
        f"{dashboard.title} / {row.title} / {panel.title}": _facts(panel)
        for dashboard in dashboards_of(config)
        for row in dashboard.rows
        for panel in row.panels
    }


def _facts(panel: Panel) -> dict[str, str]:
    return {
        "queries": "\n".join(query.expression for query in panel.queries),
        "kind": panel.kind,
        "unit": str(panel.unit),
        "description": panel.description,
        "colours": ", ".join(f"{step.value} {step.colour}" for step in panel.steps),
        "links": ", ".join(link.url for link in panel.links),
    }
