"""The door: whatever form rows come in, the findings are the same; what cannot be rows says why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from msgspec.structs import replace
from pyarrow import csv, feather, parquet

from modelvane import Monitor, Reference, Table
from modelvane.casting import Numbers
from modelvane.errors import DecodeError, UnknownNameError

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


def test_the_index_of_a_filtered_frame_is_no_column(tmp_path: Path) -> None:
    """Row numbers that pandas keeps beside a filtered frame are no data, in memory or in a file; a named index is."""
    frame = pd.DataFrame({"distance": [0.5, 2.0, 1.5, 1.0, 2.5]})
    filtered = frame[frame["distance"] != 2.0]
    reference = Reference.of(filtered)
    assert [column.name for column in reference.schema.measured] == ["distance"]
    monitor = Monitor("taxi", reference, window=100)
    monitor.push(filtered)
    unexpected = monitor.findings().get("unexpected_columns")
    assert unexpected is not None
    assert (unexpected.value, unexpected.cause) == (0.0, "")
    filtered.to_parquet(tmp_path / "rows.parquet")
    assert Table.of(tmp_path / "rows.parquet").names == ("distance",)
    assert Table.of(filtered.rename_axis("trip")).values("trip") == [0, 2, 3, 4]


@pytest.mark.parametrize(
    "column",
    [pd.Series([1.5, 2.5], name="x"), pl.Series("x", [1.5, 2.5]), pa.array([1.5]), pa.chunked_array([[1.5]])],
)
def test_a_column_without_a_table_is_refused(column: object) -> None:
    """A series or a bare array is not rows; the error says how to name it."""
    monitor = Monitor("taxi", Reference.of({"x": [1.5, 2.5, 3.5]}))
    with pytest.raises(DecodeError, match=r"no named columns.*Name a single column"):
        monitor.push(column)


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
    first = reference.counter.rows(reference.encode({"x": values}))
    for data in ({"x": values}, {"x": wide}, [{"x": v} for v in wide], pd.DataFrame({"x": wide})):
        tally = reference.counter.rows(reference.encode(data))
        assert tally == first
        # the reference's own rows are scored against all others of them
        assert replace(tally, outliers=None) == replace(reference.tally, outliers=None)
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
        ("none.csv", "no file or folder none.csv"),
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
