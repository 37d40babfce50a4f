"""The one table of everything that can be measured; exposition, documentation and tests are driven by it.

>>> measure("missing_share").series
'modelvane_quality_missing_ratio'
>>> measure("mean", Family.PREDICTION).labels
('dataset', 'column', 'segment')
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import chain
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec.structs import replace

from modelvane import dataset_measures
from modelvane.attribution.statistics import BY_FEATURE, OF_ROWS
from modelvane.concept.measures import CONCEPT
from modelvane.conditional.measures import CONDITIONAL_DRIFT
from modelvane.divergences import DIVERGENCES
from modelvane.errors import UnknownNameError
from modelvane.estimates.table import ESTIMATED
from modelvane.findings import Family
from modelvane.measure import Measure, measure_of, of_dataset, series_of
from modelvane.multivariate.measures import MEASURES as MULTIVARIATE
from modelvane.performance import STATISTICS
from modelvane.schema import Kind
from modelvane.statistics import columns, fairness, versions
from modelvane.statistics.base import LabelledStatistic, Statistic
from modelvane.statistics.changes import CHANGES, KITAGAWA
from modelvane.statistics.lists import QUALITY
from modelvane.statistics.recommendation import RECOMMENDATION

DISTANCE = "modelvane_drift_distance"


def measure(name: str, family: Family | None = None) -> Measure:
    """Give the measure of that name; of the first family that has it when none is given.

    Raises
    ------
    UnknownNameError
        When there is none; the error lists those of the family.
    """
    fitting: dict[str, Measure] = {}
    for each in CATALOGUE.values():
        if family in (None, each.family):
            fitting.setdefault(each.name, each)
    try:
        return fitting[name]
    except KeyError:
        raise UnknownNameError.of(f"{family} measure" if family else "measure", name, fitting) from None


def titles() -> dict[str, str]:
    """Give the title of each measure by its name; measures of one name have one title."""
    return {each.name: each.title for each in CATALOGUE.values()}


def _drift() -> Iterator[Measure]:
    for each in DIVERGENCES.values():
        yield Measure(
            name=each.name,
            family=Family.DRIFT,
            title=each.title,
            unit=each.unit,
            source=each.source,
            series=DISTANCE,
            labels=("dataset", "column", "method", "segment"),
            kinds=each.kinds | {kind for kind in Kind if kind.of_entries in each.kinds},
            better="lower",
        )


_TARGET = "a target"
_NEEDS = {
    "regression": f"a numerical prediction, and {_TARGET}",
    "confusion": f"predicted classes or their probabilities, and {_TARGET}",
    "scores": f"probabilities of classes, and {_TARGET}",
    "ranking": f"lists of served items, and {_TARGET} of lists of the items chosen afterwards",
}


def _performance() -> Iterator[Measure]:
    for kind, statistics in STATISTICS.items():
        for each in statistics:
            yield measure_of(Family.PERFORMANCE, each, ("dataset", "segment"), needs=_NEEDS[kind])


def _fairness() -> Iterator[Measure]:
    for gap in (*fairness.CLASSES_BETWEEN, *fairness.ERRORS_BETWEEN):
        yield _of_groups(gap, gap.of)
    for level in (*fairness.CLASSES_BY_GROUP, *fairness.ERRORS_BY_GROUP):
        yield replace(_of_groups(level, (level,)), labels=("dataset", "column", "group"), by="group")


def _of_groups(
    each: fairness.Parity | fairness.GroupMeasure, of: tuple[fairness.GroupMeasure, ...]
) -> Measure:
    if fairness.SELECTION_RATE in of:
        needs = "predicted classes; of probabilities a target, too"
    else:
        needs = _NEEDS["regression" if of[0] in fairness.ERRORS_BY_GROUP else "confusion"]
    return Measure(
        name=each.name,
        family=Family.FAIRNESS,
        title=each.title,
        unit=each.unit,
        source=each.source,
        series=series_of(Family.FAIRNESS, each.name, each.unit),
        labels=("dataset", "column"),
        needs=f"a protected column, and {needs}",
        better=each.better,
    )


def _changes() -> Iterator[Measure]:
    ways = (
        ("mix", "by mix", "what segments do to the change by their share of the rows"),
        ("behaviour", "by behaviour", "what segments do to the change by their own value"),
    )
    for each in CHANGES:
        needs = "predictions that are numbers" if each.kind == "prediction" else _NEEDS[each.kind]
        for way, title, meaning in ways:
            yield Measure(
                name=f"{each.name}_{way}",
                family=Family.CHANGE,
                title=f"{each.title}, change {title}",
                unit=each.unit,
                source=f"{meaning}: {KITAGAWA}",
                series=series_of(Family.CHANGE, f"{each.name}_{way}", each.unit),
                labels=("dataset", "column", "segment"),
                needs=f"segments, and {needs}",
            )


def _estimates() -> Iterator[Measure]:
    for each in chain.from_iterable(ESTIMATED.values()):
        base = measure_of(Family.ESTIMATE, each.of, ("dataset", "segment"), needs=each.needs)
        source = f"{each.of.source}; {each.source}"
        yield replace(base, name=each.name, title=f"{base.title}, estimated", source=source)
        if each.has_error:
            yield replace(
                base,
                name=each.error,
                title=f"{base.title}, error of the estimate",
                source="|estimate - realised|, of the rows that have labels since",
                series=series_of(Family.ESTIMATE, f"error_{each.of.name}", base.unit),
                better="lower",
            )


def _concept() -> Iterator[Measure]:
    for each in CONCEPT:
        series = series_of(Family.CONCEPT, each.name, each.unit)
        yield Measure(family=Family.CONCEPT, series=series, **msgspec.structs.asdict(each))


def _versions() -> Iterator[Measure]:
    for each in versions.measures():
        yield Measure(
            name=each.name,
            family=Family.VERSIONS,
            title=each.title,
            unit=each.unit,
            source=each.source,
            series=series_of(Family.VERSIONS, each.name, each.unit),
            labels=("dataset", "version"),
            needs=f"a version column, and {_NEEDS['regression' if each.is_error else 'confusion']}",
            by="version",
        )


def _recommendation() -> Iterator[Measure]:
    for each in RECOMMENDATION:
        yield measure_of(Family.RECOMMENDATION, each, ("dataset", "segment"), needs="lists of served items")


def _attribution() -> Iterator[Measure]:
    of_all = partial(measure_of, Family.ATTRIBUTION, needs="contributions of features")
    yield from (of_all(each, ("dataset",)) for each in OF_ROWS)
    yield from (of_all(each, ("dataset", "column")) for each in BY_FEATURE)


def _columns() -> Iterator[Measure]:
    numerical, categorical = frozenset({Kind.NUMERICAL}), frozenset({Kind.CATEGORICAL})
    tables: tuple[tuple[Family, frozenset[Kind], Iterable[Statistic[Any] | LabelledStatistic[Any]]], ...] = (
        (Family.PREDICTION, numerical, columns.PREDICTION),
        (Family.PREDICTION, categorical, columns.CATEGORICAL_PREDICTION),
        *((Family.QUALITY, frozenset({kind}), statistics) for kind, statistics in QUALITY.items()),
    )
    for family, kinds, statistics in tables:
        for each in statistics:
            yield measure_of(family, each, ("dataset", "column", "segment"), kinds)


def _multivariate() -> Iterator[Measure]:
    for each in MULTIVARIATE:
        yield of_dataset(
            Family.MULTIVARIATE, each.name, each.title, each.unit, each.source, each.needs, better="lower"
        )
    of_columns = of_dataset(
        Family.MULTIVARIATE,
        CONDITIONAL_DRIFT.name,
        CONDITIONAL_DRIFT.title,
        CONDITIONAL_DRIFT.unit,
        CONDITIONAL_DRIFT.source,
        CONDITIONAL_DRIFT.needs,
        better="lower",
    )
    yield replace(of_columns, labels=("dataset", "column"), kinds=frozenset({Kind.NUMERICAL}))


def _catalogue() -> dict[tuple[Family, str], Measure]:
    found: dict[tuple[Family, str], Measure] = {}
    for each in (
        *_drift(),
        *dataset_measures.DRIFT,
        *_recommendation(),
        *_performance(),
        *dataset_measures.LABELS,
        *_fairness(),
        *_changes(),
        *_attribution(),
        *_estimates(),
        *_concept(),
        *_versions(),
        *_columns(),
        *dataset_measures.ARRIVAL,
        *dataset_measures.OUTLIERS,
        *_multivariate(),
    ):
        key = each.family, each.name
        # a statistic of both kinds of columns stands in two tables
        known = found.get(key)
        found[key] = each if known is None else replace(known, kinds=known.kinds | each.kinds)
    return found


_CATALOGUE = _catalogue()
CATALOGUE: Mapping[tuple[Family, str], Measure] = MappingProxyType(_CATALOGUE)
"""By family and name; `modelvane.own` adds to it."""


def refresh() -> None:
    """Take up what was registered or taken back since."""
    found = _catalogue()
    _CATALOGUE.clear()
    _CATALOGUE.update(found)
