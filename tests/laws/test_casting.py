"""Casting: what a value is taken for, whichever way it came."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws.strategies import CATEGORIES, NUMBERS

from modelvane import Reference
from modelvane.casting import Categories, Fault, as_categories, as_numbers, canonical
from modelvane.times import NO_TIME, as_times, microseconds

OK, MISSING, WRONG = Fault.NONE, Fault.MISSING, Fault.WRONG_TYPE
PLUS, MINUS = Fault.POSITIVE_INFINITE, Fault.NEGATIVE_INFINITE


def _faults(values: list[object]) -> list[int]:
    numbers = as_numbers(values)
    return [0] * len(values) if numbers.faults is None else numbers.faults.tolist()


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (1, OK), (1.5, OK), (np.float32(1.5), OK), (np.int8(3), OK), (Decimal("1.5"), OK), (Fraction(3, 2), OK),
        (None, MISSING), (math.nan, MISSING), (np.float32("nan"), MISSING), ("NaN", MISSING), (Decimal("NaN"), MISSING),
        (pd.NaT, MISSING), (math.inf, PLUS), ("Infinity", PLUS), ("-Infinity", MINUS), (10**400, PLUS),
        (-(10**400), MINUS), (True, WRONG), (np.bool_(False), WRONG), ("1.5", WRONG), ("", WRONG), ([], WRONG),
        ([1.0], WRONG), ({}, WRONG), (1j, WRONG), (datetime(2021, 1, 1, tzinfo=UTC), WRONG), (b"1", WRONG),
    ],
)  # fmt: skip
def test_a_number_or_a_fault(value: object, fault: Fault) -> None:
    """Each kind of value is a number or one fault, alone and among numbers."""
    assert _faults([value]) == [fault]
    assert _faults([2.0, value, 3]) == [OK, fault, OK]


@given(st.lists(NUMBERS, max_size=40))
def test_a_column_of_numbers_is_cast_value_by_value(values: list[object]) -> None:
    """What a value becomes does not depend on its neighbours; there is a NaN exactly where there is a fault."""
    column = as_numbers(values)
    alone = [as_numbers([value]) for value in values]
    assert _faults(values) == [fault for value in values for fault in _faults([value])]
    np.testing.assert_array_equal(column.values, [one.values[0] for one in alone])
    assert np.isnan(column.values).tolist() == [fault != OK for fault in _faults(values)]


@given(st.lists(CATEGORIES, max_size=40))
def test_a_column_of_categories_is_cast_value_by_value(values: list[object]) -> None:
    """What category a value is does not depend on its neighbours, though True == 1 and 1 == 1.0 in Python."""
    found = _names(as_categories(values))
    assert found == [_names(as_categories([value]))[0] for value in values]


def _names(categories: Categories) -> list[str | int]:
    return [categories.names[code] if code >= 0 else code for code in categories.codes.tolist()]


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (74, "74"), (74.0, "74"), ("74", "74"), (np.int16(74), "74"), (np.float32(74), "74"), (Decimal("74.0"), "74"),
        (0.5, "0.5"), (Decimal("0.5"), "0.5"), (-0.0, "0"), (True, "true"), (np.bool_(True), "true"), ("True", "True"),
        (math.inf, "inf"), (date(2021, 1, 2), "2021-01-02"), ("", ""), ("日本", "日本"), ("half \ud800", "half ?"),
        (None, None), (math.nan, None), (pd.NaT, None), ([], None), ({}, None), (b"a", None),
    ],
)  # fmt: skip
def test_a_category_has_one_form(value: object, name: str | None) -> None:
    """Numbers, text and booleans have one canonical form each; NaN, lists and bytes have none."""
    assert canonical(value) == name


def test_integers_of_any_size_are_categories() -> None:
    """An integer of more digits than Python writes is a category like any other."""
    huge = 10**5000
    assert canonical(huge) == hex(huge)
    assert canonical(huge) != canonical(huge + 1)


def test_missing_is_told_from_no_category() -> None:
    """NaN and None are missing, a list is of the wrong type."""
    codes = as_categories(["a", None, math.nan, pd.NaT, [], {}, b"x"]).codes.tolist()
    assert codes == [0, -MISSING, -MISSING, -MISSING, -WRONG, -WRONG, -WRONG]


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (pa.array([1, None, 3], pa.int8()), ["1", -MISSING, "3"]),
        (pa.array([2**64 - 1], pa.uint64()), [str(2**64 - 1)]),
        (pa.array([74.0, math.nan, None, 0.5]), ["74", -MISSING, -MISSING, "0.5"]),
        (pa.array(["a", None, "a"], pa.large_string()), ["a", -MISSING, "a"]),
        (pa.array([True, None, False]), ["true", -MISSING, "false"]),
        (pa.array([Decimal("74.00"), None]), ["74", -MISSING]),
        (pa.nulls(2), [-MISSING, -MISSING]),
        (pa.array([[1], None]), [-WRONG, -MISSING]),
        (pa.array([date(2021, 1, 2)]), ["2021-01-02"]),
        (pa.array([], pa.string()), []),
    ],
)
def test_arrow_categories(array: pa.Array, expected: list[object]) -> None:
    """Arrow columns of every type, in one chunk or many, give the categories that lists give."""
    assert _names(as_categories(pa.chunked_array([array]))) == expected
    assert _names(as_categories(pa.chunked_array([array, array]))) == expected * 2
    assert _names(as_categories(pa.chunked_array([], array.type))) == []


@pytest.mark.parametrize(
    ("array", "values", "faults"),
    [
        (pa.array([1, None], pa.int8()), [1.0, math.nan], [OK, MISSING]),
        (pa.array([2**63 + 1], pa.uint64()), [2.0**63], [OK]),
        (pa.array([1.5, math.nan, math.inf, -math.inf]), [1.5] + [math.nan] * 3, [OK, MISSING, PLUS, MINUS]),
        (pa.array([np.float16(0.1)], pa.float16()), [float(np.float16(0.1))], [OK]),
        (pa.array([Decimal("1.25"), None]), [1.25, math.nan], [OK, MISSING]),
        (pa.array(["1", "NaN", None]), [math.nan] * 3, [WRONG, MISSING, MISSING]),
        (pa.array([True, None]), [math.nan] * 2, [WRONG, MISSING]),
        (pa.array([[1.0], None]), [math.nan] * 2, [WRONG, MISSING]),
        (pa.nulls(1), [math.nan], [MISSING]),
    ],
)
def test_arrow_numbers(array: pa.Array, values: list[float], faults: list[int]) -> None:
    """Arrow columns of every type give the numbers and faults that lists give."""
    for chunked, times in ((pa.chunked_array([array]), 1), (pa.chunked_array([array, array]), 2)):
        numbers = as_numbers(chunked)
        np.testing.assert_array_equal(numbers.values, values * times)
        assert (
            np.zeros(len(numbers)) if numbers.faults is None else numbers.faults
        ).tolist() == faults * times


def test_numbers_go_through_the_type_of_the_reference() -> None:
    """A value that was 32 bits wide in the reference is rounded to 32 bits, whichever way it comes."""
    wide, narrow = 0.1, float(np.float32(0.1))
    assert as_numbers([wide], "float").values.tolist() == [narrow]
    assert as_numbers(pa.chunked_array([[wide]]), "float").values.tolist() == [narrow]
    assert as_numbers([wide], "double").values.tolist() == [wide]
    assert as_numbers([wide], "halffloat").values.tolist() == [float(np.float16(0.1))]
    beyond = as_numbers([1e39, -1e39], "float").faults
    assert beyond is not None
    assert beyond.tolist() == [PLUS, MINUS]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.5, 1_500_000), (np.int64(2), 2_000_000), (np.float64(0.25), 250_000), ("1970-01-01T00:00:01", 1_000_000),
        ("1970-01-01T01:00:00+01:00", 0), ("1970-01-01 00:00:00.000001", 1), (date(1970, 1, 2), 86_400_000_000),
        (datetime(1970, 1, 1, tzinfo=timezone(timedelta(hours=-1))), 3_600_000_000),
        (pd.Timestamp(1, unit="s"), 1_000_000), (np.datetime64("1970-01-02"), 86_400_000_000),
        (np.datetime64("1970-01-01T00:00:00.000001500"), 1), (np.datetime64("NaT"), NO_TIME),
        (np.datetime64(10**6, "Y"), NO_TIME),
        (None, NO_TIME), ("yesterday", NO_TIME), (math.nan, NO_TIME), (math.inf, NO_TIME),
        (True, NO_TIME), (pd.NaT, NO_TIME),
        ([], NO_TIME), (10**400, NO_TIME), (1.7e12, NO_TIME),
    ],
)  # fmt: skip
def test_times(value: object, expected: int) -> None:
    """Seconds, ISO 8601 and datetimes are times, in UTC where they say nothing else; anything else is none."""
    assert microseconds(value) == expected
    assert as_times([value]).tolist() == [expected]


def test_a_list_of_numpy_times_is_the_time_of_a_reference() -> None:
    """Times as numpy has them, one by one in a list, are read like the array that they are from."""
    times = np.arange("2021-01-01", "2021-01-11", dtype="datetime64[D]")
    listed, as_array = (
        Reference.of({"when": column, "x": np.arange(10.0)}, time="when") for column in (list(times), times)
    )
    assert listed.period == as_array.period == (1_609_459_200_000_000, 1_610_236_800_000_000)


def test_times_are_exact_in_the_year_2200() -> None:
    """No microsecond is lost where a float of seconds would lose it."""
    late = datetime(2200, 1, 1, 0, 0, 0, 1, tzinfo=UTC)
    assert microseconds(late) % 1_000_000 == 1


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_arrow_times(unit: str) -> None:
    """Timestamps of every unit, with and without a zone, and dates are the same times."""
    moment = datetime(2021, 1, 2, tzinfo=UTC)
    expected = [microseconds(moment), NO_TIME]
    for zone in (None, "Europe/Berlin"):
        column = pa.chunked_array([pa.array([moment, None], pa.timestamp(unit, zone))])
        assert as_times(column).tolist() == expected
    assert as_times(pa.chunked_array([pa.array([moment.date(), None])])).tolist() == expected
    assert as_times(pa.chunked_array([pa.array([moment.timestamp(), None])])).tolist() == expected


TIMES = st.one_of(
    st.sampled_from(
        (
            None, math.nan, math.inf, 10**400, 1.7e12, 1e300, -1.5, 0, True, "", "soon", "half \ud800", "2021-01-02",
            "2021-01-02T03:04:05", "2021-01-02T03:04:05.678901", "2021-01-02T03:04:05Z", "2021-01-02T03:04:05+02:00",
            "20210102", "2021-W01-1", "0001-01-01", "9999-12-31", "999999999999", [],
        )
    ),
    st.floats(-1e11, 1e11),
    st.integers(-(10**11), 10**11),
)  # fmt: skip


@given(
    st.one_of(
        st.lists(TIMES, max_size=20),
        st.lists(TIMES.filter(lambda value: isinstance(value, str)), min_size=2, max_size=20),
        st.lists(TIMES.filter(lambda value: type(value) in (int, float)), min_size=2, max_size=20),
    )
)
def test_a_column_of_times_is_cast_value_by_value(values: list[object]) -> None:
    """What a time is does not depend on its neighbours, though columns of one type take a quicker way."""
    assert as_times(values).tolist() == [microseconds(value) for value in values]
