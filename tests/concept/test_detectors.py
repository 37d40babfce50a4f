"""Detectors find that errors changed, and when; their walks are the textbook's, and river's are river's own."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from river.drift import ADWIN
from river.drift.binary import FHDDM, HDDMA, HDDMW

from modelvane.concept.detectors import OWN
from modelvane.concept.detectors.cusum import ALLOWANCES, adjustment
from modelvane.concept.detectors.page_hinkley import TOLERANCE
from modelvane.concept.detectors.river import RIVER
from modelvane.concept.timeline import Timeline
from modelvane.concept.walks import Walks
from modelvane.config import Config
from modelvane.errors import ConfigError, UnknownNameError
from modelvane.extras import MissingExtraError
from modelvane.findings import Findings, Verdict
from modelvane.monitor import Monitor
from modelvane.reference import Reference
from modelvane.settings import Concept, Settings, Window

DAY = 86_400.0
BEGIN = 1.6e9


def cusum(values: list[float], weights: Any) -> float:
    """Page's recursion, row by row, in both directions, with every allowance."""
    highest = 0.0
    for allowance, of_up, of_down in zip(ALLOWANCES, *weights, strict=True):
        up = down = 0.0
        for x in values:
            up, down = max(0.0, up + x - allowance), max(0.0, down - x - allowance)
            highest = max(highest, of_up * up, of_down * down)
    return highest


def page_hinkley(values: list[float], _weights: Any) -> float:
    """Hinkley's sums and their extremes, row by row, in both directions."""
    mean = up = down = lowest = lowest_down = highest = 0.0
    for n, x in enumerate(values, 1):
        mean += (x - mean) / n
        up, down = up + x - mean - TOLERANCE, down + mean - x - TOLERANCE
        lowest, lowest_down = min(lowest, up), min(lowest_down, down)
        highest = max(highest, up - lowest, down - lowest_down)
    return highest


@pytest.mark.parametrize(("name", "textbook"), [("cusum", cusum), ("page_hinkley", page_hinkley)])
@given(values=st.lists(st.floats(-5, 5), min_size=1, max_size=60))
def test_a_walk_is_the_textbooks(
    name: str, textbook: Callable[[list[float], Any], float], values: list[float]
) -> None:
    """Over buckets of a row each, the highest rise is what the textbook's loop reaches."""
    rows, sums, detector = np.ones(len(values)), np.array(values), OWN[name]
    weights = detector.weights(np.random.default_rng(0).exponential(size=1000) - 1)
    found = detector.rise(rows, sums, weights).height
    assert found == pytest.approx(textbook(values, weights), abs=1e-9)
    assert detector.heights(rows, sums, weights) == found


@pytest.mark.parametrize("name", list(OWN))
def test_streams_together_rise_as_each_alone(name: str) -> None:
    """The highest rises of many streams are those of one after the other, to the last bit."""
    detector, draw = OWN[name], np.random.default_rng(8)
    rows, sums = draw.integers(1, 9, 50).astype(float), draw.normal(size=(7, 50))
    weights = detector.weights(draw.exponential(size=1000) - 1)
    alone = [detector.rise(rows, each, weights).height for each in sums]
    np.testing.assert_array_equal(detector.heights(rows, sums, weights), alone)


@pytest.mark.parametrize("name", list(OWN))
@pytest.mark.parametrize("is_correlated", [False, True])
def test_a_line_is_exceeded_as_often_as_it_says(name: str, *, is_correlated: bool) -> None:
    """Held-out streams of any length, also of neighbours that are alike, exceed a line of 2 % in about 2 %."""
    draw = np.random.default_rng(3)

    def stream(rows: int, streams: int = 1) -> Any:
        noise = draw.normal(0, 1, (streams, rows + 1))
        return (noise[:, 1:] + 0.3 * noise[:, :-1] * is_correlated) / np.sqrt(1 + 0.09 * is_correlated)

    walks, detector = Walks(stream(20_000)[0], in_time_order=True), OWN[name]
    weights = detector.weights(walks.values)
    null = walks.nulls({detector: weights})[detector]
    for n in (200, 384, 2000):
        limits = np.arange(min(n, 384) + 1) * n // min(n, 384)
        streams = np.add.reduceat(stream(n, 500), limits[:-1], axis=1)
        heights = detector.heights(np.diff(limits).astype(float), streams, weights)
        assert (heights > null.exceeded_with(0.02, n)).mean() <= 0.045


