"""Labels: early, late, repeated, changed, unknown, never; and what the performance window makes of them."""

from __future__ import annotations

from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws.strategies import RANDOMS

from modelvane import Monitor, Reference, Table
from modelvane.casting import Numbers
from modelvane.labels import Joined, Label, LabelCounts, LabelJoin
from modelvane.service.background import Evaluator
from modelvane.service.watch import Watch
from modelvane.settings import Settings, Window
from modelvane.store import open_log


@cache
def _reference() -> Reference:
    rng = np.random.default_rng(1)
    target = rng.normal(20.0, 5.0, 400)
    return Reference.of({"prediction": target + rng.normal(size=400), "target": target})


class Clock:
    """A clock that tests turn."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def _monitor(window: int = 10, **settings: Any) -> tuple[Monitor, Clock]:
    clock = Clock()
    return Monitor("taxi", _reference(), Settings(window=Window(rows=window), **settings), clock=clock), clock


def _rows(first: int, count: int) -> list[dict[str, Any]]:
    return [{"id": i, "prediction": float(i)} for i in range(first, first + count)]


def _value(monitor: Monitor, measure: str) -> float | None:
    found = monitor.findings().get(measure)
    assert found is not None
    return found.value


def _error(monitor: Monitor) -> float | None:
    return _value(monitor, "mean_absolute_error")


def _label(id_: str, target: object = 1.0) -> Label:
    return Label(id_, target, 0)


def test_a_late_label_is_joined_and_its_lag_is_told() -> None:
    """A label that comes after its prediction counts from then on, with coverage and lag."""
    monitor, clock = _monitor()
    monitor.push(_rows(0, 4))
    clock.now += 60
    counts = monitor.label([0, 1], [0.5, 2.0])
    assert counts == LabelCounts(matched=2)
    assert _error(monitor) == pytest.approx(0.75)
    assert _value(monitor, "label_coverage") == 0.5
    assert _value(monitor, "label_lag") == 60.0


def test_an_early_label_waits_for_its_prediction() -> None:
    """A label that comes first is joined as soon as its prediction comes."""
    monitor, clock = _monitor()
    assert monitor.label([7], [8.0]) == LabelCounts(early=1)
    assert _error(monitor) is None
    clock.now += 5
    monitor.push(_rows(7, 1))
    assert _error(monitor) == pytest.approx(1.0)
    assert monitor.label_counts == LabelCounts(matched=1, early=1)
    assert _value(monitor, "label_lag") == -5.0


def test_a_repeated_label_changes_nothing() -> None:
    """The same label again, in the same call or later, in whatever form, counts once."""
    monitor, _ = _monitor()
    monitor.push(_rows(0, 2))
    assert monitor.label([0, "0", 0.0], [1.0, 1, "1"]) == LabelCounts(matched=1, repeated=2)
    before = monitor.tally().labelled
    assert monitor.label([0], [1.0]) == LabelCounts(repeated=1)
    assert monitor.tally().labelled == before
    assert before.rows == 1


def test_a_changed_label_corrects_the_rows_window() -> None:
    """Of two different labels the later one counts, and the row is there once."""
    monitor, _ = _monitor()
    monitor.push(_rows(0, 3))
    monitor.label([1, 2], [5.0, 2.0])
    assert monitor.label([1], [1.5]) == LabelCounts(changed=1)
    assert monitor.tally().labelled.rows == 2
    assert _error(monitor) == pytest.approx(0.25)
    assert monitor.label([1, 1], [9.0, 1.0]) == LabelCounts(changed=2)
    assert _error(monitor) == pytest.approx(0.0)


def test_a_label_changed_within_one_call_counts_as_last_said() -> None:
    """A label corrected before it was ever counted is counted as corrected."""
    monitor, _ = _monitor()
    monitor.push(_rows(0, 1))
    assert monitor.label([0, 0], [9.0, 1.0]) == LabelCounts(matched=1, changed=1)
    assert _error(monitor) == pytest.approx(1.0)


def test_an_early_label_changed_while_it_waits_counts_as_last_said() -> None:
    """Corrections reach labels that still wait."""
    monitor, _ = _monitor()
    assert monitor.label([3, 3, 3], [9.0, 9.0, 4.0]) == LabelCounts(early=1, repeated=1, changed=1)
    monitor.push(_rows(3, 1))
    assert _error(monitor) == pytest.approx(1.0)


def test_a_label_without_id_is_counted_and_joins_nothing() -> None:
    """Labels whose id is missing or no id are counted apart."""
    monitor, _ = _monitor()
    monitor.push([*_rows(0, 1), {"prediction": 5.0}])
    assert monitor.label([None, float("nan"), []], [1.0, 1.0, 1.0]) == LabelCounts(without_id=3)
    assert monitor.tally().labelled.rows == 0


@pytest.mark.parametrize("missing", [None, float("nan"), np.float64("nan")])
def test_a_label_without_target_is_counted_and_says_nothing(missing: object) -> None:
    """A missing target labels no row, takes no known target away, and does not wait for its prediction."""
    monitor, _ = _monitor()
    monitor.push(_rows(0, 2))
    monitor.label([0], [1.0])
    before = monitor.tally()
    assert monitor.label([0, 1, 9, None], [missing] * 4) == LabelCounts(without_id=1, without_target=3)
    assert monitor.label_counts == LabelCounts(matched=1, without_id=1, without_target=3)
    monitor.push(_rows(9, 1))
    assert monitor.tally().labelled == before.labelled
    assert _value(monitor, "label_coverage") == pytest.approx(1 / 3)
    assert monitor.label([1], [2.0]) == LabelCounts(matched=1)


def test_a_label_that_never_comes_lowers_the_coverage() -> None:
    """Predictions without a label are in no performance value, and coverage says so."""
    monitor, _ = _monitor(window=4)
    monitor.push(_rows(0, 8))
    monitor.label([0, 1, 7], [0.0, 1.0, 7.0])
    assert _value(monitor, "label_coverage") == 0.25
    assert monitor.tally().labelled.rows == 3


def test_labels_of_forgotten_predictions_wait_in_bounded_memory() -> None:
    """A label whose prediction is beyond the horizon waits; of those that wait only the newest are kept."""
    join = LabelJoin(horizon=3)
    join.predicted(["a", "b", "c", "d"], 0)
    new, changed, counts = join.labelled([_label(name) for name in "abcdxyz"])
    assert [one.label.id for one in new] == ["b", "c", "d"]
    assert not changed
    assert counts == LabelCounts(matched=3, early=4, forgotten=1)
    assert join.waiting == 3
    assert join.predicted(["a"], 4) == []
    assert [one.label.id for one in join.predicted(["x"], 5)] == ["x"]


@given(st.lists(st.integers(0, 400), max_size=400))
def test_the_join_holds_no_more_than_its_horizon(ids: list[int]) -> None:
    """However many predictions and labels pass, what is remembered is bounded by the horizon."""
    join = LabelJoin(horizon=20)
    for position, id_ in enumerate(ids):
        join.predicted([str(id_)], position)
        join.labelled([_label(str(id_)), _label(f"unknown {position}")])
    assert len(join._positions) <= 20
    assert len(join._known) <= 20
    assert join.waiting <= 20
    assert len(join._order) <= 20


def test_a_prediction_with_a_known_id_is_a_duplicate_and_the_first_wins() -> None:
    """Rows with an id seen before, in the same batch or an earlier one, are counted and left out."""
    monitor, _ = _monitor()
    assert monitor.push([{"id": "a", "prediction": 1.0}, {"id": "a", "prediction": 9.0}]) == 1
    assert monitor.push([{"id": "a", "prediction": 9.0}, {"id": "b", "prediction": 2.0}]) == 1
    monitor.label(["a", "b"], [1.0, 2.0])
    assert _error(monitor) == 0.0
    assert _value(monitor, "duplicate_ids") == 2.0


def test_rows_which_carry_their_target_are_labelled_at_once() -> None:
    """A target in the row counts without any label; a missing one waits."""
    monitor, _ = _monitor()
    monitor.push([
        {"prediction": 1.0, "target": 2.0}, {"prediction": 5.0}, {"prediction": 5.0, "target": None},
        {"prediction": 3.0, "target": float("nan")},
    ])  # fmt: skip
    assert monitor.tally().labelled.rows == 1
    assert _error(monitor) == pytest.approx(1.0)
    assert _value(monitor, "label_coverage") == 0.25


def test_a_label_for_a_row_which_carries_its_target_is_a_repetition() -> None:
    """A row that came with its target is not counted again when the same target comes as a label."""
    monitor, _ = _monitor()
    monitor.push([{"id": "a", "prediction": 1.0, "target": 2.0}])
    assert monitor.label(["a"], [2.0]) == LabelCounts(repeated=1)
    assert monitor.tally().labelled.rows == 1
    assert monitor.label(["a"], [1.5]) == LabelCounts(changed=1)
    assert monitor.tally().labelled.rows == 1
    assert _error(monitor) == pytest.approx(0.5)


def test_an_early_label_and_a_target_in_the_row_count_once() -> None:
    """A row whose label waited for it and which carries its target too is there once."""
    monitor, _ = _monitor()
    monitor.label(["a"], [2.0])
    monitor.push([{"id": "a", "prediction": 1.0, "target": 2.0}])
    assert monitor.tally().labelled.rows == 1


def test_the_performance_window_is_the_last_labelled_rows() -> None:
    """Performance rests on the last N labelled rows, in the order in which their labels came."""
    monitor, _ = _monitor(window=5, horizon=100)
    monitor.push(_rows(0, 40))
    order = [3, 39, 0, 17, 22, 8, 9]
    monitor.label(order, [float(i) for i in order])
    labelled = monitor.tally().labelled
    assert labelled.rows == 5
    block = monitor._labelled.last()
    target = block.columns["target"]
    assert isinstance(target, Numbers)
    assert target.values.tolist() == [0.0, 17.0, 22.0, 8.0, 9.0]


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3)), max_size=120), st.integers(1, 12), RANDOMS)
def test_the_last_word_on_each_row_counts(said: list[tuple[int, int]], window: int, random: Any) -> None:
    """However labels are batched and corrected, the window holds the last target said of its rows."""
    reference = _reference()
    monitor, _ = _monitor(window=window, horizon=31)
    monitor.push(_rows(0, 31))
    at = 0
    while at < len(said):
        batch = said[at : at + random.randint(1, 9)]
        monitor.label([id_ for id_, _ in batch], [float(target) for _, target in batch])
        at += len(batch)
    first_said = list(dict.fromkeys(id_ for id_, _ in said))[-window:]
    last_said = {id_: float(target) for id_, target in said}
    expected = [{"prediction": float(id_), "target": last_said[id_]} for id_ in first_said]
    # rows without a time have that of their arrival
    arrived = np.full(len(expected), 1_000_000_000)
    assert monitor.tally().labelled == reference.counter.labelled(reference.encode(expected, arrived))


def test_labels_of_logged_rows_beyond_the_horizon_do_not_wait(tmp_path: Path) -> None:
    """A label whose row is in the log only is counted with that row and is not early; one without any row waits."""
    monitor, clock = _monitor(window=10, horizon=10)
    log, evaluator = open_log(f"sqlite:///{tmp_path / 'log.db'}"), Evaluator()
    with closing(log), closing(evaluator):
        log.open("taxi", monitor.reference.schema)
        watch = Watch(monitor, log, evaluator, clock=clock)
        table = Table.of(_rows(0, 30))
        watch.added(table, log.append("taxi", table, clock.now), clock.now)
        for ids in (["1", "29", "unknown"], ["1"]):
            targets = [float(i) for i in range(len(ids))]
            watch.labelled(ids, targets, None, log.label("taxi", ids, targets, None, clock.now))
    assert monitor.label_counts == LabelCounts(matched=2, early=1)
    assert monitor._join.waiting == 1
    assert monitor.tally().labelled.rows == 2


def test_joined_labels_know_the_position_of_their_prediction() -> None:
    """Positions are counted from the first prediction ever."""
    join = LabelJoin(horizon=10)
    join.predicted(["a", None, "b"], 4)
    assert join.labelled([_label("b")])[0] == [Joined(6, _label("b"))]
    assert "a" in join
    assert None not in join


@pytest.mark.parametrize("window", [Window(rows=100), Window(seconds=3600.0)])
def test_all_labelled_rows_of_one_big_push_count(window: Window) -> None:
    """Rows that come with their targets, more at once than are remembered, count as if they had come one by one."""
    rows = [
        {
            "id": i,
            "prediction": float(i),
            "target": float(i) if i % 20 == 0 else None,
            "time": 1000.0 + i / 10,
        }
        for i in range(20_000)
    ]
    whole, parts = (
        Monitor("taxi", _reference(), Settings(window=window, horizon=1000), clock=lambda: 3000.0)
        for _ in range(2)
    )
    for monitor in (whole, parts):
        monitor.label(["0", "40", "19980"], [7.0, 8.0, 9.0])
    whole.push(rows)
    for at in range(0, 20_000, 500):
        parts.push(rows[at : at + 500])
    assert whole.tally() == parts.tally()
    assert whole.tally().labelled.rows == (100 if window.seconds is None else 1000)
    assert _value(whole, "label_coverage") == _value(parts, "label_coverage")


def test_predictions_that_no_label_asks_for_are_forgotten_in_blocks() -> None:
    """Of a stream without labels no more than the horizon is held; a label that comes then finds all of that."""
    join = LabelJoin(10)
    for first in range(0, 400, 4):
        join.predicted([f"trip {first + i}" for i in range(4)], first)
        assert sum(len(ids) for _, ids in join._blocks) < 10 + 4
    new, _, counts = join.labelled([Label(f"trip {number}", 1.0, 0) for number in range(380, 400)])
    assert [one.position for one in new] == list(range(390, 400))
    assert (counts.matched, counts.early) == (10, 10)
    join.predicted(["trip 400", "trip 401"], 400)
    assert "trip 391" not in join
    assert "trip 392" in join
