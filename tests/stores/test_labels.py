"""The contract of a store: labels come early, late, again, or for nobody."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from modelvane.errors import SchemaError
from modelvane.schema import Schema
from modelvane.store import LabelOutcome, Log
from modelvane.table import Table


def test_late_labels_match(log: Log) -> None:
    """A label of a logged row becomes its target, known since its own time, or its arrival where it has none."""
    log.append("taxi", Table.of({"trip": ["a", "b"]}), 1.0)
    result = log.label("taxi", ["b"], [12.5], np.array([7_000_000]), 9.0)
    assert (result.matched, result.waiting, result.repeated, result.changed) == (1, 0, 0, 0)
    rows = log.tail("taxi")
    assert rows.table.values("duration") == [None, 12.5]
    assert math.isnan(rows.labelled[0])
    assert rows.labelled[1] == 7.0
    log.label("taxi", ["a"], [3.0], None, 11.0)
    assert log.tail("taxi").labelled.tolist() == [11.0, 7.0]


def test_rows_tell_whether_they_came_with_a_target(opener: Callable[[], Log], schema: Schema) -> None:
    """A label changes the target, not whether the row had its own: null and NaN are none, early labels neither."""
    log = opener()
    log.open("taxi", schema)
    log.label("taxi", ["e", "f"], [5.0, 6.0], None, 0.5)
    targets = [1.0, None, 3.0, math.nan, 5.5, None, 7.0]
    log.append("taxi", Table.of({"trip": list("abcdefg"), "duration": targets}), 1.0)
    log.append("taxi", Table.of({"trip": ["none"]}), 1.5)
    own = [True, False, True, False, True, False, True, False]
    assert log.tail("taxi").own_target.tolist() == own
    log.label("taxi", list("abcda"), [1.0, 2.5, 3.5, 4.0, 9.0], None, 2.0)
    log.label("taxi", list("bc"), [2.0, 3.0], None, 3.0)
    log.close()
    again = opener()
    again.open("taxi", schema)
    rows = again.tail("taxi")
    assert rows.own_target.tolist() == own
    assert rows.table.values("duration") == [9.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, None]
    assert again.find("taxi", ["c", "d"]).own_target.tolist() == [True, False]
    [batch] = again.scan("taxi", until=9.0)
    assert batch.own_target.sum() == 4


def test_early_labels_wait_for_their_row(log: Log) -> None:
    """A label that comes before its row is told to who appends the row, once, at its position."""
    assert log.label("taxi", ["b", "never"], [12.5, 1.0], None, 1.0).waiting == 2
    tables = [Table.of({"trip": ids}) for ids in (["x"], ["a", "b"])]
    results = log.append_many("taxi", [(table, 2.0) for table in tables])
    assert [result.early for result in results] == [{}, {1: 12.5}]
    assert log.append("taxi", Table.of({"trip": ["b", "c"]}), 3.0).early == {}
    assert log.tail("taxi").table.values("duration") == [None, None, 12.5, None]


def test_early_labels_wait_over_a_restart(opener: Callable[[], Log], schema: Schema) -> None:
    """A label that waits is still there after a restart."""
    log = opener()
    log.open("taxi", schema)
    log.label("taxi", ["b"], [12.5], None, 1.0)
    log.close()
    again = opener()
    again.open("taxi", schema)
    assert again.append("taxi", Table.of({"trip": ["b"]}), 2.0).early == {0: 12.5}


def test_repeated_and_changed_labels_are_told_apart(log: Log) -> None:
    """The same target again is repeated, another is changed and wins, within a batch too."""
    log.append("taxi", Table.of({"trip": ["a", "b"]}), 1.0)
    log.label("taxi", ["a"], [1.0], None, 2.0)
    result = log.label("taxi", ["a", "a", "b", "b", "b"], [1, 2.0, 3.0, 3.0, 4.0], None, 5.0)
    assert result.outcomes.tolist() == [
        LabelOutcome.REPEATED,
        LabelOutcome.CHANGED,
        LabelOutcome.MATCHED,
        LabelOutcome.REPEATED,
        LabelOutcome.CHANGED,
    ]
    rows = log.tail("taxi")
    assert rows.table.values("duration") == [2.0, 4.0]
    assert rows.labelled.tolist() == [2.0, 5.0]


def test_a_label_replaces_the_target_that_came_with_the_row(log: Log) -> None:
    """A target that came with its row is given until a label comes for it."""
    log.append("taxi", Table.of({"trip": ["a", "b"], "duration": [1.0, 2.0]}), 1.0)
    log.label("taxi", ["b"], [3.0], None, 2.0)
    rows = log.tail("taxi")
    assert rows.table.values("duration") == [1.0, 3.0]
    assert np.isnan(rows.labelled).tolist() == [True, False]


@pytest.mark.parametrize("target", [math.nan, None, "late", [1, 2], 10**30, True])
def test_any_target_is_kept(log: Log, target: object) -> None:
    """A target of any type comes back as it came: what cannot be counted is the monitor's to say."""
    log.append("taxi", Table.of({"trip": ["a"]}), 1.0)
    log.label("taxi", ["a"], [target], None, 2.0)
    back = log.tail("taxi").table.values("duration")[0]
    assert type(back) is type(target)
    assert repr(back) == repr(target)
    assert log.label("taxi", ["a"], [target], None, 3.0).repeated == 1


def test_the_tail_of_labels_is_in_their_order(log: Log) -> None:
    """The rows that were labelled last come in the order of their labels; a change moves a row to the end."""
    log.append("taxi", Table.of({"trip": ["a", "b", "c", "d"]}), 1.0)
    log.label("taxi", ["c", "a", "b", "unknown"], [3.0, 1.0, 2.0, 0.0], None, 2.0)
    assert log.labels_tail("taxi").ids == ["c", "a", "b"]
    seen = log.last("taxi")[1]
    log.label("taxi", ["c", "a"], [3.0, 7.0], None, 3.0)
    assert log.labels_tail("taxi", rows=2).ids == ["b", "a"]
    assert log.labels_tail("taxi", after=seen).ids == ["a"]
    assert log.labels_tail("taxi").table.values("duration") == [3.0, 2.0, 7.0]


def test_many_labels_are_kept_at_once(log: Log) -> None:
    """A batch of labels of any length is kept whole."""
    ids = list(range(1200))
    log.append("taxi", Table.of({"trip": ids}), 1.0)
    result = log.label("taxi", [*ids, "x"], [float(i) for i in range(1201)], None, 2.0)
    assert (result.matched, result.waiting) == (1200, 1)
    assert log.tail("taxi").table.values("duration") == [float(i) for i in ids]


def test_equal_numbers_are_one_target(opener: Callable[[], Log]) -> None:
    """Where nothing is known of the target, too, 1.0 after 1 says the same again, and True says something else."""
    log = opener()
    log.open("bare", Schema(()))
    for target, said in ((1, "waiting"), (1.0, "repeated"), (True, "changed"), ("1", "changed")):
        result = log.label("bare", ["a"], [target], None, 1.0)
        assert getattr(result, said) == 1, target


def test_labels_need_ids_and_equal_lengths(log: Log) -> None:
    """Labels without an id, or with more targets than ids, are refused and nothing of them is kept."""
    with pytest.raises(SchemaError, match="Label 1 has no id"):
        log.label("taxi", ["a", None], [1.0, 2.0], None, 1.0)
    with pytest.raises(SchemaError, match="as many"):
        log.label("taxi", ["a"], [1.0, 2.0], None, 1.0)
    assert log.append("taxi", Table.of({"trip": ["a"]}), 2.0).early == {}