@pytest.mark.parametrize("name", list(OWN))
def test_a_short_reference_does_not_cry_wolf_over_long_windows(name: str) -> None:
    """What a reference of 200 rows does not know of its own mean and deviation is in the line of 5000 rows."""
    draw, n = np.random.default_rng(4), 5000
    limits = np.arange(385) * n // 384
    above = []
    for _ in range(8):
        known = draw.normal(0, 1, 200)
        walks = Walks((known - known.mean()) / known.std(), in_time_order=True)
        weights = OWN[name].weights(walks.values)
        null = walks.nulls({OWN[name]: weights})[OWN[name]]
        streams = (
            np.add.reduceat(draw.normal(0, 1, (10, n)) - known.mean(), limits[:-1], axis=1) / known.std()
        )
        heights = OWN[name].heights(np.diff(limits).astype(float), streams, weights)
        above.append(heights > null.exceeded_with(1e-3, n))
    assert np.mean(above) <= 0.05


def timeline(seed: int, changed: int | None, rows: int = 4000) -> tuple[Timeline, Any]:
    """Give a timeline of outcomes that become worse after ``changed`` rows, and the mean of each bucket."""
    draw = np.random.default_rng(seed)
    share = np.where(np.arange(rows) < (rows if changed is None else changed), 0.1, 0.45)
    large = draw.random(rows) < share
    times = ((BEGIN + np.sort(draw.random(rows)) * DAY) * 1e6).astype(np.int64)
    found = Timeline.of(times, large[None].astype(np.int64) * 100, large)
    return found, found.large / found.rows


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("adwin", lambda level: ADWIN(delta=level, clock=1)),
        ("hddm_a", lambda level: HDDMA(drift_confidence=level, warning_confidence=level)),
        ("hddm_w", lambda level: HDDMW(drift_confidence=level, warning_confidence=level)),
        ("fhddm", lambda level: FHDDM(confidence_level=level)),
    ],
)
def test_rivers_are_rivers_own(name: str, own: Callable[[float], Any]) -> None:
    """What is found is what river's object finds, given the same values one by one; on nothing it finds nothing."""
    assert RIVER[name].changes(*timeline(1, None), 1e-5) == []
    changed, means = timeline(2, 2000)
    found = RIVER[name].changes(changed, means, 1e-5)
    detector, expected = own(1e-5), []
    for bucket in range(len(changed.rows)):
        if name == "adwin":
            values = [means[bucket]]
        else:
            n, large = int(changed.rows[bucket]), int(changed.large[bucket])
            outcomes = [(i + 1) * large // n - i * large // n for i in range(n)]
            values = [1 - one for one in outcomes] if name == "fhddm" else outcomes
        for value in values:
            detector.update(value)
            if detector.drift_detected:
                expected.append(bucket)
    assert found == expected
    began = int(np.searchsorted(changed.buckets, int((BEGIN + DAY / 2) * 1e6) >> changed.exponent))
    assert found
    assert began - 5 <= found[0] < began + len(changed.rows) // 3


def rows(seed: int, n: int = 4000, *, moved: float = 0.0, begin: float = BEGIN) -> dict[str, Any]:
    """Give a day of trips, from whose second half on everything takes longer."""
    draw = np.random.default_rng(seed)
    distance = draw.gamma(2.0, 2.0, n)
    later = np.arange(n) >= n // 2
    return {
        "at": begin + np.sort(draw.random(n)) * DAY,
        "distance": distance,
        "prediction": 3 * distance,
        "target": 3 * distance + draw.normal(0, 1, n) + moved * later,
    }


@pytest.fixture(scope="module")
def reference() -> Reference:
    """Give a day on which nothing changes."""
    return Reference.of(rows(0, 20_000), prediction="prediction", target="target", time="at")


def watched(reference: Reference, trips: dict[str, Any], detectors: tuple[str, ...] = tuple(OWN)) -> Findings:
    """Watch a window of these rows."""
    settings = Settings(Window(rows=len(trips["at"])), concept=Concept(detectors))
    monitor = Monitor("trips", reference, settings)
    monitor.push(trips)
    return monitor.findings()


def test_they_say_since_when(reference: Reference) -> None:
    """A change at noon is found by both, named with its direction and size, and dated within the hour."""
    findings = watched(reference, rows(1, moved=0.5, begin=BEGIN + 30 * DAY))
    noon = BEGIN + 30.5 * DAY
    for name in OWN:
        finding = findings.get(f"mean_error_{name}")
        assert finding is not None
        assert finding.verdict is Verdict.ALARM
        assert finding.cause.startswith("mean error smaller than inputs explain since 2020-10-14 00:")
        assert finding.cause.endswith(" rows")
    changed = findings.get("mean_error_changed_at")
    assert changed is not None
    assert changed.value == pytest.approx(noon, abs=3600)


@pytest.mark.parametrize("wrong", [0.0, 4e9])
def test_one_wrong_time_blinds_no_detector(reference: Reference, wrong: float) -> None:
    """A row of 1970, or of a century to come, leaves the others in buckets of their own."""
    moved = rows(1, moved=0.5, begin=BEGIN + 30 * DAY)
    moved["at"] = moved["at"].copy()
    moved["at"][17] = wrong
    findings = watched(reference, moved)
    for name in OWN:
        finding = findings.get(f"mean_error_{name}")
        assert finding is not None
        assert finding.verdict is Verdict.ALARM
    changed = findings.get("mean_error_changed_at")
    assert changed is not None
    assert changed.value == pytest.approx(BEGIN + 30.5 * DAY, abs=3600)


def test_nothing_that_changed_has_no_time(reference: Reference) -> None:
    """On a usual day no detector alarms, and there is no time of a change, with the reason."""
    findings = watched(reference, rows(2), (*OWN, *RIVER))
    for signal in ("mean_error", "mean_absolute_error"):
        for name in OWN:
            finding = findings.get(f"{signal}_{name}")
            assert finding is not None
            assert finding.verdict is Verdict.OK
        changed = findings.get(f"{signal}_changed_at")
        assert changed is not None
        assert (changed.value, changed.why) == (None, "no change was found")
    for name in RIVER:
        finding = findings.get(f"mean_absolute_error_{name}")
        assert finding is not None
        assert (finding.value, finding.verdict) == (0.0, Verdict.OK)
        assert findings.get(f"mean_error_{name}") is None


def test_rivers_alarm_as_findings(reference: Reference) -> None:
    """Where errors become large at noon, each of river's that was asked for alarms and says when."""
    findings = watched(reference, rows(3, moved=3.0), tuple(RIVER))
    for name in RIVER:
        finding = findings.get(f"mean_absolute_error_{name}")
        assert finding is not None
        assert finding.verdict is Verdict.ALARM
        assert finding.cause.startswith("2020-09-14 ")
    assert findings.get("mean_error_cusum") is None


@pytest.mark.parametrize("wrong", [0.05, 0.25])
def test_rivers_see_every_wrong_class(wrong: float) -> None:
    """However many classes are wrong in the reference, each that is wrong is a large error, and more of them alarm."""
    draw = np.random.default_rng(6)

    def guesses(n: int, later: float) -> dict[str, Any]:
        truth = draw.random(n) < 0.5
        is_wrong = draw.random(n) < np.where(np.arange(n) < n // 2, wrong, later)
        guess = np.where(is_wrong, ~truth, truth)
        return {"at": BEGIN + np.arange(n) * 60.0, "x": draw.normal(0, 1, n), "guess": guess, "truth": truth}

    known = Reference.of(
        guesses(2000, wrong), prediction="guess", target="truth", time="at", task="classification"
    )
    rivers = ("hddm_a", "hddm_w")
    for later, verdict in ((wrong, Verdict.OK), (wrong + 0.4, Verdict.ALARM)):
        findings = watched(known, guesses(2000, later), rivers)
        for name in rivers:
            finding = findings.get(f"error_rate_{name}")
            assert finding is not None
            assert finding.verdict is verdict


def test_they_are_chosen_in_the_config() -> None:
    """A dataset's config names its detectors; an unknown one is refused with those there are."""
    config = Config.of({"datasets": {"taxi": {"concept": {"detectors": ["page_hinkley", "adwin"]}}}})
    assert config.settings("taxi").concept.detectors == ("page_hinkley", "adwin")
    with pytest.raises(UnknownNameError, match="page_hinkley"):
        Config.of({"datasets": {"taxi": {"concept": {"detectors": ["page_hinkly"]}}}}).settings("taxi")


def test_rivers_need_river(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without river, asking for one of its detectors is an error that names the extra; ours need nothing."""
    monkeypatch.setitem(sys.modules, "river", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    monkeypatch.setattr("modelvane.extras.find_spec", lambda _name: None)
    assert Concept(("cusum",)).detectors == ("cusum",)
    with pytest.raises(MissingExtraError, match=r"modelvane\[river\]"):
        Concept(("cusum", "adwin"))
    assert not issubclass(MissingExtraError, ConfigError)


@pytest.mark.parametrize("is_skewed", [False, True])
def test_the_promise_holds_far_out(*, is_skewed: bool) -> None:
    """Of thousands of streams like the reference hardly one exceeds a line of one in ten thousand, skewed or not."""
    draw = np.random.default_rng(5)

    def values(*shape: int) -> Any:
        return draw.exponential(size=shape) - 1 if is_skewed else draw.normal(size=shape)

    walks, detector = Walks(values(20_000), in_time_order=False), OWN["cusum"]
    weights = detector.weights(walks.values)
    line = walks.nulls({detector: weights})[detector].exceeded_with(1e-4, 1000)
    limits = np.arange(385) * 1000 // 384
    streams = (np.add.reduceat(values(1000, 1000), limits[:-1], axis=1) for _ in range(6))
    heights = np.concatenate(
        [detector.heights(np.diff(limits).astype(float), each, weights) for each in streams]
    )
    assert (heights > line).sum() <= 4
    assert (heights > line * 0.7).sum() >= 10


def test_a_large_change_is_found_sooner_than_by_one_allowance() -> None:
    """A mean that moved by a deviation is beyond the line in fewer rows than with the smallest allowance alone."""
    draw = np.random.default_rng(6)
    walks, detector = Walks(draw.exponential(size=20_000) - 1, in_time_order=False), OWN["cusum"]
    stream = np.concatenate([draw.exponential(size=1000) - 1, draw.exponential(size=200)])

    def found(weights: Any) -> int:
        line = walks.nulls({detector: weights})[detector].exceeded_with(1e-5, 1200)
        rows = range(1000, 1200)
        return next(at for at in rows if detector.heights(np.ones(at), stream[:at], weights) > line)

    every = detector.weights(walks.values)
    assert found(every) < 0.8 * (found(every[:, :1]) - 1000) + 1000


def test_rises_are_weighted_by_what_chance_makes_of_them() -> None:
    """Lundberg's coefficient is twice the allowance for normal steps, smaller where they are skewed upwards."""
    draw = np.random.default_rng(7)
    normal, skewed = draw.normal(size=100_000), draw.exponential(size=100_000) - 1
    for allowance in ALLOWANCES:
        assert adjustment(normal, allowance) == pytest.approx(2 * allowance, rel=0.1)
        assert adjustment(skewed, allowance) < adjustment(normal, allowance) < adjustment(-skewed, allowance)
    assert adjustment(np.array([-0.01, 0.01]), 0.5) == 10.0
