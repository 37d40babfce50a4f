"""A simple change of a column is recognised and named; what is no simple change is not."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelvane.causes import Change, simple_cause
from modelvane.exposition.series import DRIFT_CHANGE
from modelvane.faults import (
    InjectedFault,
    LabelFlip,
    Nulls,
    Recategorize,
    Scale,
    Shift,
    Stuck,
    Truncate,
    UnitChange,
    inject,
)
from modelvane.findings import Family, Finding, Findings
from modelvane.monitor import Monitor
from modelvane.reference import Reference
from modelvane.store import open_log

ZONES = np.array(["centre", "north", "south", "airport"])


def rows(number: int, seed: int) -> dict[str, list[Any]]:
    """Give trips."""
    rng = np.random.default_rng(seed)
    return {
        "miles": (np.round(rng.gamma(2, 1.5, number), 2) + 0.1).tolist(),
        "heat": rng.normal(15, 8, number).tolist(),
        "people": rng.choice([1, 2, 3, 4, 5, 6], number, p=[0.5, 0.2, 0.1, 0.1, 0.06, 0.04]).tolist(),
        "zone": rng.choice(ZONES, number, p=[0.5, 0.3, 0.15, 0.05]).tolist(),
    }


@pytest.fixture(scope="module")
def reference() -> Reference:
    """Give what trips are compared with."""
    return Reference.of(rows(8000, 1), categorical=["zone"], numerical=["miles", "heat", "people"])


def cause_of(reference: Reference, data: Any, column: str) -> Any:
    """Give what is recognised in a column."""
    current = reference.counter.rows(reference.encode(data))
    return simple_cause(reference.tally.columns[column], current.columns[column])


@pytest.mark.parametrize(
    ("fault", "change", "says", "share"),
    [
        (UnitChange(column="miles", unit="miles", into="kilometres"), "unit", "miles to kilometres", 1.0),
        (UnitChange(column="miles", unit="miles", into="kilometres", share=0.5), "unit", "by 1.609", 0.5),
        (UnitChange(column="heat", unit="celsius", into="fahrenheit"), "unit", "by 1.8 and +32", 1.0),
        (Scale(column="miles", factor=100), "unit", "dollars to cents or fractions to percent", 1.0),
        (Scale(column="miles", factor=1.3), "scaled", "multiplied by 1.3", 1.0),
        (Scale(column="heat", factor=-1), None, "", 0.0),
        (Shift(column="miles", by=4.0), "shifted", "added to values", 1.0),
        (Shift(column="heat", by=-16.0, share=0.5), "shifted", "subtracted from values", 0.5),
        (Truncate(column="miles", high=4.0), "truncated", "cut off above 4 ", 0.27),
        (Truncate(column="heat", low=10.0), "truncated", "cut off below 10 ", 0.26),
        (Stuck(column="miles", share=0.3), "stuck", "in place of others", 0.3),
        (Stuck(column="zone", share=0.6), "stuck", "in place of others", 0.6),
        (Recategorize(column="zone", category="north", into="Norden"), "renamed", "north is now Norden", 0.3),
        (
            Recategorize(column="zone", category="north", into="south"),
            "swapped",
            "south in place of north",
            0.3,
        ),
        (Nulls(column="zone", where=("zone", "south")), "lost", "south is missing", 0.15),
        (Nulls(column="zone", share=0.4), "nulls", "whatever they would be", 0.4),
        (LabelFlip(column="zone", category="centre", other="airport"), "swapped", "airport in place", 0.45),
    ],
    ids=str,
)
def test_a_simple_change_is_named(
    reference: Reference, fault: InjectedFault, change: str | None, says: str, share: float
) -> None:
    """The kind of change, its size and the share of the rows are those of the fault."""
    found = cause_of(reference, inject(rows(3000, 2), fault), fault.column)
    if change is None:
        assert found is None or found.change is not Change.SCALED
        return
    assert found is not None
    assert (found.change, found.share) == (change, pytest.approx(share, abs=0.06))
    assert says in str(found)


def test_a_new_category_is_named(reference: Reference) -> None:
    """A category that takes from all others is new; nothing was renamed."""
    faults = (
        Recategorize(column="zone", category=zone, into="harbour", share=0.3, seed=at)
        for at, zone in enumerate(ZONES)
    )
    found = cause_of(reference, inject(rows(3000, 2), *faults), "zone")
    assert (found.change, found.text, found.share) == (
        Change.NEW,
        "harbour is new",
        pytest.approx(0.3, abs=0.05),
    )


def test_far_values_are_not_called_cut_off(reference: Reference) -> None:
    """A part of the rows that is far above the others lies there, it was not cut off."""
    data = inject(rows(3000, 2), Scale(column="miles", factor=1e4, share=0.2))
    found = cause_of(reference, data, "miles")
    assert found is None or found.change is not Change.TRUNCATED


def test_sampling_is_no_change(reference: Reference) -> None:
    """Rows of the same kind have no cause, in any draw."""
    for seed in range(100, 125):
        data = rows(1000, seed)
        assert [cause_of(reference, data, column) for column in data] == [None] * 4


def test_a_change_that_is_not_simple_has_no_name(reference: Reference) -> None:
    """Another mixture, many new categories, and a handful of rows are not called by a name that does not fit."""
    data = rows(3000, 2)
    data["heat"] = [value if value > 15 else value * 3 - 40 for value in data["heat"]]
    data["zone"] = [f"z{at % 50}" if at % 3 else zone for at, zone in enumerate(data["zone"])]
    assert cause_of(reference, data, "heat") is None
    assert cause_of(reference, data, "zone") is None
    few = inject({name: values[:40] for name, values in data.items()}, Scale(column="miles", factor=100))
    assert cause_of(reference, few, "miles") is None


@given(
    st.lists(st.one_of(st.none(), st.floats(allow_nan=True), st.text(max_size=2)), min_size=1, max_size=80)
)
def test_any_rows_have_a_cause_or_none(reference: Reference, values: list[Any]) -> None:
    """Whatever comes, the answer is a cause with a share, or none; never an error."""
    for column in ("miles", "zone"):
        found = cause_of(reference, {column: values}, column)
        assert found is None or 0 < found.share <= 1


def test_rows_beyond_the_ruler_have_a_cause_too(reference: Reference) -> None:
    """One value above all of the reference's is named; many that have nothing in common with it are not."""
    found = cause_of(reference, {"miles": [1e6] * 100}, "miles")
    assert (found.change, found.text) == (Change.STUCK, "the value 1e+06 in place of others")
    assert cause_of(reference, {"miles": [-(10.0**at) for at in range(300)]}, "miles") is None


