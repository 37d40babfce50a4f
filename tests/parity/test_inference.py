"""The rules by which a schema is inferred, each of which the config can override."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from modelvane import Monitor, Reference, Table
from modelvane.breakdown import Breakdown
from modelvane.errors import SchemaError, UnknownNameError
from modelvane.inference import infer_schema
from modelvane.schema import Column, Kind, Role, Schema, Task
from modelvane.value_kinds import FEW_VALUES, MOST_CATEGORIES

MANY = [float(i) for i in range(FEW_VALUES + 1)]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (MANY, Kind.NUMERICAL),
        (MANY[:-1], Kind.CATEGORICAL),
        ([int(value) for value in MANY], Kind.NUMERICAL),
        ([int(value) for value in MANY[:-1]], Kind.CATEGORICAL),
        ([1.0, 2.0, None, float("nan"), float("inf")], Kind.CATEGORICAL),
        ([1.0, 2.5], Kind.NUMERICAL),
        ([Decimal("1"), Decimal("2")], Kind.CATEGORICAL),
        ([Decimal("1.5"), Decimal("2")], Kind.NUMERICAL),
        ([True, False, None], Kind.CATEGORICAL),
        (["a", "b", None], Kind.CATEGORICAL),
        (["broken", 1.5, 2.5], Kind.NUMERICAL),
        ([1.5, "broken", 2, True, "broken"], Kind.NUMERICAL),
        ([1, "a", "b", 2.5, "c"], Kind.CATEGORICAL),
        ([float("nan")] * 5 + ["a"], Kind.CATEGORICAL),
        ([object(), object()], None),
        ([[1], ["a"]], None),
        (pd.Categorical(["a", "b"]), Kind.CATEGORICAL),
        (pd.Categorical([1.5, 2.5]), Kind.NUMERICAL),
        ([None, None], Kind.NUMERICAL),
        ([f"id {i}" for i in range(MOST_CATEGORIES)], Kind.CATEGORICAL),
        ([f"id {i}" for i in range(MOST_CATEGORIES + 1)], None),
        ([[1], [2]], None),
        ([{"a": 1}, {"a": 2}], None),
        ([b"a", b"b"], None),
        ([dt.date(2021, 1, 1), None], None),
    ],
)
def test_the_kind_follows_from_the_values(values: Any, kind: Kind | None) -> None:
    """Numbers are numerical unless they are few whole ones; text and booleans are categorical; the rest unmeasured."""
    column = pd.Series(values) if isinstance(values, pd.Categorical) else values
    schema = infer_schema(Table.of({"x": column, "other": [0.5] * len(values)}))
    assert (schema["x"].kind if "x" in schema else None) is kind


def test_the_kind_can_be_overridden() -> None:
    """What the config lists as numerical or categorical is that, and then only what is listed is a feature."""
    table = Table.of(
        {"code": [1, 2, 1], "size": [1.5, 2.5, 3.5], "rest": [1.5, 2.5, 3.5], "prediction": [1.0, 2.0, 3.5]}
    )
    assert infer_schema(table)["code"].kind is Kind.CATEGORICAL
    schema = infer_schema(table, numerical=["code"], categorical=["size"])
    assert (schema["code"].kind, schema["size"].kind) == (Kind.NUMERICAL, Kind.CATEGORICAL)
    assert "rest" not in schema
    assert schema["prediction"].role is Role.PREDICTION
    given = Schema((Column("code", kind=Kind.NUMERICAL),))
    assert Reference.of(table, schema=given).schema is given


def test_roles_follow_from_names() -> None:
    """Target, prediction, id and time are found by their names, given or usual; the rest are features."""
    table = Table.of(
        {"y": [1.5, 2.5], "p": [1.5, 2.0], "key": ["a", "b"], "when": [1.0, 2.0], "x": [0.5, 1.5]}
    )
    schema = infer_schema(table, target="y", prediction="p", id="key", time="when")
    roles = {column.name: column.role for column in schema}
    assert roles == {
        "y": Role.TARGET,
        "p": Role.PREDICTION,
        "key": Role.ID,
        "when": Role.TIME,
        "x": Role.FEATURE,
    }
    assert [column.name for column in schema.measured] == ["y", "p", "x"]


def test_an_id_or_time_that_the_reference_lacks_is_read_from_current_rows() -> None:
    """Current rows may have an id and a time even if the reference has none; a lacking target is left out."""
    schema = infer_schema(Table.of({"x": [0.5, 1.5]}))
    assert schema.id is not None
    assert schema.time is not None
    assert (schema.id.name, schema.time.name) == ("id", "time")
    assert schema.target is None
    assert schema.predictions == ()
    assert schema.task is None


@pytest.mark.parametrize("form", [list, pa.array])
def test_the_only_timestamp_is_the_time(form: Callable[[list[Any]], object]) -> None:
    """One timestamp column, in a list or in Arrow, is the time of the event; of two neither is."""
    stamps = form([dt.datetime(2021, 1, 1, tzinfo=dt.UTC), dt.datetime(2021, 1, 2, tzinfo=dt.UTC)])
    schema = infer_schema(Table.of({"pickup": stamps, "x": [0.5, 1.5]}))
    assert schema.time is not None
    assert schema.time.name == "pickup"
    schema = infer_schema(Table.of({"pickup": stamps, "dropoff": stamps, "x": [0.5, 1.5]}))
    assert schema.time is not None
    assert schema.time.name == "time"
    assert "pickup" not in schema


@pytest.mark.parametrize(
    ("target", "prediction", "task", "expected"),
    [
        ([1.5, 2.5, 3.5], [1.5, 2.5, 3.0], None, Task.REGRESSION),
        (["a", "b", "a"], ["a", "b", "b"], None, Task.CLASSIFICATION),
        ([0, 1, 0], [0.1, 0.9, 0.2], None, Task.CLASSIFICATION),
        ([0, 1, 0], [0.0, 1.0, 1.0], None, Task.CLASSIFICATION),
        ([1, 2, 3], [1, 2, 3], "regression", Task.REGRESSION),
        ([1.5, 2.5, 3.5], [1.5, 2.5, 3.0], "classification", Task.CLASSIFICATION),
    ],
)
def test_the_task_follows_from_the_target(target: Any, prediction: Any, task: Any, expected: Task) -> None:
    """A numerical target is regression, any other classification, unless the task is given."""
    schema = infer_schema(Table.of({"target": target, "prediction": prediction}), task=task)
    assert schema.task is expected
    assert schema["prediction"].kind is (
        Kind.CATEGORICAL if isinstance(prediction[0], str) else Kind.NUMERICAL
    )
    if task == "regression":
        assert schema["target"].kind is Kind.NUMERICAL


def test_one_probability_column_per_class() -> None:
    """A list of predictions is a classification by probabilities."""
    table = Table.of({"target": ["a", "b"], "a": [0.3, 0.4], "b": [0.7, 0.6]})
    schema = infer_schema(table, prediction=["a", "b"])
    assert [column.name for column in schema.predictions] == ["a", "b"]
    assert schema.task is Task.CLASSIFICATION


def test_segments_are_categorical() -> None:
    """Segments of whole numbers are categories however many there are; other numbers stay what they are, for bins."""
    table = Table.of({"x": [0.5, 1.5], "zone": [1.0, 75.0], "hour": [0.25, 0.75]})
    schema = infer_schema(table, numerical=["x"], segments=["hour", "zone"])
    assert (schema["zone"].kind, schema["zone"].role) == (Kind.CATEGORICAL, Role.SEGMENT)
    assert (schema["hour"].kind, schema["hour"].role) == (Kind.NUMERICAL, Role.SEGMENT)
    assert infer_schema(table, segments=["zone"])["zone"].role is Role.FEATURE
    assert infer_schema(table, categorical=["hour"], segments=["hour"])["hour"].kind is Kind.CATEGORICAL
    assert infer_schema(table, segments=[["x", {"column": "zone"}]])["zone"].kind is Kind.NUMERICAL


@pytest.mark.parametrize(
    ("segments", "said"),
    [
        (["id"], "broken down by 'id'. Received: 'the id column'"),
        ([{"column": "zone"}], "'zone' cannot be bins. Received: 'string'"),
        ([["x", "zone", "id"]], "one column or two"),
        ([["x", "x"]], "two columns"),
        (["x", {"column": "x", "bins": 4}], "twice by the same columns. Received: 'x'"),
        ([["x", "zone"], ["zone", "x"]], "twice by the same columns. Received: 'x, zone'"),
        ([{"column": "x", "bins": 1}], "2 to 20"),
        ([{"column": "x", "bins": True}], "no whole number"),
        ([{"column": "x", "bins": 4, "edges": [1]}], "both bins and edges"),
        ([{"column": "x", "edges": [1, 1]}], "each larger than the one before"),
        ([{"column": "x", "edges": [float("inf")]}], "finite"),
        ([{"column": "x", "edges": list(range(20))}], "2 to 20"),
        ([{"column": "x", "edges": []}], "no list of numbers"),
        ([{"column": "x", "bin": 4}], "no setting 'bin'"),
        ([{"columns": "x"}], "nothing that is known"),
        ([3], "nothing that is known"),
    ],
)
def test_what_cannot_be_segments_is_refused(segments: list[object], said: str) -> None:
    """What is no column, pair of columns or bins of numbers is an error that says what would be."""
    table = Table.of({"x": [0.5, 1.5], "zone": ["a", "b"], "id": ["1", "2"]})
    with pytest.raises(SchemaError, match=re.escape(said)):
        infer_schema(table, segments=segments)


def test_names_that_the_reference_lacks_are_refused() -> None:
    """A listed feature or segment that is not there is an error, with the nearest name."""
    table = Table.of({"distance": [0.5, 1.5]})
    for wrong in ({"numerical": ["distence"]}, {"categorical": ["distence"]}, {"segments": ["distence"]}):
        with pytest.raises(UnknownNameError, match="Did you mean 'distance'"):
            infer_schema(table, **wrong)  # type: ignore[arg-type] # one keyword at a time
    with pytest.raises(SchemaError, match="no column to measure"):
        infer_schema(Table.of({"id": ["a"]}))


@pytest.mark.parametrize(
    ("named", "meant"),
    [
        ({"target": "fair"}, "fare"),
        ({"prediction": "fair"}, "fare"),
        ({"prediction": ["fare", "tipp"]}, "tip"),
    ],
)
def test_a_target_or_prediction_that_is_named_has_to_be_there(named: dict[str, Any], meant: str) -> None:
    """A misspelt target or prediction is refused with the nearest name; the usual ones may be absent."""
    rows = {"fare": [0.5, 1.5], "tip": [0.5, 2.5]}
    with pytest.raises(UnknownNameError, match=f"Unknown {next(iter(named))} column.*Did you mean '{meant}'"):
        Reference.of(rows, **named)
    schema = Reference.of(rows, target="target", prediction=None).schema
    assert (schema.target, schema.predictions) == (None, ())


@pytest.mark.parametrize("data", [[], {"x": []}, pd.DataFrame({"x": [1.5]}).head(0)])
def test_a_reference_needs_rows(data: object) -> None:
    """A reference without rows is refused with a remedy, not with an error of the arithmetic."""
    with pytest.raises(SchemaError, match=r"The reference has no rows.*Check the file or the filter"):
        Reference.of(data)


def test_a_schema_refuses_contradictions() -> None:
    """Two columns of one name, two targets, and unknown segments are errors; the rest survives a round trip."""
    with pytest.raises(SchemaError, match=r"different names.*'a'"):
        Schema((Column("a"), Column("a")))
    with pytest.raises(SchemaError, match="at most one target"):
        Schema((Column("a", Role.TARGET), Column("b", Role.TARGET)))
    with pytest.raises(UnknownNameError):
        Schema((Column("a"),), segments=(Breakdown.of("b"),))
    schema = Schema(
        (Column("a"), Column("b", Role.ID, None, "string")), Task.REGRESSION, (Breakdown.of("a"),), "1"
    )
    assert Schema.from_dict(schema.to_dict()) == schema
    # as people write it, too
    assert Schema(schema.columns, Task.REGRESSION, ("a",), "1") == schema  # type: ignore[arg-type] # read as it is


@pytest.mark.parametrize(
    ("predicted", "target", "listed", "task"),
    [
        ([1, 2, 3, 4], [0.5, 1.5, 2.5, 3.5], None, Task.REGRESSION),
        ([1, 2, 3, 4], [None] * 4, None, Task.REGRESSION),
        (["a", "b", "a", "b"], [0.5, 1.5, 2.5, 3.5], None, Task.CLASSIFICATION),
        (["a", "b", "a", "b"], [None] * 4, None, Task.CLASSIFICATION),
        ([True, False, True, False], [None] * 4, None, Task.CLASSIFICATION),
        ([1, 2, 3, 4], [0.5, 1.5, 2.5, 3.5], ["guess"], Task.CLASSIFICATION),
    ],
)
def test_prediction_and_target_are_of_one_task(
    predicted: list[Any], target: list[Any], listed: list[str] | None, task: Task
) -> None:
    """Few whole numbers that predict a number are a regression; texts are classes, whatever the target is."""
    rows = {"x": MANY, "guess": predicted * 5 + predicted[:1], "truth": target * 5 + target[:1]}
    known = Reference.of(rows, prediction="guess", target="truth", numerical=["x"], categorical=listed)
    assert known.schema.task is task
    assert known.schema["guess"].kind is (Kind.NUMERICAL if task is Task.REGRESSION else Kind.CATEGORICAL)
    monitor = Monitor("rows", known, window=21)
    monitor.push(rows)
    assert monitor.findings().labelled == sum(value is not None for value in rows["truth"])
