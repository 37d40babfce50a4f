"""References by hour of the week: only what the hour does not explain counts."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from numpy.typing import NDArray

from modelvane import Finding, Monitor, Reference, Verdict
from modelvane.calibration.calibration import cells_of
from modelvane.calibration.hourly import HourlyRows
from modelvane.calibration.lines import Alarm
from modelvane.calibration.null import null_moments
from modelvane.divergences import DIVERGENCES
from modelvane.engines.count import count
from modelvane.engines.source import TableSource
from modelvane.errors import ConfigError, TallyMismatchError
from modelvane.hours import LEAST_ROWS, WEEK, Hours
from modelvane.methods import Methods
from modelvane.ruler import CategoricalRuler
from modelvane.settings import Settings, Window
from modelvane.tallies.hourly import HourlyTally
from modelvane.tallies.sample import Sample
from modelvane.times import NO_TIME

HOUR = 3_600_000_000
# a Monday, 0 o'clock in UTC
MONDAY = round(datetime(2021, 1, 4, tzinfo=UTC).timestamp() * 1e6)
CLASSES, CELLS = 3, 4
METHODS = Methods(categorical=("g_test", "jensen_shannon"))


def _breathing(weeks: int, seed: int, factor: float = 1.0, start: int = 0) -> dict[str, Any]:
    """Give rows whose distances and zones follow the hour of the day, and whose number does too."""
    rng = np.random.default_rng(seed)
    hours = np.arange(weeks * WEEK) + start
    of_hours = rng.poisson(10 + 8 * np.sin(hours % 24 / 24 * 2 * np.pi))
    hour = np.repeat(hours, of_hours)
    times = np.sort(MONDAY + hour * HOUR + rng.integers(HOUR, size=len(hour)))
    night = np.cos(hour % 24 / 24 * 2 * np.pi)
    distance = rng.lognormal(1 + 0.5 * night, 0.5) * factor
    zone = np.where(rng.random(len(hour)) < 0.5 + 0.35 * night, "centre", "suburb")
    return {
        "time": times.astype("datetime64[us]"),
        "distance": [None if i % 97 == 0 else value for i, value in enumerate(distance.tolist())],
        "zone": zone,
    }


def _part(rows: dict[str, Any], start: int, stop: int) -> dict[str, Any]:
    return {name: values[start:stop] for name, values in rows.items()}


@cache
def _reference(hours: str | None = "UTC") -> Reference:
    return Reference.of(_breathing(5, 1), hours=hours, methods=METHODS)


def _finding(reference: Reference, rows: dict[str, Any], measure: str, column: str) -> Finding:
    window = Window(rows=len(rows["zone"]))
    monitor = Monitor("taxi", reference, Settings(window=window, methods=METHODS))
    monitor.push(rows)
    found = monitor.findings().get(measure, column)
    assert found is not None
    return found


# ------------------------------------------------------------------ hours


def test_hours_are_classes_of_enough_rows() -> None:
    """Over less than eight weeks working days are one and the weekend another, and each class has enough rows."""
    times = MONDAY + np.arange(4 * WEEK * 10) * (HOUR // 10)
    hours = Hours.of(times, "UTC")
    days = hours.classes.reshape(7, 24)
    assert (days[:5] == days[0]).all()
    assert (days[5:] == days[5]).all()
    assert days[0].max() < days[5].min()
    assert hours.count(times).min() >= LEAST_ROWS
    assert hours.count(times).sum() == len(times)
    longer = Hours.of(MONDAY + np.arange(9 * WEEK * 100) * (HOUR // 100), "UTC")
    assert len(longer) == WEEK


def test_hours_are_those_of_the_clock_on_the_wall() -> None:
    """An hour is told in its zone, summer time included; a row without a time is of none."""
    hours = Hours("America/New_York", np.arange(WEEK))
    winter, summer = (round(datetime(2021, month, 4, 12, tzinfo=UTC).timestamp() * 1e6) for month in (1, 10))
    assert hours.of_rows(np.array([winter, summer, NO_TIME])).tolist() == [7, 8, -1]
    assert hours.count(np.array([winter, winter, NO_TIME]))[7] == 2


@pytest.mark.parametrize(
    ("data", "zone", "said"),
    [
        ({"distance": [1.0, 2.0]}, "UTC", "no times"),
        ({"time": [0.0, 86_400.0], "distance": [1.0, 2.0]}, "UTC", "2 weeks or more"),
        ({"time": [0.0, 3e6], "distance": [1.0, 2.0]}, "Mars/Olympus", "time zone"),
    ],
)
def test_what_takes_times_says_so(data: dict[str, Any], zone: str, said: str) -> None:
    """Without a time column, over too few weeks, or in a zone that does not exist the error says what is missing."""
    with pytest.raises(ConfigError, match=said):
        Reference.of(data, hours=zone)


# ---------------------------------------------------------------- tallies

ROWS = st.lists(st.tuples(st.integers(-1, CLASSES - 1), st.integers(-1, CELLS - 1)), max_size=60)


def _hourly(rows: list[tuple[int, int]]) -> HourlyTally:
    classes, cells = np.array(rows, np.int64).reshape(-1, 2).T
    return HourlyTally.of(classes, cells.astype(np.intp), (CLASSES, CELLS))


@given(ROWS, ROWS)
def test_tallies_by_hour_add(some: list[tuple[int, int]], others: list[tuple[int, int]]) -> None:
    """The tally of all rows is the sum of those of its parts, bit for bit, and is read as it was written."""
    both, summed = _hourly(some + others), _hourly(some) + _hourly(others)
    assert both == summed
    assert both.counts.tolist() == (_hourly(some).counts + _hourly(others).counts).tolist()
    assert (both.index is None) == (summed.index is None)
    assert both.n == sum(of_class >= 0 for of_class, _ in some + others)
    assert HourlyTally.from_arrays(summed.facts(), summed.arrays()) == both


def test_tallies_of_other_classes_do_not_add() -> None:
    """Tallies of different shapes are refused."""
    other = HourlyTally.of_counts(np.zeros(2, np.int64), np.zeros((2, CELLS), np.int64))
    with pytest.raises(TallyMismatchError):
        _hourly([]) + other


@given(ROWS, st.lists(st.integers(0, 50), min_size=CLASSES, max_size=CLASSES))
def test_the_reference_at_other_hours_is_its_definition(rows: list[tuple[int, int]], mix: list[int]) -> None:
    """Shares are those of each hour, weighted as the window has rows of it; the rows are the effective ones."""
    tally = _hourly(rows)
    whole = Sample(CategoricalRuler(("a", "b", "c")), tally.counts.sum(axis=0))
    found = tally.at(np.array(mix), whole)
    weighted, squares = np.zeros(CELLS), 0.0
    for n, of_class, counts in zip(mix, tally.rows.tolist(), tally.counts, strict=True):
        if of_class and counts.sum():
            weighted += n * counts / of_class
            squares += (n * counts.sum() / of_class) ** 2 / counts.sum()
    if not squares:
        assert found is None
        return
    assert found is not None
    np.testing.assert_allclose(found.shares, weighted / weighted.sum(), atol=1e-12)
    assert float(found.n) == pytest.approx(weighted.sum() ** 2 / squares)
    assert float(found.n) <= tally.counts.sum() * (1 + 1e-12)


def test_windows_are_compared_with_the_rest_by_definition() -> None:
    """A window of the reference is compared with its other rows, one by one at the window's own hours."""
    reference = _reference()
    assert reference.hourly is not None
    rows = reference.encode(_breathing(5, 1))
    tally = reference.tally.columns["distance"]
    classes, cells = reference.hourly.hours.of_rows(rows.times), cells_of(tally, rows.columns["distance"])
    shape = len(reference.hourly.hours), tally.ruler.size
    known = HourlyRows.of(tally.sample, classes, cells, shape)
    divergence, n = DIVERGENCES["kolmogorov_smirnov"], 200
    starts = np.array([0, 777, 5000])
    found = known.values(divergence, known.cells, starts, n)
    for start, value in zip(starts.tolist(), found.tolist(), strict=True):
        inside = np.zeros(len(known.cells), bool)
        inside[start : start + n] = True
        rest = HourlyTally.of(known.classes[~inside], known.cells[~inside], shape)
        mix = np.bincount(known.classes[inside], minlength=shape[0])
        expected = rest.at(mix, tally.sample)
        current = np.bincount(known.cells[inside], minlength=shape[1])
        assert expected is not None
        again = float(divergence.kernel(expected, tally.sample.with_counts(current)))
        assert value == pytest.approx(again, rel=1e-9)


