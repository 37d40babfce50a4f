"""Laws of the regression tally."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws.regrouping import assert_finite_or_reasoned, regrouped, slices, values_of

from modelvane.casting import Numbers, as_numbers
from modelvane.errors import TallyMismatchError
from modelvane.statistics.regression import REGRESSION
from modelvane.tallies.codec import dumps, loads
from modelvane.tallies.regression import RegressionRuler, RegressionTally
from modelvane.undefined import Undefined

WILD = (None, "broken", True, float("nan"), float("inf"), -float("inf"), 0.0, -0.0, 5e-324, 1e300, -1e300)
NUMBERS = st.one_of(
    st.sampled_from(WILD), st.floats(-100, 100), st.floats(allow_nan=False, allow_infinity=False)
)
ROWS = st.lists(st.tuples(NUMBERS, NUMBERS), max_size=40)


def _rulers() -> dict[str, RegressionRuler]:
    rng = np.random.default_rng(7)
    target = rng.normal(20.0, 5.0, 500)
    targets, predictions = Numbers(target, None), Numbers(target + rng.normal(0.5, 2.0, 500), None)
    nothing, wild = as_numbers([]), as_numbers([1e308, -1e308, 1.0])
    return {
        "errors": RegressionRuler.of(targets, predictions),
        "targets only": RegressionRuler.of(targets),
        "predictions only": RegressionRuler.of(as_numbers([None] * 500), predictions),
        "perfect": RegressionRuler.of(targets, targets),
        "tiny": RegressionRuler.of(Numbers(target * 1e-300, None)),
        "wild": RegressionRuler.of(wild, as_numbers([-1e308, 1e308, 1.0])),
        "wild targets": RegressionRuler.of(wild),
        "empty": RegressionRuler.of(nothing, nothing),
    }


RULERS = _rulers()
ANY_RULER = st.sampled_from(sorted(RULERS)).map(RULERS.__getitem__)


def _tally(ruler: RegressionRuler, rows: list[tuple[object, object]]) -> RegressionTally:
    return RegressionTally.of(
        ruler, as_numbers([row[0] for row in rows]), as_numbers([row[1] for row in rows])
    )


@given(ANY_RULER, ROWS, st.randoms(use_true_random=False))
def test_parts_add_to_the_whole_in_any_grouping(
    ruler: RegressionRuler, rows: list[tuple[object, object]], random: Random
) -> None:
    """Tallies of parts add up, in any order and grouping, to the tally of the whole, bit for bit."""
    parts = [_tally(ruler, rows[part]) for part in slices(len(rows), random)]
    whole = _tally(ruler, rows)
    assert regrouped([*parts, RegressionTally.zero(ruler)], random) == whole
    assert whole.rows == len(rows)


@given(ANY_RULER, ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(
    ruler: RegressionRuler, rows: list[tuple[object, object]], random: Random
) -> None:
    """Shuffled rows give the same tally and the same values."""
    shuffled = random.sample(rows, len(rows))
    one, other = _tally(ruler, rows), _tally(ruler, shuffled)
    assert one == other
    assert values_of(REGRESSION, one) == values_of(REGRESSION, other)


@pytest.mark.parametrize("name", RULERS)
def test_long_parts_add_to_the_whole_wherever_they_are_cut(name: str) -> None:
    """A row counts the same at any position of a long column."""
    rng = np.random.default_rng(8)
    target = rng.normal(20.0, 5.0, 3_001)
    prediction = target * rng.lognormal(0.0, 0.2, 3_001)

    def tally(rows: slice) -> RegressionTally:
        return RegressionTally.of(RULERS[name], Numbers(prediction[rows], None), Numbers(target[rows], None))

    whole = tally(slice(None))
    for cut in (1, 2, 7, 1_000, 1_501, 2_998):
        assert tally(slice(cut)) + tally(slice(cut, None)) == whole


@given(ANY_RULER, ROWS)
def test_every_value_is_finite_or_says_why(ruler: RegressionRuler, rows: list[tuple[object, object]]) -> None:
    """No statistic raises, or gives NaN or infinity, whatever the rows."""
    assert_finite_or_reasoned(REGRESSION, _tally(ruler, rows))


@given(ANY_RULER, ROWS)
def test_bytes_give_back_the_tally(ruler: RegressionRuler, rows: list[tuple[object, object]]) -> None:
    """A ruler and a tally survive being written and read."""
    tally = _tally(ruler, rows)
    read_ruler = RegressionRuler.from_arrays(*loads(dumps("ruler", ruler.facts(), ruler.arrays()), "ruler"))
    assert read_ruler.digest == ruler.digest
    facts, arrays = loads(dumps("tally", tally.facts(), tally.arrays()), "tally")
    assert RegressionTally.from_arrays(read_ruler, facts, arrays) == tally


@pytest.mark.parametrize("broken", [None, "broken", float("nan"), float("inf")])
def test_a_broken_row_leaves_the_others_alone(broken: object) -> None:
    """A row whose prediction or target is no number is counted apart and changes no value."""
    rows: list[tuple[object, object]] = [(21.0, 20.0), (19.0, 23.5), (8.0, 8.0)]
    clean = _tally(RULERS["errors"], rows)
    spoiled = _tally(RULERS["errors"], [(broken, 1.0), *rows, (1.0, broken)])
    assert spoiled.sums.unusable == 2
    assert values_of(REGRESSION, spoiled) == values_of(REGRESSION, clean)


def test_a_huge_prediction_shows_and_leaves_with_its_row() -> None:
    """A prediction of 1e300 gives a huge error in its own rows' tally and is gone from the tally without it."""
    rows: list[tuple[object, object]] = [(21.0, 20.0), (19.0, 23.5)]
    clean = _tally(RULERS["errors"], rows)
    spoiled = _tally(RULERS["errors"], [*rows, (1e300, 20.0)])
    values = values_of(REGRESSION, spoiled)
    assert values["mean_absolute_error"] > 1e200
    assert values["error_quantile/0.25"] == pytest.approx(values_of(REGRESSION, clean)["error_quantile/0.5"])
    assert _tally(RULERS["errors"], rows) == clean


def test_the_zero_tally_says_why_it_has_no_values() -> None:
    """Without rows every value is undefined, and the reason speaks of the window."""
    values = values_of(REGRESSION, RegressionTally.zero(RULERS["errors"]))
    assert all(isinstance(value, Undefined) and "window" in value.why for value in values.values())


def test_rulers_are_told_apart() -> None:
    """Tallies of two rulers do not add."""
    with pytest.raises(TallyMismatchError, match="different rulers"):
        RegressionTally.zero(RULERS["errors"]) + RegressionTally.zero(RULERS["targets only"])
