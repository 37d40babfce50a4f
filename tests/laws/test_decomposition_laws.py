"""Laws of the decomposition: mix and behaviour add up to the change, exactly; and what findings make of it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from modelvane.batch import judge
from modelvane.engines.count import count
from modelvane.engines.source import TableSource
from modelvane.findings import Family, Finding, Verdict
from modelvane.monitor import Monitor
from modelvane.reference import Reference
from modelvane.settings import Settings, Window
from modelvane.statistics.decomposition import Part, decompose

N = 900
PARTS = st.tuples(st.integers(0, 50), st.fractions(-1000, 1000)).map(
    lambda drawn: Part(drawn[0], drawn[1] if drawn[0] else Fraction(0))
)
SIDES = st.lists(st.tuples(PARTS, PARTS), min_size=1, max_size=8)


def _sides(pairs: list[tuple[Part, Part]]) -> tuple[dict[str, Part], dict[str, Part]]:
    before, after = ({str(i): pair[side] for i, pair in enumerate(pairs)} for side in (0, 1))
    assume(all(sum(part.rows for part in side.values()) for side in (before, after)))
    return before, after


def _mean(side: dict[str, Part]) -> Fraction:
    return sum((part.total for part in side.values()), Fraction(0)) / sum(part.rows for part in side.values())


@given(SIDES)
def test_mix_and_behaviour_add_up_to_the_change_exactly(pairs: list[tuple[Part, Part]]) -> None:
    """Not a bit is left over, whatever the segments, also where one is on one side only."""
    before, after = _sides(pairs)
    effects = decompose(before, after).values()
    assert sum((mix + behaviour for mix, behaviour in effects), Fraction(0)) == _mean(after) - _mean(before)


@given(SIDES)
def test_both_sides_are_treated_alike(pairs: list[tuple[Part, Part]]) -> None:
    """The way back is the way there, with the other sign."""
    before, after = _sides(pairs)
    there, back = decompose(before, after), decompose(after, before)
    assert all(
        (effect.mix, effect.behaviour) == (-back[name].mix, -back[name].behaviour)
        for name, effect in there.items()
    )


@given(SIDES, st.fractions(-100, 100))
def test_a_constant_changes_nothing(pairs: list[tuple[Part, Part]], shift: Fraction) -> None:
    """Effects are of differences: where every row has more by a constant, each segment's effects stay."""
    before, after = _sides(pairs)
    moved = (
        {name: Part(part.rows, part.total + shift * part.rows) for name, part in side.items()}
        for side in (before, after)
    )
    assert decompose(*moved) == decompose(before, after)


@given(SIDES)
def test_shares_alone_are_mix_and_values_alone_are_behaviour(pairs: list[tuple[Part, Part]]) -> None:
    """With equal shares there is no mix, and with equal values no behaviour."""
    before, _ = _sides(pairs)
    doubled = {name: Part(part.rows, 2 * part.total) for name, part in before.items()}
    assert all(not effect.mix for effect in decompose(before, doubled).values())
    grown = {
        name: Part(part.rows * (i + 1), part.total * (i + 1)) for i, (name, part) in enumerate(before.items())
    }
    assert all(not effect.behaviour for effect in decompose(before, grown).values())


def trips(seed: int, north: float = 0.5, worse: float = 0.0) -> dict[str, list[Any]]:
    """Give trips of two large zones, a small one and none; in the north the error is larger by as much as told."""
    rng = np.random.default_rng(seed)
    zone = rng.choice(["north", "south", "far", ""], N, p=[north, 0.95 - north, 0.01, 0.04]).astype(object)
    zone[zone == ""] = None
    target = rng.normal(10, 3, N) + 5 * (zone == "north")
    error = rng.normal(0, 1, N) * (1 + worse * (zone == "north"))
    return {
        "id": [f"{seed}-{i}" for i in range(N)],
        "time": [1e6 + 60.0 * i for i in range(N)],
        "zone": zone.tolist(),
        "prediction": (target + error).tolist(),
        "target": target.tolist(),
    }


