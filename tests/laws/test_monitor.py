"""The watch as a whole: what it promises of its alarms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from modelvane import Finding, Monitor, Reference, Verdict
from modelvane.calibration.habit import share_habit
from modelvane.calibration.lines import Alarm
from modelvane.evaluation import Stream, evaluate
from modelvane.settings import Settings, Window

Population = dict[str, np.ndarray[Any, Any]]


def _population(rows: int) -> Population:
    rng = np.random.default_rng(17)
    zones = np.array([f"zone {z}" for z in range(40)])
    common = 1 / np.arange(1, 41)
    return {
        "distance": rng.lognormal(size=rows),
        "fare": rng.gamma(2.0, 5.0, rows).round(1),
        "passengers": rng.choice([1, 2, 3, 4, 5, 6], rows, p=[0.7, 0.14, 0.07, 0.05, 0.03, 0.01]),
        "zone": rng.choice(zones, rows, p=common / common.sum()),
    }


def _at(population: Population, index: np.ndarray[Any, Any]) -> Population:
    return {name: values[index] for name, values in population.items()}


def _get(monitor: Monitor, measure: str, column: str | None = None) -> Finding:
    found = monitor.findings().get(measure, column)
    assert found is not None
    return found


@pytest.mark.parametrize("n", [50, 500, 2000])
def test_undrifted_windows_keep_the_budget(n: int) -> None:
    """Windows of held-out rows of one population alarm no more often than the budget allows, even at n = N."""
    rows, windows, budget = 4000, 250, 0.5
    population = _population(rows)
    rng = np.random.default_rng(n)
    half = rng.permutation(rows)
    reference = Reference.of(_at(population, half[: rows // 2]))
    settings = Settings(budget=budget, alarm=Alarm.NOISE)
    alarms = 0
    for _ in range(windows):
        current = _at(population, rng.choice(half[rows // 2 :], n, replace=False))
        tally = reference.counter.rows(reference.encode(current))
        empty = reference.counter.labelled(reference.encode([]))
        found = evaluate("taxi", reference, settings, tally, empty, Stream(now=0.0)).get("dataset_drift")
        assert found is not None
        alarms += found.verdict is Verdict.ALARM
    # the level pays tenfold for overlapping windows; these do not overlap
    allowed = budget / 10
    assert alarms <= windows * allowed + 3 * math.sqrt(windows * allowed)


def test_a_real_change_alarms() -> None:
    """The same watch, at the default budget, sees a tenth of one category swapped and a quarter more distance."""
    population = _population(8000)
    order = np.random.default_rng(1).permutation(8000)
    reference = Reference.of(_at(population, order[:4000]))
    current = _at(population, order[4000:])
    monitor = Monitor("taxi", reference, window=4000)
    monitor.push(current)
    assert _get(monitor, "dataset_drift").verdict is Verdict.OK
    current["distance"] = current["distance"] * 1.25
    current["zone"] = np.where(
        (current["zone"] == "zone 0") & (np.arange(4000) % 2 == 0), "zone 7", current["zone"]
    )
    monitor.push(current)
    found = _get(monitor, "dataset_drift")
    assert found.verdict is Verdict.ALARM
    assert found.cause == "distance, zone"


@pytest.mark.parametrize(("constant", "other"), [(3.5, 3.6), ("a", "b"), (3.5, 1e300), (7, 8)])
def test_any_change_of_a_constant_column_alarms(constant: object, other: object) -> None:
    """One row of another value is an alarm where the reference has one value only; none is none."""
    reference = Reference.of({"x": [constant] * 200})
    monitor = Monitor("taxi", reference, window=100)
    monitor.push([{"x": constant}] * 100)
    method = "kolmogorov_smirnov" if reference.schema["x"].kind == "numerical" else "g_test"
    assert _get(monitor, method, "x").verdict is Verdict.OK
    monitor.push([{"x": other}])
    assert _get(monitor, method, "x").verdict is Verdict.ALARM
    monitor.push([{"x": constant}] * 100)
    assert _get(monitor, method, "x").verdict is Verdict.OK


@pytest.mark.parametrize(("rows", "verdict"), [(500, Verdict.INFO), (5000, Verdict.ALARM)])
def test_a_window_without_the_rare_value_alarms_once_it_is_too_long_for_chance(
    rows: int, verdict: Verdict
) -> None:
    """Six rows of a thousand differ in the reference: 500 that do not are nothing, 5000 are a fault."""
    monitor = Monitor("taxi", Reference.of({"flag": ["N"] * 9940 + ["Y"] * 60}), window=rows)
    monitor.push([{"flag": "N"}] * rows)
    assert _get(monitor, "constant", "flag").verdict is verdict


@pytest.mark.parametrize(
    ("window", "alarm", "verdict"),
    [(500, Alarm.USUAL, Verdict.INFO), (500, Alarm.NOISE, Verdict.ALARM), (1500, Alarm.USUAL, Verdict.ALARM)],
)
def test_a_column_may_stand_still_for_as_long_as_it_usually_does(
    window: int, alarm: Alarm, verdict: Verdict
) -> None:
    """A window of one weekday is nothing where every day has 600 rows; one of far more rows is, and at noise each."""
    days = np.repeat(np.arange(70) % 7, 600)
    seconds = np.arange(len(days)) * 144.0
    reference = Reference.of(
        {
            "weekday": days.astype(str),
            "at": np.datetime64("2021-01-04", "us") + (seconds * 1e6).astype("m8[us]"),
        },
        time="at",
    )
    read = Reference.from_bytes(reference.to_bytes())
    for known in (reference, read):
        monitor = Monitor("taxi", known, Settings(window=Window(rows=window), alarm=alarm))
        monitor.push([{"weekday": "3"}] * window)
        assert _get(monitor, "constant", "weekday").verdict is verdict


def test_an_alarm_holds_until_its_value_is_clearly_below_the_line() -> None:
    """A value just under the line ends no alarm that it has not started."""
    values = [float(i % 50) for i in range(1000)]
    reference = Reference.of({"x": values})

    def shifted(share: float) -> list[dict[str, float]]:
        return [{"x": 49.0 if i < share * 1000 else value} for i, value in enumerate(values)]

    fresh = Monitor("taxi", reference, window=1000)
    fresh.push(shifted(0.0))
    line = _get(fresh, "kolmogorov_smirnov", "x").noise_floor
    assert line is not None
    held = Monitor("taxi", reference, window=1000)
    verdicts, states = [], []
    for share in (line * 1.3, line * 0.97, line * 0.5):
        for monitor in (held, fresh := Monitor("taxi", reference, window=1000)):
            monitor.push(shifted(share))
        verdicts.append(
            (_get(held, "kolmogorov_smirnov", "x").verdict, _get(fresh, "kolmogorov_smirnov", "x").verdict)
        )
        states.append(held.state())
    assert verdicts == [(Verdict.ALARM, Verdict.ALARM), (Verdict.ALARM, Verdict.OK), (Verdict.OK, Verdict.OK)]
    again = Monitor("taxi", reference, window=1000)
    again.push(shifted(line * 0.97))
    again.restore(states[0])
    assert _get(again, "kolmogorov_smirnov", "x").verdict is Verdict.ALARM


def test_a_stream_with_a_daily_wave_alarms_beyond_its_habit_only() -> None:
    """Windows of a stream that breathes exceed the noise floor, and not what they usually reach."""
    hours = np.arange(24 * 400)
    rng = np.random.default_rng(2)
    x = np.sin(hours / 400 * 2 * np.pi) + rng.normal(size=len(hours))
    train, later = slice(0, 4800), slice(4800, 4900)
    reference = Reference.of({"time": hours[train] * 60.0, "x": x[train]})
    monitor = Monitor("taxi", reference, window=100)
    monitor.push({"x": x[later]})
    found = _get(monitor, "kolmogorov_smirnov", "x")
    assert found.verdict is Verdict.CHANGED
    assert found.noise_floor is not None
    assert found.value is not None
    assert found.usual_range is not None
    assert found.noise_floor < found.value < found.usual_range
    monitor.push({"x": x[later] + 3})
    assert _get(monitor, "kolmogorov_smirnov", "x").verdict is Verdict.ALARM


@pytest.mark.parametrize("kind", ["numerical", "categorical"])
def test_the_lines_of_a_column_that_never_varied_are_0_and_any_other_value_is_beyond_them(kind: str) -> None:
    """Neither noise nor habit has moved such a column: both lines are 0, not a number next to it."""
    value, other = (3.25, 4.5) if kind == "numerical" else ("cash", "card")
    rows = 2000
    reference = Reference.of({"time": np.arange(rows) * 60.0, "x": np.full(rows, value)})
    monitor = Monitor("taxi", reference, window=100)
    measure = "kolmogorov_smirnov" if kind == "numerical" else "g_test"
    monitor.push({"x": np.full(100, value)})
    found = _get(monitor, measure, "x")
    assert (found.value, found.noise_floor, found.usual_range, found.verdict) == (0.0, 0.0, 0.0, Verdict.OK)
    assert _get(monitor, "missing_share", "x").usual_range == 0.0
    monitor.push({"x": np.full(1, other)})
    assert _get(monitor, measure, "x").verdict is Verdict.ALARM


def test_a_habit_is_0_up_to_the_size_of_which_windows_had_any() -> None:
    """Of windows too small to have met a rare value none is usual; those of a size that did have a line above 0."""
    flags = np.zeros(20_000, bool)
    flags[[3_333, 9_777, 15_551]] = True
    habit = share_habit(flags)
    assert habit is not None
    values = {n: habit.exceeded_with(1e-5, n) for n in (5, 50, 300, 500, 1000, 3000, 10_000)}
    first = next(n for n, value in values.items() if value)
    assert 5 < first <= 3000
    assert all((value == 0.0) if n < first else (value > 1e-4) for n, value in values.items())


def test_live_batch_and_merged_windows_give_one_set_of_findings() -> None:
    """A sliding window, one table, and parts counted apart and added give the same findings."""
    population = _population(1500)
    reference = Reference.of(_at(population, np.arange(1000)), segments=["passengers"])
    current = _at(population, np.arange(1000, 1500))
    live = Monitor("taxi", reference, window=500, clock=lambda: 0.0)
    for at in range(0, 500, 70):
        live.push(_at(current, np.arange(at, min(at + 70, 500))))
    counter = reference.counter
    whole = counter.rows(reference.encode(current))
    parts = [
        counter.rows(reference.encode(_at(current, np.arange(at, at + 125)))) for at in (375, 0, 250, 125)
    ]
    merged = (parts[0] + parts[1]) + (parts[2] + parts[3])
    empty = counter.labelled(reference.encode([]))
    stream = Stream(now=0.0, coverage=0.0, last_row=0.0)
    one, other = (evaluate("taxi", reference, Settings(), tally, empty, stream) for tally in (whole, merged))
    assert one == other
    known = {finding.key: finding for finding in one}
    for finding in live.findings():
        if finding.measure not in ("last_row_age", "rows_per_second", "label_coverage"):
            assert replace(finding, n=known[finding.key].n) == known[finding.key]


def test_an_empty_window_has_reasons_instead_of_values() -> None:
    """Before the first row every drift value is undefined and says so."""
    monitor = Monitor("taxi", Reference.of({"x": [0.5, 1.5, 2.5] * 30}), Settings(window=Window(rows=10)))
    for finding in monitor.findings():
        assert finding.value is not None or finding.why
    assert _get(monitor, "kolmogorov_smirnov", "x").verdict is Verdict.UNDEFINED


def test_what_is_found_of_a_dataset_follows_from_its_columns() -> None:
    """With one of two columns in alarm there is drift, of one column, a half of them, and it is named."""
    known = [float(i % 97) for i in range(2000)]
    monitor = Monitor("m", Reference.of({"moved": known, "stayed": known}), window=970)
    monitor.push({"moved": [500.0] * 970, "stayed": known[:970]})
    found = monitor.findings()
    values = {}
    for measure in ("dataset_drift", "drifted_columns", "drifted_share"):
        finding = found.get(measure)
        assert finding is not None
        values[measure] = (finding.value, finding.cause)
    assert values == {
        "dataset_drift": (1.0, "moved"),
        "drifted_columns": (1.0, "moved"),
        "drifted_share": (0.5, "moved"),
    }


def test_faults_of_arrival_leave_a_time_window_with_their_rows() -> None:
    """Columns that rows lacked or had too much, and ids that came twice, are told of as long as such rows are in it."""
    minutes = np.arange(600) * 60.0
    reference = Reference.of({"id": np.arange(600), "at": minutes, "fare": minutes % 7.0}, id="id", time="at")
    monitor = Monitor("taxi", reference, Settings(Window(seconds=3600, panes=6)), clock=lambda: 0.0)
    for start, columns in ((0, ("extra",)), (50, ("fare",)), (100, ("fare",))):
        rows = minutes[start : start + 50]
        ids = [f"{each:.0f}" for each in rows]
        data = {"id": ids, "at": rows, **dict.fromkeys(columns, rows % 7.0)}
        # the window is of event times: all of these arrive at once
        monitor.push(data, received=minutes[-1])
        if start == 0:
            monitor.push(data, received=minutes[-1])
            found = monitor.findings()
            assert [_value(found, name) for name in _FAULTS_OF_ARRIVAL] == [1.0, 1.0, 50.0]
    found = monitor.findings()
    assert [_value(found, name) for name in _FAULTS_OF_ARRIVAL] == [0.0, 0.0, 0.0]
    again = Monitor("taxi", reference, monitor.settings, clock=lambda: 0.0)
    again.restore(monitor.state())
    assert _value(again.findings(), "missing_columns") == 0.0


_FAULTS_OF_ARRIVAL = ("missing_columns", "unexpected_columns", "duplicate_ids")


def _value(findings: Any, measure: str) -> float | None:
    found = findings.get(measure)
    assert found is not None, measure
    value: float | None = found.value
    return value
