"""Injected faults: whom they hit, what they do, and that batches are hit as the whole is."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelvane.errors import ConfigError, UnknownNameError
from modelvane.faults import (
    FAULTS,
    InjectedFault,
    Injection,
    LabelFlip,
    Mispair,
    Nulls,
    Recategorize,
    Scale,
    Shift,
    Stuck,
    Truncate,
    UnitChange,
    fault_of,
    inject,
)
from modelvane.units import UNITS

ROWS = 400
EVERY: tuple[InjectedFault, ...] = (
    Shift(column="miles", by=2.0, start=50, ramp=100, share=0.7),
    Scale(column="count", factor=1.5, start=10, where=("zone", "74")),
    UnitChange(column="miles", unit="miles", into="kilometres", stop=300),
    Truncate(column="miles", high=1.0, start=100),
    Stuck(column="miles", start=37),
    Stuck(column="zone", start=37, share=0.5),
    Recategorize(column="zone", category="74", into="75", share=0.3),
    Recategorize(column="zone", category="75", into="JFK"),
    Nulls(column="count", start=100, stop=200),
    LabelFlip(column="zone", category="74", other="75", share=0.5, seed=3),
    Mispair(column="miles", lag=11, start=20, share=0.9),
)


def rows(seed: int = 0) -> pa.Table:
    rng = np.random.default_rng(seed)
    return pa.table(
        {
            "miles": rng.gamma(2, 1.5, ROWS),
            "count": rng.integers(0, 5, ROWS),
            "zone": rng.choice([74, 75, 76], ROWS),
        }
    )


@pytest.mark.parametrize("fault", EVERY, ids=str)
@given(cuts=st.lists(st.integers(0, ROWS), max_size=5), as_lists=st.booleans())
def test_batches_are_hit_as_the_whole_is(fault: InjectedFault, cuts: list[int], as_lists: bool) -> None:
    """A stream that is read in batches, as lists or as Arrow, ends up as the table that is read at once."""
    table = rows()
    edges = sorted({0, *cuts, ROWS})
    injection = Injection(fault)
    joined: dict[str, list[Any]] = {name: [] for name in table.column_names}
    for start, stop in pairwise(edges):
        part = table.slice(start, stop - start)
        changed = injection.apply(part.to_pydict() if as_lists else part)
        for name in joined:
            joined[name] += changed.values(name)
    whole = inject(table, fault)
    assert {name: list(map(plain, values)) for name, values in joined.items()} == {
        name: list(map(plain, whole.values(name))) for name in table.column_names
    }


def plain(value: Any) -> Any:
    """Give a code as a number whether or not its batch had names among the codes."""
    return float(value) if value is not None and str(value).replace(".", "").isdigit() else value


@pytest.mark.parametrize("fault", EVERY, ids=str)
def test_a_fault_changes_its_column_where_it_hits_and_nothing_else(fault: InjectedFault) -> None:
    """Other columns and rows that are not hit stay as they were, and some row is changed."""
    table = rows()
    changed = inject(table, fault)
    before, after = ([plain(v) for v in t[fault.column].to_pylist()] for t in (table, changed))
    moved = np.array([old != new for old, new in zip(before, after, strict=True)])
    hit = fault.hits(changed, 0) if fault.where is None else np.array(table["zone"].to_pylist()) == 74
    assert moved.any()
    assert not moved[~hit].any()
    for name in set(table.column_names) - {fault.column}:
        assert changed.values(name) == table[name].to_pylist()


def test_a_gradual_fault_hits_more_and_more() -> None:
    """The share that is hit grows from nothing to its whole over the ramp, and stays there."""
    fault = Nulls(column="a", start=1000, ramp=10_000, share=0.4)
    hit = np.array(inject({"a": [1.0] * 30_000}, fault).values("a")) == None  # noqa: E711 - an array of them
    assert not hit[:1000].any()
    assert hit[1000:2000].mean() < 0.05
    assert hit[5500:6500].mean() == pytest.approx(0.2, abs=0.04)
    assert hit[11_000:].mean() == pytest.approx(0.4, abs=0.02)


def test_mispairing_keeps_the_column_and_breaks_its_company() -> None:
    """Every value but the last of the lag is still there as often, and the correlation with another column is gone."""
    rng = np.random.default_rng(1)
    a = rng.normal(size=5000)
    changed = inject({"a": a.tolist(), "b": (a * 2).tolist()}, Mispair(column="a", lag=50))
    after = np.array(changed.values("a"))
    assert sum((Counter(a[:-50].tolist()) - Counter(after.tolist())).values()) == 0
    assert abs(np.corrcoef(after, changed.values("b"))[0, 1]) < 0.1


@pytest.mark.parametrize(("unit", "into"), [pair for both in UNITS for pair in (both, both[::-1])])
def test_every_change_of_units_has_a_way_back(unit: str, into: str) -> None:
    """A value in another unit and back is the value."""
    there = inject({"a": [37.5]}, UnitChange(column="a", unit=unit, into=into))
    assert there.values("a") != [37.5]
    back = inject(there, UnitChange(column="a", unit=into, into=unit))
    assert back.values("a") == pytest.approx([37.5])


def test_what_is_no_number_stays() -> None:
    """Missing values and words among numbers are not computed with."""
    changed = inject({"a": [1.0, None, "x", "2", float("inf")]}, Scale(column="a", factor=3))
    assert changed.values("a") == [3.0, None, "x", "2", float("inf")]


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_can_be_written(name: str) -> None:
    """A fault that is written on a command line is the one that is made in Python."""
    settings = {
        "shift": "by=2.5",
        "scale": "factor=1.15",
        "unit_change": "unit=miles into=kilometres",
        "recategorize": "category=74 into=75",
        "label_flip": "category=0 other=1",
    }
    written = f"{name} miles {settings.get(name, '')} start=5 stop=9 ramp=2 share=0.5 where=zone=74 seed=7"
    fault = fault_of(written)
    assert type(fault) is FAULTS[name]
    assert (fault.column, fault.start, fault.stop, fault.ramp) == ("miles", 5, 9, 2)
    assert (fault.share, fault.where, fault.seed) == (0.5, ("zone", "74"), 7)


@pytest.mark.parametrize(
    ("written", "error", "says"),
    [
        ("", UnknownNameError, "Unknown fault"),
        ("scal miles factor=2", UnknownNameError, "Did you mean 'scale'"),
        ("scale miles factr=2", UnknownNameError, "Did you mean 'factor'"),
        ("scale", ConfigError, "column"),
        ("scale miles", ConfigError, "factor"),
        ("scale miles factor=twice", ConfigError, "factor"),
        ("nulls miles share=2", ConfigError, "a share above 0 and at most 1"),
        ("nulls miles start=-1", ConfigError, "at least 0 rows"),
        ("nulls miles start=5 stop=5", ConfigError, "a stop after the start"),
        ("nulls miles where=zone", ConfigError, "where"),
        ("mispair miles lag=0", ConfigError, "a lag of at least 1 row"),
        ("unit_change miles unit=miles into=celsius", ConfigError, "miles -> kilometres"),
    ],
)
def test_a_fault_that_is_none_is_refused(written: str, error: type[Exception], says: str) -> None:
    """What is wrong with it is said, with what would be right."""
    with pytest.raises(error, match=says):
        fault_of(written)


def test_a_fault_of_a_column_that_is_not_there_is_refused() -> None:
    """The columns that are there are said."""
    with pytest.raises(UnknownNameError, match="miles"):
        inject(rows(), Nulls(column="milse"))


@pytest.mark.parametrize(
    "fault", [*EVERY, Recategorize(column="a b", category="New York", into="x")], ids=str
)
def test_a_fault_is_written_as_it_is_read(fault: InjectedFault) -> None:
    """Its text, read again, is the same fault."""
    assert fault_of(str(fault)) == fault
