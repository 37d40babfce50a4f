"""The contract of a store: what a copy of a log needs, read in order of arrival and kept as it was."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
from msgspec.structs import replace

from modelvane.errors import UnknownNameError
from modelvane.schema import Column, Kind, Role, Schema, Task
from modelvane.store import Labels, Log, Rows
from modelvane.table import Table
from modelvane.times import NO_TIME


def test_a_store_says_what_it_holds(opener: Callable[[], Log], schema: Schema) -> None:
    """Every dataset is listed with its schema, in another process too, before any is opened."""
    log = opener()
    assert log.datasets() == {}
    scored = Schema((Column("score", Role.PREDICTION),), Task.CLASSIFICATION, positive="yes")
    log.open("taxi", schema)
    log.open("odd / näme", scored)
    log.close()
    assert opener().datasets() == {"taxi": schema, "odd / näme": scored}


def test_the_schema_of_a_dataset_is_its_latest(opener: Callable[[], Log], schema: Schema) -> None:
    """The schema that a dataset was opened with last is listed, and columns it lost follow as features."""
    log = opener()
    log.open("taxi", schema)
    later = Schema((Column("fare"), Column("trip", Role.ID, None, "string"), Column("paid", Role.TARGET)))
    log.open("taxi", later)
    found = log.datasets()["taxi"]
    assert found.columns[:3] == later.columns
    assert found.names[3:] == tuple(name for name in schema.names if name != "trip")
    assert {column.role for column in found.columns[3:]} == {Role.FEATURE}
    assert found["pickup"].kind is Kind.CATEGORICAL
    assert (found.target, found.time) == (later.target, None)


def test_the_head_is_in_order_of_arrival(log: Log) -> None:
    """Rows are read part by part in order of arrival, from any row on, those of a period if one is given."""
    log.append("taxi", Table.of({"trip": list("abcd"), "pickup": [40.0, 10.0, 30.0, 20.0]}), 9.0)
    log.label("taxi", ["b"], [2.5], None, 11.0)
    first = log.head("taxi", rows=3)
    assert (first.ids, first.received.tolist()) == (["a", "b", "c"], [9.0] * 3)
    assert first.table.values("duration") == [None, 2.5, None]
    assert first.labelled[1] == 11.0
    assert log.head("taxi", rows=3, after=int(first.seqs[-1])).ids == ["d"]
    assert log.head("taxi", rows=9, since=10.0, until=40.0).ids == ["b", "c", "d"]
    assert len(log.head("taxi", rows=9, after=int(first.seqs[-1]), since=30.0)) == 0


def test_labels_are_read_in_their_order(log: Log) -> None:
    """Labels come with times and arrivals, waiting ones too; one that changed is last, with its first arrival."""
    log.append("taxi", Table.of({"trip": ["a", "b"], "pickup": [10.0, 20.0]}), 1.0)
    log.label("taxi", ["b", "early", "a"], [1.0, "x", None], np.array([5_000_000, NO_TIME, -7]), 2.0)
    log.label("taxi", ["b"], [[1, {"n": math.inf}]], None, 3.0)
    labels = log.labels_head("taxi", rows=9)
    assert (labels.ids, labels.targets) == (["early", "a", "b"], ["x", None, [1, {"n": math.inf}]])
    assert labels.times.tolist() == [NO_TIME, -7, NO_TIME]
    assert labels.received.tolist() == [2.0, 2.0, 2.0]
    assert log.labels_head("taxi", rows=1, after=int(labels.seqs[0])).ids == ["a"]
    assert log.labels_head("taxi", rows=9, after=int(labels.seqs[-1])).ids == []


def test_labels_of_a_period_are_those_of_its_rows(log: Log) -> None:
    """With a period, labels are those of logged rows in it: none that wait."""
    log.append("taxi", Table.of({"trip": list("abc"), "pickup": [10.0, 20.0, 30.0]}), 1.0)
    log.label("taxi", ["early", "c", "b", "a"], [0.0, 1.0, 2.0, 3.0], None, 2.0)
    assert log.labels_head("taxi", rows=9, since=15.0).ids == ["c", "b"]
    assert log.labels_head("taxi", rows=9, until=30.0).ids == ["b", "a"]
    assert log.labels_head("taxi", rows=1, since=15.0, until=30.0).ids == ["b"]


def test_flags_are_flags_among_labels(opener: Callable[[], Log]) -> None:
    """Targets of a boolean column are read as True and False."""
    log = opener()
    log.open("spam", Schema((Column("is_spam", Role.TARGET, Kind.CATEGORICAL, "bool"),)))
    log.label("spam", ["a", "b", "c"], [True, False, 1], None, 1.0)
    targets = log.labels_head("spam", rows=9).targets
    assert [(type(target), target) for target in targets] == [(bool, True), (bool, False), (int, 1)]


def test_each_label_may_have_its_own_arrival(log: Log) -> None:
    """Labels of another log are kept with the times at which each arrived there."""
    log.append("taxi", Table.of({"trip": ["a", "b"]}), 1.0)
    result = log.label("taxi", ["b", "a", "c"], [1.0, 2.0, 3.0], None, np.array([5.5, 6.5, 7.5]))
    assert (result.matched, result.waiting) == (2, 1)
    assert log.tail("taxi").labelled.tolist() == [6.5, 5.5]
    assert log.labels_head("taxi", rows=9).received.tolist() == [5.5, 6.5, 7.5]
    log.label("taxi", ["d", "d"], [1.0, 2.0], None, np.array([8.5, 9.5]))
    assert log.labels_head("taxi", rows=9).received.tolist() == [5.5, 6.5, 7.5, 8.5]


ROWS = Rows(
    np.array([7, 9, 12]),
    ["a", "b", "c"],
    np.array([3_000_000, -5, 2_000_000]),
    np.array([10.5, 11.25, 10.0]),
    np.array([math.nan, 4.0, math.nan]),
    np.array([math.nan, 4.0, math.nan]),
    np.array([False, False, False]),
    Table(
        {
            "trip": ["a", "b", "c"],
            "distance": [1.5, "far", 10**30],
            "shared": [True, None, 1],
            "duration": [None, 2.0, None],
            "unexpected": [None, {"a": [1]}, "\ud800"],
        },
        3,
    ),
)


def test_rows_of_another_log_are_kept_as_they_were(log: Log) -> None:
    """Ids, event times, arrivals and values are those of the other log, in its order; labels are not kept."""
    log.append("taxi", Table.of({"trip": ["x"]}), 50.0)
    assert log.restore("taxi", ROWS) == 3
    back = log.tail("taxi", rows=3)
    assert back.ids == ROWS.ids
    assert back.times.tolist() == ROWS.times.tolist()
    assert back.received.tolist() == ROWS.received.tolist()
    assert np.isnan(back.labelled).all()
    for name in ("distance", "shared", "duration", "unexpected"):
        assert list(map(repr, back.table.values(name))) == list(map(repr, ROWS.table.values(name)))
    assert [batch.ids for batch in log.scan("taxi", until=10.0)] == [["b", "c", "a"]]


def test_rows_of_another_log_need_no_columns_for_id_and_time(opener: Callable[[], Log]) -> None:
    """Ids and event times are kept where the schema has no columns for them."""
    log = opener()
    log.open("bare", Schema((Column("id"), Column("distance"))))
    log.restore("bare", replace(ROWS, table=Table({"id": [1.0, 2.0, 3.0], "distance": [4.0, 5.0, 6.0]}, 3)))
    back = log.tail("bare")
    assert (back.ids, back.times.tolist()) == (ROWS.ids, ROWS.times.tolist())
    assert back.table.values("id") == [1.0, 2.0, 3.0]


def test_times_that_python_has_none_for(log: Log) -> None:
    """Rows of the years before 1 and after 9999 are kept and read; where a store has no such times, as its nearest."""
    times = np.array([-(10**17), 0, 10**18])
    moments = pa.array(times, pa.timestamp("us", "UTC"))
    columns = {"trip": pa.array(list("abc")), "pickup": moments, "payment": moments, "hint": moments}
    log.restore("taxi", replace(ROWS, times=times, table=Table.of(pa.table(columns))))
    years = np.array(["0001-01-01", "9999-12-31T23:59:59.999999"], "datetime64[us]").astype(np.int64)
    [back] = log.scan("taxi")
    assert back.ids == list("abc")
    assert np.clip(back.times, *years).tolist() == np.clip(times, *years).tolist()
    texts = [
        "-1199-02-15T14:13:20.000000+00:00",
        "1970-01-01T00:00:00+00:00",
        "33658-09-27T01:46:40.000000+00:00",
    ]
    assert back.table.values("payment") == back.table.values("hint") == texts


def test_rows_that_are_there_are_not_restored_again(log: Log) -> None:
    """A row whose id is in the log is left out, so that a copy may be done again."""
    log.append("taxi", Table.of({"trip": ["b"], "distance": [7.0]}), 1.0)
    assert log.restore("taxi", ROWS) == 2
    assert log.restore("taxi", ROWS) == 0
    assert log.find("taxi", ["b"]).table.values("distance") == [7.0]
    assert log.count("taxi") == 3


def test_restored_rows_find_the_labels_that_waited(log: Log) -> None:
    """A label that waited for a row is that row's once it is restored: another row of its id is never told of it."""
    log.label("taxi", ["c"], [8.0], None, 1.0)
    log.restore("taxi", ROWS)
    assert log.find("taxi", ["c"]).table.values("duration") == [8.0]
    assert log.append("taxi", Table.of({"trip": ["c", "d"]}), 2.0).early == {}


