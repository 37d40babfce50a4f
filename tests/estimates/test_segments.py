"""Performance of segments before labels: of regressions, and of classifiers of several classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.estimates.driven import driven, trips
from tests.estimates.test_several_classes import NAMES, rows

from modelvane import Monitor, Reference, Settings
from modelvane.batch import judge
from modelvane.engines.count import count
from modelvane.engines.source import TableSource
from modelvane.estimates import by_segment
from modelvane.estimates.by_segment import NO_SEGMENTS, BySegment
from modelvane.estimates.classes import CLASSES, ClassesRuler
from modelvane.estimates.losses import LOSSES, LossRuler
from modelvane.estimates.regression import REGRESSOR
from modelvane.estimates.scores import rows_by_score
from modelvane.estimates.several import SEVERAL, Known, estimates_of
from modelvane.evaluation.estimating import NOT_IN_REFERENCE
from modelvane.findings import Family, Finding, Verdict
from modelvane.settings import Window

BREAKDOWNS = ["zone", {"column": "distance", "bins": 3}]
CLASS_BREAKDOWNS = [["kind", {"column": "far", "edges": [0.0]}]]


def with_segments(n: int, **drawn: Any) -> dict[str, Any]:
    """Give rows of three classes, with a column of kinds and one of numbers that no probability knows of."""
    rng = np.random.default_rng(drawn.get("seed", 0))
    return rows(n, **drawn) | {"kind": rng.choice(["a", "b", "c"], n), "far": rng.normal(size=n)}


@pytest.fixture(scope="module")
def regression() -> Reference:
    """Give a reference of trips by zone and distance, read from its bytes."""
    return Reference.from_bytes(driven(6000, has_times=True, segments=BREAKDOWNS).to_bytes())


@pytest.fixture(scope="module")
def classes() -> Reference:
    """Give a reference of three classes by kind and side, read from its bytes."""
    known = Reference.of(
        with_segments(9000), target="y", prediction=list(NAMES), time="at", segments=CLASS_BREAKDOWNS
    )
    return Reference.from_bytes(known.to_bytes())


def found(reference: Reference, data: Mapping[str, Any]) -> dict[tuple[str | None, str], Finding]:
    """Give the estimates of single values, by segment and measure."""
    monitor = Monitor("made up", reference, Settings(), window=len(data["at"]))
    monitor.push(data)
    return estimates(monitor.findings())


def estimates(findings: Any) -> dict[tuple[str | None, str], Finding]:
    """Give the estimates among findings."""
    told = [f for f in findings if f.family is Family.ESTIMATE and f.label is None]
    return {(f.segment, f.measure): f for f in told if f.measure.startswith("estimated_")}


def test_a_segment_of_a_regression_is_estimated_as_its_rows_alone(regression: Reference) -> None:
    """Its value, error and n are those that a ruler without segments gives of these rows."""
    now = trips(3000, far=0.4, seed=5)
    told, ruler = found(regression, now), regression.row_rulers[LOSSES]
    assert isinstance(ruler, LossRuler)
    block, alone = regression.encode(now), replace(ruler, segments=BySegment())
    divided = dict(regression.counter.segments(block.columns))
    assert len(divided) == 5 + 4, "some distances are missing"
    for segment, index in divided.items():
        tally = alone.count(block.take(index))
        for each in REGRESSOR:
            expected, finding = each.estimate(alone, tally), told[segment, each.name]
            assert (finding.value, finding.standard_error, finding.n) == (
                expected.value,  # type: ignore[union-attr] # there are rows
                expected.standard_error,  # type: ignore[union-attr] # as above
                tally.n,
            )
            realised = regression.tally.segments[segment].performance["regression"]
            assert finding.reference == each.values(realised)[None]


def test_a_segment_of_several_classes_is_estimated_as_its_rows_alone(classes: Reference) -> None:
    """Its values are those that a ruler without segments gives of these rows, also where some have no probability."""
    now = with_segments(3000, shift=1.0, seed=5)
    now["bus"][::17] = np.nan
    told, ruler = found(classes, now), classes.row_rulers[CLASSES]
    assert isinstance(ruler, ClassesRuler)
    block, alone = classes.encode(now), replace(ruler, segments=BySegment())
    divided = dict(classes.counter.segments(block.columns))
    assert len(divided) == 6
    counter = replace(classes.counter, breakdowns=())
    for segment, index in divided.items():
        part = block.take(index)
        columns = counter.rows(part).columns
        known = Known(alone.count(part), np.stack([rows_by_score(columns[name]) for name in NAMES]))
        for each in SEVERAL:
            if not each.has_error:
                assert (segment, each.name) not in told
                continue
            expected, finding = estimates_of(each, alone, known)[None], told[segment, each.name]
            assert finding.value == expected.value  # type: ignore[union-attr] # there are rows
            assert (finding.n, finding.noise_floor is None) == (known.tally.n, False)
            assert finding.n < len(index)


@pytest.mark.parametrize("task", ["regression", "classes"])
def test_batches_windows_and_parts_are_counted_alike(task: str, request: pytest.FixtureRequest) -> None:
    """A batch gives the segments' estimates of a live window of the same rows, by rows and by time, bit for bit."""
    reference = request.getfixturevalue(task)
    now = trips(1500, seed=9) if task == "regression" else with_segments(1500, seed=9)
    live = found(reference, now)
    batch = estimates(judge("made up", reference, count(TableSource(now), reference, now=0.0)).findings)
    assert {key: f.value for key, f in batch.items()} == {key: f.value for key, f in live.items()}
    by_time = Monitor("made up", reference, Settings(window=Window(seconds=1e9, panes=7)))
    by_time.push(now)
    assert by_time.tally().rows.together == together(reference, now)


