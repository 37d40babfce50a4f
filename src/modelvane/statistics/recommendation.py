"""What a recommender serves, labelled or not: how often for want of better, to whom, how varied, how often again."""

from __future__ import annotations

import numpy as np

from modelvane.statistics import columns, exact
from modelvane.statistics.base import Statistic
from modelvane.tallies.recommendation import RecommendationTally
from modelvane.undefined import Undefined, Value

NO_ANSWERS = "no answers in the window"
NOTHING_SERVED = "nothing was served in the window"
NO_ORIGINS = "the origins of served items are not logged"
NO_SCORES = "the scores of served items are not logged"
NO_SUBJECTS = "subjects are not logged"
NO_UNKNOWN = "whether a subject is unknown is not logged"
NO_CATALOGUE = "nothing was served in the reference"


def items_per_answer(tally: RecommendationTally) -> Value:
    """Give the mean number of served items, empty answers among them."""
    return exact.share(tally.items.n, tally.answers.lists, NO_ANSWERS)


def empty_share(tally: RecommendationTally) -> Value:
    """Give the share of answers without any item."""
    return exact.share(tally.answers.empty, tally.answers.lists, NO_ANSWERS)


def unknown_share(tally: RecommendationTally) -> Value:
    """Give the share of answers whose subject the model did not know."""
    if tally.unknown is None:
        return Undefined(NO_UNKNOWN)
    code = tally.unknown.ruler.code("true")
    # a reference without unknown subjects has no such category: then it is among the unseen, held by name
    known = int(tally.unknown.counts[code]) if code != tally.unknown.ruler.unseen else _unseen(tally)
    return exact.share(known, tally.unknown.n, NO_ANSWERS)


def _unseen(tally: RecommendationTally) -> int:
    assert tally.unknown is not None  # noqa: S101 - asked by the caller
    return sum(count for count, name in tally.unknown.unseen.values() if name == "true")


def fallback_share(tally: RecommendationTally) -> Value:
    """Give the share of served items whose origin is the fallback."""
    origins = tally.origins
    if origins is None:
        return Undefined(NO_ORIGINS)
    code = origins.ruler.code(tally.fallback)
    if code != origins.ruler.unseen:
        found = int(origins.counts[code])
    else:
        found = sum(count for count, name in origins.unseen.values() if name == tally.fallback)
    return exact.share(found, origins.n, NOTHING_SERVED)


def catalogue_coverage(tally: RecommendationTally) -> Value:
    """Give the share of the catalogue that was served at least once.

    The catalogue is every item that was served, or chosen afterwards, in the reference. Items that it does not have
    are left out of both counts.
    """
    counts = tally.items.counts[:-1]
    if not tally.answers.lists:
        return Undefined(NO_ANSWERS)
    return exact.share(int(np.count_nonzero(counts)), len(counts), NO_CATALOGUE)


def exposure_gini(tally: RecommendationTally) -> Value:
    """Give how unequally the items of the catalogue are served: 0 when all alike, near 1 when few get everything.

    ``sum((2 i - n - 1) x_i) / (n sum(x))`` over the n items of the catalogue in order of how often each was served,
    those that never were among them.
    """
    counts = np.sort(tally.items.counts[:-1])
    n, served = len(counts), int(counts.sum())
    weights = 2 * np.arange(1, n + 1, dtype=np.int64) - n - 1
    return exact.share(int(weights @ counts), n * served, NOTHING_SERVED)


def repeat_share(tally: RecommendationTally) -> Value:
    """Give the share of served items that the same subject was served before, within the same rows.

    ``1 - pairs / served`` over pairs of subject and item: exact while there are fewer than 1024 of them, then from a
    random sample of as many, each counted in full (see `repeat_error`).
    """
    repeats = tally.repeats
    if repeats is None:
        return Undefined(NO_SUBJECTS)
    return exact.share(repeats.served - len(repeats.hashes), repeats.served, NOTHING_SERVED)


def repeat_error(tally: RecommendationTally) -> float:
    """Give twice the standard error of `repeat_share`; 0 while it is exact."""
    return 0.0 if tally.repeats is None else 2 * tally.repeats.standard_error


def mean_score(tally: RecommendationTally) -> Value:
    """Give the mean score of served items."""
    if tally.scores is None:
        return Undefined(NO_SCORES)
    return columns.mean(tally.scores) if tally.scores.n else Undefined(NOTHING_SERVED)


RECOMMENDATION: tuple[Statistic[RecommendationTally], ...] = (
    Statistic(
        "items_per_answer", "Items per answer", items_per_answer, "", "served items / answers", "higher"
    ),
    Statistic(
        "empty_share", "Empty answers", empty_share, "ratio", "answers without items / answers", "lower"
    ),
    Statistic(
        "unknown_share",
        "Unknown subjects",
        unknown_share,
        "ratio",
        "answers whose subject is unknown / answers",
        "lower",
    ),
    Statistic(
        "fallback_share",
        "Fallback items",
        fallback_share,
        "ratio",
        "served items whose origin is the fallback / served items",
        "lower",
    ),
    Statistic(
        "catalogue_coverage",
        "Catalogue coverage",
        catalogue_coverage,
        "ratio",
        "items of the reference's catalogue that were served / its items",
        "higher",
    ),
    Statistic(
        "exposure_gini",
        "Concentration of items served (Gini)",
        exposure_gini,
        "ratio",
        "sum((2 i - n - 1) x_i) / (n sum(x)) over the catalogue, in order of x; Gini, 1912",
        "lower",
    ),
    Statistic(
        "repeat_share",
        "Repeated recommendations",
        repeat_share,
        "ratio",
        "1 - pairs of subject and item / served items",
        "lower",
        repeat_error,
    ),
    Statistic("mean_score", "Mean score of served items", mean_score, "column", "sum(score) / served items"),
)
