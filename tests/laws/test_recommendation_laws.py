"""Laws of what is remembered of a recommender's answers: lists, repeats, and ranked items against chosen ones."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws.answers import answers, reference_of
from tests.laws.regrouping import assert_finite_or_reasoned, regrouped, slices
from tests.laws.strategies import CATEGORIES, NUMBERS, RANDOMS

from modelvane.casting import Categories, Fault, as_categories
from modelvane.engines.count import count
from modelvane.engines.source import TableSource
from modelvane.errors import TallyMismatchError
from modelvane.findings import Findings, Verdict
from modelvane.monitor import Monitor
from modelvane.reference import Reference
from modelvane.ruler import CategoricalRuler, ListRuler, NumericalRuler
from modelvane.settings import Settings, Window
from modelvane.statistics.lists import ITEMS_QUALITY, SCORES_QUALITY
from modelvane.statistics.ranking import RANKING
from modelvane.statistics.recommendation import RECOMMENDATION
from modelvane.table import Table
from modelvane.tallies import repeats
from modelvane.tallies.categorical import Codes
from modelvane.tallies.codec import dumps, loads
from modelvane.tallies.list_column import Lists
from modelvane.tallies.list_tally import ListTally
from modelvane.tallies.ranking import RankingRuler, RankingTally
from modelvane.tallies.recommendation import RecommendationTally
from modelvane.tallies.repeats import RepeatTally
from modelvane.undefined import Undefined
from modelvane.windows.lists import ListsRing

KNOWN = CategoricalRuler(("a", "b", "c", "1"))
ITEMS = ListRuler(KNOWN)
SCORES = ListRuler(NumericalRuler.of(np.array([0.0, 0.25, 0.5, 1.0])))
NO_LISTS = st.sampled_from([None, float("nan"), "a", 3, {"a": 1}, [["a"]], True])
ITEM = st.sampled_from(["a", "b", "c", 1, "new", "newer"])
HOSTILE = st.one_of(NO_LISTS, st.lists(CATEGORIES, max_size=5), st.lists(ITEM, max_size=8))
ITEM_ROWS = st.lists(HOSTILE, max_size=25)
SCORE_ROWS = st.lists(
    st.one_of(NO_LISTS, st.lists(NUMBERS, max_size=5), st.lists(st.floats(0, 1), max_size=8)), max_size=25
)
PAIRS = st.lists(st.tuples(HOSTILE, HOSTILE), max_size=25)
RANKS = RankingRuler((1, 3, 7))


def _ranked(rows: list[tuple[Any, Any]]) -> RankingTally:
    served, chosen = (Lists.of(ITEMS, [row[side] for row in rows]) for side in (0, 1))
    return RankingTally.of(RANKS, KNOWN, served, chosen)


def _repeated(rows: list[tuple[Any, Any]]) -> RepeatTally:
    subjects = Codes.of(KNOWN, as_categories([row[0] for row in rows]))
    return RepeatTally.of((KNOWN, KNOWN), subjects, Lists.of(ITEMS, [row[1] for row in rows]))


# ------------------------------------------------------------------------------- lists


@given(st.one_of(st.tuples(st.just(ITEMS), ITEM_ROWS), st.tuples(st.just(SCORES), SCORE_ROWS)), RANDOMS)
def test_lists_add_to_the_whole_in_any_grouping(case: tuple[ListRuler, list[Any]], random: Random) -> None:
    """Tallies of parts of a column of lists add up to that of the whole, and survive the way through bytes."""
    ruler, rows = case
    parts = [ListTally.of(ruler, Lists.of(ruler, rows[part])) for part in slices(len(rows), random)]
    whole = ListTally.of(ruler, Lists.of(ruler, rows))
    assert regrouped([*parts, ListTally.zero(ruler)], random) == whole
    assert whole.rows == len(rows)
    facts, arrays = loads(dumps("list", whole.facts(), whole.arrays()), "list")
    assert ListTally.from_arrays(ruler, facts, arrays) == whole
    assert_finite_or_reasoned(ITEMS_QUALITY if ruler is ITEMS else SCORES_QUALITY, whole)


@given(ITEM_ROWS)
def test_a_list_counts_as_a_whole_or_not_at_all(rows: list[Any]) -> None:
    """A list with an entry that is no id is of the wrong type, and none of its entries is counted."""
    column = Lists.of(ITEMS, rows)
    for row, fault, length in zip(rows, column.faults.tolist(), column.lengths.tolist(), strict=True):
        if isinstance(row, list) and (as_categories(row).codes >= 0).all():
            assert (fault, length) == (Fault.NONE, len(row))
        else:
            assert fault in (Fault.MISSING, Fault.WRONG_TYPE)
            assert length == 0
            assert (fault == Fault.MISSING) == (row is None or row != row)  # noqa: PLR0124 - true for NaN


@given(st.lists(st.one_of(st.none(), st.lists(st.one_of(st.none(), st.text(max_size=3)), max_size=4))))
def test_lists_of_arrow_are_those_of_python(rows: list[Any]) -> None:
    """A column of lists counts the same from Arrow, whole or sliced, as from Python."""
    array = pa.array(rows, pa.list_(pa.string()))
    whole = ListTally.of(ITEMS, Lists.of(ITEMS, rows))
    for column in (pa.chunked_array([array]), pa.chunked_array([array[:2], array[2:]])):
        assert ListTally.of(ITEMS, Lists.of(ITEMS, column)) == whole
    large = pa.chunked_array([array.cast(pa.large_list(pa.string()))])
    assert ListTally.of(ITEMS, Lists.of(ITEMS, large)) == whole


@given(ITEM_ROWS, RANDOMS)
def test_taken_rows_are_those_rows(rows: list[Any], random: Random) -> None:
    """Rows that are taken, by index or by slice, count as those rows alone."""
    column = Lists.of(ITEMS, rows)
    index = [random.randrange(len(rows)) for _ in rows]
    taken = column.take(np.array(index, np.intp))
    assert ListTally.of(ITEMS, taken) == ListTally.of(ITEMS, Lists.of(ITEMS, [rows[i] for i in index]))
    assert ListTally.of(ITEMS, column.take(slice(1, 4))) == ListTally.of(ITEMS, Lists.of(ITEMS, rows[1:4]))


@given(st.lists(ITEM_ROWS, max_size=6), st.integers(1, 30))
def test_a_ring_gives_back_the_last_lists(batches: list[list[Any]], capacity: int) -> None:
    """What a ring holds is what was written to its slots last."""
    ring, kept = ListsRing(ITEMS, capacity), [None] * capacity
    at = 0
    for batch in batches:
        rows = batch[-capacity:]
        slots = np.arange(at, at + len(rows)) % capacity
        ring.write(slots, Lists.of(ITEMS, rows))
        for slot, row in zip(slots.tolist(), rows, strict=True):
            kept[slot] = row
        at += len(rows)
    assert ListTally.of(ITEMS, ring.read(np.arange(capacity))) == ListTally.of(ITEMS, Lists.of(ITEMS, kept))


def test_ever_new_items_do_not_fill_the_memory() -> None:
    """A ring of lists remembers the names of items that it holds, give or take what came since it last looked."""
    ring = ListsRing(ITEMS, 10)
    for number in range(3_000):
        ring.write(np.array([number % 10]), Lists.of(ITEMS, [[f"new {number}", "a"]]))
    held = ring.read(np.arange(10))
    assert isinstance(held.values, Codes)
    assert len(held.values.unseen) < 1_500
    names = [*KNOWN.names, *held.values.unseen]
    assert {names[code] for code in held.values.codes} == {"a", *(f"new {n}" for n in range(2_990, 3_000))}


# ----------------------------------------------------------------------------- repeats


SUBJECTS = st.lists(st.tuples(CATEGORIES, HOSTILE), max_size=25)


@given(SUBJECTS, st.integers(1, 12), RANDOMS)
def test_repeats_add_to_the_whole_in_any_grouping(
    rows: list[tuple[Any, Any]], keep: int, random: Random
) -> None:
    """Tallies of parts add up to that of the whole, also where they hold a sample of the pairs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repeats, "KEEP", keep)
        parts = [_repeated(rows[part]) for part in slices(len(rows), random)]
        whole = _repeated(rows)
        assert regrouped([*parts, RepeatTally.zero()], random) == whole
    assert RepeatTally.from_arrays(whole.arrays()) == whole


