"""Laws of the rows window and the time window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, reduce
from itertools import chain, count
from operator import add
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws.strategies import CATEGORIES, NUMBERS, RANDOMS

from modelvane import Finding, Monitor, Reference
from modelvane.block import category_names
from modelvane.casting import as_categories
from modelvane.findings import Family
from modelvane.ruler import CategoricalRuler
from modelvane.settings import Settings, Window
from modelvane.tallies.categorical import Codes
from modelvane.times import NO_TIME
from modelvane.windows.ring import RowsRing, joined
from modelvane.windows.time import TimeWindow, with_times

ROWS = st.lists(
    st.fixed_dictionaries({}, optional={"distance": NUMBERS, "zone": CATEGORIES, "prediction": NUMBERS}),
    max_size=60,
)


@cache
def _reference() -> Reference:
    rng = np.random.default_rng(8)
    return Reference.of(
        {
            "distance": rng.lognormal(size=500),
            "zone": rng.integers(1, 5, 500),
            "prediction": rng.normal(20, 5, 500),
            "target": rng.normal(20, 5, 500),
        },
        segments=["zone"],
    )


def batches(rows: list[Any], random: Random) -> Iterator[list[Any]]:
    while rows:
        size = random.randint(1, 20)
        yield rows[:size]
        rows = rows[size:]


@given(ROWS, st.integers(1, 40), RANDOMS)
def test_a_rows_window_is_the_batch_tally_of_its_rows(
    rows: list[Mapping[str, Any]], window: int, random: Random
) -> None:
    """Whatever batches rows come in, the window's tally is that of the last N rows, bit for bit."""
    reference = _reference()
    monitor = Monitor("taxi", reference, window=window)
    for batch in batches(rows, random):
        monitor.push(batch)
    assert monitor.tally().rows == reference.counter.rows(reference.encode(rows[-window:]))


@given(ROWS, RANDOMS)
def test_held_rows_are_in_the_window(rows: list[dict[str, Any]], random: Random) -> None:
    """Rows that ingest only holds are counted as soon as someone asks."""
    reference = _reference()
    monitor, fresh = Monitor("taxi", reference, window=30), count()
    for batch in batches(rows, random):
        ids = [str(next(fresh)) for _ in batch]
        monitor.hold(batch, ids, 0.0, np.full(len(batch), NO_TIME))
    assert monitor.tally().rows == reference.counter.rows(reference.encode(rows[-30:]))


_OF_SEVERAL_COLUMNS = {
    "dataset_drift",
    "drifted_columns",
    "drifted_share",
    "last_row_age",
    "rows_per_second",
    # whole rows are scored
    "outlier_share",
}


def _others(found: Any, column: str) -> list[Finding]:
    return [
        each
        for each in found
        if each.column != column
        and each.measure not in _OF_SEVERAL_COLUMNS
        and each.family is not Family.MULTIVARIATE
        # which segment made the predictions change is about the segment and the predictions
        and (each.family is not Family.CHANGE or column == "distance")
    ]


@pytest.mark.parametrize(
    "broken", [1e300, -1.7e308, float("nan"), float("inf"), "broken", None, True, [], 10**400]
)
@pytest.mark.parametrize("column", ["distance", "zone", "prediction"])
def test_a_broken_value_stays_in_its_column_and_leaves_with_its_row(column: str, broken: object) -> None:
    """One broken value changes no other column's finding, and nothing at all once its row has left the window."""
    reference, rng = Reference.from_bytes(_reference().to_bytes()), np.random.default_rng(2)
    rows = [
        {"distance": float(d), "zone": int(z), "prediction": float(p)}
        for d, z, p in zip(
            rng.lognormal(size=100), rng.integers(1, 5, 100), rng.normal(20, 5, 100), strict=True
        )
    ]
    spoiled = [dict(row) for row in rows]
    spoiled[50][column] = broken  # type: ignore[assignment] # that is the point
    clean, dirty = (Monitor("taxi", reference, window=100, clock=lambda: 0.0) for _ in range(2))
    clean.push(rows)
    dirty.push(spoiled)
    before, after = clean.findings(), dirty.findings()
    if column != "zone":
        # a broken segment moves its row to another segment, of every column
        assert _others(after, column) == _others(before, column)
    whole = [[each for each in _others(found, column) if each.segment is None] for found in (before, after)]
    assert whole[0] == whole[1]
    assert [each for each in after if each.column == column] != [
        each for each in before if each.column == column
    ]
    clean.push(rows)
    dirty.push(rows)
    assert dirty.tally() == clean.tally()