def test_a_constant_reference_has_no_cause() -> None:
    """A column of one value has nothing that a change could be read from."""
    reference = Reference.of({"a": [1.0] * 100, "b": list(range(100))}, numerical=["a", "b"])
    assert cause_of(reference, {"a": [2.0] * 100, "b": list(range(100))}, "a") is None


def test_a_finding_names_its_change_first(reference: Reference) -> None:
    """An alarm's cause begins with what was recognised, then come the bins; its kind stands beside it."""
    monitor = Monitor("taxi", reference, window=2000)
    monitor.push(inject(rows(2000, 2), UnitChange(column="miles", unit="miles", into="kilometres")))
    found = monitor.findings()
    miles, heat = (found.get("kolmogorov_smirnov", column) for column in ("miles", "heat"))
    assert miles is not None
    assert miles.change == Change.UNIT
    first, *bins = miles.cause.split("; ")
    assert first == "values multiplied by 1.609, as from miles to kilometres, in all rows"
    assert len(bins) == 3
    assert heat is not None
    assert (heat.change, heat.cause) == ("", "")


def test_every_kind_of_change_is_a_label() -> None:
    """The series of changes says in its help which labels there are."""
    assert all(change in DRIFT_CHANGE.help for change in Change)


def test_a_log_of_an_earlier_version_takes_changes(tmp_path: Path) -> None:
    """A file whose findings have no column for the change gets one; the rounds that it has stay."""
    finding = Finding(family=Family.DRIFT, measure="psi", column="a", value=1.0, change=Change.SCALED)
    url = f"sqlite:///{tmp_path / 'log.db'}"
    schema = Reference.of({"a": [1.0, 2.0]}).schema
    with closing(open_log(url)) as log:
        log.open("taxi", schema)
        log.append_findings(Findings("taxi", 1.0, 10, 0, (finding,)))
    with closing(sqlite3.connect(tmp_path / "log.db")) as connection:
        connection.execute("ALTER TABLE modelvane_findings DROP COLUMN change")
        connection.commit()
    with closing(open_log(url)) as log:
        log.open("taxi", schema)
        log.append_findings(Findings("taxi", 2.0, 10, 0, (finding,)))
        assert [next(iter(one)).change for one in log.read_findings("taxi")] == ["", "scaled"]