@pytest.fixture(scope="module")
def reference() -> Reference:
    return Reference.of(trips(1), task="regression", segments=["zone"])


def _changes(findings: Any) -> dict[tuple[str, str | None], Finding]:
    return {(f.measure, f.segment): f for f in findings if f.family is Family.CHANGE}


def _watched(reference: Reference, rows: dict[str, list[Any]]) -> Any:
    monitor = Monitor("taxi", reference, Settings(Window(rows=N)), clock=lambda: 5e6)
    monitor.push(rows)
    return monitor.findings()


@pytest.mark.parametrize("name", ["mean_absolute_error", "mean_prediction"])
def test_findings_add_up_to_the_change_of_all_rows(reference: Reference, name: str) -> None:
    """Over all rows, also those without a zone, and whether by segment or in total."""
    found = _watched(reference, trips(2, north=0.7, worse=1.0))
    changes = _changes(found)
    overall = found.get("mean", "prediction") if name == "mean_prediction" else found.get(name)
    totals = [changes[f"{name}_{way}", None].value for way in ("mix", "behaviour")]
    parts = [
        each.value for (_, segment), each in changes.items() if segment and each.measure.startswith(name)
    ]
    expected = pytest.approx(overall.value - overall.reference, abs=1e-9)
    assert sum(totals) == expected
    assert sum(value for value in parts if value is not None) == expected
    assert {segment for _, segment in changes} == {None, "zone=north", "zone=south", "zone=far", "zone=other"}


def test_what_explains_most_is_named(reference: Reference) -> None:
    """A zone that grew is named for the mix of predictions, one that got worse for the behaviour of errors."""
    grown = _changes(_watched(reference, trips(3, north=0.8)))["mean_prediction_mix", None]
    assert grown.value is not None
    assert grown.value > 1.0
    assert "most by zone=" in grown.cause
    assert "share" in grown.cause
    worse = _changes(_watched(reference, trips(4, worse=2.0)))["mean_absolute_error_behaviour", None]
    assert "most by zone=north" in worse.cause


def test_small_segments_are_told_with_the_rest(reference: Reference) -> None:
    """A segment with few rows has its number, and no effect of its own."""
    rows = trips(5)
    few = _changes(_watched(reference, rows))["mean_prediction_mix", "zone=far"]
    assert (few.value, few.verdict, few.n) == (None, Verdict.UNDEFINED, rows["zone"].count("far"))
    assert few.why.startswith("fewer than 30 rows")


def test_a_window_without_labels_says_why(reference: Reference) -> None:
    """There is no change of an error while nothing is labelled; that of predictions is there."""
    rows = trips(6)
    del rows["target"]
    changes = _changes(_watched(reference, rows))
    assert changes["mean_absolute_error_mix", None].why == "no rows with this value in the window"
    assert changes["mean_prediction_mix", None].value is not None


def test_a_batch_finds_the_same(reference: Reference) -> None:
    """Live and in a batch the effects are equal, value for value, and slices have none."""
    rows = trips(7, worse=0.5)
    judged = judge("taxi", reference, count(TableSource(rows), reference, slices=3, now=5e6))
    assert _changes(judged.findings) == _changes(_watched(reference, rows))
    assert not any(_changes(one) for one in judged.slices)


def test_a_value_called_other_is_not_the_rest() -> None:
    """A category of that name keeps its own rows, and new categories have another name."""
    known = Reference.of({"kind": ["cash", "other"] * 60, "x": list(range(120))}, segments=["kind"])
    monitor = Monitor("m", known, Settings(Window(rows=90)))
    monitor.push({"kind": ["cash"] * 20 + ["other"] * 30 + ["new"] * 40, "x": list(range(90))})
    rows = {
        each.segment: each.n for each in monitor.findings() if (each.measure, each.column) == ("rows", "x")
    }
    assert rows == {None: 90, "kind=cash": 20, "kind=other": 30, "kind=(other)": 40}
