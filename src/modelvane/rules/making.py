"""What all alerts are made with: the config's say in severity and hold, and the time that a scenario takes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from modelvane.config import AlertsSection, Config
from modelvane.config.alerts import AlertName
from modelvane.periods import length_of
from modelvane.rules.kinds import KINDS
from modelvane.rules.promql import number, verbatim
from modelvane.rules.rule import Alert, Scenario

# well within the five minutes after which Prometheus forgets a value
_LONGEST_STEP = 120.0
# steps of a scenario in what rates are taken over
_STEPS_OVER = 5
# steps before the end of a scenario at which something happens: within what rates are taken over
_LATE = 3


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes the alerts of one service, one dataset or the monitor.

    Parameters
    ----------
    config
        Of everything.
    alerts
        The settings that apply here.
    labels
        What the alerts are about.
    links
        The annotations that all of them have.
    """

    config: Config
    alerts: AlertsSection
    labels: Mapping[str, str]
    links: Mapping[str, str]

    @property
    def over(self) -> float:
        """Seconds that rates are taken over."""
        return length_of(self.alerts.over)

    def hold(self, name: AlertName) -> float:
        """Give the seconds that an alert has to last: two scrapes and an evaluation of the monitor at least."""
        given = self.alerts.hold.get(name)
        seconds = KINDS[name].hold if given is None else length_of(given)
        return max(seconds, self._round)

    @property
    def _round(self) -> float:
        return max(self.config.service.calculation_period_sec, 2 * length_of(self.alerts.scrape_interval))

    def least(self, dataset: str, rows: int) -> int:
        """Give the rows that it takes to judge a dataset: those that are wanted, or all that its window has."""
        window = self.config.settings(dataset).window
        return rows if window.seconds is not None else min(rows, window.rows)

    def steps(self, name: AlertName) -> Steps:
        """Give how long a scenario goes on so that rates are there and the alert has lasted."""
        step = min(_LONGEST_STEP, self.over / _STEPS_OVER)
        return Steps(step, math.ceil((self.hold(name) + self.over) / step) + _LATE)

    def alert(
        self,
        name: AlertName,
        expression: str,
        scenarios: Iterable[Scenario],
        *,
        summary: str,
        description: str,
        labels: Mapping[str, str] | None = None,
        links: Mapping[str, str] | None = None,
    ) -> Iterator[Alert]:
        """Give the alert; nothing where the config wants none."""
        kind = KINDS[name]
        severity = self.alerts.severity.get(name, kind.severity)
        if severity == "none":
            return
        yield Alert(
            name,
            expression,
            self.hold(name),
            # one scrape that fails takes all series away: that resolves nothing
            self._round,
            {
                **{name: verbatim(value) for name, value in {**self.labels, **(labels or {})}.items()},
                "severity": severity,
            },
            {
                "summary": summary,
                "description": description,
                "first": kind.first,
                **self.links,
                **(links or {}),
            },
            tuple(scenarios),
        )


@dataclass(frozen=True, slots=True)
class Steps:
    """Values in promtool's notation, one at each step.

    Parameters
    ----------
    seconds
        Of a step.
    count
        How many there are.
    """

    seconds: float
    count: int

    def steady(self, value: float) -> str:
        """Give one value all the time."""
        return f"{number(value)}+0x{self.count}"

    def rising(self, a_second: float) -> str:
        """Give a counter that grows."""
        return f"0+{number(a_second * self.seconds)}x{self.count}"

    def reset(self, a_second: float) -> str:
        """Give a counter that grows, and begins again while rates are taken over it."""
        grown = number(a_second * self.seconds)
        return f"1000+{grown}x{self.count - _LATE} 0+{grown}x{_LATE - 1}"

    def once(self, value: float, otherwise: float) -> str:
        """Give a value for one scrape."""
        before, after = self.count - _LATE, _LATE - 2
        return f"{number(otherwise)}+0x{before} {number(value)} {number(otherwise)}+0x{after}"

    def turned(self, before: float, after: float) -> str:
        """Give one value at first, and then another for as long as an alert has to last."""
        return f"{number(before)}+0x{_LATE - 1} {number(after)}+0x{self.count - _LATE}"

    def gone(self, value: float) -> str:
        """Give one value until the last scrape, which fails."""
        return f"{number(value)}+0x{self.count - 1} stale"

    def fires(
        self,
        says: str,
        series: Mapping[str, str],
        labels: Mapping[str, str] | None = None,
        said: Mapping[str, str] | None = None,
        *,
        without: Iterable[str] = (),
    ) -> Scenario:
        """Give a scenario at whose end the alert fires."""
        return Scenario(says, series, self.seconds, self.count, labels or {}, said or {}, frozenset(without))

    def silent(self, says: str, series: Mapping[str, str]) -> Scenario:
        """Give a scenario at whose end nothing fires."""
        return Scenario(says, series, self.seconds, self.count)
