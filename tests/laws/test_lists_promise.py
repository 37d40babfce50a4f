"""What is promised of columns of lists: entries of one list hang together, and do not cry wolf for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from modelvane.calibration.lines import divergence_lines
from modelvane.counting import count_column
from modelvane.divergences import DIVERGENCES
from modelvane.findings import Family, Finding, Verdict
from modelvane.methods import Methods
from modelvane.monitor import Monitor
from modelvane.reference import Reference
from modelvane.settings import Settings, Window

DRIFT = {"served": ("total_variation",), "scores": ("kolmogorov_smirnov", "psi")}
ROWS, WINDOWS = 600, 400
SETTINGS = Settings(window=Window(rows=200), methods=Methods(columns=DRIFT))


def _alike(rng: np.random.Generator, rows: int) -> list[dict[str, Any]]:
    """Invent answers of which each has one theme: its items are of one shelf, its scores near each other."""
    shelves, level = rng.integers(0, 20, rows), rng.normal(0.5, 0.2, rows)
    return [
        {
            "served": [f"p{shelf}-{item}" for item in rng.choice(15, 8, replace=False)],
            "scores": (middle + rng.normal(0, 0.05, 8)).tolist(),
        }
        for shelf, middle in zip(shelves.tolist(), level.tolist(), strict=True)
    ]


@pytest.fixture(scope="module")
def reference() -> Reference:
    """Answers without a time column: an alarm is at the noise floor."""
    return _reference(Methods(columns=DRIFT))


def _drift(monitor: Monitor) -> list[Finding]:
    return [one for one in monitor.findings() if one.family is Family.DRIFT]


def _reference(methods: Methods) -> Reference:
    rows = _alike(np.random.default_rng(1), ROWS)
    return Reference.of(rows, prediction="served", scores="scores", task="recommendation", methods=methods)


@pytest.mark.parametrize("n", [40, 200, 1200])
@pytest.mark.parametrize(
    ("column", "method"), [(column, method) for column, methods in DRIFT.items() for method in methods]
)
def test_undrifted_windows_of_lists_are_above_the_floor_as_often_as_its_level(
    reference: Reference, column: str, method: str, n: int
) -> None:
    """Undrifted lists exceed the noise floor at its level, any number."""
    level, divergence, many = 0.05, DIVERGENCES[method], 20 * ROWS
    ruler, null = reference.rulers[column], reference.calibration.nulls["", column, method]
    floor = divergence_lines(divergence, level, 8 * n, 8 * ROWS, null, None, constant=False).noise_floor
    assert floor is not None
    fresh = reference.encode(_alike(np.random.default_rng(2), many)).columns[column]
    rng, exceeded = np.random.default_rng(3), 0
    for _ in range(WINDOWS):
        order = rng.choice(many, ROWS + n, replace=False)
        past, current = (count_column(ruler, fresh.take(rows)).sample for rows in (order[n:], order[:n]))
        exceeded += float(divergence.kernel(past, current)) > floor
    # the reference that the floor is from is one of many
    assert 0.2 * level <= exceeded / WINDOWS <= 1.6 * level


def test_what_takes_entries_for_independent_says_nothing_of_lists(reference: Reference) -> None:
    """Undrifted lists raise no alarm, without a time column and at every window; they have no p-value either."""
    monitor = Monitor("reco", reference, SETTINGS)
    for seed in range(10):
        monitor.push(_alike(np.random.default_rng(100 + seed), 200))
        found = _drift(monitor)
        assert {one.column for one in found} == set(DRIFT)
        assert {one.verdict for one in found} <= {Verdict.OK, Verdict.INFO}
        assert {one.p_value for one in found} == {None}


def test_lists_of_another_theme_are_drift(reference: Reference) -> None:
    """A floor for lists is no blindness: a window of one shelf in four is an alarm."""
    monitor = Monitor("reco", reference, SETTINGS)
    rows = _alike(np.random.default_rng(5), 2000)
    monitor.push([row for row in rows if row["served"][0].split("-")[0] in {"p0", "p1", "p2", "p3", "p4"}])
    assert {one.verdict for one in _drift(monitor) if one.column == "served"} == {Verdict.ALARM}


def test_without_the_rows_every_list_counts_as_one_value(reference: Reference) -> None:
    """A divergence that a reference was not built for is judged no more strictly than by its lists."""
    later = Methods(
        columns={"served": ("jensen_shannon",), "scores": ("kolmogorov_smirnov", "jensen_shannon")}
    )
    from_tally = reference.calibrated(later).calibration.nulls
    from_rows = _reference(later).calibration.nulls
    for key in (("", "served", "jensen_shannon"), ("", "scores", "jensen_shannon")):
        for n in (100, 1000, 10_000):
            assert from_tally[key].exceeded_with(1e-4, n) >= 0.95 * from_rows[key].exceeded_with(1e-4, n)


def test_new_items_that_come_by_the_list_are_as_usual() -> None:
    """Where all of a list is new or nothing, windows with as many new lists as before are no fault."""

    def rows(rng: np.random.Generator, count: int) -> list[dict[str, Any]]:
        is_new = rng.random(count) < 0.02
        known = rng.choice(30, (count, 8))
        return [
            {"served": [f"{rng.random()} {i}" if new else f"p{item}" for i, item in enumerate(items)]}
            for new, items in zip(is_new.tolist(), known.tolist(), strict=True)
        ]

    reference = Reference.of(rows(np.random.default_rng(1), 1000), prediction="served", task="recommendation")
    monitor = Monitor("reco", reference, window=50)
    alarms = 0
    for seed in range(40):
        monitor.push(rows(np.random.default_rng(seed), 50))
        (found,) = [one for one in monitor.findings() if one.measure == "unseen_share"]
        assert found.noise_floor is not None
        alarms += found.verdict is Verdict.ALARM
    assert not alarms
