"""Laws of segments: every row is in one of each breakdown, by its value; and findings of them are one number."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from modelvane.batch import judge
from modelvane.breakdown import MOST_SEGMENTS, Breakdown
from modelvane.engines import parquet as wide
from modelvane.engines.count import count
from modelvane.engines.files import FileSource
from modelvane.engines.source import TableSource
from modelvane.errors import SchemaError
from modelvane.evaluation import evaluate
from modelvane.findings import Family, Finding, Verdict
from modelvane.freezing import on_ruler
from modelvane.inference import infer_schema
from modelvane.monitor import Monitor
from modelvane.reference import Reference
from modelvane.segments import SegmentRuler
from modelvane.segments.edges import quantile_edges
from modelvane.settings import Settings, Window
from modelvane.stream import Stream
from modelvane.table import Table

N = 900
THREE = ["zone", ["zone", "hour"], {"column": "miles", "edges": [1, 3]}]
HABIT = Settings(Window(rows=N))


def trips(seed: int, shift: float = 0.0) -> dict[str, list[Any]]:
    """Give trips some of which lack a zone or a distance, with errors that grow with the distance."""
    rng = np.random.default_rng(seed)
    zone = rng.choice(["north", "south, far", "other", ""], N, p=[0.5, 0.3, 0.15, 0.05]).tolist()
    miles = np.where(rng.random(N) < 0.03, np.nan, rng.exponential(2 + shift, N).round(1))
    target = 3 * np.nan_to_num(miles) + rng.normal(0, 1 + shift, N)
    return {
        "id": [f"{seed}-{i}" for i in range(N)],
        "time": [1e6 + 60.0 * i for i in range(N)],
        "zone": [name or None for name in zone],
        "hour": rng.integers(0, 3, N).tolist(),
        "miles": miles.tolist(),
        "prediction": (3 * np.nan_to_num(miles) + 1).tolist(),
        "target": target.tolist(),
    }


@pytest.fixture(scope="module")
def reference() -> Reference:
    """Give a reference that is broken down in all three ways."""
    return Reference.of(
        trips(1), task="regression", numerical=["miles"], categorical=["zone", "hour"], segments=THREE
    )


def _named(reference: Reference, rows: Any) -> dict[str, int]:
    columns = reference.encode(Table.of(rows)).columns
    return {name: len(index) for name, index in reference.counter.segments(columns)}


def test_names_say_which_rows_they_are_and_none_is_another(reference: Reference) -> None:
    """A name is column=value, of pairs both; what could be taken for more is in quotes, and the rest is other."""
    of_zone, of_both, of_miles = reference.breakdowns
    assert of_zone.names == ("zone=north", 'zone="south, far"', "zone=other")
    assert of_zone.other == "zone=(other)"
    assert of_both.names[0].startswith("zone=north, hour=")
    assert len(of_both.names) == 9
    assert of_both.other == "zone, hour=other"
    assert of_miles.names == ("miles=(-inf, 1)", "miles=[1, 3)", "miles=[3, inf)")
    assert of_miles.other == "miles=other"
    names = [name for ruler in reference.breakdowns for name in (*ruler.names, ruler.other)]
    assert len(set(names)) == len(names)


TEXT = st.text(st.sampled_from('ab=,"\\ [)\n'), max_size=6)


@given(st.lists(TEXT, min_size=1, max_size=8), st.lists(TEXT, min_size=1, max_size=8))
def test_no_two_segments_have_one_name(one: list[str], other: list[str]) -> None:
    """Whatever text the categories are, segments of columns and of their pairs have different names."""
    rows = {
        "a": [x for x in one for _ in other],
        "b": [y for _ in one for y in other],
        "a=a, b": one * len(other),
    }
    table = Table.of(rows)
    found = _rulers(table, ["a", "b", "a=a, b", ["a", "b"], ["a=a, b", "a"]])
    names = [name for ruler in found for name in (*ruler.names, ruler.other)]
    assert len(set(names)) == len(names)


def _rulers(table: Table, segments: list[Any]) -> list[SegmentRuler]:
    schema = infer_schema(table, categorical=table.names, segments=segments)
    known = {column.name: on_ruler(table[column.name], column, None) for column in schema.measured}
    rulers, columns = ({name: each[at] for name, each in known.items()} for at in range(2))
    return [SegmentRuler.of(each, rulers, columns) for each in schema.segments]  # type: ignore[arg-type] # by place


@given(
    st.lists(st.one_of(st.none(), st.floats(width=32), st.sampled_from([1.0, 3.0, 0.1])), max_size=40),
    st.lists(st.sampled_from(["north", "south, far", "other", "new", None]), min_size=40, max_size=40),
)
def test_each_row_is_in_one_segment_of_each_breakdown_by_its_value(
    reference: Reference, miles: list[float | None], zones: list[str | None]
) -> None:
    """An edge belongs to the bin above it; rows with what is missing, infinite or unseen are with the rest."""
    rows = {"miles": miles, "zone": zones[: len(miles)], "hour": [0, 1, 2, 9] * 10}
    rows["hour"] = rows["hour"][: len(miles)]
    found = _named(reference, rows) if miles else {}
    expected: Counter[str] = Counter()
    labels = {"north": "north", "south, far": '"south, far"', "other": "other"}
    for mile, zone, hour in zip(miles, rows["zone"], rows["hour"], strict=True):
        bin_ = "other"
        if mile is not None and math.isfinite(mile):
            bin_ = "(-inf, 1)" if mile < 1 else "[1, 3)" if mile < 3 else "[3, inf)"
        expected[f"miles={bin_}"] += 1
        label = labels.get(zone or "")
        expected[f"zone={label or '(other)'}"] += 1
        expected[f"zone={label}, hour={hour}" if label and hour < 3 else "zone, hour=other"] += 1
    assert found == expected


def test_edges_go_through_the_door_of_their_column() -> None:
    """In a column of 32 bits, 0.7 is on the edge 0.7, although its double is below it."""
    column = pa.table({"x": pa.array([0.7, 0.1, 0.69], pa.float32())})
    known = Reference.of(column, numerical=["x"], segments=[{"column": "x", "edges": [0.1, 0.7]}])
    assert _named(known, column) == {"x=[0.1, 0.7)": 2, "x=[0.7, inf)": 1}


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=60), st.integers(2, 20))
def test_quantile_edges_part_the_reference_evenly(values: list[float], bins: int) -> None:
    """Bins differ from an equal share by no more than the rows of one value, and none is empty."""
    known = np.array(values)
    edges = quantile_edges(known, bins, "double")
    assert list(edges) == sorted(set(edges))
    assert len(edges) < bins
    counts = np.bincount(np.searchsorted(edges, known, side="right"), minlength=len(edges) + 1)
    assert counts.all()
    heaviest = np.unique(known, return_counts=True)[1].max()
    assert counts.max() <= math.ceil(len(known) / bins) + heaviest


def test_the_edges_of_quarters_are_short() -> None:
    """Where only the column or a number is named, the reference's quantiles are the edges, with few digits."""
    rows = {"x": (np.arange(4000) ** 2 / 7).tolist(), "y": ["a", "b"] * 2000}
    known = Reference.of(
        rows, numerical=["x"], categorical=["y"], segments=["x", ["y", {"column": "x", "bins": 2}]]
    )
    quarters, halves = known.breakdowns
    assert quarters.names == (
        "x=(-inf, 142857)",
        "x=[142857, 571000)",
        "x=[571000, 1285700)",
        "x=[1285700, inf)",
    )
    assert _named(known, rows)["x=[142857, 571000)"] == 1000
    assert len(halves.names) == 4


