"""The contract of a store: rows go in and come out as they came."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelvane.errors import UnknownNameError
from modelvane.schema import Column, Role, Schema
from modelvane.store import Log
from modelvane.table import Table


def same(left: Any, right: Any) -> bool:
    """Equal in value and type, with NaN equal to itself."""
    if isinstance(left, float) and math.isnan(left):
        return isinstance(right, float) and math.isnan(right)
    if isinstance(left, list):
        return isinstance(right, list) and len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return (
            isinstance(right, dict)
            and left.keys() == right.keys()
            and all(same(left[k], right[k]) for k in left)
        )
    return type(left) is type(right) and left == right


def as_double(value: Any, found: Any) -> Any:
    """Give 1.0 for 1 where a column of doubles did."""
    return float(value) if type(value) is int and type(found) is float else value


VALUES = [
    [1, 2, 3],
    [1.5, -0.0, 5e-324],
    [math.nan, math.inf, -math.inf],
    [1, 2.5, None],
    [2**63 - 1, -(2**63), 2**63],
    [10**30, 1.0, 1],
    [True, False, None],
    [True, 1, 1.0],
    ["12", "", "nul\0inside"],
    ["ünïcödé ☃", "\ud800 lone", "quote ' \" ;--"],
    ["not a number", 4.5, 5],
    [[1, math.nan], {"a": [None, {"b": 1}]}, "[1]"],
    [b"\0\xff", b"", b"[1]"],
    [None, None, None],
]


COLUMNS = ("distance", "payment", "zone", "shared", "unexpected")


@pytest.mark.parametrize("values", VALUES, ids=repr)
def test_values_come_back_as_they_came(log: Log, values: list[Any]) -> None:
    """A value of any type comes back from a column of any type equal and of its own, in one row or in many.

    But for a number in a column of doubles, which may be a double.
    """
    for row, value in enumerate(values):
        log.append("taxi", Table({column: [value] for column in COLUMNS}, 1), 1.0 + row)
    log.append("taxi", Table(dict.fromkeys(COLUMNS, values), 3), 9.0)
    back = log.tail("taxi").table
    for column in COLUMNS:
        if column not in back:
            assert (column, values) == ("unexpected", [None, None, None])
            continue
        expected = values + values
        if column == "distance":
            expected = [as_double(*pair) for pair in zip(expected, back.values(column), strict=True)]
        if column == "unexpected":
            # JSON, in which some stores keep what has no column, has no bytes
            found = back.values(column)
            expected = [
                str(e) if isinstance(e, bytes) and isinstance(f, str) else e
                for e, f in zip(expected, found, strict=True)
            ]
        assert all(map(same, expected, back.values(column))), column


def test_columns_that_fit_come_back_as_arrow(log: Log) -> None:
    """A column whose values all fit its type is an Arrow array, another is a list."""
    table = Table.of(
        {"distance": [1.0, 2.0], "payment": ["a", None], "zone": [1, "x"], "shared": [True, None]}
    )
    log.append("taxi", table, 1.0)
    back = log.tail("taxi").table
    assert back["distance"].type == pa.float64()
    assert back["payment"].type == pa.string()
    assert back["shared"].type == pa.bool_()
    assert back["zone"] == [1, "x"]


def test_arrow_tables_come_back(log: Log) -> None:
    """Arrow columns of every common type are kept, times as ISO 8601 text."""
    moment = datetime(2021, 1, 1, 12, 30, tzinfo=UTC)
    table = Table.of(
        pa.table(
            {
                "distance": pa.array([1.5, None, math.nan]),
                "payment": pa.array(["a", "b", None]).dictionary_encode(),
                "zone": pa.array([1, None, 3], pa.int32()),
                "shared": pa.array([True, None, False]),
                "pickup": pa.array([moment] * 3, pa.timestamp("ns", "UTC")),
                "dropoff": pa.array([moment.replace(tzinfo=None)] * 3, pa.timestamp("ns")),
                "parts": pa.array([[1, 2], None, []], pa.list_(pa.int64())),
            }
        )
    )
    log.append("taxi", table, 1.0)
    rows = log.tail("taxi")
    assert rows.table.values("payment") == ["a", "b", None]
    assert rows.table.values("zone") == [1, None, 3]
    assert rows.table.values("shared") == [True, None, False]
    assert rows.table.values("distance")[:2] == [1.5, None]
    assert math.isnan(rows.table.values("distance")[2])
    assert rows.table.values("pickup") == [moment] * 3
    assert rows.table.values("dropoff") == ["2021-01-01T12:30:00"] * 3
    assert rows.table.values("parts") == [[1, 2], None, []]
    assert rows.times.tolist() == [int(moment.timestamp() * 1e6)] * 3


NAMES = [
    'with "quotes"', "with space", "select", "seq", "SEQ", "received", "extra", "rowid", "événement", "a", "A", "a_2",
    "semi; DROP TABLE x;--", "", "nul\0", "?", ":a", "\ud800",
]  # fmt: skip


def test_any_column_name_is_kept(opener: Callable[[], Log]) -> None:
    """Names with quotes, reserved names and names that differ in case only are columns of their own."""
    log = opener()
    log.open("odd", Schema(tuple(Column(name) for name in NAMES)))
    log.append("odd", Table({name: [float(i)] for i, name in enumerate(NAMES)}, 1), 1.0)
    back = log.tail("odd").table
    assert {name: back.values(name) for name in NAMES} == {name: [float(i)] for i, name in enumerate(NAMES)}


@pytest.mark.parametrize(
    "name", ["Taxi", 'a"b', "x y", "x; DROP TABLE taxi", "ünï", "nul\0", "labels_taxi", "a/b"]
)
def test_any_dataset_name_is_kept_apart(log: Log, opener: Callable[[], Log], name: str) -> None:
    """Datasets have whatever name they have, also one that differs in case only, and share no rows."""
    log.open(name, Schema((Column("a"),)))
    log.append("taxi", Table.of({"trip": ["1"], "distance": [1.0]}), 1.0)
    log.append(name, Table.of({"id": ["1", "2"], "a": [1.0, 2.0]}), 1.0)
    assert (log.count("taxi"), log.count(name)) == (1, 2)
    log.close()
    again = opener()
    again.open(name, Schema((Column("a"),)))
    assert again.tail(name).table.values("a") == [1.0, 2.0]


def test_unknown_datasets_are_named(log: Log) -> None:
    """A dataset that was not opened is an error that lists those that are."""
    with pytest.raises(UnknownNameError, match="taxi"):
        log.append("taxy", Table.of({"a": 1}), 1.0)


def test_the_first_row_of_an_id_wins(log: Log) -> None:
    """Rows whose id is in the log, or earlier in the table, are dropped and said to be duplicates."""
    first = log.append("taxi", Table.of({"trip": ["a", "b", "a"], "distance": [1.0, 2.0, 3.0]}), 1.0)
    again = log.append("taxi", Table.of({"trip": ["b", "c"], "distance": [4.0, 5.0]}), 2.0)
    assert (first.new.tolist(), first.duplicates) == ([0, 1], 1)
    assert (again.new.tolist(), again.duplicates) == ([1], 1)
    rows = log.tail("taxi")
    assert (rows.ids, rows.table.values("distance")) == (["a", "b", "c"], [1.0, 2.0, 5.0])
    assert rows.seqs.tolist() == [first.first_seq, first.first_seq + 1, again.first_seq + 1]
    assert rows.received.tolist() == [1.0, 1.0, 2.0]


def test_several_tables_have_a_result_each(log: Log) -> None:
    """Tables that are kept together are told apart in what became of them."""
    tables = [Table.of({"trip": ids}) for ids in (["a"], ["b", "a"], ["c"])]
    results = log.append_many("taxi", [(table, 1.0 + i) for i, table in enumerate(tables)])
    assert [None if r.new is None else r.new.tolist() for r in results] == [None, [0], None]
    assert [r.ids for r in results] == [["a"], ["b", "a"], ["c"]]
    assert log.tail("taxi").received.tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("rows", [1, 3, 4, 5, 255, 256, 257, 1000])
def test_tables_of_any_length_are_kept_whole(log: Log, rows: int) -> None:
    """However many rows a table has, all of them are kept, in order."""
    result = log.append("taxi", Table.of({"distance": [float(i) for i in range(rows)]}), 1.0)
    assert result.new is None
    back = log.tail("taxi")
    assert back.table.values("distance") == [float(i) for i in range(rows)]
    assert back.ids == result.ids


def test_an_empty_table_is_nothing(log: Log) -> None:
    """A table without rows changes nothing and has an empty result."""
    result = log.append("taxi", Table({}, 0), 1.0)
    assert (result.ids, log.count("taxi"), len(log.tail("taxi"))) == ([], 0, 0)


def test_ids_are_assigned_in_order_and_never_twice(opener: Callable[[], Log], schema: Schema) -> None:
    """Rows without an id get one that is unique, also after a restart, and given back."""
    ids: list[str] = []
    for _ in range(2):
        log = opener()
        log.open("taxi", schema)
        for trips in ([None, "given"], [None, ""]):
            ids += log.append("taxi", Table.of({"trip": trips, "zone": [1, 2]}), 1.0).ids
        log.close()
    assigned = [text for text in ids if text != "given"]
    assert len(set(assigned)) == len(assigned) == 6
    assert assigned[:3] == sorted(assigned[:3])
    log = opener()
    log.open("taxi", schema)
    assert log.tail("taxi").ids == [i for at, i in enumerate(ids) if i not in ids[:at]]


def test_ids_of_one_meaning_are_one(log: Log) -> None:
    """74, 74.0 and "74" are the same id, as they are the same category."""
    log.append("taxi", Table.of({"trip": [74, 75]}), 1.0)
    assert log.append("taxi", Table.of({"trip": [74.0]}), 1.0).duplicates == 1
    assert log.append("taxi", Table.of({"trip": ["75"]}), 1.0).duplicates == 1
    assert log.find("taxi", [74.0, "75"]).ids == ["74", "75"]


def test_rows_without_a_time_have_that_of_their_arrival(log: Log) -> None:
    """A missing or unreadable time becomes the time of arrival; what came instead is not lost to people."""
    table = Table.of({"pickup": ["2021-01-01T00:00:00", None, "yesterday"], "zone": [1, 2, 3]})
    result = log.append("taxi", table, 5.0)
    assert result.times.tolist() == [1609459200000000, 5000000, 5000000]
    back = log.tail("taxi")
    assert back.times.tolist() == result.times.tolist()
    assert back.table.type_of("pickup") == pa.timestamp("us", "UTC")


def test_a_scan_is_in_order_of_event_time(log: Log) -> None:
    """A scan gives a half-open period in batches, by event time, then by arrival."""
    times = [30.0, 10.0, 20.0, 10.0, 40.0]
    log.append("taxi", Table.of({"trip": list("abcde"), "pickup": times}), 100.0)
    batches = list(log.scan("taxi", since=10.0, until=40.0, batch_rows=3))
    assert [rows.ids for rows in batches] == [["b", "d", "c"], ["a"]]
    assert [rows.ids for rows in log.scan("taxi")] == [["b", "d", "c", "a", "e"]]
    assert list(log.scan("taxi", since=50.0)) == []


def test_a_scan_does_not_see_what_is_written_meanwhile(log: Log) -> None:
    """Rows that arrive during a scan neither disturb it nor wait for it."""
    log.append("taxi", Table.of({"pickup": [1.0, 2.0]}), 1.0)
    scan = log.scan("taxi", batch_rows=1)
    seen = len(next(scan))
    log.append("taxi", Table.of({"pickup": [3.0]}), 1.0)
    seen += sum(map(len, scan))
    assert (seen, log.count("taxi")) == (2, 3)


def test_a_tail_is_in_order_of_arrival(log: Log) -> None:
    """A tail gives the last rows by arrival, bounded by rows, by event time, or by a row before."""
    result = log.append("taxi", Table.of({"trip": list("abcd"), "pickup": [40.0, 10.0, 30.0, 20.0]}), 9.0)
    assert log.tail("taxi", rows=2).ids == ["c", "d"]
    assert log.tail("taxi", since=20.0).ids == ["a", "c", "d"]
    assert log.tail("taxi", after=result.first_seq + 1).ids == ["c", "d"]
    assert log.last("taxi") == (result.first_seq + 3, 0)


def test_rows_are_found_by_id(log: Log) -> None:
    """Rows are found by id in order of arrival, once each, whatever the number of ids."""
    log.append("taxi", Table.of({"trip": [f"t{i}" for i in range(1500)]}), 1.0)
    assert log.find("taxi", ["t7", "t3", "unknown", "t7", None]).ids == ["t3", "t7"]
    assert len(log.find("taxi", [f"t{i}" for i in range(5000)])) == 1500
    assert len(log.find("taxi", [])) == 0


def test_a_schema_may_gain_and_lose_columns(opener: Callable[[], Log], schema: Schema) -> None:
    """New columns are added, rows that are there have none of them, and columns that left stay readable."""
    log = opener()
    log.open("taxi", schema)
    log.append("taxi", Table.of({"distance": [1.0]}), 1.0)
    log.close()
    again = opener()
    again.open("taxi", Schema((Column("tip"), Column("prediction", Role.PREDICTION))))
    again.append("taxi", Table.of({"tip": [2.0]}), 2.0)
    back = again.tail("taxi").table
    assert (back.values("tip"), back.values("distance")) == ([None, 2.0], [1.0, None])


def test_opening_twice_changes_nothing(log: Log, schema: Schema) -> None:
    """A dataset may be opened again while it is in use."""
    log.append("taxi", Table.of({"distance": [1.0]}), 1.0)
    log.open("taxi", schema)
    log.append("taxi", Table.of({"distance": [2.0]}), 1.0)
    assert log.tail("taxi").seqs.tolist() == [1, 2]


def test_very_many_columns_are_kept(opener: Callable[[], Log]) -> None:
    """More columns than the store's tables can have are no error."""
    log = opener()
    names = [f"c{i}" for i in range(2500)]
    log.open("wide", Schema(tuple(Column(name) for name in names)))
    log.append("wide", Table({name: [float(i)] * 30 for i, name in enumerate(names)}, 30), 1.0)
    back = log.tail("wide").table
    assert [back.values(name)[7] for name in names] == [float(i) for i in range(2500)]


