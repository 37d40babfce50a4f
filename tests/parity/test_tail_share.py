"""The share of values in the reference's tails, against raw rows, and what it finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelvane import Monitor, Reference, Settings, Window
from modelvane.calibration.habit import share_habit
from modelvane.calibration.lines import share_floor
from modelvane.casting import Numbers
from modelvane.findings import Verdict
from modelvane.ruler import NumericalRuler
from modelvane.statistics.tail_share import IN_EACH, Tails, tail_share_against
from modelvane.tallies.numerical import NumericalTally
from modelvane.undefined import Undefined

WINDOW = 2000


def _tally(ruler: NumericalRuler, values: np.ndarray) -> NumericalTally:
    return NumericalTally.of(ruler, Numbers(np.asarray(values, np.float64), None))


@given(
    st.lists(st.integers(-9, 9), min_size=1, max_size=60),
    st.integers(1, 300),
    st.lists(st.floats(-12, 12), max_size=40),
    st.integers(2, 12),
)
def test_values_in_the_tails_are_counted_as_in_raw_rows(
    reference: list[int], times: int, window: list[float], budget: int
) -> None:
    """Tails hold one of 2000 reference values at most, begin as far in as edges allow, and count rows exactly."""
    known = np.repeat(np.array(reference, np.float64), times)
    ruler = NumericalRuler.of(known, budget=budget)
    tails, edges = Tails.of(_tally(ruler, known)), ruler.edges
    low, high = edges[tails.low], edges[tails.high]
    most = len(known) // IN_EACH
    assert (known < low).sum() <= most
    assert (known > high).sum() <= most
    assert tails.low == len(edges) - 1 or (known < edges[tails.low + 1]).sum() > most
    assert tails.high == 0 or (known > edges[tails.high - 1]).sum() > most
    values = np.array(window)
    assert tails.counts(_tally(ruler, values)) == ((values < low).sum(), (values > high).sum())


def test_rows_of_another_time_than_the_rulers_have_tails() -> None:
    """Where all of what is compared with lies beyond the ruler's edges, its tails begin at the outermost."""
    ruler = NumericalRuler.of(np.arange(10.0))
    assert Tails.of(_tally(ruler, np.full(50, 99.0))) == Tails(9, 9)
    assert Tails.of(_tally(ruler, np.full(50, -99.0))) == Tails(0, 0)


def test_without_a_reference_there_is_no_share() -> None:
    """Without values of the reference, or of the window, there is no share, and the finding says so."""
    ruler = NumericalRuler.of(np.arange(5000.0), budget=5000)
    rows, nothing = _tally(ruler, np.arange(5000.0)), _tally(ruler, np.empty(0))
    for reference in (None, nothing):
        assert tail_share_against(reference).function(rows) == Undefined("no usable values in the reference")
    assert tail_share_against(rows).function(nothing) == Undefined("no usable values in the window")
    assert tail_share_against(rows).function(rows) == 4 / 5000


def test_a_few_values_within_the_reach_of_an_outlier_are_found() -> None:
    """Prices a hundred times too large alarm though the reference once had a larger one; those of the window do not."""
    rng = np.random.default_rng(3)
    prices = rng.lognormal(1.0, 0.8, 24_000)
    prices[7] = 20_000.0
    monitor = Monitor("shop", Reference.of({"price": prices[:20_000]}), Settings(Window(rows=WINDOW)))
    monitor.push({"price": prices[20_000:22_000]})
    usual = monitor.findings().get("tail_share", "price")
    assert usual is not None
    assert usual.verdict is Verdict.OK
    wrong = prices[22_000:24_000]
    wrong[:60] *= 100
    monitor.push({"price": wrong})
    found = monitor.findings()
    tail, beyond = found.get("tail_share", "price"), found.get("out_of_range_share", "price")
    assert tail is not None
    assert beyond is not None
    assert (tail.verdict, beyond.verdict) == (Verdict.ALARM, Verdict.OK)
    assert tail.value == (wrong > np.quantile(prices[:20_000], 1 - 1 / IN_EACH)).mean()
    assert " above " in tail.cause


def test_what_is_out_of_range_is_not_told_twice() -> None:
    """Where the reference has no value in its tails, values out of range alarm as such, and as nothing else."""
    monitor = Monitor("shop", Reference.of({"price": np.arange(1999.0)}), Settings(Window(rows=100)))
    monitor.push({"price": np.full(100, 5000.0)})
    found = monitor.findings()
    tail, beyond = found.get("tail_share", "price"), found.get("out_of_range_share", "price")
    assert tail is not None
    assert beyond is not None
    assert (tail.value, tail.verdict) == (1.0, Verdict.INFO)
    assert (beyond.value, beyond.verdict) == (1.0, Verdict.ALARM)


@pytest.mark.parametrize("rows", [2_000, 20_000])
def test_undrifted_windows_seldom_alarm(rows: int) -> None:
    """Of many windows like the reference, as many are above the noise line as its level says, and no more."""
    rng, level, above = np.random.default_rng(4), 0.01, 0
    for _ in range(300):
        known = rng.standard_exponential(rows)
        ruler = NumericalRuler.of(known)
        reference, window = _tally(ruler, known), _tally(ruler, rng.standard_exponential(1000))
        tails = Tails.of(reference)
        floor = share_floor(level, 1000, sum(tails.counts(reference)) + 1, rows)
        above += sum(tails.counts(window)) > floor * 1000 + 1e-9
    assert above <= 9


def test_its_habit_is_that_of_raw_rows() -> None:
    """Where rows came in time order, how the share usually goes up and down is learned."""
    hours = np.arange(6_000)
    level = 10 + np.sin(hours / 500) + np.random.default_rng(5).normal(size=6_000) * (1 + hours / 3000)
    reference = Reference.of({"at": hours * 60 + 1.6e9, "level": level}, time="at")
    found = reference.calibration.habits["", "level", "tail_share"]
    tails, edges = Tails.of(reference.tally.columns["level"]), reference.rulers["level"].edges
    expected = share_habit((level < edges[tails.low]) | (level > edges[tails.high]))
    assert expected is not None
    assert found.to_array().tolist() == expected.to_array().tolist()