@given(SUBJECTS)
def test_repeats_are_counted_exactly_while_they_are_few(rows: list[tuple[Any, Any]]) -> None:
    """While all pairs are held, what was served again is what a plain count of pairs says."""
    names: list[tuple[str, str]] = []
    for subject, served in rows:
        known, items = _names(as_categories([subject])), _names_of_list(served)
        names += [(known[0], item) for item in items if known]
    tally = _repeated(rows)
    assert (tally.served, len(tally.hashes)) == (len(names), len(set(names)))
    assert tally.standard_error == 0


def _names_of_list(served: Any) -> list[str]:
    if not isinstance(served, list):
        return []
    found = as_categories(served)
    return _names(found) if (found.codes >= 0).all() else []


def _names(found: Categories) -> list[str]:
    return [found.names[code] for code in found.codes.tolist() if code >= 0]


def test_a_sample_of_the_pairs_tells_the_share_of_repeats() -> None:
    """Beyond what is held, the share is within its error bound of the true one, and its size does not grow."""
    rng = np.random.default_rng(3)
    subjects = [f"s{n}" for n in rng.integers(0, 300, 20_000)]
    served = [[f"p{n}"] for n in (rng.random(20_000) ** 3 * 200).astype(int)]
    tally = _repeated(list(zip(subjects, served, strict=True)))
    pairs = {(subject, items[0]) for subject, items in zip(subjects, served, strict=True)}
    truth = 1 - len(pairs) / len(subjects)
    assert len(tally.hashes) == repeats.KEEP
    found = 1 - len(tally.hashes) / tally.served
    assert abs(found - truth) < 2 * tally.standard_error < 0.05