def test_what_the_hour_explains_makes_no_noise() -> None:
    """Rows are exchanged only with others of their class: a column that its hour determines has no noise at all."""
    classes = np.repeat(np.tile([0, 1], 50), 10)
    whole = Sample(CategoricalRuler(("night", "day")), np.array([500, 500, 0]))
    known = HourlyRows.of(whole, classes, classes.astype(np.intp), (2, 3))
    divergence = DIVERGENCES["g_test"]
    plain = null_moments(divergence, whole)
    found = known.null(divergence, plain)
    is_drawn = 2 * found.sizes <= 1000
    assert is_drawn.sum() > 3
    assert found.mean[is_drawn].max() < 1e-9 < plain.mean[: is_drawn.sum()].min()


# --------------------------------------------------------------- judgement


@pytest.mark.parametrize(
    ("measure", "column"),
    [("kolmogorov_smirnov", "distance"), ("g_test", "zone"), ("jensen_shannon", "zone")],
)
def test_what_the_hour_explains_is_no_change(measure: str, column: str) -> None:
    """A window of nights is far from the whole reference, and no further than noise from the reference's nights."""
    later = _breathing(1, 2, start=6 * WEEK)
    nights = _part(later, 0, 40)
    plain, hourly = (_finding(_reference(hours), nights, measure, column) for hours in (None, "UTC"))
    assert plain.value is not None
    assert hourly.value is not None
    assert hourly.noise_floor is not None
    assert hourly.value < plain.value
    assert hourly.value < hourly.noise_floor


