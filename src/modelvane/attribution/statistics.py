"""What is said of contributions: pure functions of their tallies."""

from __future__ import annotations

from typing import NamedTuple

from modelvane.attribution.ranking import rank_distance
from modelvane.attribution.tally import ContributionTally, FeatureSums
from modelvane.statistics.base import Statistic
from modelvane.statistics.columns import NO_ROWS
from modelvane.undefined import Undefined, Value

_NONE = "no row has a contribution"


class OfFeature(NamedTuple):
    """The sums of one feature, and their unit."""

    sums: FeatureSums
    quantum: float


class Pair(NamedTuple):
    """What is compared."""

    reference: ContributionTally
    current: ContributionTally


def _mean_absolute(of: OfFeature) -> Value:
    found = of.sums.mean_absolute(of.quantum)
    return Undefined(_NONE) if found is None else found


def _mean(of: OfFeature) -> Value:
    found = of.sums.mean(of.quantum)
    if found is None:
        return Undefined(_NONE)
    # contributions are known to a quantum: less than that is none
    return found if abs(found) >= of.quantum else 0.0


def _coverage(tally: ContributionTally) -> Value:
    return tally.complete / tally.n if tally.n else Undefined(NO_ROWS)


def _rank_distance(pair: Pair) -> Value:
    reference, current = pair.reference.mean_sizes(), pair.current.mean_sizes()
    if not pair.current.n:
        return Undefined(NO_ROWS)
    if current is None:
        lacking = [name for name, sums in zip(*pair.current.by_feature, strict=True) if not sums.n]
        return Undefined(f"no row has a contribution of {', '.join(lacking)}")
    if reference is None:
        return Undefined("the reference has features without contributions")
    if len(reference) < 2:
        return Undefined("one feature has no order")
    if not reference.any():
        return Undefined("no feature contributes in the reference")
    return rank_distance(reference, current)


MEAN_ABSOLUTE = Statistic(
    "mean_absolute_contribution",
    "Size of the contributions",
    _mean_absolute,
    "",
    "mean of |contribution|",
)
MEAN = Statistic("mean_contribution", "Mean contribution", _mean, "", "sum of contributions / rows")
COVERAGE = Statistic(
    "contribution_coverage",
    "Rows with contributions",
    _coverage,
    "ratio",
    "rows whose contributions are all known / rows",
    better="higher",
)
RANK_DISTANCE = Statistic(
    "rank_distance",
    "Distance of the order of features",
    _rank_distance,
    "ratio",
    "1 - NDCG of the features by mean |contribution|, those of the reference as gains: Järvelin and Kekäläinen, 2002",
    better="lower",
)

BY_FEATURE = (MEAN_ABSOLUTE, MEAN)
"""Functions of `OfFeature`."""
OF_ROWS = (COVERAGE, RANK_DISTANCE)
"""Functions of a tally, and of a `Pair`."""