# ----------------------------------------------------------------------------- ranking


@given(PAIRS, RANDOMS)
def test_ranked_answers_add_to_the_whole_in_any_grouping(rows: list[tuple[Any, Any]], random: Random) -> None:
    """Tallies of parts add up, bit for bit, to that of the whole; the order of answers does not matter."""
    parts = [_ranked(rows[part]) for part in slices(len(rows), random)]
    whole = _ranked(rows)
    assert regrouped([*parts, RankingTally.zero(RANKS)], random) == whole
    assert _ranked(random.sample(rows, len(rows))) == whole
    assert whole.rows == len(rows)
    facts, arrays = loads(dumps("ranking", whole.facts(), whole.arrays()), "ranking")
    assert RankingTally.from_arrays(RANKS, facts, arrays) == whole
    assert_finite_or_reasoned(RANKING, whole)


def test_tallies_at_different_k_do_not_add() -> None:
    """Sums at other k are sums of something else."""
    with pytest.raises(TallyMismatchError, match="different k"):
        RankingTally.zero(RANKS) + RankingTally.zero(RankingRuler((1, 3)))


def test_without_labels_or_purchases_ranking_says_why() -> None:
    """No labelled answers, or none that anything was chosen after: undefined with the reason, not 0."""
    at = {each.name: each for each in RANKING}
    nothing, never = RankingTally.zero(RANKS), _ranked([(["a"], [])])
    assert at["hit_rate"].function(nothing) == dict.fromkeys(
        ("1", "3", "7"), Undefined("no labelled answers")
    )
    assert at["hit_rate"].function(never) == dict.fromkeys(("1", "3", "7"), 0.0)
    assert at["ndcg"].function(never) == dict.fromkeys(
        ("1", "3", "7"), Undefined("nothing was chosen after any labelled answer")
    )


# ---------------------------------------------------------------------- the whole watch


@pytest.fixture(scope="module")
def reference() -> Reference:
    """Two hundred answers in order of time, some of them nobody's."""
    return reference_of(answers(np.random.default_rng(1), 200), segments=["kind"])


def test_nothing_logged_beside_the_items_is_undefined_with_a_reason() -> None:
    """A recommender that logs its items alone is described by them, and what is not logged says so."""
    column = ListTally.of(ITEMS, Lists.of(ITEMS, [["a", "b"], []]))
    tally = RecommendationTally.of(column, fallback="popular")
    found = {each.name: each.function(tally) for each in RECOMMENDATION}
    lacking = ("unknown_share", "fallback_share", "repeat_share", "mean_score")
    assert [name for name, value in found.items() if isinstance(value, Undefined)] == list(lacking)
    assert (found["items_per_answer"], found["empty_share"], found["catalogue_coverage"]) == (1.0, 0.5, 0.5)
    nothing = RecommendationTally.of(ListTally.zero(ITEMS), fallback="popular")
    assert all(isinstance(each.function(nothing), Undefined) for each in RECOMMENDATION)


