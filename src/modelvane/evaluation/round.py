"""What all findings of one round share: the reference, the settings, and the verdicts of the round before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from msgspec import Struct, field

from modelvane.calibration.lines import level_of
from modelvane.findings import Family, Finding, Verdict
from modelvane.reference import Reference
from modelvane.settings import LEAST_ROWS, Settings
from modelvane.statistics.base import LabelledStatistic, Statistic
from modelvane.tallies.dataset import DatasetTally
from modelvane.undefined import Undefined, Value


class Round(Struct, frozen=True, dict=True):
    """One evaluation.

    Parameters
    ----------
    before
        Verdicts of the round before, by `verdict_key`.
    kept
        What is not measured in every round: of whoever evaluates, from round to round.
    """

    reference: Reference
    settings: Settings
    before: Mapping[str, Verdict]
    kept: dict[str, tuple[int, Any]] = field(default_factory=dict)

    @cached_property
    def level(self) -> float:
        """Probability at which one column, of one segment or of all rows, may exceed its line."""
        parts = 1 + len(self.reference.tally.segments)
        return level_of(self.settings.budget, len(self.reference.schema.measured) * parts)

    def verdict_before(
        self, measure: str, column: str | None, segment: str | None, label: str | None = None
    ) -> Verdict | None:
        """Give the verdict of the round before."""
        if not self.before:
            return None
        return self.before.get(verdict_key((measure, column, segment, label)))

    def over_reference(
        self,
        key: tuple[str | None, ...],
        statistic: Statistic[Any] | LabelledStatistic[Any],
        tally: Any | None,
    ) -> Mapping[str | None, Value]:
        """Give the values of a statistic over the reference, which are computed once."""
        if tally is None:
            return {}
        memo = self.reference.values
        if key not in memo:
            memo[key] = dict(values_of(statistic, tally))
        found: Mapping[str | None, Value] = memo[key]
        return found

    def threshold(self, measure: str, column: str | None) -> float | None:
        """Give the fixed limit from the config, if there is one."""
        if not self.settings.thresholds:
            return None
        if column is not None:
            return self.settings.thresholds.get(f"{column}.{measure}")
        return self.settings.thresholds.get(measure)


def verdict_key(key: tuple[str, str | None, str | None, str | None]) -> str:
    """Give a finding's key as one text."""
    return "\t".join(part or "" for part in key)


class Part(NamedTuple):
    """All rows (``None``) or a segment, beside the same part of the reference, if it has any such row."""

    segment: str | None
    current: DatasetTally
    reference: DatasetTally | None


def parts_of(this: Round, rows: DatasetTally) -> Iterator[Part]:
    """Give all rows, then each segment."""
    whole = this.reference.tally
    yield Part(None, rows, whole)
    for segment, part in rows.segments.items():
        yield Part(segment, part, whole.segments.get(segment))


def too_few(segment: str | None, rows: int, side: str = "window") -> str:
    """Say why a segment has no value: what a handful of rows say of it is chance. Nothing where it has.

    >>> too_few("zone=1", 3)
    '3 rows of this segment in the window; it takes 30'
    """
    if segment is None or rows >= LEAST_ROWS:
        return ""
    return f"{rows} rows of this segment in the {side}; it takes {LEAST_ROWS}"


def values_of(
    statistic: Statistic[Any] | LabelledStatistic[Any],
    tally: Any,
) -> Iterator[tuple[str | None, Value]]:
    """Give the value, or one per label."""
    if isinstance(statistic, Statistic):
        yield None, statistic.function(tally)
    else:
        yield from statistic.function(tally).items()


def bounds_of(
    statistic: Statistic[Any] | LabelledStatistic[Any],
    tally: Any,
) -> Iterator[tuple[str | None, float]]:
    """Give how far the value, or that of each label, can be from the one of the raw rows, where that is stated."""
    if isinstance(statistic, Statistic):
        if statistic.error_bound is not None:
            yield None, statistic.error_bound(tally)
    elif statistic.error_bounds is not None:
        yield from statistic.error_bounds(tally).items()


class Judgement(NamedTuple):
    """What a value is held against, and what follows; the fields of `Finding`."""

    noise_floor: float | None
    usual_range: float | None
    threshold: float | None
    verdict: Verdict
    cause: str = ""
    why: str = ""


_UNJUDGED = Judgement(None, None, None, Verdict.INFO)


def _not_judged(measure: str, value: float) -> Judgement | None:  # noqa: ARG001 - called by name of what judges
    return None


def measured(
    this: Round,
    family: Family,
    statistic: Statistic[Any] | LabelledStatistic[Any],
    current: Any,
    reference: Any | None,
    *,
    column: str | None,
    segment: str | None,
    n: int,
    judge: Callable[[str, float], Judgement | None] = _not_judged,
) -> Iterator[Finding]:
    """Give the findings of one statistic, beside its value over the reference.

    Parameters
    ----------
    judge
        ``judge(measure, value)`` for a value without a label; ``None`` where there is nothing to judge it by.
    """
    known = this.over_reference((family, segment, column, statistic.name), statistic, reference)
    bounds = dict(bounds_of(statistic, current))
    few = "" if statistic.unit == "rows" else too_few(segment, n)
    for label, known_value in values_of(statistic, current):
        value = Undefined(few) if few else known_value
        beside = known.get(label)
        judged = _UNJUDGED
        if isinstance(value, Undefined):
            judged = Judgement(None, None, None, Verdict.UNDEFINED, why=value.why)
        elif label is None:
            judged = judge(statistic.name, value) or _UNJUDGED
        yield Finding(
            family=family,
            measure=statistic.name,
            column=column,
            segment=segment,
            label=label,
            value=None if isinstance(value, Undefined) else value,
            unit=statistic.unit,
            n=n,
            reference=beside if isinstance(beside, float) else None,
            noise_floor=judged.noise_floor,
            usual_range=judged.usual_range,
            threshold=judged.threshold,
            error_bound=None if isinstance(value, Undefined) else bounds.get(label) or None,
            verdict=judged.verdict,
            cause=judged.cause,
            why=judged.why,
        )