def test_a_copy_has_what_its_source_has(log: Log, schema: Schema) -> None:
    """A head and its labels, kept in another dataset, give the same rows and labels there."""
    log.append("taxi", Table.of({"trip": ["a", "b"], "distance": [1.0, math.nan], "zone": [3, "x"]}), 1.5)
    log.append(
        "taxi", Table.of([{"pickup": "2022-03-04T05:06:07.000008", "shared": True, "tags": ["n"]}]), 2.5
    )
    log.label("taxi", ["b", "early"], [4.0, 5.0], np.array([9_000_000, NO_TIME]), 3.5)
    log.open("copy", schema)
    log.restore("copy", log.head("taxi", rows=9))
    labels: Labels = log.labels_head("taxi", rows=9)
    log.label("copy", labels.ids, labels.targets, labels.times, labels.received)
    [source], [copy] = log.scan("taxi"), log.scan("copy")
    assert (source.ids, source.times.tolist()) == (copy.ids, copy.times.tolist())
    assert source.received.tolist() == copy.received.tolist()
    assert source.labelled.tobytes() == copy.labelled.tobytes()
    for name in source.table.names:
        assert repr(source.table.values(name)) == repr(copy.table.values(name))


def test_what_is_copied_has_to_be_open(log: Log) -> None:
    """Reading and restoring name the datasets that are open when the one asked for is not."""
    for call in (
        lambda: log.head("taxy", rows=1),
        lambda: log.labels_head("taxy", rows=1),
        lambda: log.restore("taxy", ROWS),
    ):
        with pytest.raises(UnknownNameError, match="taxi"):
            call()