def test_the_most_frequent_twenty_are_told_apart() -> None:
    """Of more values, or pairs of values, than twenty the rarer ones are one segment."""
    rng = np.random.default_rng(3)
    rows = {"a": rng.geometric(0.15, 3000).tolist(), "b": rng.integers(0, 9, 3000).tolist()}
    table = Table.of(rows)
    of_a, pairs = _rulers(table, ["a", ["a", "b"]])
    assert len(of_a.names) == len(pairs.names) == MOST_SEGMENTS
    often = Counter(zip(rows["a"], rows["b"], strict=True))
    least = sorted(often.values(), reverse=True)[MOST_SEGMENTS - 1]
    assert all(often[int(a), int(b)] >= least for a, b in pairs.values)


def test_too_many_segments_are_refused() -> None:
    """A dataset has a bound of segments, and the error says which breakdown has how many."""
    rows = {f"c{i}": [str(j % 20) for j in range(60)] for i in range(11)}
    with pytest.raises(SchemaError, match=r"231: 21 of c0; 21 of c1.*200 or fewer.*fewer bins"):
        Reference.of(rows, segments=list(rows))


def _kept(findings: Any) -> list[Finding]:
    return [f for f in findings if f.segment is not None or f.family is Family.CHANGE]


def test_live_batch_panes_and_merged_say_the_same(
    reference: Reference, tmp_path: Path, monkeypatch: Any
) -> None:
    """Findings of all three kinds of segments are equal whichever way, and in whichever bands, rows are counted."""
    rows = trips(2, shift=0.5)
    monitor = Monitor("taxi", reference, HABIT, clock=lambda: 5e6)
    monitor.push(rows)
    live = _kept(monitor.findings())
    assert {f.family for f in live} == {
        Family.DRIFT,
        Family.PERFORMANCE,
        Family.PREDICTION,
        Family.QUALITY,
        Family.CHANGE,
    }
    for segment in ("zone=north", "zone=north, hour=1", "miles=[1, 3)", "miles=other", "zone=(other)"):
        for family in (Family.DRIFT, Family.PERFORMANCE, Family.PREDICTION, Family.QUALITY):
            assert any(f.segment == segment and f.family is family for f in live), (segment, family)

    batch = judge(
        "taxi", reference, count(TableSource(rows, batch_rows=70), reference, slices=3, now=5e6), HABIT
    )
    assert _kept(batch.findings) == live

    monkeypatch.setattr(wide, "_WIDE", 3)
    monkeypatch.setattr(wide, "_WIDE_PIECE_VALUES", 1)
    table = pa.table(rows).select(["hour", "target", "miles", "time", "id", "prediction", "zone"])
    parquet.write_table(table, tmp_path / "trips.parquet", row_group_size=400)
    banded = count(FileSource(str(tmp_path / "trips.parquet")), reference, slices=3, now=5e6)
    assert _kept(judge("taxi", reference, banded, HABIT).findings) == live

    settings = Settings(Window(rows=N, seconds=2 * N * 60.0, panes=9))
    panes = Monitor("taxi", reference, settings, clock=lambda: 1e6 + N * 60.0)
    for at in range(0, N, 130):
        panes.push({name: column[at : at + 130] for name, column in rows.items()})
    assert _kept(panes.findings()) == live

    block, counter = reference.encode(Table.of(rows)), reference.counter
    one, other = (block.take(np.arange(N)[at]) for at in (slice(0, 350), slice(350, N)))
    merged = evaluate(
        "taxi",
        reference,
        HABIT,
        counter.rows(other) + counter.rows(one),
        counter.labelled(one) + counter.labelled(other),
        Stream(now=5e6),
    )
    assert _kept(merged) == live


