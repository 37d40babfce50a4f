"""The door: whatever form rows come in, the findings are the same; what cannot be rows says why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import csv, feather, parquet

from modelvane import Monitor, Reference, Table
from modelvane.casting import Numbers
from modelvane.errors import DecodeError, SchemaError, UnknownNameError
from modelvane.inference import FEW_VALUES, MOST_CATEGORIES, infer_schema
from modelvane.schema import Column, Kind, Role, Schema, Task

Rows = list[dict[str, Any]]


def _rows(count: int = 120) -> Rows:
    rng = np.random.default_rng(9)
    start = dt.datetime(2021, 1, 1, tzinfo=dt.UTC)
    return [
        {
            "at": start + dt.timedelta(minutes=i),
            "distance": round(float(d), 6),
            "passengers": None if i % 9 == 0 else int(p),
            "zone": f"zone {z}",
            "shared": bool(z % 2),
            "prediction": float(d) * 3,
            "target": float(d) * 3 + 0.25,
        }
        for i, (d, p, z) in enumerate(
            zip(rng.lognormal(size=count), rng.integers(1, 6, count), rng.integers(0, 4, count), strict=True)
        )
    ]


def _pandas_mixed(rows: Rows) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    frame["passengers"] = pd.Series([row["passengers"] for row in rows], dtype="Int64")
    frame["mixed"] = [1, "x"] * (len(rows) // 2)
    return frame


def _written(write: Callable[[Rows, Path], None], ending: str) -> Callable[[Rows, Path], object]:
    def form(rows: Rows, folder: Path) -> object:
        path = folder / f"rows{ending}"
        write(rows, path)
        return path

    return form


def _pandas_categoricals(rows: Rows) -> pd.DataFrame:
    return pd.DataFrame(rows).astype({"zone": "category"})


FORMS: dict[str, Callable[[Rows, Path], object]] = {
    "rows": lambda rows, _: rows,
    "table": lambda rows, _: Table.of(rows),
    "columns": lambda rows, _: {name: [row[name] for row in rows] for name in rows[0]},
    "columns by index": lambda rows, _: {
        name: {str(i): row[name] for i, row in (enumerate(rows) if name < "p" else [*enumerate(rows)][::-1])}
        for name in rows[0]
    },
    "tuples": lambda rows, _: {name: tuple(row[name] for row in rows) for name in rows[0]},
    "numpy and arrow columns": lambda rows, _: {
        name: np.array([row[name] for row in rows])
        if name in ("distance", "prediction", "target", "zone", "passengers")
        else pa.array([row[name] for row in rows])
        for name in rows[0]
    },
    "series": lambda rows, _: {
        name: pl.Series(name, [row[name] for row in rows])
        if name < "p"
        else pd.Series([row[name] for row in rows])
        for name in rows[0]
    },
    "pandas": lambda rows, _: pd.DataFrame(rows),
    "pandas on pyarrow": lambda rows, _: pd.DataFrame(rows).convert_dtypes(dtype_backend="pyarrow"),
    "pandas nullable": lambda rows, _: pd.DataFrame(rows).convert_dtypes(),
    "pandas with an index": lambda rows, _: pd.DataFrame(rows).set_index(pd.Index(range(7, 7 + len(rows)))),
    "pandas categoricals": lambda rows, _: _pandas_categoricals(rows),
    "pandas with a mixed column": lambda rows, _: _pandas_mixed(rows).drop(columns="mixed"),
    "polars": lambda rows, _: pl.DataFrame(rows),
    "polars categoricals": lambda rows, _: pl.DataFrame(rows).with_columns(
        pl.col("zone").cast(pl.Categorical)
    ),
    "arrow": lambda rows, _: pa.Table.from_pylist(rows),
    "arrow batch": lambda rows, _: pa.RecordBatch.from_pylist(rows),
    "arrow in chunks": lambda rows, _: pa.concat_tables(
        [pa.Table.from_pylist(rows[:50]), pa.Table.from_pylist(rows[50:])]
    ),
    "parquet": _written(lambda rows, path: parquet.write_table(pa.Table.from_pylist(rows), path), ".parquet"),
    "csv": _written(lambda rows, path: csv.write_csv(pa.Table.from_pylist(rows), path), ".csv"),
    "feather": _written(
        lambda rows, path: feather.write_feather(pa.Table.from_pylist(rows), path), ".feather"
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_findings(form: str, tmp_path: Path) -> None:
    """A reference and a window built from any form of the same rows give the same findings."""
    rows = _rows()
    expected = Reference.of(rows, time="at")
    data = FORMS[form](rows, tmp_path)
    found = Reference.of(data, time="at")
    assert [(c.name, c.role, c.kind) for c in found.schema] == [
        (c.name, c.role, c.kind) for c in expected.schema
    ]
    assert found.tally == expected.tally
    assert found.period == expected.period
    shifted = [{**row, "distance": row["distance"] * 1.5} for row in rows]
    current = FORMS[form](shifted, tmp_path)
    watched, other = (Monitor("taxi", r, window=100, clock=lambda: 0.0) for r in (expected, found))
    watched.push(shifted)
    other.push(current)
    assert other.findings() == watched.findings()


def test_pandas_columns_of_mixed_types_are_read_value_by_value() -> None:
    """A pandas column without an Arrow type keeps each of its values, and spoils no other column."""
    frame = _pandas_mixed(_rows(6))
    frame.loc[2, "mixed"] = None
    table = Table.of(frame)
    assert table.values("mixed") == [1, "x", None, "x", 1, "x"]
    assert table.values("passengers")[0] is None
    assert table.values("passengers")[1:] == [row["passengers"] for row in _rows(6)[1:]]


def test_one_flat_mapping_is_one_row() -> None:
    """A mapping without any list is a single row."""
    assert Table.of({"a": 1, "b": None}).rows == 1
    assert Table.of({"a": 1, "b": None}).values("b") == [None]
    assert (Table.of({}).rows, Table.of([]).rows) == (0, 0)


def test_rows_with_different_names_have_gaps() -> None:
    """What a row lacks is missing there."""
    table = Table.of([{"a": 1}, {"b": 2}, {}])
    assert (table.values("a"), table.values("b")) == ([1, None, None], [None, 2, None])


def test_32_bit_rows_land_on_their_edges() -> None:
    """The rows of a 32-bit reference are on its edges whether they come back as 32 bits, 64 bits or JSON."""
    values = np.random.default_rng(0).normal(size=300).astype(np.float32)
    reference = Reference.of({"x": values})
    wide = [float(np.format_float_positional(v, unique=True)) for v in values]
    for data in ({"x": values}, {"x": wide}, [{"x": v} for v in wide], pd.DataFrame({"x": wide})):
        tally = reference.counter.rows(reference.encode(data))
        assert tally == reference.tally
    column = reference.encode({"x": wide}).columns["x"]
    assert isinstance(column, Numbers)
    assert set(column.values.tolist()) == set(values.astype(float).tolist())


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (7, "Received: 'int'"),
        (None, "NoneType"),
        ([{"a": 1}, 3], "Row 1 is not an object.*3"),
        (["ab"], "Row 0 is not an object"),
        (b"ab", "Row 0"),
        ({"a": [1, 2], "b": [1]}, "different lengths.*'b': 1"),
        ({"a": [1], "b": 2}, "'b' is neither a list"),
        ({"a": {"0": 1}, "b": {"1": 1}}, "'b' has other index values"),
        ({"a": {"0": 1}, "b": {"0": 1, "1": 2}}, "'b' has other index values"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "different names.*'a'"),
        (pa.table([pa.array([1]), pa.array([2])], names=["a", "a"]), "different names.*'a'"),
        ("rows.xlsx", "rows.xlsx.*ending.*csv"),
        ("none.csv", "no file none.csv"),
    ],
)
def test_errors_name_what_is_wrong(data: object, what: str) -> None:
    """What cannot be read as rows is refused with the place, what was received and what was expected."""
    with pytest.raises(DecodeError, match=what):
        Table.of(data)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    """A file that is not what its ending says is refused by name."""
    path = tmp_path / "rows.parquet"
    path.write_bytes(b"not parquet")
    with pytest.raises(DecodeError, match=r"rows\.parquet cannot be read"):
        Table.of(path)


def test_a_column_of_another_length_does_not_fit() -> None:
    """A column is added to a table only when it has as many rows."""
    table = Table.of({"a": [1, 2]})
    assert table.with_column("b", [3, 4]).values("b") == [3, 4]
    with pytest.raises(DecodeError, match=r"'b' does not fit.*3 rows.*2 rows"):
        table.with_column("b", [1, 2, 3])
    with pytest.raises(UnknownNameError, match="Did you mean 'a'"):
        Table.of({"a": [1]})["aa"]


def test_rows_are_taken_in_the_order_asked_for() -> None:
    """Taking rows works on lists and Arrow columns alike."""
    table = Table.of({"a": [1, 2, 3], "b": np.array([1.0, 2.0, 3.0])}).take([2, 0])
    assert (table.values("a"), table.values("b"), table.rows) == ([3, 1], [3.0, 1.0], 2)


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
    """A segment is categorical whatever its values, and need not be a feature."""
    table = Table.of({"x": [0.5, 1.5], "hour": [0.25, 0.75]})
    schema = infer_schema(table, numerical=["x"], segments=["hour"])
    assert (schema["hour"].kind, schema["hour"].role) == (Kind.CATEGORICAL, Role.SEGMENT)
    assert infer_schema(table, segments=["hour"])["hour"].role is Role.FEATURE


def test_names_that_the_reference_lacks_are_refused() -> None:
    """A listed feature or segment that is not there is an error, with the nearest name."""
    table = Table.of({"distance": [0.5, 1.5]})
    for wrong in ({"numerical": ["distence"]}, {"categorical": ["distence"]}, {"segments": ["distence"]}):
        with pytest.raises(UnknownNameError, match="Did you mean 'distance'"):
            infer_schema(table, **wrong)  # type: ignore[arg-type] # one keyword at a time
    with pytest.raises(SchemaError, match="no column to measure"):
        infer_schema(Table.of({"id": ["a"]}))


def test_a_schema_refuses_contradictions() -> None:
    """Two columns of one name, two targets, and unknown segments are errors; the rest survives a round trip."""
    with pytest.raises(SchemaError, match=r"different names.*'a'"):
        Schema((Column("a"), Column("a")))
    with pytest.raises(SchemaError, match="at most one target"):
        Schema((Column("a", Role.TARGET), Column("b", Role.TARGET)))
    with pytest.raises(UnknownNameError):
        Schema((Column("a"),), segments=("b",))
    schema = Schema((Column("a"), Column("b", Role.ID, None, "string")), Task.REGRESSION, ("a",), "1")
    assert Schema.from_dict(schema.to_dict()) == schema
    assert schema.with_segments([]).segments == ()