def test_ever_new_categories_keep_the_memory_bounded() -> None:
    """A stream in which every row brings a new category is held in as many names as there are rows, twice at most."""
    ruler = CategoricalRuler(("a", "b"))
    ring = RowsRing({"c": ruler}, 50)
    reference = Reference.of({"c": ["a", "b"] * 30})
    pushed: list[str] = []
    for batch in range(400):
        names = ["a", *(f"new {batch} {i}" for i in range(batch % 7)), "b"]
        ring.push(reference.encode({"c": names}))
        pushed += names
        held = ring.last(50).columns["c"]
        assert isinstance(held, Codes)
        assert category_names(ruler, held) == pushed[-50:]
        assert len(held.unseen) <= 2 * 50 + 7


def test_a_block_larger_than_the_window_keeps_its_last_rows_and_names() -> None:
    """Of a block that is longer than the window only the names of its last rows are kept."""
    ruler = CategoricalRuler(("a", "b"))
    ring = RowsRing({"c": ruler}, 10)
    names = [f"new {i}" for i in range(1000)]
    ring.push(Reference.of({"c": ["a", "b"] * 30}).encode({"c": names}))
    held = ring.last(10).columns["c"]
    assert isinstance(held, Codes)
    assert category_names(ruler, held) == names[-10:]
    assert len(held.unseen) == 10
    assert (ring.pushed, ring.oldest) == (1000, 990)


@given(st.lists(ROWS, min_size=1, max_size=5))
def test_joined_blocks_count_as_one(parts: list[list[Mapping[str, Any]]]) -> None:
    """Blocks joined are the block of all their rows."""
    reference = _reference()
    block = joined([reference.encode(part) for part in parts], reference.rulers)
    assert block.rows == sum(map(len, parts))
    assert reference.counter.rows(block) == reference.counter.rows(reference.encode(list(chain(*parts))))


TIMED = st.lists(st.tuples(st.integers(0, 300), NUMBERS, CATEGORIES), max_size=80)


@cache
def _timed() -> Reference:
    rng = np.random.default_rng(4)
    return Reference.of(
        {
            "time": rng.integers(0, 300, 400).astype(float),
            "distance": rng.lognormal(size=400),
            "zone": rng.integers(1, 5, 400),
        }
    )


