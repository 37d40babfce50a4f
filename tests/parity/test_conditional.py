"""Conditional drift against a plain computation with numpy and scipy, and Student's t against scipy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from tests.conditional.trips import found, of, reference, rows

from modelvane.calibration.mean_habit import MeanHabit
from modelvane.calibration.student import student_point, student_tail
from modelvane.conditional import NAME, ConditionalRuler


def test_the_value_is_that_of_plain_numpy() -> None:
    """Mean ranks by pair of zones, row by row: the standardised difference is the finding's value."""
    ruler = reference().row_rulers[NAME]
    assert isinstance(ruler, ConditionalRuler)
    limits = ruler.levels["distance"].limits
    known, now = rows(0, 8000), rows(40, 1500, factor=1.1, east=0.3)
    bins = np.searchsorted(limits, known["distance"])
    counts = np.bincount(bins, minlength=len(limits) + 1)
    ranks = np.rint((np.cumsum(counts) - counts / 2) / counts.sum() * 10_000) / 10_000
    by_pair: dict[tuple[str, str], list[float]] = {}
    for pair, rank in zip(zip(known["start"], known["end"], strict=True), ranks[bins], strict=True):
        by_pair.setdefault(pair, []).append(rank)
    differences = [
        rank - np.mean(by_pair[pair])
        for pair, rank in zip(
            zip(now["start"], now["end"], strict=True),
            ranks[np.searchsorted(limits, now["distance"])],
            strict=True,
        )
    ]
    finding = of(found(now))
    assert finding.value == pytest.approx(abs(np.mean(differences)), rel=1e-9)
    assert finding.n == 1500


@pytest.mark.parametrize("freedom", [2, 8, 30, 200, 5000])
@pytest.mark.parametrize("level", [0.2, 0.01, 1e-5, 1e-9])
def test_students_t_is_scipys(freedom: int, level: float) -> None:
    """Points and tails of even degrees of freedom are scipy's."""
    point = student_point(freedom, level)
    assert point == pytest.approx(stats.t.isf(level, freedom), rel=1e-10)
    assert student_tail(freedom, point) == pytest.approx(level, rel=1e-10)


def test_the_habit_of_a_mean_is_students_t() -> None:
    """Of independent values, windows that do not overlap exceed the line about as often as is said."""
    rng = np.random.default_rng(0)
    beyond = 0
    for _ in range(200):
        habit = MeanHabit.of(rng.normal(size=3000))
        assert habit is not None
        beyond += abs(rng.normal(size=100).mean()) > habit.exceeded_with(0.05, 100)
    assert beyond <= 20
    assert MeanHabit.of(np.zeros(30)) is None