def test_what_the_reference_never_had_is_found_by_name() -> None:
    """Unknown subjects and fallback items are counted though the reference has neither."""
    calm = answers(np.random.default_rng(2), 60)
    for row in calm:
        row |= {"unknown": False, "origins": ["neighbour"] * len(row["served"])}
    monitor = Monitor("reco", reference_of(calm), window=4)
    monitor.push(
        [{**calm[1], "id": n, "unknown": n > 0, "served": ["p1"], "origins": ["popular"]} for n in range(4)]
    )
    found = monitor.findings()
    assert _value(found, "unknown_share") == 0.75
    assert _value(found, "fallback_share") == 1.0


def test_a_reference_of_answers_comes_back_from_its_bytes(reference: Reference) -> None:
    """Catalogue, lists, repeats and ranking survive in the file, and no row is in it."""
    again = Reference.from_bytes(reference.to_bytes())
    assert again.to_bytes() == reference.to_bytes()
    assert again.tally == reference.tally
    facts = str(loads(reference.to_bytes(), "reference")[0])
    assert "answer 7" not in facts
    assert "customer 7" not in facts


def test_live_rows_a_batch_and_merged_parts_give_the_same_findings(reference: Reference) -> None:
    """A window of rows, panes of a time window and a counted table agree in everything that is measured of answers."""
    rows = answers(np.random.default_rng(9), 150)
    batch = count(TableSource(Table.of(rows)), reference, now=0.0).window
    live = Monitor("reco", reference, Settings(Window(rows=150)))
    panes = Monitor("reco", reference, Settings(Window(rows=150, seconds=200_000.0, panes=13)))
    for monitor in (live, panes):
        for at in range(0, 150, 40):
            part = rows[at : at + 40]
            monitor.push([{key: row[key] for key in row if key != "bought"} for row in part])
            monitor.label([row["id"] for row in part], [row["bought"] for row in part])
        window = monitor.tally()
        assert window.rows == batch.rows
        assert window.labelled == batch.labelled


def test_segments_of_answers_have_their_own_measures(reference: Reference) -> None:
    """What is served is also told of each kind of question."""
    monitor = Monitor("reco", reference, window=90)
    monitor.push(answers(np.random.default_rng(4), 90))
    found = monitor.findings()
    for segment in (None, "kind=user", "kind=item"):
        assert found.get("catalogue_coverage", segment=segment) is not None
        assert found.get("ndcg", segment=segment, label="5") is not None


def test_limits_of_answers_and_of_ranks_are_judged(reference: Reference) -> None:
    """A measure of answers is limited by its name, one per k by ``measure@k``, on its worse side."""
    limits = {"fallback_share": 0.9, "catalogue_coverage": 0.99, "ndcg@5": 0.9, "hit_rate@1": 0.0001}
    monitor = Monitor("reco", reference, Settings(Window(rows=90), thresholds=limits))
    monitor.push(answers(np.random.default_rng(4), 90))
    found = monitor.findings()
    verdicts = {
        (name, label): one.verdict
        for name, label in (
            ("fallback_share", None),
            ("catalogue_coverage", None),
            ("ndcg", "5"),
            ("hit_rate", "1"),
        )
        if (one := found.get(name, label=label)) is not None
    }
    assert verdicts == {
        ("fallback_share", None): Verdict.OK,
        ("catalogue_coverage", None): Verdict.ALARM,
        ("ndcg", "5"): Verdict.ALARM,
        ("hit_rate", "1"): Verdict.OK,
    }


def test_a_label_that_says_other_items_is_a_change(reference: Reference) -> None:
    """Lists are one label when they have the same items in the same order; else the later one counts."""
    monitor = Monitor("reco", reference, window=9)
    monitor.push([{"id": "x", "served": ["p1", "p2"], "subject": "customer 1"}])
    assert monitor.label(["x"], [["p9"]]).matched == 1
    assert monitor.label(["x"], [["p9"]]).repeated == 1
    assert monitor.label(["x"], [["p1"]]).changed == 1
    assert _value(monitor.findings(), "hit_rate", "1") == 1.0


def _value(found: Findings, measure: str, label: str | None = None) -> float | None:
    one = found.get(measure, label=label)
    assert one is not None
    return one.value
