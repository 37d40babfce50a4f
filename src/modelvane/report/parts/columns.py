"""Columns against the reference: how far, since when, and what made it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from modelvane.batch import Judged
from modelvane.divergences.contributions import contributions
from modelvane.findings import Family, Finding, Findings, Verdict
from modelvane.report.distribution import Distribution, bin_labels, distribution
from modelvane.report.history import Point
from modelvane.report.order import drift_order
from modelvane.ruler import NumericalRuler, entries_ruler
from modelvane.schema import Column, Kind, Role
from modelvane.tallies.dataset import ColumnTally

NAMED_BINS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """One bin or category and its part in a change.

    Parameters
    ----------
    label
        The bin or category.
    reference, current
        Its share of rows on both sides.
    part
        Its share of the Jensen-Shannon divergence of the two sides, negative where current has less; absolute values
        of all bins add up to 1.
    """

    label: str
    reference: float
    current: float
    part: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Where two distribution functions are farthest apart: the Kolmogorov-Smirnov distance is their difference there.

    Parameters
    ----------
    at
        The value.
    inclusive
        Whether rows at the value itself count, or only those below it.
    reference, current
        Share of rows up to there.
    """

    at: float
    inclusive: bool
    reference: float
    current: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One column in one slice of the period.

    Parameters
    ----------
    value
        Of the divergence that decides; ``None`` where there is none.
    times_its_line
        The value in units of the line that an alarm needs; an alarm is above 1. Infinity, which JSON writes as null,
        where that line is 0 and the value is not.
    verdict
        By itself.
    """

    value: float | None
    times_its_line: float | None
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnPart:
    """One column against the reference.

    Parameters
    ----------
    name, role, kind
        Of the column.
    finding
        The drift finding that decides its verdict.
    times_its_line
        As in `Moment`.
    distribution
        Shares of rows on both sides.
    contributions
        The bins or categories that a change comes from, the largest part first; empty without rows on both sides.
    gap
        For Kolmogorov-Smirnov, with rows on both sides.
    moments
        One for each slice.
    first_alarm
        When the first slice that alarms begins, seconds since 1970.
    alarms
        Slices that alarm.
    """

    name: str
    role: Role
    kind: Kind
    finding: Finding
    times_its_line: float | None
    distribution: Distribution
    contributions: tuple[Contribution, ...]
    gap: Gap | None
    moments: tuple[Moment, ...]
    first_alarm: float | None
    alarms: int


def column_parts(judged: Judged) -> tuple[ColumnPart, ...]:
    """Give all measured columns, what is worst first."""
    window = judged.counted.window
    tallies = {**window.rows.columns, **window.labelled.columns}
    whole = _deciding(judged, judged.findings)
    slices = [_deciding(judged, one) for one in judged.slices]
    columns = {column.name: column for column in judged.reference.schema.measured}
    parts = (_part(judged, columns[name], finding, tallies[name], slices) for name, finding in whole.items())
    return tuple(sorted(parts, key=lambda part: drift_order(part.finding)))


def _deciding(judged: Judged, findings: Findings) -> dict[str, Finding]:
    """Give of each column the finding that its verdict comes from."""
    methods = judged.settings.methods
    deciding = {column.name: methods.of(column)[0] for column in judged.reference.schema.measured}
    return {
        finding.column: finding
        for finding in findings
        if finding.family is Family.DRIFT
        and finding.segment is None
        and finding.column is not None
        and deciding[finding.column] == finding.measure
    }


def _part(
    judged: Judged,
    column: Column,
    finding: Finding,
    current: ColumnTally,
    slices: list[dict[str, Finding]],
) -> ColumnPart:
    reference = judged.reference.tally.columns[column.name]
    moments = tuple(_moment(one.get(column.name)) for one in slices)
    alarms = [i for i, moment in enumerate(moments) if moment.verdict is Verdict.ALARM]
    assert column.kind is not None  # noqa: S101 - a measured column has a kind
    return ColumnPart(
        name=column.name,
        role=column.role,
        kind=column.kind,
        finding=finding,
        times_its_line=Point.of(finding, 0.0).times_its_line,
        distribution=distribution(column.name, reference, current),
        contributions=tuple(_contributions(reference, current)),
        gap=_gap(reference, current) if finding.measure == "kolmogorov_smirnov" else None,
        moments=moments,
        first_alarm=judged.counted.slices[alarms[0]].since if alarms else None,
        alarms=len(alarms),
    )


def _moment(finding: Finding | None) -> Moment:
    if finding is None:
        return Moment(value=None, times_its_line=None, verdict=Verdict.UNDEFINED)
    times = Point.of(finding, 0.0).times_its_line
    return Moment(value=finding.value, times_its_line=times, verdict=finding.verdict)


def _contributions(reference: ColumnTally, current: ColumnTally) -> Iterator[Contribution]:
    before, after = reference.sample, current.sample
    if not (before.n and after.n):
        return
    parts = contributions(before, after)
    labels = bin_labels(current)
    for i in np.argsort(-np.abs(parts), kind="stable")[:NAMED_BINS].tolist():
        if parts[i]:
            yield Contribution(
                label=labels[i],
                reference=float(before.bins[i] / before.n),
                current=float(after.bins[i] / after.n),
                part=float(parts[i]),
            )


def _gap(reference: ColumnTally, current: ColumnTally) -> Gap | None:
    before, after, ruler = reference.sample, current.sample, entries_ruler(reference.ruler)
    if not (before.n and after.n and isinstance(ruler, NumericalRuler) and len(ruler.edges)):
        return None
    cell = int(np.argmax(np.abs(before.cumulative - after.cumulative)[:-1]))
    return Gap(
        at=float(ruler.edges[cell // 2]),
        # odd cells are the edges themselves, even ones the open cells below them
        inclusive=cell % 2 == 1,
        reference=float(before.cumulative[cell]),
        current=float(after.cumulative[cell]),
    )


def first_alarms(columns: tuple[ColumnPart, ...]) -> Mapping[str, float]:
    """Give when each column that alarms now alarmed first, by name, the earliest first."""
    found = {
        part.name: part.first_alarm
        for part in columns
        if part.finding.verdict is Verdict.ALARM and part.first_alarm is not None
    }
    return dict(sorted(found.items(), key=lambda pair: pair[1]))