def together(reference: Reference, now: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give what a window of rows counts of several columns at once."""
    monitor = Monitor("made up", reference, Settings(), window=len(now["at"]))
    monitor.push(now)
    return monitor.tally().rows.together


@hypothesis_settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(0, 120))
def test_tallies_add(seed: int, at: int) -> None:
    """What is counted of parts adds to what is counted of all, segment by segment, whatever is missing or unseen."""
    rng = np.random.default_rng(seed)
    for reference, data, hurt in (
        (_REGRESSION, trips(120, seed=seed), ("distance", "prediction")),
        (_CLASSES, with_segments(120, seed=seed), ("bus", "far")),
    ):
        for name in hurt:
            bad = rng.choice([np.nan, np.inf, -5.0], 120)
            data[name] = np.where(rng.random(120) < 0.1, bad, data[name])
        block = reference.encode(data)
        one, other = block.take(slice(0, at)), block.take(slice(at, None))
        for ruler in reference.row_rulers.values():
            if isinstance(ruler, LossRuler | ClassesRuler):
                whole = ruler.count(block)
                assert ruler.count(one) + ruler.count(other) == whole
                assert ruler.tally_of(whole.facts(), whole.arrays()) == whole
                assert bool(whole.segments) is not ruler.of_truth


_REGRESSION = driven(1500, segments=BREAKDOWNS)
_CLASSES = Reference.of(with_segments(900), target="y", prediction=list(NAMES), segments=CLASS_BREAKDOWNS)


def test_a_segment_that_does_worse_alarms_and_others_do_not(
    regression: Reference, classes: Reference
) -> None:
    """Longer trips of one zone, or probabilities of one kind that are less sure, alarm there without any label."""
    now = trips(4000, seed=6)
    del now["duration"]
    is_a = now["zone"] == "a"
    now["distance"] = np.where(is_a, now["distance"] + 12, now["distance"])
    now["prediction"] = 3 * now["distance"]
    alarmed = {key for key, f in found(regression, now).items() if f.verdict is Verdict.ALARM}
    assert {segment for segment, _ in alarmed if segment and segment.startswith("zone")} == {"zone=a"}
    of_kinds = with_segments(6000, seed=7)
    del of_kinds["y"]
    for name in NAMES:
        of_kinds[name] = np.where(
            of_kinds["kind"] == "b", 1 / 3 + (of_kinds[name] - 1 / 3) / 4, of_kinds[name]
        )
    alarmed = {key for key, f in found(classes, of_kinds).items() if f.verdict is Verdict.ALARM}
    assert {segment for segment, measure in alarmed if segment and measure == "estimated_accuracy"} == {
        "kind=b, far=(-inf, 0)",
        "kind=b, far=[0, inf)",
    }


def test_segments_like_the_references_raise_no_alarm(regression: Reference, classes: Reference) -> None:
    """Windows of any size without a change stay within their lines in every segment."""
    for seed, n in enumerate((100, 400, 1500) * 3):
        for reference, data in (
            (regression, trips(n, seed=100 + seed)),
            (classes, with_segments(n, seed=100 + seed)),
        ):
            assert not [key for key, f in found(reference, data).items() if f.verdict is Verdict.ALARM]


def test_small_and_unknown_segments_say_so(
    regression: Reference, classes: Reference, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fewer than 30 rows, a value that the reference lacks, and a reference without them are undefined, with why."""
    few = found(regression, trips(60, far=0.2, seed=3))["zone=x", "estimated_mean_absolute_error"]
    assert (few.value, few.n < 30, "of this segment in the window" in few.why) == (None, True, True)
    few = found(classes, with_segments(60, seed=3))["kind=a, far=[0, inf)", "estimated_accuracy"]
    assert (few.value, few.n < 30, "of this segment in the window" in few.why) == (None, True, True)
    strangers = trips(200, seed=4)
    strangers["zone"] = np.full(200, "elsewhere")
    unknown = found(regression, strangers)["zone=other", "estimated_mean_absolute_error"]
    assert (unknown.value, unknown.why) == (None, NOT_IN_REFERENCE)
    monkeypatch.setattr(by_segment, "MOST_COLUMNS", 1)
    wide = driven(1500, has_times=True, segments=BREAKDOWNS)
    without = found(wide, trips(200, seed=4))
    assert without["zone=a", "estimated_mean_absolute_error"].why == NO_SEGMENTS
    assert without[None, "estimated_mean_absolute_error"].value is not None
