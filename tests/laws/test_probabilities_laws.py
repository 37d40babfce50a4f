"""Laws of the score tally."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws.regrouping import assert_finite_or_reasoned, regrouped, slices, values_of

from modelvane.casting import Categories, Numbers, as_categories, as_numbers
from modelvane.errors import SchemaError, TallyMismatchError
from modelvane.statistics.probabilities import PROBABILITIES
from modelvane.tallies.codec import dumps, loads
from modelvane.tallies.scores import ScoreRuler, ScoreTally
from modelvane.undefined import Undefined

BINARY, SEVERAL = ScoreRuler(("yes",)), ScoreRuler(("yes", "no", "maybe"))
SCORES = st.one_of(
    st.floats(0, 1), st.sampled_from([0.0, 1.0, 0.5, 5e-324, None, "x", float("nan"), -0.1, 1.5, 1e300])
)
TARGETS = st.sampled_from(["yes", "no", "maybe", "new", None, [1]])
ROWS = st.lists(st.tuples(SCORES, SCORES, SCORES, TARGETS), max_size=40)
RULERS = st.sampled_from([BINARY, SEVERAL])


def _tally(ruler: ScoreRuler, rows: list[tuple[object, ...]]) -> ScoreTally:
    scores = [as_numbers([row[i] for row in rows]) for i in range(ruler.scored)]
    return ScoreTally.of(ruler, scores, as_categories([row[3] for row in rows]))


@given(RULERS, ROWS, st.randoms(use_true_random=False))
def test_parts_add_to_the_whole_in_any_grouping(
    ruler: ScoreRuler, rows: list[tuple[object, ...]], random: Random
) -> None:
    """Tallies of parts add up, in any order and grouping, to the tally of the whole, bit for bit."""
    parts = [_tally(ruler, rows[part]) for part in slices(len(rows), random)]
    whole = _tally(ruler, rows)
    assert regrouped([*parts, ScoreTally.zero(ruler)], random) == whole
    assert whole.rows == len(rows)


@given(RULERS, ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(
    ruler: ScoreRuler, rows: list[tuple[object, ...]], random: Random
) -> None:
    """Shuffled rows give the same tally and the same values."""
    one, other = _tally(ruler, rows), _tally(ruler, random.sample(rows, len(rows)))
    assert one == other
    assert values_of(PROBABILITIES, one) == values_of(PROBABILITIES, other)


@pytest.mark.parametrize("ruler", [BINARY, SEVERAL])
def test_long_parts_add_to_the_whole_wherever_they_are_cut(ruler: ScoreRuler) -> None:
    """A row counts the same at any position of a long column: vectorised logarithms included."""
    rng = np.random.default_rng(8)
    scores = rng.beta(0.3, 0.3, (3_001, ruler.scored))
    target = Categories(rng.integers(0, 3, 3_001).astype(np.int32), ["yes", "no", "maybe"])

    def tally(rows: slice) -> ScoreTally:
        columns = [Numbers(column, None) for column in scores[rows].T]
        return ScoreTally.of(ruler, columns, Categories(target.codes[rows], target.names))

    whole = tally(slice(None))
    for cut in (1, 2, 7, 1_000, 1_501, 2_998):
        assert tally(slice(cut)) + tally(slice(cut, None)) == whole


@given(RULERS, ROWS)
def test_every_value_is_finite_or_says_why(ruler: ScoreRuler, rows: list[tuple[object, ...]]) -> None:
    """No statistic raises, or gives NaN or infinity, whatever the rows."""
    assert_finite_or_reasoned(PROBABILITIES, _tally(ruler, rows))


@given(RULERS, ROWS)
def test_bytes_give_back_the_tally(ruler: ScoreRuler, rows: list[tuple[object, ...]]) -> None:
    """A ruler and a tally survive being written and read."""
    tally = _tally(ruler, rows)
    read_ruler = ScoreRuler.from_arrays(*loads(dumps("ruler", ruler.facts(), ruler.arrays()), "ruler"))
    facts, arrays = loads(dumps("tally", tally.facts(), tally.arrays()), "tally")
    assert ScoreTally.from_arrays(read_ruler, facts, arrays) == tally


@pytest.mark.parametrize("broken", [None, "x", float("nan"), -0.1, 1.5, 1e300])
def test_a_score_that_is_no_probability_is_counted_apart(broken: object) -> None:
    """A broken score makes its row unusable and changes no value."""
    rows: list[tuple[object, ...]] = [(0.2, 0, 0, "no"), (0.9, 0, 0, "yes"), (0.4, 0, 0, "yes")]
    spoiled = _tally(BINARY, [*rows, (broken, 0, 0, "yes")])
    assert spoiled.unusable == 1
    assert values_of(PROBABILITIES, spoiled) == values_of(PROBABILITIES, _tally(BINARY, rows))


def test_every_other_target_of_a_binary_model_is_negative() -> None:
    """With one column of scores, a target is the positive class or it is not; only a missing one is unusable."""
    tally = _tally(BINARY, [(0.2, 0, 0, "no"), (0.2, 0, 0, "new"), (0.2, 0, 0, None)])
    assert (tally.negatives.total, tally.positives.total, tally.unusable) == (2, 0, 1)


def test_one_class_leaves_ranking_undefined() -> None:
    """With one class in the window nothing is ranked, while log loss and the Brier score have values."""
    values = values_of(PROBABILITIES, _tally(BINARY, [(0.25, 0, 0, "no")]))
    for name in ("roc_auc", "average_precision", "roc_auc_error_bound", "average_precision_error_bound"):
        assert values[name] == Undefined("one class only in the window")
    assert values["brier_score"] == 0.0625


def test_the_zero_tally_says_why_it_has_no_values() -> None:
    """Without rows every value is undefined."""
    values = values_of(PROBABILITIES, ScoreTally.zero(SEVERAL))
    assert all(isinstance(value, Undefined) and "no rows" in value.why for value in values.values())


def test_columns_must_fit_the_classes() -> None:
    """A number of columns other than the scored classes is refused, with the classes."""
    with pytest.raises(SchemaError, match="one column for each of yes, no, maybe"):
        ScoreTally.of(SEVERAL, [as_numbers([0.1])], as_categories(["yes"]))


def test_rulers_are_told_apart() -> None:
    """Tallies of two rulers do not add."""
    with pytest.raises(TallyMismatchError, match="different rulers"):
        ScoreTally.zero(BINARY) + ScoreTally.zero(SEVERAL)
