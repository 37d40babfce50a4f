"""Findings over time: what a chart needs of many rounds, and no more."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from modelvane.findings import Family, Finding, Findings

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

MAX_POINTS = 60

Key: TypeAlias = tuple[str, str | None, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Point:
    """One value of one round with its lines; ``None`` where there is none."""

    at: float
    value: float | None
    noise_floor: float | None = None
    usual_range: float | None = None
    threshold: float | None = None

    @property
    def line(self) -> float | None:
        """The line that an alarm needs: the configured one, or the higher of the learned ones that it asks for."""
        if self.threshold is not None:
            return self.threshold
        learned = [line for line in (self.noise_floor, self.usual_range) if line is not None]
        return max(learned, default=None)

    @property
    def times_its_line(self) -> float | None:
        """The value in units of its line: an alarm is above 1. ``None`` without a value, or a line that is one.

        Of a line of 0, as that of a column with one value, 0 or infinity.
        """
        line = self.line
        if self.value is None or line is None or line < 0:
            return None
        if line == 0:
            return math.inf if self.value > 0 else 0.0
        return self.value / line

    @classmethod
    def of(cls, finding: Finding, at: float) -> Point:
        """Keep of a finding what a chart draws."""
        return cls(at, finding.value, finding.noise_floor, finding.usual_range, finding.threshold)


@dataclass(frozen=True, slots=True)
class Series:
    """One finding over many rounds, oldest first."""

    measure: str
    column: str | None
    unit: str
    points: tuple[Point, ...]

    @property
    def is_empty(self) -> bool:
        """Whether no round has a value."""
        return all(point.value is None for point in self.points)


def unit_of(finding: Finding) -> str:
    """Give the unit to write a finding in: a distance between 0 and 1 is no percentage."""
    return "" if finding.family is Family.DRIFT and finding.unit == "ratio" else finding.unit


def thin(history: Sequence[Findings], most: int = MAX_POINTS) -> list[Findings]:
    """Give at most ``most`` rounds, evenly spaced, the last among them."""
    if len(history) <= most:
        return list(history)
    step = (len(history) - 1) / (most - 1)
    return [history[round(i * step)] for i in range(most)]


def series_of(
    history: Sequence[Findings],
    families: Collection[Family] = (Family.DRIFT, Family.PERFORMANCE),
    most: int = MAX_POINTS,
) -> dict[Key, Series]:
    """Give the series of every finding of some families, without segments.

    Parameters
    ----------
    history
        Rounds, oldest first.
    families
        What to keep.
    most
        At most so many rounds are looked at, evenly spaced, the last among them.
    """
    points: dict[Key, list[Point]] = {}
    units: dict[Key, str] = {}
    for findings in thin(history, most):
        for finding in findings.findings:
            if finding.family in families and finding.segment is None:
                points.setdefault(finding.key, []).append(Point.of(finding, findings.computed_at))
                units[finding.key] = unit_of(finding)
    return {key: Series(key[0], key[1], units[key], tuple(found)) for key, found in points.items()}