def test_a_change_is_found_that_the_habit_of_the_whole_hides() -> None:
    """Longer distances alarm by hour of the week, and are within the usual range of the whole."""
    changed = _part(_breathing(1, 3, factor=1.3, start=6 * WEEK), 0, 150)
    plain, hourly = (
        _finding(_reference(hours), changed, "kolmogorov_smirnov", "distance") for hours in (None, "UTC")
    )
    assert plain.verdict is not Verdict.ALARM
    assert hourly.verdict is Verdict.ALARM
    assert plain.usual_range is not None
    assert hourly.usual_range is not None
    assert hourly.usual_range < plain.usual_range / 2


def test_other_divergences_know_hours() -> None:
    """Divergences of functions, shares and moments judge by hour as well, with both lines, and hold still."""
    numerical, categorical = ("wasserstein", "psi", "welch_t"), ("chi_square",)
    methods = Methods(numerical=numerical, categorical=categorical)
    reference = Reference.of(_breathing(3, 1), hours="UTC", methods=methods)
    monitor = Monitor("taxi", reference, Settings(Window(rows=400), methods=methods))
    monitor.push(_part(_breathing(1, 7, start=6 * WEEK), 0, 400))
    found = [one for one in monitor.findings() if one.measure in (*numerical, *categorical)]
    assert {one.measure for one in found} == {*numerical, *categorical}
    for one in found:
        assert one.value is not None
        assert one.noise_floor is not None
        assert one.usual_range is not None
        assert one.value < one.noise_floor
        assert "as a whole" not in one.why


