"""Data quality series: hand-worked columns."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.compat.tables import Values, compute

NAN, INF = math.nan, math.inf


def metrics(values: Values, feature: str, dataset: str = "current") -> Values:
    found = {}
    for name, value in values.items():
        labels = dict(pair.split("=") for pair in name[name.index("{") + 1 : -1].split(","))
        if labels["feature"] == feature and labels["dataset"] == dataset:
            found[labels["metric"]] = value
    return found


def test_numerical() -> None:
    """Counts and shares are over all rows, moments over the rows with a value, rounded to two decimals."""
    values = compute("data_quality", {"x": [1.0]}, {"x": [1.123456, 1.123456, 2.0, 4.0, NAN, 9.0]})
    assert metrics(values, "x") == {
        "count": 5,
        "missing_count": 1,
        "missing_percentage": 16.67,
        "unique_count": 4,
        "unique_percentage": 66.67,
        "most_common_value": 1.12346,
        "most_common_value_percentage": 33.33,
        "infinite_count": 0,
        "infinite_percentage": 0,
        "min": 1.12,
        "max": 9.0,
        "mean": 3.45,
        "std": 3.32,
        "percentile_25": 1.12,
        "percentile_50": 2.0,
        "percentile_75": 4.0,
    }


def test_one_row_has_no_deviation() -> None:
    """The standard deviation of one row is undefined, so that it has no series; the rest has."""
    found = metrics(compute("data_quality", {"x": [1.0]}, {"x": [1.0]}), "x", "reference")
    assert "std" not in found
    assert found["mean"] == 1.0


def test_infinite_values() -> None:
    """Infinite values are counted, are the extremes, and leave no deviation."""
    found = metrics(compute("data_quality", {"x": [1.0]}, {"x": [INF, 1.0, 3.0, INF]}), "x")
    assert found["infinite_count"] == 2
    assert found["infinite_percentage"] == 50
    assert (found["min"], found["max"], found["mean"]) == (1.0, INF, INF)
    assert "std" not in found


def test_categorical_numbers() -> None:
    """Numeric categories have a most common value; of equally common ones it is the smallest."""
    found = metrics(compute("data_quality", {"c": [7, 8, 8]}, {"c": [9, 8, 9, 8, 10]}), "c")
    assert found == {
        "count": 5,
        "missing_count": 0,
        "missing_percentage": 0,
        "unique_count": 3,
        "unique_percentage": 60,
        "most_common_value": 8,
        "most_common_value_percentage": 40,
        "new_in_current_values_count": 2,
        "unused_in_current_values_count": 1,
    }


def test_text_has_no_series_of_its_values() -> None:
    """A most common value that is text is skipped; its share is not."""
    found = metrics(compute("data_quality", {"c": ["a", "b"]}, {"c": ["a", "a", "b"]}), "c")
    assert "most_common_value" not in found
    assert found["most_common_value_percentage"] == 66.67


def test_missing_is_the_most_common_value() -> None:
    """Where missing is most common, the most common value is NaN and the next one is told beside it."""
    found = metrics(compute("data_quality", {"c": [1]}, {"c": [None, 4, NAN, None, 4, 5]}), "c")
    assert math.isnan(found["most_common_value"])
    assert found["most_common_value_percentage"] == 50
    assert found["most_common_not_null_value"] == 4
    assert found["most_common_not_null_value_percentage"] == 33.33


def test_missing_counts_as_a_category() -> None:
    """A window with missing values has one new category if the reference has none missing, and the reverse."""
    new = metrics(compute("data_quality", {"c": ["a"]}, {"c": ["a", None]}), "c")
    unused = metrics(compute("data_quality", {"c": ["a", None]}, {"c": ["a"]}), "c")
    both = metrics(compute("data_quality", {"c": ["a", NAN]}, {"c": ["a", None]}), "c")
    assert (new["new_in_current_values_count"], new["unused_in_current_values_count"]) == (1, 0)
    assert (unused["new_in_current_values_count"], unused["unused_in_current_values_count"]) == (0, 1)
    assert (both["new_in_current_values_count"], both["unused_in_current_values_count"]) == (0, 0)


def test_datetime() -> None:
    """Times have counts and shares; the times themselves are text in 2022, and skipped."""
    times = np.array(["2022-01-01", "2022-01-01", "NaT", "2022-01-02"], dtype="datetime64[us]")
    values = compute("data_quality", {"t": times}, {"t": times}, datetime="t")
    assert metrics(values, "t") == {
        "count": 3,
        "missing_count": 1,
        "missing_percentage": 25,
        "unique_count": 2,
        "unique_percentage": 50,
        "most_common_value_percentage": 50,
    }
    assert all("feature_type=datetime" in name for name in values)


def test_datetime_mostly_missing() -> None:
    """Where most times are missing, the share of the next most common one is there without its value."""
    times = np.array(["2022-01-01", "NaT", "NaT"], dtype="datetime64[us]")
    found = metrics(compute("data_quality", {"t": times}, {"t": times}, datetime_features=["t"]), "t")
    assert found["most_common_not_null_value_percentage"] == 33.33
    assert "most_common_not_null_value" not in found


def test_an_empty_column_keeps_its_counts_and_loses_its_moments() -> None:
    """An all-missing numerical column has counts, no moments, and no effect on other columns."""
    reference = {"x": [1.0, 2.0], "y": [1.0, 2.0]}
    values = compute("data_quality", reference, {"x": [NAN, NAN], "y": [3.0, 4.0]})
    found = metrics(values, "x")
    assert (found["count"], found["missing_count"], found["missing_percentage"]) == (0, 2, 100)
    assert not {"mean", "std", "min", "max", "percentile_50", "most_common_not_null_value"} & found.keys()
    assert metrics(values, "y") == metrics(compute("data_quality", {"y": [1.0, 2.0]}, {"y": [3.0, 4.0]}), "y")


@pytest.mark.parametrize(
    ("target", "expected"),
    [([0.0, 1.0, 2.0, 3.0, 4.0], "num"), ([0.0, 1.0, 2.0, 3.0, 3.0], "cat"), (list("abcde"), "cat")],
)
def test_type_of_target(target: list[object], expected: str) -> None:
    """A numeric target with five distinct values or more is numerical, any other is categorical."""
    values = compute("data_quality", {"target": target}, {"target": target})
    assert {name.partition("feature_type=")[2].partition(",")[0] for name in values} == {expected}


def test_task_decides_the_type_of_target() -> None:
    """A task in the mapping overrides the guess, for target and prediction."""
    table = {"target": [0.0, 1.0, 2.0, 3.0, 4.0], "prediction": [0.0, 1.0, 2.0, 3.0, 4.0]}
    values = compute("data_quality", table, table, task="classification")
    assert {name.partition("feature_type=")[2].partition(",")[0] for name in values} == {"cat"}
    assert "new_in_current_values_count" in metrics(values, "target")
    assert "new_in_current_values_count" not in metrics(values, "prediction")
