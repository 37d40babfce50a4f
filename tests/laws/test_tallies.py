"""Laws of the numerical, categorical and dataset tallies."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws.regrouping import regrouped, slices
from tests.laws.strategies import CATEGORIES, NUMBERS, RANDOMS

from modelvane import Reference
from modelvane.casting import Fault, Numbers, as_categories, as_numbers
from modelvane.errors import TallyMismatchError
from modelvane.ruler import CategoricalRuler, NumericalRuler, Ruler
from modelvane.tallies.categorical import KEEP_UNSEEN, CategoricalTally, Codes
from modelvane.tallies.codec import dumps, loads
from modelvane.tallies.dataset import ColumnTally, DatasetTally
from modelvane.tallies.distinct import DistinctTally
from modelvane.tallies.numerical import NumericalTally

Values = list[Any]


def _rulers() -> dict[str, Ruler]:
    rng = np.random.default_rng(3)
    return {
        "every value an edge": NumericalRuler.of(np.arange(50.0)),
        "cells between edges": NumericalRuler.of(rng.lognormal(size=3000), budget=32),
        "one value": NumericalRuler.of(np.full(9, 7.0)),
        "no value": NumericalRuler.of(np.empty(0)),
        "near the largest float": NumericalRuler.of(np.array([1.7e308] * 9 + [-1.7e308])),
        "one value far away": NumericalRuler.of(np.array([1.0, 2.0, 3.0, 1e300])),
        "subnormal": NumericalRuler.of(np.array([0.0, 5e-324, 1e-320])),
        "categories": CategoricalRuler(("a", "74", "true", "1", "日本")),
        "no category": CategoricalRuler(()),
    }


RULERS = _rulers()
NUMERICAL = st.sampled_from([name for name, ruler in RULERS.items() if isinstance(ruler, NumericalRuler)])
CATEGORICAL = st.sampled_from([name for name, ruler in RULERS.items() if isinstance(ruler, CategoricalRuler)])
COLUMNS = st.one_of(
    st.tuples(NUMERICAL, st.lists(NUMBERS, max_size=60)),
    st.tuples(CATEGORICAL, st.lists(CATEGORIES, max_size=60)),
)


def tally_of(ruler: Ruler, values: Values) -> ColumnTally:
    if isinstance(ruler, NumericalRuler):
        return NumericalTally.of(ruler, as_numbers(values))
    return CategoricalTally.of(ruler, Codes.of(ruler, as_categories(values)))


def zero_of(ruler: Ruler) -> ColumnTally:
    return NumericalTally.zero(ruler) if isinstance(ruler, NumericalRuler) else CategoricalTally.zero(ruler)


def bytes_of(tally: ColumnTally) -> bytes:
    return dumps("tally", tally.facts(), tally.arrays())


@given(COLUMNS, RANDOMS)
def test_parts_add_to_the_whole_bit_for_bit(column: tuple[str, Values], random: Random) -> None:
    """Tallies of parts, added in any order and grouping, have the very bytes of the tally of the whole."""
    ruler, values = RULERS[column[0]], column[1]
    whole = tally_of(ruler, values)
    parts = [tally_of(ruler, values[part]) for part in slices(len(values), random)]
    summed = regrouped([*parts, zero_of(ruler)], random)
    assert summed == whole
    assert bytes_of(summed) == bytes_of(whole)
    assert whole.rows == len(values)


@given(COLUMNS, st.integers(0, 60))
def test_addition_commutes_and_zero_changes_nothing(column: tuple[str, Values], cut: int) -> None:
    """A + b is b + a, and a + 0 is a, to the byte."""
    ruler, values = RULERS[column[0]], column[1]
    a, b, zero = tally_of(ruler, values[:cut]), tally_of(ruler, values[cut:]), zero_of(ruler)
    assert bytes_of(a + b) == bytes_of(b + a)  # type: ignore[operator] # both are of one kind
    assert bytes_of(a + zero) == bytes_of(zero + a) == bytes_of(a)  # type: ignore[operator] # as above
    assert tally_of(ruler, []) == zero


@given(COLUMNS)
def test_bytes_give_back_the_tally(column: tuple[str, Values]) -> None:
    """A tally survives being written and read, and is written the same again."""
    ruler = RULERS[column[0]]
    tally = tally_of(ruler, column[1])
    facts, arrays = loads(bytes_of(tally), "tally")
    read = type(tally).from_arrays(ruler, facts, arrays)  # type: ignore[arg-type] # its own ruler
    assert read == tally
    assert bytes_of(read) == bytes_of(tally)


@given(COLUMNS, st.integers(0, 60))
def test_equality_tells_rows_apart(column: tuple[str, Values], at: int) -> None:
    """One row more is another tally."""
    ruler, values = RULERS[column[0]], column[1]
    extra = [*values[:at], 3.0, *values[at:]]
    assert tally_of(ruler, extra) != tally_of(ruler, values)


@given(
    NUMERICAL,
    st.lists(st.one_of(st.floats(-100, 100), st.sampled_from((1e300, -1e300, 1.7e308))), max_size=30),
)
def test_sums_are_those_of_exact_arithmetic(name: str, values: list[float]) -> None:
    """Sums of values and of squares are what fractions give, to half a quantum per row, however large the values."""
    ruler = RULERS[name]
    assert isinstance(ruler, NumericalRuler)
    tally = NumericalTally.of(ruler, Numbers(np.array(values, np.float64), None))
    quanta = [(Fraction(value) - Fraction(ruler.center)) / Fraction(ruler.quantum) for value in values]
    # half a quantum of rounding, and a relative 2^-53 where the distance from the centre is rounded to a float
    off = [Fraction(1, 2) + abs(q) / 2**53 for q in quanta]
    assert abs(tally.total - sum(quanta)) <= sum(off)
    assert abs(tally.square - sum(q * q for q in quanta)) <= sum(
        2 * abs(q) * o + o * o for q, o in zip(quanta, off, strict=True)
    )


@pytest.mark.parametrize("rows", [1, 2, 50, 4000])
@pytest.mark.parametrize("ruler", ["every value an edge", "cells between edges"])
def test_values_are_those_of_numpy(ruler: str, rows: int) -> None:
    """Mean and variance are numpy's to the ruler's quantum; minimum, maximum and distinct values are its own."""
    on = RULERS[ruler]
    assert isinstance(on, NumericalRuler)
    rng = np.random.default_rng(rows)
    values = np.concatenate([rng.lognormal(size=rows), rng.integers(0, 50, rows).astype(float)])
    tally = NumericalTally.of(on, Numbers(values, None))
    assert tally.mean == pytest.approx(values.mean(), abs=on.quantum, rel=1e-14)
    assert tally.variance == pytest.approx(values.var(ddof=1), abs=4 * on.quantum * np.ptp(values), rel=1e-12)
    assert (tally.minimum, tally.maximum) == (values.min(), values.max())
    between = np.setdiff1d(values, on.edges)
    if tally.distinct.exact:
        assert tally.distinct.estimate == len(between)
    else:
        assert tally.distinct.estimate == pytest.approx(len(between), rel=4 * 0.063)


def test_variance_does_not_cancel() -> None:
    """A spread of 1e-6 around 1e6 keeps twelve digits, where a float sum of squares keeps none."""
    values = 1e6 + np.random.default_rng(0).normal(size=5000) * 1e-6
    ruler = NumericalRuler.of(values)
    tally = NumericalTally.of(ruler, Numbers(values, None))
    assert tally.variance == pytest.approx(np.var(values, ddof=1), rel=1e-9)


@given(st.lists(st.one_of(st.floats(-3, 12), st.integers(-2, 9).map(float)), max_size=200))
def test_slack_is_the_distance_to_the_edge_above(values: list[float]) -> None:
    """What Wasserstein rests on is exact: per open cell, the summed distance of its rows to its edge."""
    ruler = NumericalRuler.of(np.array([0.0, 1.0, 2.5, 8.0]))
    slack = NumericalTally.of(ruler, Numbers(np.array(values, np.float64), None)).sample.slack
    edges = [-math.inf, 0.0, 1.0, 2.5, 8.0, math.inf]
    for i, (low, high) in enumerate(itertools.pairwise(edges)):
        inside = [v for v in values if low < v < high]
        expected = (
            math.fsum(v - low for v in inside) if high == math.inf else math.fsum(high - v for v in inside)
        )
        assert slack is not None
        assert slack[i] == pytest.approx(expected, abs=(len(inside) + 1) * ruler.quantum)


def test_slack_survives_more_rows_than_one_word_holds() -> None:
    """Ten thousand million rows in one wide cell do not overflow."""
    ruler = NumericalRuler.of(np.array([0.0, 1.0]))
    tally = NumericalTally.of(ruler, Numbers(np.full(1000, 0.25), None))
    for _ in range(24):
        tally = tally + tally
    assert tally.n == 1000 << 24
    assert tally.mean == 0.25
    slack = tally.sample.slack
    assert slack is not None
    assert slack[1] == pytest.approx(0.75 * tally.n, rel=1e-12)


def test_more_rows_than_a_batch_are_counted_as_one() -> None:
    """A column of more rows than are sorted at once gives the sum of its parts."""
    ruler = RULERS["cells between edges"]
    assert isinstance(ruler, NumericalRuler)
    values = np.random.default_rng(1).lognormal(size=(1 << 20) + 5)
    faults = np.zeros(len(values), np.uint8)
    faults[-1] = Fault.WRONG_TYPE
    whole = NumericalTally.of(ruler, Numbers(values, faults))
    half = len(values) // 2
    assert whole == NumericalTally.of(ruler, Numbers(values[:half], None)) + NumericalTally.of(
        ruler, Numbers(values[half:], faults[half:])
    )
    assert whole.wrong_type == 1


def test_faults_are_counted_by_what_they_are() -> None:
    """Missing, infinite and wrong-type values are each counted apart, and no number is lost."""
    tally = tally_of(
        RULERS["every value an edge"], [None, math.nan, "NaN", math.inf, -math.inf, "x", True, [], 3]
    )
    assert isinstance(tally, NumericalTally)
    found = (tally.missing, tally.positive_infinite, tally.negative_infinite, tally.wrong_type, tally.n)
    assert found == (3, 1, 1, 3, 1)


def test_one_category_has_one_form() -> None:
    """74, 74.0 and "74" are one category; True, 1 and "true" are two."""
    tally = tally_of(CategoricalRuler(("74", "1", "true")), [74, 74.0, "74", True, 1, "true", 1.0])
    assert isinstance(tally, CategoricalTally)
    assert tally.counts.tolist() == [3, 2, 2, 0]


def test_a_name_with_a_zero_byte_is_one_name() -> None:
    """Rulers whose names only look alike when they are strung together are told apart."""
    assert CategoricalRuler(("a\0b",)).digest != CategoricalRuler(("a", "b")).digest
    assert CategoricalRuler(("",)).digest != CategoricalRuler(()).digest
    with pytest.raises(TallyMismatchError, match="different rulers"):
        CategoricalTally.zero(CategoricalRuler(("",))) + CategoricalTally.zero(CategoricalRuler(()))


@given(st.lists(st.integers(0, 400), max_size=300), RANDOMS)
def test_the_unseen_that_are_held_have_exact_counts(values: list[int], random: Random) -> None:
    """Of more unseen categories than are held, those held are the same in any grouping, each with its own count."""
    ruler = CategoricalRuler(("a",))
    names = [f"new {value}" for value in values]
    parts = [tally_of(ruler, names[part]) for part in slices(len(names), random)]
    tally = regrouped(parts, random)
    assert tally == tally_of(ruler, names)
    assert len(tally.unseen) == min(KEEP_UNSEEN, len(set(names)))
    assert all(count == names.count(name) for count, name in tally.unseen.values())
    assert int(tally.counts[-1]) == len(names)


@given(st.integers(0, 6000), RANDOMS)
def test_distinct_values_merge_in_any_grouping(n: int, random: Random) -> None:
    """The smallest hashes of parts are those of the whole, exact while few and within four errors when many."""
    values = np.random.default_rng(n).normal(size=n)
    parts = [DistinctTally.of(values[part]) for part in slices(n, random)]
    merged = regrouped(parts, random)
    assert merged == DistinctTally.of(values)
    assert merged.estimate == pytest.approx(n, rel=0 if merged.exact else 4 * 0.063)


@cache
def _reference() -> Reference:
    rng = np.random.default_rng(5)
    target = rng.normal(20.0, 5.0, 600)
    return Reference.of(
        {
            "distance": rng.lognormal(size=600),
            "zone": rng.integers(1, 9, 600),
            "prediction": target + rng.normal(size=600),
            "target": target,
        },
        segments=["zone"],
    )


ROW = st.fixed_dictionaries(
    {}, optional={"distance": NUMBERS, "zone": CATEGORIES, "prediction": NUMBERS, "target": NUMBERS}
)


@given(st.lists(ROW, max_size=25), RANDOMS)
def test_datasets_add_bit_for_bit(rows: list[Mapping[str, Any]], random: Random) -> None:
    """Columns, performance and segments of parts add to those of the whole, in any grouping."""
    reference = _reference()
    counter = reference.counter
    for count in (counter.rows, counter.labelled):
        parts = [count(reference.encode(rows[part])) for part in slices(len(rows), random)]
        assert regrouped(parts, random) == count(reference.encode(rows))


def test_datasets_of_other_columns_do_not_add() -> None:
    """Tallies of different columns are refused, and the error names the column."""
    one = DatasetTally(0, {"a": zero_of(RULERS["categories"])})
    with pytest.raises(TallyMismatchError, match="'b'"):
        one + DatasetTally(0, {"a": zero_of(RULERS["categories"]), "b": zero_of(RULERS["one value"])})
    with pytest.raises(TallyMismatchError, match="different kinds"):
        one + DatasetTally(0, {"a": zero_of(RULERS["one value"])})