def test_undrifted_breathing_streams_keep_the_budget() -> None:
    """Windows in time order of a stream that breathes alarm by the noise line no more often than the budget allows."""
    budget, n = 0.3, 300
    reference = _reference()
    monitor = Monitor(
        "taxi", reference, Settings(Window(rows=n), budget=budget, alarm=Alarm.NOISE, methods=METHODS)
    )
    later = _breathing(30, 4, start=6 * WEEK)
    windows, alarms = len(later["zone"]) // n, 0
    for window in range(windows):
        monitor.push(_part(later, window * n, (window + 1) * n))
        drift = monitor.findings().get("dataset_drift")
        assert drift is not None
        alarms += drift.verdict is Verdict.ALARM
    # windows that do not overlap have a tenth of the budget; three in a hundred are 5 of 168, more than 12 are no luck
    assert windows > 150
    assert alarms <= 12


def test_live_and_batch_are_one() -> None:
    """A monitor and a batch count the same hours of the same rows, and merged halves are the whole."""
    reference, rows = _reference(), _part(_breathing(1, 5, start=6 * WEEK), 0, 500)
    monitor = Monitor("taxi", reference, window=500)
    monitor.push(rows)
    live = monitor.tally().rows
    counted = count(TableSource(rows), reference, now=0.0).window.rows
    halves = [reference.counter.rows(reference.encode(_part(rows, *at))) for at in ((0, 250), (250, 500))]
    assert live.hours is not None
    assert live.hours.sum() == 500
    assert live == counted == halves[0] + halves[1]
    assert replace(live, hours=live.hours[::-1]) != live


def test_a_window_of_seconds_counts_hours() -> None:
    """A window by event time, which is a sum of panes, has the hours of its rows."""
    rows = _part(_breathing(1, 5, start=6 * WEEK), 0, 300)
    newest = rows["time"][-1].astype(np.int64) / 1e6
    settings = Settings(Window(seconds=7 * 86_400))
    monitor = Monitor("taxi", _reference(), settings, clock=lambda: float(newest))
    monitor.push(rows)
    direct = _reference().counter.rows(_reference().encode(rows))
    assert monitor.tally().rows == direct


def test_what_is_not_compared_by_hour_says_so() -> None:
    """Segments are compared with the whole reference, and their findings say it."""
    rows = _breathing(5, 1)
    reference = Reference.of(rows, hours="UTC", segments=["zone"])
    monitor = Monitor("taxi", reference, window=300)
    monitor.push(_part(rows, 0, 300))
    found = monitor.findings()
    of_all, of_part = (found.get("kolmogorov_smirnov", "distance", part) for part in (None, "zone=centre"))
    assert of_all is not None
    assert of_part is not None
    assert "as a whole" not in of_all.why
    assert "as a whole" in of_part.why


def test_the_file_keeps_hours() -> None:
    """A reference that is read again gives the same findings, and one without hours knows none."""
    reference = _reference()
    again = Reference.from_bytes(reference.to_bytes())
    assert again.digest == reference.digest
    rows = _part(_breathing(1, 6, start=6 * WEEK), 0, 200)
    for measure, column in (("kolmogorov_smirnov", "distance"), ("g_test", "zone")):
        assert _finding(again, rows, measure, column) == _finding(reference, rows, measure, column)
    assert Reference.from_bytes(_reference(None).to_bytes()).hourly is None


@settings(max_examples=20)
@given(st.integers(0, 2**16))
def test_order_within_a_window_is_of_no_matter(seed: int) -> None:
    """The same rows in any order have the same divergence from the reference at their hours."""
    rows = _part(_breathing(1, 6, start=6 * WEEK), 0, 60)
    order: NDArray[np.intp] = np.random.default_rng(seed).permutation(60)
    mixed = {name: np.asarray(values)[order] for name, values in rows.items()}
    values = [_finding(_reference(), each, "kolmogorov_smirnov", "distance").value for each in (rows, mixed)]
    assert values[0] == values[1]
