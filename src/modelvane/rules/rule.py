"""Rules as Prometheus evaluates them: plain records, which are written, tested and compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Recording:
    """A series that Prometheus computes from others.

    Parameters
    ----------
    name
        Of the new series; colons tell it from what is scraped.
    expression
        PromQL.
    help
        What its values are, in one sentence.
    """

    name: str
    expression: str
    help: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """Series over time, and what an alert makes of them.

    Parameters
    ----------
    says
        What is the case, in one sentence.
    series
        Values, one at each step in promtool's notation, by series.
    step, steps
        Seconds between values, and after how many of them the alert is asked for.
    fires
        Labels of what fires, beside those that the rule adds; ``None`` where nothing does.
    said
        What the templates of the annotations become.
    without
        Series of the background that are not there.
    """

    says: str
    series: Mapping[str, str]
    step: float
    steps: int
    fires: Mapping[str, str] | None = None
    said: Mapping[str, str] = field(default_factory=dict)
    without: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that somebody should hear of.

    Parameters
    ----------
    name
        One of `modelvane.rules.kinds.KINDS`.
    expression
        PromQL; whatever it gives is wrong.
    hold
        Seconds that it has to last before the alert fires.
    keep
        Seconds that it goes on firing once nothing is wrong any more.
    labels, annotations
        What the alert says; annotations are templates of Prometheus.
    scenarios
        Of which at least one fires and one does not.
    """

    name: str
    expression: str
    hold: float
    keep: float
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    scenarios: tuple[Scenario, ...]

    @property
    def key(self) -> tuple[str, ...]:
        """What tells it from other alerts: its name and what it is about, whatever its severity."""
        about = (f"{name}={value}" for name, value in sorted(self.labels.items()) if name != "severity")
        return self.name, *about


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that Prometheus evaluates one after the other, so that alerts see what was recorded before them."""

    name: str
    recordings: tuple[Recording, ...]
    alerts: tuple[Alert, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of a config.

    Parameters
    ----------
    groups
        The rules.
    background
        By alert, series that are 1 while all is well: without them an alert of that name would fire.
    """

    groups: tuple[Group, ...]
    background: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def alerts(self) -> Iterator[Alert]:
        """Every alert, in order."""
        return (alert for group in self.groups for alert in group.alerts)

    @property
    def recordings(self) -> Iterator[Recording]:
        """Every recording rule, in order."""
        return (recording for group in self.groups for recording in group.recordings)
