"""Facts and series as a whole: the way to a file and back, order of rows, and columns that spoil nothing."""

from __future__ import annotations

import json
import math
import struct
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.compat.tables import columns_of, compute, flat

from modelvane.compat import MONITORS, ColumnMapping, Facts, check_monitors, series
from modelvane.compat.columns import object_array
from modelvane.errors import ConfigError, ReferenceFileError

REGRESSION = ColumnMapping(task="regression", numerical_features=["x"], categorical_features=["c"])
REGRESSION_MONITORS = ["data_drift", "num_target_drift", "data_quality", "regression_performance"]
CLASSES = ColumnMapping(task="classification", numerical_features=["x"], categorical_features=["c"])
CLASS_MONITORS = ["data_drift", "cat_target_drift", "data_quality", "classification_performance"]

NUMBERS = st.floats(-1e6, 1e6, width=32) | st.sampled_from([math.nan, math.inf, -math.inf, 0.0, 1e300])
# sums of these are exact in any order
WHOLE_NUMBERS = st.integers(-1000, 1000).map(float) | st.sampled_from([math.nan, math.inf, -math.inf])
CATEGORIES = st.none() | st.integers(0, 3) | st.sampled_from(["a", "b", True, 1.5, math.nan, math.inf])


@st.composite
def tables(draw: st.DrawFn, label: st.SearchStrategy[object]) -> dict[str, np.ndarray]:
    rows = draw(st.integers(1, 12))

    def many(of: st.SearchStrategy[object]) -> list[object]:
        return draw(st.lists(of, min_size=rows, max_size=rows))

    as_column = object_array if label is CATEGORIES else np.array
    numbers = WHOLE_NUMBERS if label is WHOLE_NUMBERS else NUMBERS
    return {
        "target": as_column(many(label)),
        "prediction": as_column(many(label)),
        "x": np.array(many(numbers), dtype=np.float64),
        "c": object_array(many(CATEGORIES)),
    }


def bits(samples: list[object]) -> list[tuple[object, ...]]:
    return [(sample.name, sample.labels, struct.pack("<d", sample.value)) for sample in samples]


@pytest.mark.parametrize(
    ("label", "mapping", "monitors"),
    [(NUMBERS, REGRESSION, REGRESSION_MONITORS), (CATEGORIES, CLASSES, CLASS_MONITORS)],
    ids=["regression", "classification"],
)
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_there_and_back(
    data: st.DataObject, label: st.SearchStrategy[object], mapping: ColumnMapping, monitors: list[str]
) -> None:
    """Facts that went through arrays and JSON give every series bit for bit."""
    facts, window = Facts.of(data.draw(tables(label)), mapping), data.draw(tables(label))
    arrays, meta = facts.to_arrays()
    assert all(array.dtype.kind in "fi" for array in arrays.values())
    restored = Facts.from_arrays(arrays, json.loads(json.dumps(meta, allow_nan=False)))
    assert bits(series(restored, window, mapping, monitors)) == bits(series(facts, window, mapping, monitors))


@pytest.mark.parametrize(
    ("label", "mapping", "monitors"),
    [(WHOLE_NUMBERS, REGRESSION, REGRESSION_MONITORS), (CATEGORIES, CLASSES, CLASS_MONITORS)],
    ids=["regression", "classification"],
)
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_the_order_of_rows_does_not_matter(
    data: st.DataObject, label: st.SearchStrategy[object], mapping: ColumnMapping, monitors: list[str]
) -> None:
    """Rows of the window in another order give the same series, but for modes: of equals the first counts."""
    facts, window = Facts.of(data.draw(tables(label)), mapping), data.draw(tables(label))
    order = np.array(data.draw(st.permutations(range(window["x"].size))))

    def orderless(window: dict[str, np.ndarray]) -> dict[str, float]:
        values = flat(series(facts, window, mapping, monitors))
        modes = {name for name in values if "feature_error_bias" in name and "feature_type=cat" in name}
        return {name: values[name] for name in values.keys() - modes}

    permuted = {name: column[order] for name, column in window.items()}
    assert orderless(permuted) == pytest.approx(orderless(window), rel=1e-6, abs=1e-6, nan_ok=True)


def test_three_probability_columns_go_there_and_back() -> None:
    """Probabilities, and the times beside them, survive the way through arrays and JSON too."""
    names = ["cat", "dog", "fox"]
    rng = np.random.default_rng(1)
    table = {
        "target": object_array(rng.choice(names, 30).tolist()),
        "when": np.arange(30).astype("datetime64[us]"),
        **dict(zip(names, rng.dirichlet(np.ones(3), 30).T, strict=True)),
    }
    mapping = ColumnMapping(prediction=names, datetime="when", target_names=["Cat", "Dog", "Fox"])
    monitors = ["data_drift", "cat_target_drift", "data_quality", "prob_classification_performance"]
    facts = Facts.of(table, mapping)
    arrays, meta = facts.to_arrays()
    restored = Facts.from_arrays(arrays, json.loads(json.dumps(meta, allow_nan=False)))
    assert restored.roles == facts.roles
    samples = series(facts, table, mapping, monitors)
    assert bits(series(restored, table, mapping, monitors)) == bits(samples)
    assert any(("class_name", "Fox") in sample.labels for sample in samples)


def test_another_format_is_refused() -> None:
    """Facts of another format are refused with what to do."""
    arrays, meta = Facts.of(columns_of({"x": [1.0]}), ColumnMapping()).to_arrays()
    with pytest.raises(ReferenceFileError, match="Build the reference again"):
        Facts.from_arrays(arrays, {**meta, "format": 2})