@given(TIMED, RANDOMS)
def test_a_time_window_is_the_batch_tally_of_its_rows(
    rows: list[tuple[int, Any, Any]], random: Random
) -> None:
    """In whatever order rows arrive, the panes' sum is the tally of the rows that are in time; the rest are late."""
    reference = _timed()
    monitor = Monitor("taxi", reference, Settings(window=Window(seconds=60, panes=6)))
    table = [{"time": float(at), "distance": d, "zone": z} for at, d, z in rows]
    newest, late = -1, 0
    for batch in batches(table, random):
        monitor.push(batch)
        newest = max(newest, *(int(row["time"]) // 10 for row in batch))
        late += sum(row["time"] // 10 <= newest - 6 for row in batch)
    inside = [row for row in table if row["time"] // 10 > newest - 6]
    # a row that was late when it came stays late; one in time is in the window as long as its pane is
    counted = monitor.tally().rows
    assert counted.rows == len(inside)
    assert counted == reference.counter.rows(reference.encode(inside))
    found = monitor.findings().get("late_rows")
    assert found is not None
    assert found.value == late


def test_a_pane_counts_its_rows_as_they_pile_up() -> None:
    """More rows in one pane than are held as columns give the same tally."""
    reference = _timed()
    rng = np.random.default_rng(6)
    rows = {
        "time": rng.uniform(0, 60, 10_000),
        "distance": rng.lognormal(size=10_000),
        "zone": rng.integers(1, 9, 10_000),
    }
    block = reference.encode(rows)
    window = TimeWindow(60, 2, reference.rulers, reference.counter.rows)
    cuts = [slice(at, at + 777) for at in range(0, 10_000, 777)]
    for cut in cuts:
        window.push(block.take(cut))
    assert window.tally() == reference.counter.rows(block)
    assert window.tally() == reduce(add, (reference.counter.rows(block.take(cut)) for cut in cuts))
    assert window.since == 0


def test_an_empty_time_window_has_no_tally() -> None:
    """Before the first row there is no tally and no start."""
    reference = _timed()
    window = TimeWindow(60, 2, reference.rulers, reference.counter.rows)
    window.push(reference.encode([]))
    assert window.tally() is None
    assert window.since is None


def test_a_row_without_a_time_counts_when_it_came() -> None:
    """Rows whose time is missing or no time are given the time at which they were received."""
    block = _timed().encode([{"time": 5.0}, {"time": "soon"}, {"time": None}])
    assert with_times(block, np.full(3, 9)).times.tolist() == [5_000_000, 9, 9]


def test_categories_of_a_block_are_named() -> None:
    """Codes give back the canonical categories, and none for faults."""
    ruler = CategoricalRuler(("74", "true"))
    codes = Codes.of(ruler, as_categories([74.0, True, "new", None, [], "newer", "new"]))
    assert category_names(ruler, codes) == ["74", "true", "new", None, None, "newer", "new"]


def test_a_row_from_the_far_future_makes_no_other_late() -> None:
    """A row whose time is days ahead of its arrival is counted as late, and the window stays where it was."""
    reference = Reference.of({"x": [1.0, 2.0, 3.0]}, id=None)
    monitor = Monitor("m", reference, Settings(window=Window(seconds=3600.0)), clock=lambda: 1e9)
    monitor.push([{"x": 1.0, "time": 1e9 + 10 * 86_400}, {"x": 2.0, "time": 1e9 - 5}])
    monitor.push([{"x": 3.0, "time": 1e9 - 1}])
    found = monitor.findings()
    late = found.get("late_rows")
    assert late is not None
    assert (found.rows, late.value) == (2, 1.0)


def _hourly(hours: int, per_hour: int = 60) -> list[dict[str, float]]:
    step = 3600 / per_hour
    return [{"id": i, "prediction": 1.0, "time": 1e9 + i * step} for i in range(hours * per_hour)]


def _hour_of_predictions(**settings: Any) -> Monitor:
    values = [float(i) + 0.5 for i in range(50)]
    reference = Reference.of({"prediction": values, "target": values})
    settings = {"window": Window(seconds=3600.0), **settings}
    return Monitor("m", reference, Settings(**settings), clock=lambda: 1e9 + 4 * 3600)


def _measured(monitor: Monitor, measure: str) -> float | None:
    found = monitor.findings().get(measure)
    assert found is not None
    return found.value


def test_labels_and_rows_of_a_time_window_are_of_one_period() -> None:
    """Labels of rows that have left the window, known before or after they left, are in no performance value."""
    monitor = _hour_of_predictions()
    rows = _hourly(4)
    monitor.push(rows[:60])
    monitor.label(range(30), [2.0] * 30)
    assert monitor.tally().labelled.rows == 30
    monitor.push(rows[60:])
    monitor.label(range(30, 60), [2.0] * 30)
    assert monitor.tally().labelled.rows == 0
    assert _measured(monitor, "label_coverage") == 0.0
    monitor.label(range(210, 240), [2.0] * 30)
    assert monitor.tally().labelled.rows == 30
    assert _measured(monitor, "label_coverage") == pytest.approx(0.5, abs=0.05)


def test_a_row_from_beyond_a_short_window_does_not_empty_it() -> None:
    """A labelled row half a day ahead of its arrival is late, once, for a window of an hour and for its labels."""
    monitor = _hour_of_predictions()
    rows = [{**row, "target": 2.0} for row in _hourly(4)[181:]]
    monitor.push(rows)
    before = monitor.tally()
    assert before.labelled.rows == 59
    monitor.push([{"id": "ahead", "prediction": 1.0, "target": 2.0, "time": 1e9 + 16 * 3600}])
    assert monitor.tally() == before
    assert _measured(monitor, "late_rows") == 1.0
