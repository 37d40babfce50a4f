"""Laws of rows that wait until somebody asks for them."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import count
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from tests.laws.strategies import CATEGORIES, NUMBERS, RANDOMS

from modelvane import Finding, Monitor, Reference
from modelvane.block import Block
from modelvane.settings import Settings, Window
from modelvane.table import Table
from modelvane.times import NO_TIME

BROKEN: st.SearchStrategy[Any] = st.sampled_from(
    [float("nan"), float("inf"), "broken", None, True, [], {}, 10**400, "\ud800"]
)
VALUES = {
    "distance": NUMBERS | BROKEN,
    "zone": CATEGORIES | BROKEN,
    "prediction": NUMBERS | BROKEN,
    "target": NUMBERS,
    "unknown": BROKEN,
}
# few distinct, so that columns are often there or not for a whole batch
BATCHES = st.lists(
    st.sets(st.sampled_from(sorted(VALUES))).flatmap(
        lambda names: st.lists(st.fixed_dictionaries({name: VALUES[name] for name in names}), max_size=9)
    ),
    max_size=12,
)


@cache
def _reference(*, has_target: bool) -> Reference:
    rng = np.random.default_rng(8)
    columns = {
        "distance": rng.lognormal(size=300),
        "zone": rng.integers(1, 5, 300),
        "prediction": rng.normal(20, 5, 300),
    }
    if has_target:
        columns["target"] = rng.normal(20, 5, 300)
    return Reference.of(columns, segments=["zone"])


def _no_times(rows: int) -> Any:
    return np.full(rows, NO_TIME)


def _table(rows: Sequence[Mapping[str, Any]], *, in_columns: bool) -> Table:
    table = Table.of_rows(rows)
    return Table({name: table[name] for name in table.names}, table.rows) if in_columns else table


def _findings(monitor: Monitor) -> list[Finding]:
    return list(monitor.findings())


@hypothesis_settings(max_examples=30)
@given(BATCHES, st.booleans(), st.sampled_from([None, 60.0]), RANDOMS)
def test_held_rows_are_found_as_if_they_had_been_pushed(
    batches: list[list[dict[str, Any]]], has_target: bool, seconds: float | None, random: Random
) -> None:
    """Whatever is in rows, however they come and whoever asks when: held or pushed at once, the findings are equal."""
    reference = _reference(has_target=has_target)
    settings = Settings(window=Window(rows=7, seconds=seconds), horizon=11)
    pushed, held = (Monitor("taxi", reference, settings, clock=lambda: 9.0) for _ in range(2))
    fresh = map(str, count())
    known: list[str] = []
    for rows in batches:
        ids = [next(fresh) for _ in rows]
        twice = random.choices(known, k=random.randint(0, 2)) if known else []
        twice = [id_ for id_ in twice if pushed.remembers(id_)]
        pushed.push([{}] * len(twice), ids=twice, received=2.0)
        pushed.push(rows, ids=ids, received=2.0, times=_no_times(len(rows)))
        held.hold(
            _table(rows, in_columns=random.random() < 0.7), ids, 2.0, _no_times(len(rows)), refused=len(twice)
        )
        known = ids or known
        if random.random() < 0.3:
            # of rows that are there, and of rows that may come
            labels = [str(random.randint(max(0, int(ids[0]) - 12), int(ids[0]) + 30)) for _ in ids[:2]]
            targets = [float(label) for label in labels]
            assert held.label(labels, targets) == pushed.label(labels, targets)
        if random.random() < 0.2:
            assert _findings(held) == _findings(pushed)
    assert _findings(held) == _findings(pushed)
    assert held.tally() == pushed.tally()
    assert held.state() == pushed.state()


def test_rows_that_came_apart_lack_columns_apart() -> None:
    """A record that lacks what its neighbours have lacks it, though they are cast together."""
    settings = Settings(window=Window(rows=7))
    monitor = Monitor("taxi", _reference(has_target=False), settings)
    for id_, record in enumerate([{"distance": 1.0}, {"zone": 2, "odd": 3}, {"distance": 2.0}]):
        monitor.hold(Table.of_rows([record]), [str(id_)], 2.0, _no_times(1))
    lacking, odd = (monitor.findings().get(name) for name in ("missing_columns", "unexpected_columns"))
    assert lacking is not None
    assert odd is not None
    assert (lacking.cause, odd.cause) == ("distance, prediction, zone", "odd")


class _Column(list[Any]):
    """A column whose end can be seen."""


def _stream(monitor: Monitor, tables: int, rows: int, *, target: bool = False) -> Iterator[int]:
    """Hold tables of columns one after the other, and give how many of them are there still."""
    seen: list[weakref.ref[Any]] = []
    for number in range(tables):
        column = _Column([float(number)] * rows)
        seen.append(weakref.ref(column))
        columns = {"distance": column} | ({"target": [1.0] * rows} if target else {})
        ids = [f"{number}-{row}" for row in range(rows)]
        monitor.hold(Table(columns, rows), ids, 0.0, _no_times(rows))
        del column, columns
        yield sum(each() is not None for each in seen)


@pytest.mark.parametrize(
    ("target", "seconds", "most"),
    [(False, None, 100 // 40 + 2), (True, None, 512 // 40 + 2), (False, 60.0, 512 // 40 + 2)],
)
def test_a_stream_that_nobody_asks_for_is_held_in_bounded_memory(
    target: bool, seconds: float | None, most: int
) -> None:
    """Of tables that nobody asks for only those remain that hold the rows remembered, or a few that wait to be cast."""
    settings = Settings(window=Window(rows=100, seconds=seconds), horizon=100)
    monitor = Monitor("taxi", _reference(has_target=target), settings)
    assert max(_stream(monitor, 60, 40, target=target)) <= most


def test_wide_tables_are_cast_before_they_fill_the_memory() -> None:
    """Rows wait only while their values are few, however long the window is."""
    monitor = Monitor("taxi", _reference(has_target=False), window=50_000)
    rows, wide = 2000, 100
    alive: list[weakref.ref[Any]] = []
    for number in range(10):
        column = _Column([1.0] * rows)
        alive.append(weakref.ref(column))
        columns = {"distance": column} | {f"x{i}": [0.0] * rows for i in range(wide)}
        monitor.hold(Table(columns, rows), [f"{number}-{i}" for i in range(rows)], 0.0, _no_times(rows))
        del column, columns
    assert sum(each() is not None for each in alive) <= 6
    assert monitor.tally().rows.rows == 20_000


def test_rows_that_leave_before_anybody_asks_are_never_cast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a quick stream only the rows that an evaluation sees are looked at."""
    monitor = Monitor("taxi", _reference(has_target=False), window=100)
    encoded: list[int] = []
    encode = Reference.encode

    def counted(self: Reference, data: Any, times: Any = None) -> Block:
        encoded.append(len(data))
        return encode(self, data, times)

    monkeypatch.setattr(Reference, "encode", counted)
    for _ in _stream(monitor, 50, 20):
        assert not encoded
    assert monitor.tally().rows.rows == 100
    assert sum(encoded) == 100


