"""What was computed: from which rows, against what, under which settings, with which versions."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import version

from modelvane import __version__
from modelvane.batch import Judged
from modelvane.calibration.lines import level_of
from modelvane.schema import Kind

_MOST_UNREAD = 50
_PACKAGES = ("numpy", "scipy", "pyarrow")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceFacts:
    """What was compared with; ``period`` (first and last event time) in seconds since 1970."""

    digest: str
    rows: int
    period: tuple[float, float] | None
    columns: int
    segments: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """What could not be counted, and why."""

    where: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFacts:
    """What was counted.

    Parameters
    ----------
    name, digest, rows
        Where the rows came from, their hash, and how many were counted.
    first, last
        Event times, seconds since 1970; ``None`` without times.
    unread
        What could not be read, the first of it: a folder may have any number of broken files.
    unread_count
        How much that is altogether.
    """

    name: str
    digest: str
    rows: int
    first: float | None
    last: float | None
    unread: tuple[Unreadable, ...]
    unread_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsFacts:
    """What decides a verdict.

    Parameters
    ----------
    budget
        False alarms of the whole dataset per window-length of new rows.
    level
        Probability at which one column may exceed its line by chance, which follows from it.
    alarm
        What it takes to raise one.
    methods
        Divergences by kind of column; the first decides.
    column_methods
        By column, where that differs.
    thresholds
        Fixed limits.
    """

    budget: float
    level: float
    alarm: str
    methods: dict[str, tuple[str, ...]]
    column_methods: dict[str, tuple[str, ...]]
    thresholds: dict[str, float]


def reference_facts(judged: Judged) -> ReferenceFacts:
    """Say what was compared with."""
    reference = judged.reference
    period = reference.period
    return ReferenceFacts(
        digest=reference.digest,
        rows=reference.rows,
        period=None if period is None else (period[0] / 1e6, period[1] / 1e6),
        columns=len(reference.schema.measured),
        segments=tuple(each.name for each in reference.schema.segments),
    )


def source_facts(judged: Judged) -> SourceFacts:
    """Say what was counted."""
    source = judged.counted.provenance
    return SourceFacts(
        name=source.source,
        digest=source.digest,
        rows=source.rows,
        first=source.first,
        last=source.last,
        unread=tuple(
            Unreadable(where=one.where, why=one.why) for one in judged.counted.unread[:_MOST_UNREAD]
        ),
        unread_count=len(judged.counted.unread),
    )


def settings_facts(judged: Judged) -> SettingsFacts:
    """Say what decided."""
    settings, reference = judged.settings, judged.reference
    methods = settings.methods
    parts = 1 + len(reference.tally.segments)
    kinds = {Kind.NUMERICAL: methods.numerical, Kind.CATEGORICAL: methods.categorical}
    return SettingsFacts(
        budget=settings.budget,
        level=level_of(settings.budget, len(reference.schema.measured) * parts),
        alarm=settings.alarm,
        methods={str(kind): names for kind, names in kinds.items()},
        column_methods=dict(methods.columns),
        thresholds=dict(settings.thresholds),
    )


def versions() -> dict[str, str]:
    """Give the versions of what computed the numbers."""
    packages = {name: version(name) for name in _PACKAGES}
    return {"modelvane": __version__, "python": platform.python_version(), **packages}