@pytest.mark.parametrize("damage", ["counts/x", "samples/data_quality"])
def test_damage_is_refused(damage: str) -> None:
    """Facts with an array that is gone or cut short are refused, not read as something else."""
    arrays, meta = Facts.of(columns_of({"x": [1.0, 2.0]}), ColumnMapping()).to_arrays()
    for array in (None, arrays[damage][:-1]):
        damaged = {name: kept for name, kept in arrays.items() if name != damage}
        if array is not None:
            damaged[damage] = array
        with pytest.raises(ReferenceFileError, match="damaged"):
            Facts.from_arrays(damaged, meta)


def test_unknown_monitor() -> None:
    """A monitor that does not exist is an error that lists those that do."""
    with pytest.raises(ConfigError) as caught:
        check_monitors(ColumnMapping(), ["data_drift", "data_drfit"])
    assert caught.value.available == tuple(MONITORS)
    assert "data_drfit" in str(caught.value)


@pytest.mark.parametrize(
    ("monitor", "prediction"),
    [
        ("prob_classification_performance", "prediction"),
        ("classification_performance", ["yes", "no"]),
        ("regression_performance", ["yes", "no"]),
        ("num_target_drift", ["yes", "no"]),
    ],
)
def test_a_monitor_needs_its_form_of_prediction(monitor: str, prediction: str | list[str]) -> None:
    """A monitor that cannot work with the mapping's prediction is an error, where 2022 answered 500."""
    facts = Facts.of(columns_of({"x": [1.0]}), ColumnMapping(prediction=prediction))
    with pytest.raises(ConfigError, match=f"Monitor {monitor} cannot work"):
        series(facts, {}, ColumnMapping(prediction=prediction), [monitor])


def test_drift_shares() -> None:
    """One drifted column of two is a share of one half, which is dataset drift; a lost column has no part in it."""
    reference = {"x": np.arange(100.0), "y": np.arange(100.0), "z": np.arange(100.0)}
    window = {"x": np.arange(100.0) + 50, "y": np.arange(100.0), "z": np.full(100, np.nan)}
    found = compute("data_drift", reference, window)
    assert found["data_drift:n_drifted_features"] == 1
    assert found["data_drift:share_drifted_features"] == 0.5
    assert found["data_drift:dataset_drift"] == 1
    assert "data_drift:p_value{feature=z,feature_type=num}" not in found
    del window["z"]
    assert compute("data_drift", reference, window) == found


def test_features_are_guessed_from_the_reference() -> None:
    """Without lists of features, numbers are numerical and text categorical; id, time and label are neither."""
    table = {
        "id": ["1", "2"],
        "when": np.arange(2).astype("datetime64[us]"),
        "x": [1.0, 2.0],
        "c": ["a", "b"],
        "target": [0.0, 1.0],
    }
    roles = Facts.of(columns_of(table), ColumnMapping(id="id", datetime="when")).roles
    assert (roles.numerical, roles.categorical, roles.datetimes) == (("x",), ("c",), ())
    assert (roles.target, roles.prediction, roles.datetime) == ("target", None, "when")
    assert roles.task == "classification"


@pytest.mark.parametrize(
    "spoiled",
    [np.full(40, np.nan), np.full(40, 1e300), np.full(40, np.inf), object_array(["text"] * 40), None],
)
def test_a_spoiled_column_changes_no_other_series(spoiled: np.ndarray | None) -> None:
    """A column of 1e300, NaN, infinity or text, or none at all, leaves the series of other columns alone."""
    rng = np.random.default_rng(2)
    table = {name: rng.normal(size=40) for name in ("target", "prediction", "x", "y")}
    mapping = ColumnMapping(task="regression")
    facts = Facts.of(table, mapping)

    def others(window: dict[str, np.ndarray]) -> dict[str, float]:
        values = flat(series(facts, window, mapping, REGRESSION_MONITORS))
        totals = {name for name in values if name.startswith("data_drift") and "p_value" not in name}
        return {
            name: value for name, value in values.items() if "feature=y" not in name and name not in totals
        }

    window = {**table, "y": spoiled} if spoiled is not None else {k: v for k, v in table.items() if k != "y"}
    assert others(window) == others(table)


def test_an_empty_window_has_no_series_of_values() -> None:
    """A window without rows raises nothing and has counts of zero at most."""
    reference = columns_of(
        {"target": [1.0, 2.0, 3.0], "prediction": [1.0, 2.0, 4.0], "x": [1.0, 5.0, 2.0], "c": ["a", "b", "b"]}
    )
    facts = Facts.of(reference, REGRESSION)
    window = {name: column[:0] for name, column in reference.items()}
    samples = series(facts, window, REGRESSION, REGRESSION_MONITORS)
    current = {
        (sample.name, dict(sample.labels).get("metric")): sample.value
        for sample in samples
        if ("dataset", "current") in sample.labels
    }
    quality = "evidently:data_quality:quality_stat"
    assert current == {
        ("evidently:num_target_drift:count", None): 0,
        (quality, "count"): 0,
        (quality, "new_in_current_values_count"): 0,
        (quality, "unused_in_current_values_count"): 2,
    }


def test_import_and_distances_do_without_scipy_stats() -> None:
    """Neither the import nor the distances of a large reference load scipy.stats, slow to import as it is."""
    program = """
import sys
import numpy as np
from modelvane.compat import ColumnMapping, Facts, series
x = np.arange(2000.0)
facts = Facts.of({"x": x, "target": x, "prediction": x}, ColumnMapping())
assert series(facts, {"x": x}, ColumnMapping(), ["data_drift", "data_quality", "regression_performance"])
sys.exit("scipy.stats" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
