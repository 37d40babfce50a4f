"""How well ranked items meet what was chosen afterwards, at each k.

An answer is an ordered list of served items; relevant is what was chosen after it. Means of hits and precision are over
all labelled answers; recall, MAP, MRR and NDCG have no meaning where nothing was chosen, and their means are over the
answers after which something was.
"""

from __future__ import annotations

from collections.abc import Callable

from modelvane import fixed
from modelvane.statistics import exact
from modelvane.statistics.base import LabelledStatistic, Statistic
from modelvane.tallies.ranking import QUANTUM, RankingTally, Sum
from modelvane.undefined import Undefined, Value

NO_LABELS = "no labelled answers"
NOTHING_CHOSEN = "nothing was chosen after any labelled answer"


def chosen_share(tally: RankingTally) -> Value:
    """Give the share of labelled answers after which at least one item was chosen, served or not."""
    return exact.share(tally.chosen, tally.n, NO_LABELS)


def hit_rate(tally: RankingTally, k: int) -> Value:
    """Give the share of labelled answers with a relevant item among the first k."""
    return exact.share(tally.sum(k, Sum.HIT), tally.n, NO_LABELS)


def precision(tally: RankingTally, k: int) -> Value:
    """Give the mean of relevant items among the first k, divided by k: places that are left empty are misses."""
    return exact.share(tally.sum(k, Sum.HITS), k * tally.n, NO_LABELS)


def recall(tally: RankingTally, k: int) -> Value:
    """Give the mean share of relevant items that are among the first k."""
    return _mean(tally, k, Sum.RECALL)


def mean_average_precision(tally: RankingTally, k: int) -> Value:
    """Give the mean over answers of ``sum(P(i) rel(i)) / min(relevant, k)`` for ranks i up to k."""
    return _mean(tally, k, Sum.PRECISION)


def mean_reciprocal_rank(tally: RankingTally, k: int) -> Value:
    """Give the mean of 1 / rank of the first relevant item among the first k; 0 where there is none."""
    return _mean(tally, k, Sum.RECIPROCAL)


def ndcg(tally: RankingTally, k: int) -> Value:
    """Give the mean of DCG / IDCG, with gains 0 and 1 and the discount ``1 / log2(rank + 1)``.

    IDCG is that of ``min(relevant, k)`` relevant items at the top.
    """
    return _mean(tally, k, Sum.GAIN)


def _mean(tally: RankingTally, k: int, of: Sum) -> Value:
    if not tally.chosen:
        return Undefined(NOTHING_CHOSEN if tally.n else NO_LABELS)
    return fixed.scaled(tally.sum(k, of), QUANTUM) / tally.chosen


def _at_each(function: Callable[[RankingTally, int], Value]) -> Callable[[RankingTally], dict[str, Value]]:
    return lambda tally: {str(k): function(tally, k) for k in tally.ruler.ks}


def _at_k(
    name: str, title: str, function: Callable[[RankingTally, int], Value], source: str
) -> LabelledStatistic[RankingTally]:
    return LabelledStatistic(name, title, _at_each(function), "ratio", source, "k", "higher")


RANKING: tuple[Statistic[RankingTally] | LabelledStatistic[RankingTally], ...] = (
    Statistic(
        "chosen_share",
        "Answers that something was chosen after",
        chosen_share,
        "ratio",
        "labelled answers with a relevant item / labelled answers",
    ),
    _at_k("hit_rate", "Hit rate at k", hit_rate, "answers with a relevant item in the first k / answers"),
    _at_k("precision_at_k", "Precision at k", precision, "mean(relevant items in the first k / k)"),
    _at_k("recall_at_k", "Recall at k", recall, "mean(relevant items in the first k / relevant items)"),
    _at_k(
        "mean_average_precision",
        "MAP at k",
        mean_average_precision,
        "mean(sum(P(i) rel(i), i to k) / min(relevant items, k))",
    ),
    _at_k("mean_reciprocal_rank", "MRR at k", mean_reciprocal_rank, "mean(1 / rank of the first hit, to k)"),
    _at_k("ndcg", "NDCG at k", ndcg, "mean(DCG / IDCG), 1 / log2(rank + 1): Järvelin and Kekäläinen, 2002"),
)
