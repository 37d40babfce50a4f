"""Laws of the statistics of one column."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.laws.regrouping import assert_finite_or_reasoned, regrouped, slices, values_of

from modelvane.casting import as_categories, as_numbers
from modelvane.ruler import CategoricalRuler, NumericalRuler
from modelvane.statistics.columns import (
    CATEGORICAL_PREDICTION,
    CATEGORICAL_QUALITY,
    NUMERICAL_QUALITY,
    PREDICTION,
    most_common_excess,
    most_common_share,
)
from modelvane.statistics.most_common import most_common_bounds
from modelvane.statistics.quantiles import LEVELS, quantile_errors, quantiles
from modelvane.tallies.categorical import CategoricalTally, Codes
from modelvane.tallies.numerical import NumericalTally
from modelvane.undefined import Undefined

NUMERICAL = (*NUMERICAL_QUALITY, *PREDICTION)
CATEGORICAL = (*CATEGORICAL_QUALITY, *CATEGORICAL_PREDICTION)
NUMERICAL_RULERS = {
    "continuous": NumericalRuler.of(np.random.default_rng(1).normal(10.0, 3.0, 4_000)),
    "whole": NumericalRuler.of(np.arange(-5.0, 6.0)),
    "constant": NumericalRuler.of(np.full(3, 2.5)),
    "empty": NumericalRuler.of(np.empty(0)),
}
NUMBERS = st.one_of(
    st.sampled_from(
        [None, "broken", float("nan"), float("inf"), -float("inf"), 0.0, -0.0, 5e-324, 1e290, -1e290]
    ),
    st.integers(-6, 6).map(float),
    st.floats(-1e290, 1e290),
)
ROWS = st.lists(NUMBERS, max_size=40)
CATEGORIES = st.sampled_from(["a", "b", "new", 1, 1.0, None, float("nan"), [1], True])
ANY_NUMERICAL = st.sampled_from(sorted(NUMERICAL_RULERS)).map(NUMERICAL_RULERS.__getitem__)
ANY_CATEGORICAL = st.sampled_from([CategoricalRuler(("a", "b")), CategoricalRuler(())])


def _categorical(ruler: CategoricalRuler, rows: list[object]) -> CategoricalTally:
    return CategoricalTally.of(ruler, Codes.of(ruler, as_categories(rows)))


@given(ANY_NUMERICAL, ROWS)
def test_every_numerical_value_is_finite_or_says_why(ruler: NumericalRuler, rows: list[object]) -> None:
    """No statistic of a numerical column raises, or gives NaN or infinity, whatever the rows."""
    assert_finite_or_reasoned(NUMERICAL, NumericalTally.of(ruler, as_numbers(rows)))


@given(ANY_CATEGORICAL, st.lists(CATEGORIES, max_size=40))
def test_every_categorical_value_is_finite_or_says_why(ruler: CategoricalRuler, rows: list[object]) -> None:
    """No statistic of a categorical column raises, or gives NaN or infinity, whatever the rows."""
    assert_finite_or_reasoned(CATEGORICAL, _categorical(ruler, rows))


@given(ANY_NUMERICAL, ROWS, st.randoms(use_true_random=False))
def test_grouping_changes_no_numerical_value(
    ruler: NumericalRuler, rows: list[object], random: Random
) -> None:
    """Values of merged parts equal those of the whole, bit for bit."""
    parts = [NumericalTally.of(ruler, as_numbers(rows[part])) for part in slices(len(rows), random)]
    whole = NumericalTally.of(ruler, as_numbers(rows))
    assert values_of(NUMERICAL, regrouped(parts, random)) == values_of(NUMERICAL, whole)


@given(ANY_CATEGORICAL, st.lists(CATEGORIES, max_size=40), st.randoms(use_true_random=False))
def test_grouping_changes_no_categorical_value(
    ruler: CategoricalRuler, rows: list[object], random: Random
) -> None:
    """Values of merged parts equal those of the whole."""
    parts = [_categorical(ruler, rows[part]) for part in slices(len(rows), random)]
    assert values_of(CATEGORICAL, regrouped(parts, random)) == values_of(
        CATEGORICAL, _categorical(ruler, rows)
    )


@given(ANY_NUMERICAL, st.lists(st.floats(-20, 20), min_size=1, max_size=60))
def test_quantiles_rise_from_minimum_to_maximum(ruler: NumericalRuler, rows: list[float]) -> None:
    """Quantiles never fall as the level rises, and end at the smallest and largest value."""
    levels = np.linspace(0.0, 1.0, 23).tolist()
    found = list(quantiles(NumericalTally.of(ruler, as_numbers(rows)), levels).values())
    assert found[0] == min(rows)
    assert found[-1] == max(rows)
    assert all(one <= other + 1e-9 for one, other in pairwise(found))


@given(ANY_NUMERICAL, st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60))
def test_quantiles_are_within_their_stated_error(ruler: NumericalRuler, rows: list[float]) -> None:
    """No quantile is farther from that of the raw rows than it says, wherever in their cells these lie."""
    tally = NumericalTally.of(ruler, as_numbers(rows))
    found, errors = quantiles(tally), quantile_errors(tally)
    for level, exact in zip(LEVELS, np.quantile(rows, LEVELS).tolist(), strict=True):
        rounding = ruler.quantum + 1e-12 * max(map(abs, rows))
        value = found[str(level)]
        assert isinstance(value, float)
        assert abs(value - exact) <= errors[str(level)] + rounding


@given(st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=60))
def test_quantiles_of_edges_state_no_error(rows: list[float]) -> None:
    """Where every value is an edge, quantiles are exact and say so."""
    tally = NumericalTally.of(NUMERICAL_RULERS["whole"], as_numbers(rows))
    assert set(quantile_errors(tally).values()) == {0.0}


@given(ANY_NUMERICAL, st.lists(st.integers(-40, 40).map(lambda x: x / 4), min_size=1, max_size=60))
def test_the_most_common_share_is_within_its_bound(ruler: NumericalRuler, rows: list[float]) -> None:
    """The share of the most common value is never below the value given, nor above it by more than the excess."""
    tally = NumericalTally.of(ruler, as_numbers(rows))
    least, most = most_common_bounds(tally)
    true = max(map(rows.count, rows))
    assert least <= true <= most
    assert most_common_share(tally) == least / len(rows)
    assert most_common_excess(tally) == (most - least) / len(rows)


@given(st.lists(st.integers(0, 90).map(str), min_size=1, max_size=300))
def test_the_most_common_category_is_within_its_bound(rows: list[str]) -> None:
    """However many categories are unseen, the most common one has no more and no fewer rows than the bounds."""
    least, most = most_common_bounds(_categorical(CategoricalRuler(("0", "1")), list(rows)))
    assert least <= max(map(rows.count, rows)) <= most


def test_the_zero_tallies_have_rows_and_nothing_else() -> None:
    """Without rows, the number of rows is 0 and everything else is undefined with a reason."""
    numerical = values_of(NUMERICAL, NumericalTally.zero(NUMERICAL_RULERS["whole"]))
    categorical = values_of(CATEGORICAL, CategoricalTally.zero(CategoricalRuler(("a",))))
    for values in (numerical, categorical):
        assert values.pop("rows") == 0.0
        assert all(isinstance(value, Undefined) and value.why for value in values.values())