def test_changes_are_taken_apart_by_every_breakdown(reference: Reference) -> None:
    """Mix and behaviour of segments of any kind add up to the change of the whole, and name what explains it."""
    monitor = Monitor("taxi", reference, HABIT, clock=lambda: 5e6)
    monitor.push(trips(2, shift=0.5))
    findings = monitor.findings()
    change = findings.get("mean_absolute_error")
    assert change is not None
    assert change.value is not None
    assert change.reference is not None
    for column in ("zone", "zone, hour", "miles"):
        parts = [findings.get(f"mean_absolute_error_{way}", column) for way in ("mix", "behaviour")]
        assert sum(f.value for f in parts if f and f.value is not None) == pytest.approx(
            change.value - change.reference
        )
    behaviour = findings.get("mean_absolute_error_behaviour", "miles")
    assert behaviour is not None
    assert "most by miles=" in behaviour.cause


def test_a_segment_that_goes_is_mix(reference: Reference) -> None:
    """What a segment does by leaving is told by its share, not as another behaviour of the rest; all still adds up."""
    rows = trips(2)
    at = [i for i, zone in enumerate(rows["zone"]) if zone != "north"][:400]
    at.append(rows["zone"].index("north"))
    monitor = Monitor("taxi", reference, HABIT, clock=lambda: 5e6)
    monitor.push({name: [column[i] for i in at] for name, column in rows.items()})
    findings = monitor.findings()
    gone = [findings.get(f"mean_prediction_{way}", "zone", "zone=north") for way in ("mix", "behaviour")]
    assert [f and (f.n, f.value is None) for f in gone] == [(1, False), (1, True)]
    parts = [findings.get(f"mean_prediction_{way}", "zone") for way in ("mix", "behaviour")]
    change = findings.get("mean", "prediction")
    assert change is not None
    assert change.value is not None
    assert change.reference is not None
    assert sum(f.value for f in parts if f and f.value is not None) == pytest.approx(
        change.value - change.reference
    )


def test_small_segments_are_undefined_with_their_rows(reference: Reference) -> None:
    """Of fewer than thirty rows nothing is told but how many they are, and the whole is told as ever."""
    rows = {name: column[:200] for name, column in trips(4).items()}
    monitor = Monitor("taxi", reference, HABIT, clock=lambda: 5e6)
    monitor.push(rows)
    few = sum(zone is None for zone in rows["zone"])
    assert 0 < few < 30
    found = [f for f in monitor.findings() if f.segment == "zone=(other)" and f.family is not Family.CHANGE]
    told = {f.measure for f in found if f.value is not None}
    assert told == {"rows"}
    drift = next(f for f in found if f.family is Family.DRIFT and f.column == "hour")
    assert (drift.verdict, drift.n) == (Verdict.UNDEFINED, few)
    assert drift.why == f"{few} rows of this segment in the window; it takes 30"
    assert monitor.findings().get("mean_absolute_error").value is not None  # type: ignore[union-attr] # is measured


def test_a_file_keeps_its_segments(reference: Reference) -> None:
    """Rows are in the same segments on a reference that was written and read."""
    again = Reference.from_bytes(reference.to_bytes())
    assert again.schema == reference.schema
    assert again.digest == reference.digest
    rows = trips(5)
    assert _named(again, rows) == _named(reference, rows)
    assert again.tally == reference.tally


def test_a_file_of_before_keeps_its_rule() -> None:
    """A reference without segments' own facts has rows without a value in none, and is written as it was."""
    rows = {"zone": ["a", "b", None, "c=d"] * 30}
    now = Reference.of(rows, segments=["zone"])
    old = SegmentRuler.of_before(Breakdown.of("zone"), now.rulers)
    columns = now.encode(Table.of(rows)).columns
    assert {name: len(index) for name, index in old.divide(columns)} == {
        "zone=a": 30,
        "zone=b": 30,
        "zone=c=d": 30,
    }
    assert _named(now, rows)["zone=other"] == 30
