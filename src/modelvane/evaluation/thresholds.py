"""Which fixed limits have something to judge."""

from __future__ import annotations

from collections.abc import Iterable

from modelvane.attribution.ruler import NAME
from modelvane.attribution.statistics import OF_ROWS
from modelvane.conditional import NAME as CONDITIONAL
from modelvane.conditional import ConditionalRuler
from modelvane.conditional.measures import CONDITIONAL_DRIFT
from modelvane.errors import UnknownNameError
from modelvane.estimates.losses import LOSSES
from modelvane.estimates.table import ESTIMATED
from modelvane.fairness import rulers_of
from modelvane.findings import limit_of
from modelvane.multivariate.measures import MEASURES
from modelvane.performance import STATISTICS
from modelvane.reference import Reference
from modelvane.schema import Kind, Task
from modelvane.settings import Protected
from modelvane.statistics.base import LabelledStatistic, Statistic
from modelvane.statistics.lists import QUALITY
from modelvane.statistics.recommendation import RECOMMENDATION

ARRIVAL = (
    "window_rows",
    "duplicate_ids",
    "missing_columns",
    "unexpected_columns",
    "late_rows",
    "last_row_age",
    "rows_per_second",
    "outlier_share",
)
"""Measures of rows as a whole."""
LABELLING = ("label_coverage", "label_lag")
"""Measures of how labels come in."""


def check_thresholds(keys: Iterable[str], reference: Reference, fairness: Iterable[Protected] = ()) -> None:
    """Check that each limit is of something that is judged: a limit that does nothing is a false comfort.

    A column's name limits its drift, ``column.measure`` its quality (not that of the target, which rows lack) or
    its conditional drift. A
    measure of performance, of labels, of arrival or between groups is limited by its own name. Measures with a value
    per class, group or quantile have no limits; of one per k, ``measure@k`` is limited, as ``ndcg@10``.

    Raises
    ------
    UnknownNameError
        With the nearest key that has an effect.
    ConfigError
        For a protected column that the reference knows nothing of.
    """
    columns = {column.name: column.kind for column in reference.schema.measured}
    bare = {*ARRIVAL, *_performance(reference), *_recommendation(reference), *_estimates(reference)}
    bare |= {each.name for each in OF_ROWS} if NAME in reference.row_rulers else set()
    bare |= {each.name for each in MEASURES if each.of in reference.row_rulers}
    bare |= {parity.name for ruler in rulers_of(fairness, reference) for parity in ruler.between}
    for key in keys:
        if key in columns or key in bare:
            continue
        column, dot, measure = key.rpartition(".")
        if dot and column in columns:
            known = _of_column(reference, column, columns[column])
            if measure not in known:
                raise UnknownNameError.of(f"measure in thresholds.{key}", measure, known)
            continue
        of_columns = {
            f"{name}.{key}" for name, kind in columns.items() if key in _of_column(reference, name, kind)
        }
        raise UnknownNameError.of("column or measure in thresholds", key, {*columns, *bare, *of_columns})


def _of_column(reference: Reference, column: str, kind: Kind | None) -> set[str]:
    return _quality(reference, column, kind) | _conditional(reference, column)


def _conditional(reference: Reference, column: str) -> set[str]:
    ruler = reference.row_rulers.get(CONDITIONAL)
    is_judged = isinstance(ruler, ConditionalRuler) and column in ruler.relations
    return {CONDITIONAL_DRIFT.name} if is_judged else set()


def _performance(reference: Reference) -> set[str]:
    if reference.performance is None:
        return set()
    kinds = reference.tally.performance
    known = [each for kind in kinds for each in STATISTICS[kind]]
    judged = {each.name for each in known if isinstance(each, Statistic)}
    ranking = reference.performance.ranking
    for k in ranking.ks if ranking is not None else ():
        judged |= {limit_of(each.name, str(k)) for each in known if isinstance(each, LabelledStatistic)}
    return judged | set(LABELLING)


def _estimates(reference: Reference) -> set[str]:
    if "scores" in reference.tally.performance:
        task = Task.CLASSIFICATION
    elif LOSSES in reference.row_rulers:
        task = Task.REGRESSION
    else:
        return set()
    return {name for each in ESTIMATED[task] if each.has_error for name in (each.name, each.error)}


def _recommendation(reference: Reference) -> set[str]:
    return set() if reference.counter.recommendation is None else {each.name for each in RECOMMENDATION}


def _quality(reference: Reference, column: str, kind: Kind | None) -> set[str]:
    target = reference.schema.target
    if target is not None and target.name == column:
        return set()
    known = () if kind is None else QUALITY[kind]
    return {each.name for each in known if isinstance(each, Statistic)}
