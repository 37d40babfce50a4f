"""Laws of the confusion tally."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws.regrouping import assert_finite_or_reasoned, regrouped, slices, values_of

from modelvane.casting import as_categories
from modelvane.errors import TallyMismatchError
from modelvane.statistics.classification import CLASSIFICATION
from modelvane.tallies.classification import ClassRuler, ConfusionTally
from modelvane.tallies.codec import dumps, loads
from modelvane.undefined import Undefined

CLASSES = st.sampled_from(["a", "b", "new", "newer", "other", 1, 1.0, True, None, float("nan"), 1e300, [1]])
ROWS = st.lists(st.tuples(CLASSES, CLASSES), max_size=40)
RULERS = st.sampled_from(
    [
        ClassRuler.named("a", "b", "1"),
        ClassRuler.named("a"),
        ClassRuler.named(),
        ClassRuler.named("other", "b"),
    ]
)


def _tally(ruler: ClassRuler, rows: list[tuple[object, object]]) -> ConfusionTally:
    prediction, target = as_categories([row[0] for row in rows]), as_categories([row[1] for row in rows])
    return ConfusionTally.of(ruler, prediction, target)


@given(RULERS, ROWS, st.randoms(use_true_random=False))
def test_parts_add_to_the_whole_in_any_grouping(
    ruler: ClassRuler, rows: list[tuple[object, object]], random: Random
) -> None:
    """Tallies of parts add up, in any order and grouping, to the tally of the whole."""
    parts = [_tally(ruler, rows[part]) for part in slices(len(rows), random)]
    whole = _tally(ruler, rows)
    assert regrouped([*parts, ConfusionTally.zero(ruler)], random) == whole
    assert whole.rows == len(rows)


@given(RULERS, ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(
    ruler: ClassRuler, rows: list[tuple[object, object]], random: Random
) -> None:
    """Shuffled rows give the same tally and the same values."""
    one, other = _tally(ruler, rows), _tally(ruler, random.sample(rows, len(rows)))
    assert one == other
    assert values_of(CLASSIFICATION, one) == values_of(CLASSIFICATION, other)


@given(RULERS, ROWS)
def test_every_value_is_finite_or_says_why(ruler: ClassRuler, rows: list[tuple[object, object]]) -> None:
    """No statistic raises, or gives NaN or infinity, whatever the rows; correlations stay in [-1, 1]."""
    tally = _tally(ruler, rows)
    assert_finite_or_reasoned(CLASSIFICATION, tally)
    values = values_of(CLASSIFICATION, tally)
    for name in ("matthews_correlation", "cohen_kappa"):
        assert isinstance(values[name], Undefined) or -1.0 <= values[name] <= 1.0


@given(RULERS, ROWS)
def test_accuracy_counts_equal_classes_whether_known_or_not(
    ruler: ClassRuler, rows: list[tuple[object, object]]
) -> None:
    """Two different classes that the ruler lacks share a cell, and are still not one another."""
    known = [(p, t) for p, t in rows if isinstance(p, str) and isinstance(t, str)]
    assert _tally(ruler, known).correct == sum(p == t for p, t in known)


@given(RULERS, ROWS)
def test_bytes_give_back_the_tally(ruler: ClassRuler, rows: list[tuple[object, object]]) -> None:
    """A ruler and a tally survive being written and read."""
    tally = _tally(ruler, rows)
    read_ruler = ClassRuler.from_arrays(*loads(dumps("ruler", ruler.facts(), ruler.arrays()), "ruler"))
    facts, arrays = loads(dumps("tally", tally.facts(), tally.arrays()), "tally")
    assert ConfusionTally.from_arrays(read_ruler, facts, arrays) == tally


def test_the_zero_tally_says_why_it_has_no_values() -> None:
    """Without rows every average and every value per class is undefined; counts are 0."""
    values = values_of(CLASSIFICATION, ConfusionTally.zero(ClassRuler.named("a", "b")))
    counts = {name: value for name, value in values.items() if name.startswith("class_support")}
    assert set(counts.values()) == {0.0}
    assert all(isinstance(values[name], Undefined) for name in values.keys() - counts.keys())


def test_rulers_are_told_apart() -> None:
    """Tallies of two rulers do not add."""
    with pytest.raises(TallyMismatchError, match="different rulers"):
        ConfusionTally.zero(ClassRuler.named("a")) + ConfusionTally.zero(ClassRuler.named("b"))
