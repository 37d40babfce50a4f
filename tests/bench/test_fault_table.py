"""Pieces of the table of faults and detectors: what a delay is, and what it takes to be as seldom wrong as another."""

from __future__ import annotations

import math

import numpy as np
import pytest
from bench.faults.cases import KINDS, cases
from bench.faults.looks import LOOKS, first_alarms, next_look
from bench.faults.page import Compared
from bench.faults.results import Found, ours, rate_of
from bench.faults.tuning import exceeding, thresholds

FIRST = next(cases("taxi"))


def _found(detector: str, rule: str, *delays: float) -> Found:
    return Found(detector, rule, 0, 100, {FIRST.key: delays})


def test_a_delay_is_the_first_evaluation_that_alarms_whatever_comes_after_it() -> None:
    """Rows count from the fault's first to the first alarm; a run without one is never found."""
    alarms = np.zeros((3, len(LOOKS)), bool)
    alarms[0, [2, 5]] = alarms[1, -1] = True
    assert first_alarms(alarms).tolist() == [LOOKS[2], LOOKS[-1], math.inf]


@pytest.mark.parametrize(("rows", "look"), [(1, 100), (100, 100), (1001, 1250), (4001, math.inf)])
def test_what_alarms_between_evaluations_is_seen_at_the_next(rows: int, look: float) -> None:
    """A detector that looks at every row is no quicker than the table can tell."""
    assert next_look(rows) == look


@pytest.mark.parametrize("draw", ["exponential", "normal", "chisquare"])
def test_a_tuned_detector_alarms_as_often_as_it_may(draw: str) -> None:
    """Thresholds from some windows hold their rate on others, for all scores together."""
    rng = np.random.default_rng(0)
    arguments = (3,) if draw == "chisquare" else ()
    scores = getattr(rng, draw)(*arguments, size=(120_000, 4))
    limits = thresholds(scores[:20_000], 0.004)
    assert 0.7 < exceeding(scores[20_000:], limits).mean() / 0.004 < 1.3


def test_a_score_that_never_varied_may_not_exceed_what_it_was() -> None:
    """A column without missing values alarms on the first that is missing."""
    limits = thresholds(np.zeros((100, 1)), 0.001)
    assert exceeding(np.array([[0.0], [0.001]]), limits).tolist() == [False, True]


def test_the_median_of_runs_that_half_never_found_a_fault_is_never() -> None:
    """Half of the runs are not enough to give a delay."""
    assert _found("a", "tuned", 100.0, math.inf).median(FIRST) == math.inf
    assert _found("a", "tuned", 100.0, 200.0, math.inf).median(FIRST) == 200.0
    assert _found("a", "tuned").median(FIRST) is None


def test_the_watch_as_a_whole_is_the_first_alarm_of_any_family() -> None:
    """Families come as the findings name them; what is of no family alone still counts for the whole."""
    runs = [{"drift/g_test/zone": 300, "quality/unseen_share/zone": 200}, {"concept/cusum/": 100}]
    found = {
        one.detector: one
        for one in ours({"undrifted": [[], ["drift/g_test/zone"]], "delays": {FIRST.key: runs}})
    }
    assert {name: list(one.delays[FIRST.key]) for name, one in found.items()} == {
        "modelvane": [200.0, 100.0],
        "modelvane drift": [300.0, math.inf],
        "modelvane quality": [200.0, math.inf],
        "modelvane cusum": [math.inf, 100.0],
    }
    assert rate_of(found["modelvane"]) == 0.5
    assert rate_of(found["modelvane quality"]) == 1e-4


@pytest.mark.parametrize(
    ("mine", "theirs", "ratio"),
    [(120.0, 100.0, 1.2), (100.0, math.inf, 0.0), (math.inf, 100.0, math.inf), (math.inf, math.inf, None)],
)
def test_a_ratio_says_who_found_a_fault_at_all(mine: float, theirs: float, ratio: float | None) -> None:
    """Ours by the best peer's: 0 where no peer finds it, infinite where only one does, none where nobody does.

    Who has one run, or a rule of its own, is not compared.
    """
    found = [
        _found("modelvane", "budget", mine, mine, mine),
        _found("slow", "tuned", math.inf, math.inf, math.inf),
        _found("quick", "tuned", theirs, theirs, theirs),
        _found("once", "tuned", 1.0),
        _found("lax", "own", 1.0, 1.0, 1.0),
    ]
    (line,) = Compared("taxi", [FIRST], 0.001, found).lines()
    assert line.ratio == ratio
    assert line.peer == ("quick" if math.isfinite(theirs) else "")


@pytest.mark.parametrize("dataset", KINDS)
def test_every_kind_of_fault_comes_in_both_sizes_at_once_and_little_by_little_and_in_part(
    dataset: str,
) -> None:
    """Five faults of each kind, each with a file of its own."""
    every = list(cases(dataset))
    assert len({case.key for case in every}) == len(every) == 5 * len(KINDS[dataset])
    for case in every:
        assert (case.fault.ramp > 0) == (case.onset == "gradual")
        assert (case.fault.where is not None) == (case.onset == "in part")
