"""The lines of one finding at one window size, and the verdict they give."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from modelvane import tails
from modelvane.calibration.habit import Habit
from modelvane.calibration.null import NullMoments
from modelvane.divergences.base import Divergence
from modelvane.findings import Verdict

# windows are evaluated up to every n/50 rows and so overlap: the level pays ten times for it
OVERLAP = 10
# in fewer rows one value only is no sign that there is no other
LEAST_CONSTANT = 30
# an alarm ends only when the value has come this far below the line
HYSTERESIS = 0.9


class Alarm(StrEnum):
    """What it takes to raise an alarm."""

    USUAL = "usual"
    """Above the noise floor and above the usual range."""
    NOISE = "noise"
    """Above the noise floor alone: for streams whose rows are exchangeable."""


class Lines(Struct, frozen=True):
    """Where a finding stops being ordinary.

    Parameters
    ----------
    noise_floor
        What sampling alone exceeds with the probability that the budget allows.
    usual_range
        What this stream's own windows, in time order, exceed with that probability.
    threshold
        A fixed limit from the config, which replaces both.
    why
        Why a line is missing.
    """

    noise_floor: float | None = None
    usual_range: float | None = None
    threshold: float | None = None
    why: str = ""

    def asked_by(self, alarm: Alarm) -> Lines:
        """Give the lines that an alarm asks for: one at noise asks for no usual range, and misses none."""
        if alarm is Alarm.USUAL or self.noise_floor is None:
            return self
        return replace(self, usual_range=None, why="")

    def verdict(self, value: float, alarm: Alarm, before: Verdict | None = None) -> Verdict:
        """Judge a value; one that alarmed before has to fall clearly below the line to stop.

        Parameters
        ----------
        value
            Larger is worse.
        before
            The verdict of the round before.
        """
        if self.threshold is not None:
            return Verdict.ALARM if _above(value, self.threshold, before) else Verdict.OK
        if self.noise_floor is None:
            return Verdict.INFO
        if not _above(value, self.noise_floor, before):
            return Verdict.OK
        if alarm is Alarm.NOISE or self.usual_range is None:
            return Verdict.ALARM
        return Verdict.ALARM if _above(value, self.usual_range, before) else Verdict.CHANGED


def _above(value: float, line: float, before: Verdict | None) -> bool:
    margin = (1 - HYSTERESIS) * abs(line) if before is Verdict.ALARM else 0.0
    return value > line - margin


def level_of(budget: float, tests: int) -> float:
    """Give the probability at which each of ``tests`` findings may exceed its line.

    ``budget / (tests * 10)``: a union bound, which assumes nothing of how columns correlate.
    """
    return budget / (max(tests, 1) * OVERLAP)


def divergence_lines(
    divergence: Divergence,
    level: float,
    n: float,
    reference_rows: float,
    null: NullMoments | None,
    habit: Habit | None,
    constant: bool,
) -> Lines:
    """Give the lines of a divergence for a window of ``n`` rows.

    Parameters
    ----------
    null
        The moments; where there are none, the divergence's analytic null is asked.
    constant
        Whether the reference has one value only: then any change is beyond noise, if it has enough rows to tell.
    """
    if constant and reference_rows < LEAST_CONSTANT:
        return Lines(
            why=f"no lines: one value only, in {reference_rows:.0f} rows of the reference; it takes {LEAST_CONSTANT}"
        )
    if constant:
        floor: float | None = 0.0
    elif null is not None:
        floor = max(null.exceeded_with(level, n), 0.0) ** (divergence.degree / 2)
    else:
        floor = None if divergence.critical is None else divergence.critical(level, n, reference_rows)
    if floor is not None and divergence.unit == "ratio":
        # a fitted tail knows no bound
        floor = min(floor, 1.0)
    if habit is None:
        return Lines(
            floor, None, why="no usual range: the reference has no time column, or is too short for one"
        )
    return Lines(floor, habit.exceeded_with(level, n))


@lru_cache(maxsize=4096)
def share_floor(level: float, n: int, reference_count: int, reference_rows: int) -> float:
    """Give the share of ``n`` rows that sampling alone exceeds with probability ``level``.

    The reference is a sample as the window is: with both drawn from rows of any one share, exactly that.
    """
    if reference_count >= reference_rows:
        return 1.0
    return tails.two_sample_point(n, reference_count, reference_rows, level) / n


def share_lines(
    level: float, n: int, reference_count: int, reference_rows: int, habit: Habit | None
) -> Lines:
    """Give the lines of a share of rows, such as that of missing values."""
    floor = share_floor(level, n, reference_count, reference_rows) if n and reference_rows else None
    if habit is None:
        return Lines(
            floor, None, why="no usual range: the reference has no time column, or is too short for one"
        )
    return Lines(floor, habit.exceeded_with(level, n))
