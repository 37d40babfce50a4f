"""Where an estimate leaves what the reference promises."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from modelvane import tails
from modelvane.calibration.calibration import Key
from modelvane.calibration.habit import Habit, habit_of
from modelvane.calibration.lines import Lines
from modelvane.calibration.null import pearson_tail
from modelvane.estimates.classification import CLASSIFIER
from modelvane.estimates.expected import Expectation, Expected
from modelvane.estimates.isotonic import Floats
from modelvane.estimates.scores import cell_of, labelled_rows
from modelvane.statistics.base import Statistic
from modelvane.tallies.classification import ConfusionTally
from modelvane.tallies.scores import ScoreTally

NO_HABIT = "no usual range: the reference has no time column, or is too short for one"


LEAST_ROWS = 100
"""Rows from which on what single rows add to a value says how it scatters: it is to first order."""
_TOO_FEW = Lines(why=f"no lines: fewer than {LEAST_ROWS} rows")


def promise_lines(
    level: float, n: int, reference_rows: int, variance: float, skewness: float, habit: Habit | None
) -> Lines:
    """Give the lines of how much worse than over the reference the estimate over ``n`` rows may be.

    The noise floor is that of means of independent rows, the reference's own among them: a Pearson III.

    Parameters
    ----------
    variance, skewness
        Of what one row adds to the estimate; the skewness towards what is worse.
    """
    if n < LEAST_ROWS:
        return _TOO_FEW
    return _with_habit(_mean_floor(level, n, reference_rows, variance, skewness), level, n, habit)


@lru_cache(maxsize=4096)
def _mean_floor(level: float, n: int, reference_rows: int, variance: float, skewness: float) -> float:
    spread = math.sqrt(variance * (1 / n + 1 / max(reference_rows, 1)))
    return max(pearson_tail(level, 0.0, spread, skewness / math.sqrt(n)), 0.0)


def error_lines(
    level: float, n: int, reference_rows: int, standard_error: float, habit: Habit | None, gap: float = 0.0
) -> Lines:
    """Give the lines of how far from the realised value the estimate over ``n`` rows may have been.

    Parameters
    ----------
    standard_error
        Of the realised value, given the scores of its rows.
    gap
        How far the reference's own estimate is from its labels. A calibration follows chance in the labels that it was
        learned from; by as much as that makes it too sure of them, it is too sure of others.
    """
    if n < LEAST_ROWS:
        return _TOO_FEW
    # the calibration is as uncertain as its own rows' labels
    spread = standard_error * math.sqrt(1 + n / max(reference_rows, 1))
    return _with_habit(spread * tails.normal_point(level / 2) + gap, level, n, habit)


def _with_habit(floor: float, level: float, n: int, habit: Habit | None) -> Lines:
    if habit is None:
        return Lines(floor, None, why=NO_HABIT)
    return Lines(floor, habit.exceeded_with(level, n))


def moments_of_rows(values: Floats) -> tuple[float, float]:
    """Give variance and skewness of what single rows add."""
    centred = values - values.mean()
    variance = float(np.mean(np.square(centred)))
    return variance, float(np.mean(centred**3)) / variance**1.5 if variance > 0 else 0.0


def mean_habit(values: Floats) -> Habit | None:
    """Fit the habit of how far the mean of windows is from that of all; values in order of time."""
    running = np.concatenate(([0.0], np.cumsum(values - values.mean())))

    def value_of(starts: NDArray[np.int64], n: int) -> Floats:
        return np.asarray(np.abs(running[starts + n] - running[starts]) / n)

    return habit_of(len(values), value_of, bounded=False)


def classifier_habits(
    segment: str, confusion: ConfusionTally, scores: ScoreTally, outcomes: tuple[Floats, NDArray[np.bool_]]
) -> Iterator[tuple[Key, Habit]]:
    """Fit the habits of estimates and of their errors, to first order: of means of what single rows add to them.

    Parameters
    ----------
    outcomes
        Of the reference's rows in order of time, the probability and whether they were positive.
    """
    by = Expectation.of(confusion, scores)
    if not isinstance(by, Expectation):
        return
    expected = Expected(by, labelled_rows(scores)[0])
    cells, is_positive = cell_of(outcomes[0]), outcomes[1]
    for each in CLASSIFIER:
        if not isinstance(each.of, Statistic) or not isinstance(
            each.of.function(getattr(expected, each.kind)), float
        ):
            continue
        ((of_positive, of_negative),) = each.moves(expected)
        by_score = by.shares * of_positive + (1.0 - by.shares) * of_negative
        of_estimate = expected.n * by_score[cells]
        of_value = expected.n * np.where(is_positive, of_positive[cells], of_negative[cells])
        for name, values in ((each.name, of_estimate), (each.error, of_value - of_estimate)):
            habit = mean_habit(values)
            if habit is not None:
                yield (segment, "", name), habit
