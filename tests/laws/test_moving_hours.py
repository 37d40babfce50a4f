"""References that move and are compared with at a window's own hours of the week."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelvane import Finding, Monitor, Reference
from modelvane.batch import judge
from modelvane.calibration.calibration import cells_on
from modelvane.config import Config
from modelvane.divergences import DIVERGENCES
from modelvane.engines.count import count, with_before
from modelvane.engines.source import TableSource
from modelvane.hourly import hours_of
from modelvane.methods import Methods
from modelvane.moving import tally_compared_with
from modelvane.settings import Moving, Settings, Window
from modelvane.tallies.hourly import HourlyTally

HOUR = 3_600_000_000
# a Monday, 0 o'clock in UTC
MONDAY = round(datetime(2021, 1, 4, tzinfo=UTC).timestamp() * 1e6)
WEEK = 168
PER_HOUR = 10
ROWS, WINDOWS = 240, 14
METHODS = Methods(categorical=("g_test",))


def _breathing(weeks: float, seed: int, *, factor: float = 1.0, start: int = 0) -> dict[str, Any]:
    """Give ten rows an hour whose distances, zones and targets follow the hour of the day."""
    rng = np.random.default_rng(seed)
    hour = np.repeat(np.arange(round(weeks * WEEK)) + start, PER_HOUR)
    times = np.sort(MONDAY + hour * HOUR + rng.integers(HOUR, size=len(hour)))
    night = np.cos(hour % 24 / 24 * 2 * np.pi)
    distance = np.round(rng.lognormal(1 + 0.8 * night, 0.4) * factor, 2)
    return {
        "id": [f"{seed}-{at}" for at in range(len(hour))],
        "time": times.astype("datetime64[us]").tolist(),
        "distance": [None if i % 97 == 0 else value for i, value in enumerate(distance.tolist())],
        "zone": np.where(rng.random(len(hour)) < 0.5 + 0.4 * night, "centre", "suburb").tolist(),
        "prediction": (2 * distance).tolist(),
        "target": np.round(2 * distance + rng.normal(0, 1, len(hour)), 1).tolist(),
    }


def _part(rows: dict[str, Any], start: int, stop: int) -> dict[str, Any]:
    return {name: values[start:stop] for name, values in rows.items()}


@cache
def _reference() -> Reference:
    return Reference.of(
        _breathing(4, 1),
        target="target",
        prediction="prediction",
        hours="UTC",
        moving=WINDOWS,
        methods=METHODS,
    )


def _settings(**more: Any) -> Settings:
    window = Window(rows=ROWS, seconds=more.pop("seconds", None), panes=4)
    return Settings(window=window, moving=Moving(WINDOWS), methods=METHODS, **more)


def _monitor(rows: dict[str, Any], settings: Settings | None = None) -> Monitor:
    monitor = Monitor(
        "taxi", _reference(), settings or _settings(), clock=lambda: MONDAY / 1e6 + 100 * 86_400
    )
    # what is asked in between is what stretches are counted at
    for at in range(0, len(rows["id"]), 1000):
        monitor.push(_part(rows, at, at + 1000))
        monitor.tally()
    return monitor


def _finding(monitor: Monitor, measure: str, column: str) -> Finding:
    found = monitor.findings().get(measure, column)
    assert found is not None
    return found


@pytest.mark.parametrize("seconds", [None, 86_400.0])
def test_the_rows_before_are_counted_by_hour(seconds: float | None) -> None:
    """What came before a window is known by hour: of every column, the target where it is known."""
    rows = _breathing(3, 2)
    before = _monitor(rows, _settings(seconds=seconds)).tally().before
    assert before is not None
    assert before.period is not None
    reference, block = _reference(), _reference().encode(rows)
    past = block.take(np.arange(3 * WEEK * PER_HOUR - (1 + WINDOWS) * ROWS, 3 * WEEK * PER_HOUR - ROWS))
    assert reference.hourly is not None
    classes = reference.hourly.hours.of_rows(past.times)
    for name, part in (("distance", before.rows), ("zone", before.rows), ("target", before.labelled)):
        cells = cells_on(reference.rulers[name], past.columns[name])
        shape = len(reference.hourly.hours), reference.rulers[name].size
        assert part.together[hours_of(name)] == HourlyTally.of(classes, cells, shape)


def test_a_window_is_compared_with_the_windows_before_at_its_hours() -> None:
    """A night is far from the days before it and near to their nights, for every column."""
    # from 21 to 3 o'clock
    until = 2 * WEEK * PER_HOUR + 3 * ROWS + ROWS // 8
    settings = Settings(window=Window(rows=ROWS // 4), moving=Moving(4 * WINDOWS), methods=METHODS)
    monitor = _monitor(_part(_breathing(3, 3), 0, until), settings)
    window = monitor.tally()
    plain = tally_compared_with(_reference(), window, settings)
    for name, measure in (
        ("distance", "kolmogorov_smirnov"),
        ("zone", "g_test"),
        ("target", "kolmogorov_smirnov"),
    ):
        now = window.labelled if name == "target" else window.rows
        far = DIVERGENCES[measure].between(plain.columns[name].sample, now.columns[name].sample)
        found = _finding(monitor, measure, name)
        assert found.value is not None
        assert found.noise_floor is not None
        assert found.usual_range is not None
        assert found.why == ""
        assert isinstance(far, float)
        assert found.value < found.noise_floor < far


def test_what_moved_for_good_is_no_alarm_after_some_weeks() -> None:
    """A change alarms when it comes, and no more once all that is before the window has it."""
    early = {**_breathing(2, 4)}
    late = _breathing(3, 5, factor=1.5, start=2 * WEEK)
    joined = {name: [*early[name], *late[name]] for name in early}
    day = 2 * WEEK * PER_HOUR + ROWS
    soon = _finding(_monitor(_part(joined, 0, day)), "kolmogorov_smirnov", "distance")
    later = _finding(_monitor(joined), "kolmogorov_smirnov", "distance")
    assert (soon.verdict, later.verdict) == ("alarm", "ok")


def test_it_is_as_built_until_every_hour_was_there() -> None:
    """Until enough rows came before at each class of hours, a window is compared with the built one at its hours."""
    rows = _breathing(3, 6)
    days = _monitor(_part(rows, 0, 5 * ROWS))
    assert tally_compared_with(_reference(), days.tally(), _settings()) is _reference().tally
    assert _finding(days, "kolmogorov_smirnov", "distance").why == ""
    built = _reference().period
    assert built is not None
    assert days.findings().compared_with == (built[0] / 1e6, built[1] / 1e6)
    weeks = _monitor(rows)
    assert tally_compared_with(_reference(), weeks.tally(), _settings()) is not _reference().tally


def test_live_and_batch_are_one() -> None:
    """A live window and a batch of its rows, beside those before it, find the same at its hours."""
    rows = _breathing(3, 7)
    live = _monitor(rows)
    total, now = len(rows["id"]), MONDAY / 1e6 + 100 * 86_400
    limits = (total - ROWS, total), (total - (1 + WINDOWS) * ROWS, total - ROWS)
    current, before = (TableSource(_part(rows, *each)) for each in limits)
    counted = with_before(count(current, _reference(), now=now), before, _reference(), now=now)
    judged = judge("taxi", _reference(), counted, _settings()).findings
    for name, measure in (
        ("distance", "kolmogorov_smirnov"),
        ("zone", "g_test"),
        ("target", "kolmogorov_smirnov"),
    ):
        one, other = _finding(live, measure, name), judged.get(measure, name)
        assert other is not None
        assert (one.value, one.noise_floor, one.usual_range) == (
            other.value,
            other.noise_floor,
            other.usual_range,
        )


def test_without_a_change_the_noise_floor_is_kept() -> None:
    """Of windows without a change no more exceed the noise floor of a budget than that allows."""
    rows = _breathing(13, 8)
    settings = _settings(budget=0.9)
    monitor = Monitor("taxi", _reference(), settings)
    above = compared = 0
    for at in range(0, len(rows["id"]), ROWS):
        monitor.push(_part(rows, at, at + ROWS))
        if at >= 2 * WEEK * PER_HOUR:
            for name, measure in (("distance", "kolmogorov_smirnov"), ("zone", "g_test")):
                found = _finding(monitor, measure, name)
                assert found.value is not None
                assert found.noise_floor is not None
                above += found.value > found.noise_floor
                compared += 1
    # at a level of 0.9 / 40 each about 3 of 150
    assert compared == 154
    assert above <= 8


def test_the_config_asks_for_it(tmp_path: Path) -> None:
    """`moving_hour_of_week` builds a reference for both, and compares with both."""
    asked = {"reference_period": "moving_hour_of_week", "reference_windows": 14, "time_zone": "Europe/Paris"}
    config = Config.of({"datasets": {"taxi": asked}}, tmp_path)
    section = config.datasets["taxi"]
    assert (section.hours, section.moving) == ("Europe/Paris", 14)
    assert config.settings("taxi").moving == Moving(14)