def test_a_body_that_cannot_be_cast_takes_no_other_along(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks is told of it once; rows that waited beside it are in the window."""
    monitor = Monitor("taxi", _reference(has_target=False), window=100)
    encode = Reference.encode

    def failing(self: Reference, data: Any, times: Any = None) -> Block:
        if "broken" in Table.of(data):
            raise OverflowError("beyond words")
        return encode(self, data, times)

    monkeypatch.setattr(Reference, "encode", failing)
    for i, name in enumerate(["distance", "broken", "distance"]):
        monitor.hold(Table({name: [1.0] * 5}, 5), [f"{i}-{n}" for n in range(5)], 2.0, _no_times(5))
    with pytest.raises(OverflowError, match="beyond words"):
        monitor.findings()
    assert monitor.findings().rows == 10


def test_a_target_in_its_row_counts_long_after_the_row_left() -> None:
    """The last labelled rows are kept, however many rows without a target came after them."""
    monitor = Monitor("taxi", _reference(has_target=True), Settings(window=Window(rows=20), horizon=20))
    told = Table({"prediction": [1.0] * 10, "target": [2.0] * 10}, 10)
    monitor.hold(told, [f"told-{i}" for i in range(10)], 0.0, _no_times(10))
    for _ in _stream(monitor, 10, 40):
        pass
    assert monitor.tally().labelled.rows == 10
