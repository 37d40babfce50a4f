"""The usual range: what windows in time order reach, each against the rest."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from modelvane.calibration.calibration import cells_of
from modelvane.calibration.habit import (
    FEWEST_WINDOWS,
    MOST_WINDOWS,
    Habit,
    divergence_habit,
    habit_of,
    range_habit,
    share_habit,
    unseen_habit,
    window_starts,
)
from modelvane.casting import Numbers
from modelvane.divergences import DIVERGENCES
from modelvane.ruler import NumericalRuler
from modelvane.tallies.numerical import NumericalTally

KS = DIVERGENCES["kolmogorov_smirnov"]


def _wave(rows: int, height: float) -> NDArray[np.float64]:
    rng = np.random.default_rng(0)
    return height * np.sin(np.arange(rows) / 300 * 2 * np.pi) + rng.normal(size=rows)


def _habit(values: NDArray[np.float64]) -> Habit:
    numbers = Numbers(values, None)
    tally = NumericalTally.of(NumericalRuler.of(values), numbers)
    habit = divergence_habit(KS, tally.sample, cells_of(tally, numbers))
    assert habit is not None
    return habit


def test_windows_overlap_by_three_quarters_and_are_not_too_many() -> None:
    """Windows start a quarter apart, cover the reference from end to end, and are bounded in number."""
    assert window_starts(100, 40).tolist() == [0, 10, 20, 30, 40, 50, 60]
    starts = window_starts(1_000_000, 10)
    assert len(starts) == MOST_WINDOWS
    assert (starts[0], starts[-1]) == (0, 999_990)


@pytest.mark.parametrize("n", [30, 100, 300])
def test_half_of_the_windows_reach_the_middle(n: int) -> None:
    """At a level of one half the usual range is the median of the leave-out windows of raw rows."""
    values = _wave(3000, 1.0)
    distances = [
        stats.ks_2samp(values[at : at + n], np.delete(values, np.s_[at : at + n]), method="asymp").statistic
        for at in window_starts(3000, n).tolist()
    ]
    assert _habit(values).exceeded_with(0.5, n) == pytest.approx(np.median(distances), rel=1e-3)


@pytest.mark.parametrize("height", [0.5, 2.0])
def test_a_stream_that_breathes_has_a_wider_range(height: float) -> None:
    """A wave widens the usual range beyond that of a stream without one, and later windows stay inside it."""
    values = _wave(6000, height)
    train, later = values[:4500], values[4500:]
    still, breathing = _habit(_wave(4500, 0.0)), _habit(train)
    line = breathing.exceeded_with(0.01, 100)
    assert line > still.exceeded_with(0.01, 100)
    reached = [
        stats.ks_2samp(later[at : at + 100], train, method="asymp").statistic for at in range(0, 1400, 50)
    ]
    assert sum(value > line for value in reached) <= 2
    assert max(reached) > KS.critical(0.001, 100, 4500)  # type: ignore[misc] # it has an analytic line


def test_a_rarer_level_has_a_higher_line() -> None:
    """The line rises as the level falls, and never leaves the measure's own range."""
    habit = _habit(_wave(3000, 1.0))
    lines = [habit.exceeded_with(level, 100) for level in (0.5, 0.1, 1e-3, 1e-6, 1e-12)]
    assert lines == sorted(lines)
    assert lines[-1] <= 1.0
    read = Habit.from_array(habit.to_array())
    assert read.exceeded_with(1e-4, 77) == habit.exceeded_with(1e-4, 77)


def test_a_share_that_comes_in_bursts_has_a_habit() -> None:
    """Shares of faults are learned in time order; one that never was has its line at nothing."""
    flags = np.zeros(4000, bool)
    flags[::400] = flags[1::400] = flags[2::400] = True
    habit, never = share_habit(flags), share_habit(np.zeros(4000, bool))
    assert habit is not None
    assert never is not None
    assert habit.exceeded_with(0.01, 1000) > flags.mean() > 0
    assert never.exceeded_with(1e-6, 1000) == pytest.approx(0.0, abs=1e-100)


def test_new_categories_have_a_habit() -> None:
    """A stream in which new categories keep coming has a higher line for unseen ones than one where none do."""
    rng = np.random.default_rng(1)
    steady = rng.integers(0, 5, 4000)
    growing = np.where(np.arange(4000) % 20 == 0, 5 + np.arange(4000) // 400, steady)
    lines = []
    for cells in (steady, growing):
        habit = unseen_habit(np.bincount(cells), cells)
        assert habit is not None
        lines.append(habit.exceeded_with(0.01, 1000))
    assert lines[0] < 1e-100
    assert lines[1] > 0.01


def test_a_short_reference_has_no_habit() -> None:
    """A reference in which fewer windows than it takes fit has no usual range."""
    assert share_habit(np.zeros(9, bool)) is None
    assert len(window_starts(40, 10)) >= FEWEST_WINDOWS
    assert share_habit(np.zeros(40, bool)) is not None


def test_the_habit_of_values_out_of_range_is_that_of_raw_rows() -> None:
    """What windows have beyond the smallest and the largest of all other rows is counted as by hand."""
    values = np.linspace(0.0, 3.0, 3000) + _wave(3000, 0.5)
    values[::7] = np.nan
    known = values[~np.isnan(values)]

    def outside(starts: NDArray[np.int64], n: int) -> NDArray[np.float64]:
        shares = []
        for at in starts.tolist():
            window, rest = known[at : at + n], np.delete(known, np.s_[at : at + n])
            shares.append(((window < rest.min()) | (window > rest.max())).mean())
        return np.array(shares)

    assert outside(window_starts(len(known), 300), 300).max() > 0
    found, expected = range_habit(values), habit_of(len(known), outside, bounded=True)
    assert found is not None
    assert expected is not None
    assert found.to_array().tolist() == expected.to_array().tolist()
    assert range_habit(np.full(50, np.nan)) is None
