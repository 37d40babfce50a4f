"""Lines and verdicts: what the budget buys, share floors against plain binomials, hysteresis."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from modelvane.calibration.lines import (
    HYSTERESIS,
    OVERLAP,
    Alarm,
    Lines,
    divergence_lines,
    level_of,
    share_floor,
    share_lines,
)
from modelvane.calibration.null import NullMoments, null_moments
from modelvane.divergences import DIVERGENCES
from modelvane.findings import Verdict
from modelvane.ruler import CategoricalRuler
from modelvane.tallies.sample import Sample

OK, CHANGED, ALARM, INFO = Verdict.OK, Verdict.CHANGED, Verdict.ALARM, Verdict.INFO


def test_the_budget_is_shared_by_all_tests_and_all_overlapping_windows() -> None:
    """However many columns there are, their levels add up to a tenth of the budget."""
    for tests in (1, 7, 1000):
        assert level_of(0.001, tests) * tests * OVERLAP == pytest.approx(0.001)
    assert level_of(0.001, 0) == level_of(0.001, 1)


@pytest.mark.parametrize("level", [0.05, 5e-5])
@pytest.mark.parametrize("n", [1, 20, 500])
@pytest.mark.parametrize(("count", "rows"), [(0, 1000), (3, 1000), (500, 1000), (999, 1000), (0, 1)])
def test_the_share_floor_is_the_smallest_that_keeps_the_level(
    level: float, n: int, count: int, rows: int
) -> None:
    """The smallest count of which one more would be too rare for Fisher's exact test of both samples."""
    floor = share_floor(level, n, count, rows)
    over = [k for k in range(n) if stats.hypergeom.sf(k, n + rows, k + 1 + count, n) <= level]
    assert floor == (over[0] if over else n) / n


@pytest.mark.parametrize("share", [0.001, 0.02, 0.3, 0.97])
@pytest.mark.parametrize(("n", "rows"), [(40, 200), (300, 200)])
def test_the_share_floor_keeps_its_promise(share: float, n: int, rows: int) -> None:
    """Over all references and windows of one true share, the floor is exceeded no more often than the level."""
    level = 0.05
    exceeded = sum(
        stats.binom.pmf(count, rows, share)
        * stats.binom.sf(round(share_floor(level, n, count, rows) * n), n, share)
        for count in range(rows + 1)
    )
    assert exceeded <= level


def test_a_share_of_everything_has_its_floor_at_everything() -> None:
    """Where every reference row is counted no share is too many."""
    assert share_floor(0.01, 50, 10, 10) == 1.0


BOTH = Lines(noise_floor=1.0, usual_range=2.0)


@pytest.mark.parametrize(
    ("lines", "value", "alarm", "verdict"),
    [
        (BOTH, 1.0, Alarm.USUAL, OK),
        (BOTH, 1.5, Alarm.USUAL, CHANGED),
        (BOTH, 2.0, Alarm.USUAL, CHANGED),
        (BOTH, 2.1, Alarm.USUAL, ALARM),
        (BOTH, 1.5, Alarm.NOISE, ALARM),
        (Lines(noise_floor=2.0, usual_range=1.0), 1.5, Alarm.USUAL, OK),
        (Lines(noise_floor=1.0), 1.5, Alarm.USUAL, ALARM),
        (Lines(noise_floor=0.0), 0.0, Alarm.USUAL, OK),
        (Lines(noise_floor=0.0), 1e-9, Alarm.USUAL, ALARM),
        (Lines(usual_range=1.0), 5.0, Alarm.USUAL, INFO),
        (Lines(), 5.0, Alarm.USUAL, INFO),
        (Lines(threshold=0.1), 0.11, Alarm.USUAL, ALARM),
        (Lines(threshold=0.1, noise_floor=5.0, usual_range=5.0), 0.11, Alarm.USUAL, ALARM),
        (Lines(threshold=0.1), 0.1, Alarm.USUAL, OK),
    ],
)
def test_verdicts(lines: Lines, value: float, alarm: Alarm, verdict: Verdict) -> None:
    """An alarm needs every line that there is, noise alone when so set; a fixed threshold replaces both."""
    assert lines.verdict(value, alarm) is verdict


