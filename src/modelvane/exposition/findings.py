"""The samples of findings, in groups of which each is exposed whole or not at all."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import IntEnum
from functools import cache
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import NamedTuple

from modelvane.compat.sample import Sample as CompatSample
from modelvane.exposition import series as known
from modelvane.exposition.entry import Entry, Series
from modelvane.exposition.labels import bounded
from modelvane.findings import Family, Finding, Findings, Verdict, limit_of

MOST_LABELS = 100
"""Classes, quantiles or groups of one measure that become series."""


class Rank(IntEnum):
    """What stays when the budget is short: the last is left out first."""

    DRIFT = 0
    PERFORMANCE = 1
    PREDICTION = 2
    QUALITY = 3
    COMPAT = 4
    SEGMENT_DRIFT = 5
    SEGMENT_PERFORMANCE = 6
    SEGMENT_PREDICTION = 7
    SEGMENT_QUALITY = 8
    LABELLED = 9
    SEGMENT_LABELLED = 10


_OF_ALL = {
    Family.DRIFT: Rank.DRIFT,
    Family.DATASET: Rank.DRIFT,
    Family.MULTIVARIATE: Rank.DRIFT,
    Family.PERFORMANCE: Rank.PERFORMANCE,
    Family.RECOMMENDATION: Rank.PERFORMANCE,
    Family.FAIRNESS: Rank.PERFORMANCE,
    Family.CHANGE: Rank.PERFORMANCE,
    Family.ATTRIBUTION: Rank.PERFORMANCE,
    Family.ESTIMATE: Rank.PERFORMANCE,
    Family.CONCEPT: Rank.PERFORMANCE,
    Family.VERSIONS: Rank.PERFORMANCE,
    Family.PREDICTION: Rank.PREDICTION,
    Family.QUALITY: Rank.QUALITY,
}
_OF_SEGMENT = {
    Family.DRIFT: Rank.SEGMENT_DRIFT,
    Family.DATASET: Rank.SEGMENT_DRIFT,
    Family.MULTIVARIATE: Rank.SEGMENT_DRIFT,
    Family.PERFORMANCE: Rank.SEGMENT_PERFORMANCE,
    Family.RECOMMENDATION: Rank.SEGMENT_PERFORMANCE,
    Family.FAIRNESS: Rank.SEGMENT_PERFORMANCE,
    Family.CHANGE: Rank.SEGMENT_PERFORMANCE,
    Family.ATTRIBUTION: Rank.SEGMENT_PERFORMANCE,
    Family.ESTIMATE: Rank.SEGMENT_PERFORMANCE,
    Family.CONCEPT: Rank.SEGMENT_PERFORMANCE,
    Family.VERSIONS: Rank.SEGMENT_PERFORMANCE,
    Family.PREDICTION: Rank.SEGMENT_PREDICTION,
    Family.QUALITY: Rank.SEGMENT_QUALITY,
}


class Group(NamedTuple):
    """Samples that are exposed together; those beyond ``MOST_LABELS`` are ``cut``, and only counted."""

    rank: Rank
    entries: list[Entry]
    cut: int = 0


def finding_groups(dataset: str, findings: Findings) -> Iterator[Group]:
    """Give one group per finding; the labelled ones of one measure are one group.

    A finding without a finite value has no samples: a gauge cannot say "undefined", and 0 would be a lie.
    """
    owner = bounded(dataset)
    defined = (finding for finding in findings if finding.value is not None and math.isfinite(finding.value))
    for (family, _, _, segment, is_labelled), same in groupby(defined, _whole):
        members = list(same)
        if is_labelled:
            rank = Rank.LABELLED if segment is None else Rank.SEGMENT_LABELLED
            if len(members) > MOST_LABELS:
                members.sort(key=_commonest)
        else:
            rank = _OF_ALL[family] if segment is None else _OF_SEGMENT[family]
        entries = [entry for finding in members[:MOST_LABELS] for entry in _entries(owner, finding)]
        yield Group(rank, entries, len(members[MOST_LABELS:]))


def _whole(finding: Finding) -> tuple[Family, str, str | None, str | None, bool]:
    return finding.family, finding.measure, finding.column, finding.segment, finding.label is not None


def _commonest(finding: Finding) -> tuple[float, str]:
    # by the reference, which does not move: the choice of labels would otherwise change from scrape to scrape
    return -(finding.reference if finding.reference is not None else -math.inf), finding.label or ""


def _entries(dataset: str, finding: Finding) -> Iterator[Entry]:
    assert finding.value is not None  # noqa: S101 - only defined ones are asked
    facts = (
        dataset,
        bounded(finding.column or ""),
        bounded(finding.segment or ""),
        finding.measure if finding.label is None else limit_of(finding.measure, finding.label),
        bounded(finding.label or ""),
        finding.change,
    )
    own = known.series_of(finding.measure, finding.family)
    yield Entry(own, _picker(own.labels)(facts), float(finding.value))
    if finding.label is None or finding.threshold is not None:
        for series, value in _companions(finding):
            if value is not None and math.isfinite(value):
                yield Entry(series, _picker(series.labels)(facts), float(value))


_FACTS = {
    "dataset": 0,
    "column": 1,
    "segment": 2,
    "method": 3,
    "measure": 3,
    "class": 4,
    "level": 4,
    "group": 4,
    "version": 4,
    "k": 4,
    "change": 5,
}


@cache
def _picker(labels: tuple[str, ...]) -> Callable[[tuple[str, ...]], tuple[str, ...]]:
    """Give what picks the values of a series' labels from the facts of a finding."""
    places = [_FACTS[label] for label in labels]
    if len(places) == 1:
        (place,) = places
        return lambda facts: (facts[place],)
    return itemgetter(*places)


def _alarm(finding: Finding) -> float | None:
    """Give 1 or 0, or ``None`` for a value that nothing judges."""
    if finding.verdict is Verdict.INFO:
        return None
    return float(finding.verdict is Verdict.ALARM)


def _changed(finding: Finding) -> float | None:
    if finding.noise_floor is None or finding.value is None:
        return None
    return float(finding.value > finding.noise_floor)


_BESIDE: Mapping[str, Callable[[Finding], float | None]] = {
    "reference": attrgetter("reference"),
    "noise_floor": attrgetter("noise_floor"),
    "usual_range": attrgetter("usual_range"),
    "threshold": attrgetter("threshold"),
    "standard_error": attrgetter("standard_error"),
    "p_value": attrgetter("p_value"),
    "alarm": _alarm,
    "change": lambda finding: 1.0 if finding.change else None,
    "changed": _changed,
}
"""What stands beside a value, by the last word of its series."""


def _companions(finding: Finding) -> Iterator[tuple[Series, float | None]]:
    for series in known.COMPANIONS.get(finding.family, ()):
        yield series, _BESIDE[series.name.removeprefix(f"modelvane_{finding.family}_")](finding)


def compat_groups(dataset: str, samples: Iterable[CompatSample]) -> Iterator[Group]:
    """Give one group per 2022 series."""
    owner = bounded(dataset)
    for name, same in groupby(sorted(samples, key=lambda sample: sample.name), lambda sample: sample.name):
        entries = []
        for sample in same:
            labels = (*(name for name, _ in sample.labels), "dataset_name")
            series = Series(name, f"As in Evidently 0.1.54: {name.split(':')[1].replace('_', ' ')}.", labels)
            values = (*(bounded(value) for _, value in sample.labels), owner)
            entries.append(Entry(series, values, sample.value))
        yield Group(Rank.COMPAT, entries)
