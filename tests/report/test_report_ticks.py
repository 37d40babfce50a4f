"""Where the axes of charts have their marks."""

from __future__ import annotations

import pytest

from modelvane.report.ticks import duration_ticks, tick_text, time_tick_text, time_ticks

NOW = 1_642_435_217.3


@pytest.mark.parametrize("span", [0.4, 3.0, 70.0, 1800.0, 86_400.0, 3e5, 4e6, 9e7, 4e9, 1e14])
def test_times_are_marked_inside_of_the_picture(span: float) -> None:
    """One to five marks, none at the very ends, each with a text of its own."""
    times = [NOW, NOW + span]
    marks = time_ticks(times)
    assert 1 <= len(marks) <= 5
    assert all(times[0] < mark < times[1] for mark in marks)
    assert len({time_tick_text(mark, times) for mark in marks}) == len(marks)


@pytest.mark.parametrize(
    ("span", "texts"),
    [
        (200.0, ["16:01:00", "16:02:00", "16:03:00"]),
        (4000.0, ["16:15", "16:30", "16:45", "17:00"]),
        (2.5 * 86_400, ["18 Jan", "19 Jan", "20 Jan"]),
        (1.4 * 86_400, ["18 Jan 00:00", "18 Jan 12:00"]),
        (100 * 86_400, ["17 Feb", "17 Mar", "14 Apr"]),
        (30 * 86_400, ["20 Jan", "27 Jan", "3 Feb", "10 Feb"]),
    ],
)
def test_times_are_round(span: float, texts: list[str]) -> None:
    """Marks are at whole minutes, quarters of an hour, days and weeks."""
    times = [NOW, NOW + span]
    assert [time_tick_text(mark, times) for mark in time_ticks(times)] == texts


def test_no_time_and_one_time_are_marked_as_they_are() -> None:
    """A chart of one round has its moment as the only mark."""
    assert time_ticks([]) == []
    assert time_ticks([NOW]) == [NOW]


@pytest.mark.parametrize("highest", [2.0, 55.0, 3700.0, 24_000.0, 7e5, 1e9])
def test_durations_are_round(highest: float) -> None:
    """From nothing on, in steps of so many of one unit."""
    marks = duration_ticks(highest)
    assert marks[0] == 0
    assert 2 <= len(marks) <= 6
    assert " " not in tick_text(marks[1], "seconds")
    assert duration_ticks(1.5) == []


def test_a_number_of_an_axis_has_no_idle_zeros() -> None:
    """0.4 beside 1.2, and 8 % beside 12 %."""
    assert [tick_text(value) for value in (0, 0.4, 1.2000000000000002, -0.5)] == ["0", "0.4", "1.2", "−0.5"]
    assert tick_text(0.12, "ratio") == "12\u202f%"
