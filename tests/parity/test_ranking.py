"""Statistics of answers: scikit-learn's ranking functions, and their definitions written out row by row."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics
from tests.laws.regrouping import values_of

from modelvane.ruler import CategoricalRuler, ListRuler
from modelvane.statistics.ranking import RANKING
from modelvane.statistics.recommendation import exposure_gini
from modelvane.tallies.list_column import Lists
from modelvane.tallies.list_tally import ListTally
from modelvane.tallies.ranking import QUANTUM, RankingRuler, RankingTally
from modelvane.tallies.recommendation import RecommendationTally
from modelvane.undefined import Undefined

CATALOGUE = 30
KNOWN = CategoricalRuler(tuple(f"p{i}" for i in range(CATALOGUE - 5)))
ITEMS = ListRuler(KNOWN)
KS = (1, 3, 5, 10)
Rows = list[tuple[list[str], list[str]]]


def _tally(rows: Rows) -> RankingTally:
    served, chosen = (Lists.of(ITEMS, [row[side] for row in rows]) for side in (0, 1))
    return RankingTally.of(RankingRuler(KS), KNOWN, served, chosen)


def _by_definition(rows: Rows, k: int) -> dict[str, float]:
    sums = dict.fromkeys(("hit_rate", "precision_at_k", "recall", "map", "mrr", "ndcg"), 0.0)
    for served, chosen in rows:
        wanted, seen, hits = set(chosen), set(), []
        for item in served[:k]:
            hits.append(item in wanted and item not in seen)
            seen.add(item)
        sums["hit_rate"] += any(hits)
        sums["precision_at_k"] += sum(hits) / k
        if wanted:
            best = min(len(wanted), k)
            sums["recall"] += sum(hits) / len(wanted)
            sums["map"] += sum(sum(hits[: i + 1]) / (i + 1) for i, hit in enumerate(hits) if hit) / best
            sums["mrr"] += next((1 / (i + 1) for i, hit in enumerate(hits) if hit), 0.0)
            gain = sum(1 / math.log2(i + 2) for i, hit in enumerate(hits) if hit)
            sums["ndcg"] += gain / sum(1 / math.log2(i + 2) for i in range(best))
    relevant = sum(bool(chosen) for _, chosen in rows)
    of_all = ("hit_rate", "precision_at_k")
    return {name: total / (len(rows) if name in of_all else relevant) for name, total in sums.items()}


NAMES = {"recall": "recall_at_k", "map": "mean_average_precision", "mrr": "mean_reciprocal_rank"}
LISTS = st.lists(st.integers(0, CATALOGUE - 1).map("p{}".format), max_size=12)


@given(st.lists(st.tuples(LISTS, LISTS), min_size=1, max_size=20))
def test_measures_at_k_are_their_definitions(rows: Rows) -> None:
    """Hit rate, precision, recall, MAP, MRR and NDCG at k are what a loop over answers gives, repeats among them."""
    rows = [*rows, (["p1"], ["p2"])]
    found = values_of(RANKING, _tally(rows))
    for k in KS:
        for name, value in _by_definition(rows, k).items():
            assert found[f"{NAMES.get(name, name)}/{k}"] == pytest.approx(value, abs=len(rows) * QUANTUM)


def _ranked_answers(n: int) -> tuple[Rows, np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Give answers that rank the whole catalogue, and the same as relevance and scores per item."""
    rng = np.random.default_rng(5)
    names = [f"p{i}" for i in range(CATALOGUE)]
    scores = rng.random((n, CATALOGUE))
    relevance = (rng.random((n, CATALOGUE)) < 0.15).astype(int)
    relevance[:, 0] |= relevance.sum(axis=1) == 0
    rows = [
        ([names[i] for i in np.argsort(-score)], [names[i] for i in np.flatnonzero(wanted)])
        for score, wanted in zip(scores, relevance, strict=True)
    ]
    return rows, relevance, scores


@pytest.mark.parametrize("k", KS)
def test_ndcg_is_that_of_scikit_learn(k: int) -> None:
    """NDCG at k agrees with `ndcg_score`."""
    rows, relevance, scores = _ranked_answers(300)
    found = values_of(RANKING, _tally(rows))[f"ndcg/{k}"]
    assert found == pytest.approx(metrics.ndcg_score(relevance, scores, k=k), abs=1e-9)


def test_map_of_whole_rankings_is_that_of_scikit_learn() -> None:
    """MAP over rankings of the whole catalogue is the mean of `label_ranking_average_precision_score`."""
    rows, relevance, scores = _ranked_answers(200)
    served, chosen = (Lists.of(ITEMS, [row[side] for row in rows]) for side in (0, 1))
    tally = RankingTally.of(RankingRuler((CATALOGUE,)), KNOWN, served, chosen)
    found = values_of(RANKING, tally)[f"mean_average_precision/{CATALOGUE}"]
    assert found == pytest.approx(metrics.label_ranking_average_precision_score(relevance, scores), abs=1e-9)


@pytest.mark.parametrize("k", KS)
def test_hit_rate_with_one_relevant_item_is_top_k_accuracy(k: int) -> None:
    """With one relevant item each, hit rate at k is `top_k_accuracy_score`."""
    rng = np.random.default_rng(6)
    scores, target = rng.random((400, CATALOGUE)), rng.integers(0, CATALOGUE, 400)
    rows = [
        ([f"p{i}" for i in np.argsort(-score)], [f"p{wanted}"])
        for score, wanted in zip(scores, target, strict=True)
    ]
    truth = metrics.top_k_accuracy_score(target, scores, k=k, labels=range(CATALOGUE))
    assert values_of(RANKING, _tally(rows))[f"hit_rate/{k}"] == truth


@given(st.lists(LISTS, max_size=20))
def test_gini_is_its_definition(served: list[list[str]]) -> None:
    """The Gini coefficient is the mean absolute difference of all pairs of items over twice the mean."""
    tally = RecommendationTally.of(ListTally.of(ITEMS, Lists.of(ITEMS, served)), fallback="popular")
    counts = np.array([sum(one.count(name) for one in served) for name in KNOWN.names], float)
    found = exposure_gini(tally)
    if not counts.any():
        assert isinstance(found, Undefined)
        return
    differences = np.abs(counts[:, None] - counts[None, :]).mean()
    assert found == pytest.approx(differences / (2 * counts.mean()))