def test_a_transaction_is_all_or_nothing(log: Log) -> None:
    """What is written inside a transaction that fails is not there afterwards."""
    log.append("taxi", Table.of({"trip": ["before"]}), 1.0)

    def fail() -> None:
        with log.transaction():
            log.append("taxi", Table.of({"trip": ["inside"]}), 1.0)
            log.label("taxi", ["before"], [1.0], None, 1.0)
            raise ValueError("on purpose")

    with pytest.raises(ValueError, match="on purpose"):
        fail()
    rows = log.tail("taxi")
    assert (rows.ids, np.isnan(rows.labelled).tolist()) == (["before"], [True])
    assert log.append("taxi", Table.of({"trip": ["inside"]}), 1.0).new is None


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters()), st.binary(max_size=8)
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.tuples(SCALARS, JSON, st.booleans() | SCALARS), min_size=1, max_size=6))
def test_any_rows_come_back(log: Log, rows: list[tuple[Any, Any, Any]]) -> None:
    """Whatever rows are logged, the last rows of the log are these rows."""
    payments, zones, flags = (list(column) for column in zip(*rows, strict=True))
    log.append("taxi", Table({"payment": payments, "zone": zones, "shared": flags}, len(rows)), 1.0)
    back = log.tail("taxi", rows=len(rows)).table
    assert all(map(same, payments, back.values("payment")))
    assert all(map(same, zones, back.values("zone")))
    assert all(map(same, flags, back.values("shared")))
