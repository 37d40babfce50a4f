"""Laws of fairness: one number live, in a batch and merged; small groups have none; limits judge."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelvane.batch import judge
from modelvane.engines.count import count
from modelvane.engines.source import TableSource
from modelvane.errors import ConfigError, UnknownNameError
from modelvane.evaluation import Stream, check_thresholds, evaluate
from modelvane.findings import Family, Finding, Verdict
from modelvane.monitor import Monitor
from modelvane.reference import Reference
from modelvane.settings import Protected, Settings, Window
from modelvane.statistics.fairness import (
    CLASSES_BETWEEN,
    ERRORS_BETWEEN,
    Group,
)
from modelvane.statistics.gaps import gap
from modelvane.statistics.intervals import Share
from modelvane.table import Table
from modelvane.undefined import Undefined

N = 600
FAIR = (Protected("gender"),)
DIFFERENCE, RATIO = CLASSES_BETWEEN[0], CLASSES_BETWEEN[1]


def loans(seed: int, rows: int = N, against: float = 0.0) -> dict[str, list[Any]]:
    """Give rows in which the group f is refused by chance, as often as told."""
    rng = np.random.default_rng(seed)
    gender = rng.choice(["f", "m", "x"], rows, p=[0.47, 0.5, 0.03])
    repaid = rng.integers(0, 2, rows)
    approved = np.where(rng.random(rows) < 0.8, repaid, 1 - repaid)
    approved = np.where((gender == "f") & (rng.random(rows) < against), 0, approved)
    return {
        "id": [f"{seed}-{i}" for i in range(rows)],
        "time": [1e6 + 60.0 * i for i in range(rows)],
        "income": rng.normal(size=rows).tolist(),
        "gender": gender.tolist(),
        "approved": approved.tolist(),
        "repaid": repaid.tolist(),
    }


@pytest.fixture(scope="module")
def reference() -> Reference:
    """Give a reference whose model does not know the protected column."""
    return Reference.of(
        loans(1),
        prediction="approved",
        target="repaid",
        task="classification",
        numerical=["income"],
        segments=["gender"],
    )


def _fair(findings: Any) -> list[Finding]:
    return [finding for finding in findings if finding.family is Family.FAIRNESS]


def test_a_window_a_batch_and_merged_parts_say_the_same(reference: Reference) -> None:
    """Fairness is one number, however the rows were counted."""
    rows, how = loans(2, against=0.3), Settings(Window(rows=N), fairness=FAIR)
    monitor = Monitor("loans", reference, how, clock=lambda: 5e6)
    monitor.push(rows)
    live = _fair(monitor.findings())
    batch = judge("loans", reference, count(TableSource(rows), reference, slices=3, now=5e6), how)
    assert _fair(batch.findings) == live
    assert len(live) == 8 + 4 * 3
    assert {finding.verdict for finding in live} == {Verdict.INFO, Verdict.UNDEFINED}
    block = reference.encode(Table.of(rows))
    half = [block.take(np.arange(N)[at]) for at in (slice(0, 250), slice(250, N))]
    counter = reference.counter
    merged = evaluate(
        "loans",
        reference,
        how,
        counter.rows(half[1]) + counter.rows(half[0]),
        counter.labelled(half[0]) + counter.labelled(half[1]),
        Stream(now=5e6),
    )
    assert _fair(merged) == live
    assert not any(_fair(one) for one in batch.slices)


def test_a_group_that_is_held_back_is_found(reference: Reference) -> None:
    """A limit is an alarm beyond it and none within, and the finding says between whom, with an interval."""
    limits = {"demographic_parity_difference": 0.15, "demographic_parity_ratio": 0.8}
    how = Settings(Window(rows=4000), fairness=FAIR, thresholds=limits)
    verdicts = []
    for against in (0.0, 0.6):
        monitor = Monitor("loans", reference, how)
        monitor.push(loans(3, 4000, against))
        found = {finding.measure: finding for finding in _fair(monitor.findings()) if not finding.label}
        verdicts.append([found[name].verdict for name in limits])
    assert verdicts == [[Verdict.OK] * 2, [Verdict.ALARM] * 2]
    told = found["demographic_parity_difference"]
    assert told.threshold == 0.15
    assert told.cause.startswith("selection rate 0.")
    assert "of f (" in told.cause
    assert "of m (" in told.cause
    low, high = map(float, told.cause.rpartition("%: ")[2].split(" to "))
    assert told.value is not None
    assert 0.15 < low < told.value < high


def test_unlabelled_rows_have_selection_rates(reference: Reference) -> None:
    """Demographic parity of predicted classes waits for no label; what needs labels says so."""
    monitor = Monitor("loans", reference, Settings(Window(rows=N), fairness=FAIR))
    rows = loans(4)
    del rows["repaid"]
    monitor.push(rows)
    found = {finding.measure: finding for finding in _fair(monitor.findings())}
    assert found["demographic_parity_difference"].value is not None
    assert found["equal_opportunity_ratio"].verdict is Verdict.UNDEFINED
    assert found["equal_opportunity_ratio"].why == "no positive targets of this group in the window"


def test_small_groups_are_undefined_with_their_rows(reference: Reference) -> None:
    """A group below the least rows has no rate, is in no gap, and is named with its number."""
    monitor = Monitor("loans", reference, Settings(Window(rows=N), fairness=FAIR))
    rows = loans(5)
    monitor.push(rows)
    few = rows["gender"].count("x")
    assert 0 < few < 30
    found = monitor.findings()
    small = found.get("group_selection_rate", "gender", label="x")
    assert small is not None
    assert (small.value, small.n, small.why) == (None, few, f"{few} rows; it takes 30")
    gap_of_all = found.get("demographic_parity_difference", "gender")
    assert gap_of_all is not None
    assert gap_of_all.value is not None
    assert gap_of_all.why == f"too few rows in x ({few})"


def test_an_empty_window_has_reasons(reference: Reference) -> None:
    """Before the first row every finding is undefined, and says why."""
    found = _fair(Monitor("loans", reference, Settings(Window(rows=N), fairness=FAIR)).findings())
    assert len(found) == 20
    assert all(finding.verdict is Verdict.UNDEFINED and finding.why for finding in found)


def _groups(**shares: tuple[int, int]) -> dict[str, Group]:
    return {name: Group(selected=Share(*share)) for name, share in shares.items()}


def test_a_reference_group_is_one_side_of_every_pair() -> None:
    """With one, the gap is from it to the furthest group; without, between the two that are furthest apart."""
    groups = _groups(a=(20, 100), b=(50, 100), c=(90, 100))
    assert gap(DIFFERENCE, groups, 1).value == pytest.approx(0.7)
    assert gap(DIFFERENCE, groups, 1, "b").value == pytest.approx(0.4)
    assert gap(RATIO, groups, 1, "b").value == pytest.approx(0.4)
    assert gap(RATIO, groups, 1).value == pytest.approx(2 / 9)


def test_more_pairs_make_wider_intervals() -> None:
    """The furthest of many pairs is further by chance, which the interval pays for."""

    def ends(told: str) -> float:
        low, high = map(float, told.rpartition("%: ")[2].split(" to "))
        return high - low

    two, three = _groups(a=(20, 100), b=(50, 100)), _groups(a=(20, 100), b=(50, 100), c=(40, 100))
    assert ends(gap(DIFFERENCE, three, 1).between) > 1.1 * ends(gap(DIFFERENCE, two, 1).between)


@pytest.mark.parametrize(
    ("groups", "reference_group", "why"),
    [
        ({}, None, "no predictions of this group in the window"),
        ({"a": (5, 100)}, None, "selection rate takes two groups of 30 rows or more; there are a 100"),
        (
            {"a": (5, 100), "b": (1, 29)},
            None,
            "selection rate takes two groups of 30 rows or more; there are a 100, b 29",
        ),
        (
            {"a": (5, 100), "b": (1, 29), "c": (2, 50)},
            "b",
            "selection rate takes the group b and another of 30 rows or more; there are a 100, b 29, c 50",
        ),
        (
            {"a": (5, 100), "b": (1, 29)},
            "a",
            "selection rate takes a group beside a of 30 rows or more; there are a 100, b 29",
        ),
        ({"a": (0, 100), "b": (0, 50)}, None, "selection rate is 0 in every group, so there is no ratio"),
    ],
)
def test_no_gap_says_why(groups: dict[str, tuple[int, int]], reference_group: str | None, why: str) -> None:
    """Too few groups, too few rows or nothing but zeros make a gap undefined, never 0."""
    assert gap(RATIO, _groups(**groups), 30, reference_group).value == Undefined(why)


@given(
    st.dictionaries(
        st.sampled_from("abcdef"),
        st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda x: (min(x), max(x))),
        max_size=6,
    ),
    st.integers(1, 30),
)
@settings(max_examples=60)
def test_gaps_have_their_range_whatever_the_groups(shares: dict[str, tuple[int, int]], least: int) -> None:
    """A difference and a ratio of shares are in [0, 1] or undefined, and no order of groups changes them."""
    groups = _groups(**shares)
    for parity in (DIFFERENCE, RATIO):
        value, other = (
            gap(parity, dict(order), least).value for order in (groups.items(), reversed(groups.items()))
        )
        if isinstance(value, Undefined):
            assert isinstance(other, Undefined)
        else:
            assert 0.0 <= value <= 1.0
            assert other == value


def test_a_limit_of_fairness_needs_a_protected_column(reference: Reference) -> None:
    """A limit of a gap that nothing measures is refused, and so is one of another task."""
    with pytest.raises(UnknownNameError):
        check_thresholds(["demographic_parity_ratio"], reference)
    check_thresholds(["demographic_parity_ratio"], reference, FAIR)
    with pytest.raises(UnknownNameError):
        check_thresholds([ERRORS_BETWEEN[0].name], reference, FAIR)


@pytest.mark.parametrize(
    ("protected", "error", "text"),
    [
        (Protected("income"), ConfigError, "groups of a protected column"),
        (Protected("gendre"), ConfigError, "groups of a protected column"),
        (Protected("gender", reference_group="w"), UnknownNameError, "'w'"),
        (Protected("gender", positive="maybe"), UnknownNameError, "'maybe'"),
    ],
)
def test_what_the_reference_does_not_know_is_refused(
    reference: Reference, protected: Protected, error: type[Exception], text: str
) -> None:
    """A column without groups, a group or a class that is not there keep the watch from starting."""
    with pytest.raises(error, match=text):
        Monitor("loans", reference, Settings(fairness=(protected,)))


def test_bins_are_groups() -> None:
    """Where the protected column is cut into bins, those are the groups, and one of them may be the reference group."""
    rng = np.random.default_rng(7)
    rows = {
        "age": rng.integers(18, 80, N).tolist(),
        "approved": rng.integers(0, 2, N).tolist(),
        "repaid": rng.integers(0, 2, N).tolist(),
    }
    known = Reference.of(
        rows,
        prediction="approved",
        target="repaid",
        task="classification",
        segments=[{"column": "age", "edges": [30, 60]}],
    )
    protected = Protected("age", reference_group="[30, 60)")
    monitor = Monitor("loans", known, Settings(Window(rows=N), fairness=(protected,)))
    monitor.push(rows)
    found = monitor.findings().get("group_selection_rate", "age", label="(-inf, 30)")
    assert found is not None
    young = [approved for age, approved in zip(rows["age"], rows["approved"], strict=True) if age < 30]
    assert (found.value, found.n) == (pytest.approx(sum(young) / len(young)), len(young))


def test_several_classes_need_one_in_favour() -> None:
    """Which of three classes is the good one is asked, not guessed."""
    rows = {"g": ["a", "b"] * 60, "prediction": ["x", "y", "z"] * 40, "target": ["x", "z", "z"] * 40}
    known = Reference.of(rows, task="classification", segments=["g"])
    with pytest.raises(ConfigError, match="in people's favour"):
        Monitor("m", known, Settings(fairness=(Protected("g"),)))
    monitor = Monitor("m", known, Settings(Window(rows=120), fairness=(Protected("g", positive="z"),)))
    monitor.push(rows)
    found = monitor.findings().get("group_true_positive_rate", "g", label="a")
    assert found is not None
    assert (found.value, found.n) == (0.5, 40)


def test_a_model_without_predictions_cannot_be_fair() -> None:
    """There has to be something that is given or withheld."""
    known = Reference.of({"g": ["a", "b"] * 60}, segments=["g"])
    with pytest.raises(ConfigError, match="nothing to compare"):
        Monitor("m", known, Settings(fairness=(Protected("g"),)))
