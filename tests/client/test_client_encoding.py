"""Rows become JSON that every reader accepts, whatever library their values come from."""

from __future__ import annotations

import enum
import fractions
import json
import uuid
from collections import OrderedDict
from datetime import UTC, date, datetime
from decimal import Decimal
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest

from modelvane.client.encoding import encode, quick_encoder


class Colour(enum.Enum):
    GREEN = "green"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, None),
        (True, True),
        (2**70, 2**70),
        (float("nan"), "NaN"),
        (float("inf"), "Infinity"),
        (-float("inf"), "-Infinity"),
        (np.float64(2.5), 2.5),
        (np.float64("nan"), "NaN"),
        (np.float32(0.5), 0.5),
        (np.float32("inf"), "Infinity"),
        (np.longdouble(0.5), 0.5),
        (np.int64(7), 7),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (np.array([1.0, np.nan]), [1.0, "NaN"]),
        (np.datetime64("2021-01-05T10:00:00.000000000"), "2021-01-05T10:00:00.000000000"),
        (pd.Timestamp("2021-01-05T10:00:00Z"), "2021-01-05T10:00:00+00:00"),
        (pd.NaT, "NaT"),
        (pd.NA, None),
        (datetime(2021, 1, 5, tzinfo=UTC), "2021-01-05T00:00:00+00:00"),
        (date(2021, 1, 5), "2021-01-05"),
        (Decimal("2.5"), 2.5),
        (Decimal("NaN"), "NaN"),
        (fractions.Fraction(1, 4), 0.25),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Colour.GREEN, "green"),
        ((1, 2), [1, 2]),
        (OrderedDict(a=1), {"a": 1}),
        (MappingProxyType({"a": np.int64(1)}), {"a": 1}),
        ({"deep": [{"er": float("nan")}]}, {"deep": [{"er": "NaN"}]}),
        ({np.int64(3): 1}, {"3": 1}),
        ("größer", "größer"),
        ("\ud800", "?"),
    ],
    ids=repr,
)
def test_a_value_is_written_as_json(value, written):
    """A value becomes the JSON value that means the same, and its neighbour is untouched."""
    row = {"value": value, "neighbour": 1.5}
    for text in filter(None, (encode(row), quick_encoder()(row))):
        assert json.loads(text, parse_constant=pytest.fail) == {"value": written, "neighbour": 1.5}


@pytest.mark.parametrize("value", [None, True, 2**70, 2.5, "größer"])
def test_a_plain_row_is_written_quickly(value):
    """A row of numbers, text and empty cells is what the quick encoder is for."""
    row = {"value": value, "neighbour": None}
    assert json.loads(quick_encoder()(row) or "") == row


@pytest.mark.parametrize(
    "value", [float("nan"), -float("inf"), "null", "\ud800", [1], np.float64(1), b"a", date(2021, 1, 5)]
)
def test_another_row_is_not_written_quickly(value):
    """What JSON has no word for, what may change later and what has a class of its own is left to `encode`."""
    assert quick_encoder()({"value": value, "neighbour": None}) is None


def test_a_column_name_need_not_be_text():
    """Column names of other types, as pandas has them, are written as text."""
    row = {0: 1, np.int64(1): 2, (1, 2): 3}
    assert quick_encoder()(row) is None
    assert json.loads(encode(row)) == {"0": 1, "1": 2, "(1, 2)": 3}


def _endless() -> list[object]:
    endless: list[object] = []
    endless.append(endless)
    return endless


@pytest.mark.parametrize("value", [object(), _endless(), b"bytes"], ids=lambda value: type(value).__name__)
def test_a_value_without_a_json_form_raises(value):
    """What has no JSON form is an error, for the sender to reject that row."""
    with pytest.raises((TypeError, ValueError, RecursionError)):
        encode({"value": value})