@pytest.mark.parametrize("lines", [BOTH, Lines(noise_floor=2.0), Lines(threshold=2.0)])
def test_an_alarm_ends_only_clearly_below_the_line(lines: Lines) -> None:
    """A value that wavers around the line raises one alarm, not many."""
    raised = lines.verdict(2.01, Alarm.USUAL)
    assert raised is ALARM
    assert lines.verdict(2.0 * HYSTERESIS + 0.01, Alarm.USUAL, raised) is ALARM
    assert lines.verdict(2.0 * HYSTERESIS + 0.01, Alarm.USUAL) is not ALARM
    assert lines.verdict(2.0 * HYSTERESIS - 0.01, Alarm.USUAL, raised) is not ALARM


def test_a_missing_usual_range_says_why() -> None:
    """Without a time column there is no usual range, for divergences and shares, and the reason is told."""
    ks = divergence_lines(DIVERGENCES["kolmogorov_smirnov"], 1e-3, 100, 1000, None, None, constant=False)
    share = share_lines(1e-3, 100, 3, 1000, None)
    for lines in (ks, share):
        assert lines.usual_range is None
        assert lines.noise_floor is not None
        assert "no time column" in lines.why


def test_one_value_in_a_few_rows_is_no_constant() -> None:
    """A segment of which the reference has a few rows, all of one value, alarms on nothing, and says why."""
    for method in ("kolmogorov_smirnov", "g_test"):
        lines = divergence_lines(DIVERGENCES[method], 1e-3, 1, 29, None, None, constant=True)
        assert lines.verdict(1.0, Alarm.NOISE) is Verdict.INFO
        assert "29 rows" in lines.why
        enough = divergence_lines(DIVERGENCES[method], 1e-3, 1, 30, None, None, constant=True)
        assert enough.verdict(1.0, Alarm.NOISE) is Verdict.ALARM


def test_any_change_of_a_constant_is_beyond_noise() -> None:
    """The noise floor of a constant column is 0, whatever the divergence."""
    for method in ("kolmogorov_smirnov", "jensen_shannon"):
        lines = divergence_lines(DIVERGENCES[method], 1e-3, 100, 1000, None, None, constant=True)
        assert lines.noise_floor == 0.0


def test_the_noise_floor_is_in_the_unit_of_the_divergence() -> None:
    """Moments are of squares: the floor of a distance is the root of their tail, that of a square the tail itself."""
    null = NullMoments(*np.array([[10.0, 1000.0], [0.04, 0.04], [0.01, 0.01], [1.0, 1.0]]))
    tail = null.exceeded_with(1e-3, 100)
    for method, floor in (("jensen_shannon", math.sqrt(tail)), ("psi", tail)):
        lines = divergence_lines(DIVERGENCES[method], 1e-3, 100, 1000, null, None, constant=False)
        assert lines.noise_floor == pytest.approx(floor)


def test_a_divergence_without_a_null_has_no_floor() -> None:
    """Where neither formula nor draws give a null the value has no noise floor, and no verdict."""
    lines = divergence_lines(DIVERGENCES["jensen_shannon"], 1e-3, 100, 1000, None, None, constant=False)
    assert lines.noise_floor is None
    assert lines.verdict(1.0, Alarm.USUAL) is INFO


def test_an_empty_window_has_no_share_floor() -> None:
    """Of no rows no share is known."""
    assert share_lines(1e-3, 0, 3, 1000, None).noise_floor is None


def test_an_alarm_of_a_measure_that_should_be_high_ends_only_clearly_above_its_limit() -> None:
    """Judged with both signs turned, a limit from below has the same margin as one from above."""
    limit = Lines(threshold=-0.8)
    assert limit.verdict(-0.79, Alarm.USUAL) is Verdict.ALARM
    assert limit.verdict(-0.85, Alarm.USUAL) is Verdict.OK
    assert limit.verdict(-0.85, Alarm.USUAL, Verdict.ALARM) is Verdict.ALARM
    assert limit.verdict(-0.89, Alarm.USUAL, Verdict.ALARM) is Verdict.OK


def test_no_line_of_a_ratio_is_above_one() -> None:
    """A bounded divergence has a bounded noise floor, however small the window."""
    ruler = CategoricalRuler(tuple("abcdefghij"))
    sample = Sample(ruler, np.array([30] * 10 + [0]))
    divergence = DIVERGENCES["jensen_shannon"]
    null = null_moments(divergence, sample, draws=200)
    lines = divergence_lines(divergence, 1e-9, 2, 300, null, None, constant=False)
    assert null.exceeded_with(1e-9, 2) > 1.0
    assert lines.noise_floor == 1.0
