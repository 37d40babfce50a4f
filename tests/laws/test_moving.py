"""References that move: the windows before the current one, on the rulers of the reference that was built."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from modelvane import Findings, Monitor, Reference, Verdict
from modelvane.batch import judge
from modelvane.calibration.null import exchanged_moments, null_moments
from modelvane.config import Config
from modelvane.divergences import DIVERGENCES
from modelvane.engines.count import count, with_before
from modelvane.engines.source import TableSource
from modelvane.errors import ConfigError
from modelvane.jobs import Job, count_period, judge_period
from modelvane.methods import Methods
from modelvane.moving import moved, tally_compared_with
from modelvane.references import load_reference
from modelvane.settings import Moving, Settings, Window
from modelvane.store import open_log
from modelvane.table import Table

BASE = 1_600_000_000
ROWS, WINDOWS = 50, 3
METHODS = Methods(categorical=("jensen_shannon",))
# of how rows arrive, which a batch knows otherwise
ARRIVAL = ("last_row_age", "rows_per_second", "label_lag", "label_coverage", "late_rows")


def _trips(number: int, seed: int, *, start: int = 0, factor: float = 1.0) -> dict[str, list[Any]]:
    """Give trips, ten seconds between two of them."""
    rng = np.random.default_rng(seed)
    distance = np.round(rng.lognormal(1.0, 0.5, number) * factor, 2)
    predicted = distance * 3
    return {
        "id": [f"{seed}-{at}" for at in range(number)],
        "time": [BASE + 10 * (start + at) for at in range(number)],
        "distance": distance.tolist(),
        "zone": [f"z{v}" for v in np.minimum(rng.geometric(0.3, number), 6).tolist()],
        "prediction": predicted.tolist(),
        "target": np.round(predicted + rng.normal(0, 1, number), 1).tolist(),
    }


def _part(rows: dict[str, list[Any]], start: int, stop: int) -> dict[str, list[Any]]:
    return {name: values[start:stop] for name, values in rows.items()}


@cache
def _reference(moving: int | None = WINDOWS) -> Reference:
    return Reference.of(
        _trips(3000, 1), target="target", prediction="prediction", segments=["zone"], moving=moving
    )


def _settings(windows: int = WINDOWS, seconds: float | None = None, **more: Any) -> Settings:
    window = Window(rows=ROWS, seconds=seconds, panes=5)
    return Settings(window=window, moving=Moving(windows), methods=METHODS, **more)


def _pushed(settings: Settings, rows: dict[str, list[Any]], parts: Sequence[int]) -> Monitor:
    monitor = Monitor("taxi", _reference(), settings, clock=lambda: float(BASE + 100_000))
    at, total = 0, len(rows["id"])
    for size in [*parts, total]:
        monitor.push(_part(rows, at, min(at + size, total)))
        # what is asked in between is what stretches are counted at
        monitor.tally()
        at = min(at + size, total)
    return monitor


def _said(found: Findings) -> dict[Any, Any]:
    return {
        f.key: (f.value, f.reference, f.noise_floor, f.usual_range, f.verdict, f.why)
        for f in found
        if f.measure not in ARRIVAL
    }


# ------------------------------------------------------------------ tallies


@given(total=st.integers(1, 320), parts=st.lists(st.integers(1, 90), max_size=6))
@hypothesis_settings(max_examples=30, deadline=None)
def test_the_rows_before_are_the_sum_of_their_windows(total: int, parts: list[int]) -> None:
    """What came before a window is the tally of exactly those rows, however they came and were asked for."""
    rows = _trips(total, 2)
    found = _pushed(_settings(), rows, parts).tally().before
    until = max(total - ROWS, 0)
    expected = _part(rows, max(until - WINDOWS * ROWS, 0), until)
    if not until:
        assert found is None
        return
    assert found is not None
    counter = _reference().counter
    block = _reference().encode(expected)
    assert found.rows == counter.rows(block)
    assert found.labelled == counter.labelled(block)
    assert found.period == (expected["time"][0] * 1_000_000, expected["time"][-1] * 1_000_000)


@given(total=st.integers(1, 320), parts=st.lists(st.integers(1, 90), max_size=6))
@hypothesis_settings(max_examples=20, deadline=None)
def test_a_time_window_keeps_the_panes_before_it(total: int, parts: list[int]) -> None:
    """Of a time window what came before are the panes of as many windows, none of them its own."""
    rows = _trips(total, 3)
    monitor = _pushed(_settings(seconds=400), rows, parts)
    found = monitor.tally()
    last = (BASE + 10 * (total - 1)) // 80
    panes = np.array(rows["time"]) // 80
    current, before = (
        np.flatnonzero((panes > last - most) & (panes <= last - least)) for least, most in ((0, 5), (5, 20))
    )
    block = _reference().encode(rows)
    assert found.rows == _reference().counter.rows(block.take(current))
    if len(before):
        assert found.before is not None
        assert found.before.rows == _reference().counter.rows(block.take(before))
        assert found.before.labelled == _reference().counter.labelled(block.take(before))
    else:
        assert found.before is None


def test_a_corrected_label_before_the_window_counts() -> None:
    """A target that is corrected after its row left the window is corrected in what the window is compared with."""
    rows = _trips(4 * ROWS, 4)
    truth = rows.pop("target")
    monitor = Monitor("taxi", _reference(), _settings())
    monitor.push(rows)
    monitor.label(rows["id"], truth)
    monitor.tally()
    monitor.label(rows["id"][:1], [truth[0] + 100.0])
    found = monitor.tally().before
    assert found is not None
    expected = {**rows, "target": [truth[0] + 100.0, *truth[1:]]}
    assert found.labelled == _reference().counter.labelled(
        _reference().encode(_part(expected, 0, WINDOWS * ROWS))
    )


# ----------------------------------------------------------------- findings


def test_a_stream_that_stays_elsewhere_is_its_own_reference() -> None:
    """A change alarms when it comes, and no more once the windows before have it; a reference that stays goes on."""
    rows = _trips(6 * ROWS, 5, factor=2.0)
    moving, fixed = (
        Monitor("taxi", _reference(), settings)
        for settings in (_settings(), Settings(window=Window(rows=ROWS), methods=METHODS))
    )
    verdicts = []
    for monitor in (moving, fixed):
        monitor.push(_trips(4 * ROWS, 6))
        monitor.push(_part(rows, 0, ROWS))
        early = monitor.findings().get("kolmogorov_smirnov", "distance")
        monitor.push(_part(rows, ROWS, 6 * ROWS))
        late = monitor.findings().get("kolmogorov_smirnov", "distance")
        assert early is not None
        assert late is not None
        verdicts.append((early.verdict, late.verdict))
    assert verdicts == [(Verdict.ALARM, Verdict.OK), (Verdict.ALARM, Verdict.ALARM)]


def test_before_there_are_rows_before_the_reference_is_the_one_that_was_built() -> None:
    """Until enough rows came before a window it is compared with the built reference; findings say with what."""
    monitor = Monitor("taxi", _reference(), _settings())
    monitor.push(_part(_trips(4 * ROWS, 7, start=5000), 0, ROWS + 29))
    built = _reference().period
    assert built is not None
    assert monitor.findings().compared_with == (built[0] / 1e6, built[1] / 1e6)
    monitor.push(_part(_trips(4 * ROWS, 7, start=5000), ROWS + 29, ROWS + 30))
    assert monitor.findings().compared_with == (BASE + 50_000, BASE + 50_000 + 29 * 10)


def test_the_reference_of_a_value_is_that_of_the_windows_before() -> None:
    """Every finding's value over the reference, also by segment, is that over the rows before."""
    rows = _trips(4 * ROWS, 8)
    found = _pushed(_settings(), rows, []).findings()
    before = _reference().encode(_part(rows, 0, WINDOWS * ROWS))
    expected = Monitor("taxi", _reference(), Settings(window=Window(rows=WINDOWS * ROWS)))
    expected.push(_part(rows, 0, WINDOWS * ROWS))
    assert before.rows == WINDOWS * ROWS
    for measure, column, segment in (
        ("mean_absolute_error", None, None),
        ("mean_absolute_error", None, "zone=z1"),
        ("mean", "prediction", "zone=z2"),
    ):
        one, other = found.get(measure, column, segment), expected.findings().get(measure, column, segment)
        assert one is not None
        assert other is not None
        assert one.reference == other.value


def test_live_and_batch_are_one() -> None:
    """A live window and a batch of its rows, beside those before it, give the same findings."""
    rows = _trips(4 * ROWS, 9)
    live = _pushed(_settings(), rows, [7, 60]).findings()
    now = float(BASE + 100_000)
    current, before = (TableSource(_part(rows, *limits)) for limits in ((150, 200), (0, 150)))
    counted = with_before(count(current, _reference(), now=now), before, _reference(), now=now)
    judged = judge("taxi", _reference(), counted, _settings())
    assert _said(judged.findings) == _said(live)
    assert judged.findings.compared_with == live.compared_with
    assert (
        judged.reference.tally.columns["distance"]
        == _reference().counter.rows(_reference().encode(_part(rows, 0, 150))).columns["distance"]
    )


# -------------------------------------------------------------------- lines


def test_the_noise_is_that_of_both_sizes() -> None:
    """The null between a window and as many rows before is the permutation null, larger than that of a long past."""
    tally = _reference().tally.columns["zone"]
    divergence = DIVERGENCES["jensen_shannon"]
    whole = null_moments(divergence, tally.sample)
    counts = np.round(np.asarray(tally.sample.counts) / 30).astype(np.int64)
    equal = exchanged_moments(divergence, tally.sample.with_counts(counts), int(counts.sum()) // 2, 2000)
    n = int(counts.sum()) // 2
    # of a small part of a long past: half of the variance of two halves
    assert equal.at(n)[0] == pytest.approx(2 * whole.at(n)[0], rel=0.15)


def test_a_window_against_those_before_alarms_as_seldom_as_it_should() -> None:
    """Of windows without a change no more exceed the noise floor of a budget than that allows."""
    settings = _settings(budget=0.5)
    monitor = Monitor("taxi", _reference(), settings)
    alarms = 0
    for seed in range(60):
        monitor.push(_trips(ROWS, 100 + seed))
        found = [
            monitor.findings().get(*key)
            for key in (("jensen_shannon", "zone"), ("kolmogorov_smirnov", "distance"))
        ]
        alarms += sum(
            each.value > each.noise_floor for each in found if each and each.value and each.noise_floor
        )
    # 120 comparisons at 0.5 / 40 / 7 parts each
    assert alarms <= 3


def test_the_habit_is_that_of_windows_and_those_before_them(tmp_path: Path) -> None:
    """The usual range comes from the reference's own windows against those before; it is kept in the file."""
    reference = _reference()
    reference.save(tmp_path / "ref.mv")
    again = Reference.load(tmp_path / "ref.mv")
    assert again.digest == reference.digest
    assert again.moving is not None
    assert again.moving.windows == WINDOWS
    rows = _trips(4 * ROWS, 10)
    finding = _pushed(_settings(), rows, []).findings().get("kolmogorov_smirnov", "distance")
    assert finding is not None
    assert finding.usual_range is not None
    unlearned = Monitor("taxi", _reference(None), _settings())
    unlearned.push(rows)
    finding = unlearned.findings().get("kolmogorov_smirnov", "distance")
    assert finding is not None
    assert finding.usual_range is None
    assert "the reference was built without one" in finding.why


def test_a_moved_reference_counts_as_the_built_one() -> None:
    """Rows are counted on what was frozen from the reference that was built."""
    window = _pushed(_settings(), _trips(4 * ROWS, 11), []).tally()
    found = moved(_reference(), window, _settings())
    assert found.counter is _reference().counter
    assert found.tally == tally_compared_with(_reference(), window, _settings())
    assert moved(_reference(), window, Settings()) is _reference()


# --------------------------------------------------------------- the config


def _config(folder: Path, service: dict[str, Any] | None = None, **dataset: Any) -> Config:
    return Config.of(
        {"datasets": {"taxi": {"reference_file": "ref.mv", **dataset}}, "service": service or {}}, folder
    )


def test_the_2022_file_moves_its_references(tmp_path: Path) -> None:
    """`moving_reference: true` moves the references of the datasets that do not say what theirs are."""
    config = Config.of(
        {
            "datasets": {"a": {}, "b": {"reference_period": "hour_of_week"}},
            "service": {"moving_reference": True, "min_reference_size": 40},
        },
        tmp_path,
    )
    assert config.settings("a").moving == Moving(windows=4, least_rows=40)
    assert config.settings("b").moving is None


def test_a_saved_reference_must_have_learned_it(tmp_path: Path) -> None:
    """A reference with a habit, but not that of windows and those before, is refused with what it is for."""
    _reference(2).save(tmp_path / "ref.mv")
    with pytest.raises(ConfigError, match="reference_period: moving"):
        load_reference(_config(tmp_path, reference_period="moving"), "taxi")
    assert load_reference(_config(tmp_path, reference_period="moving", reference_windows=2), "taxi").moving


def test_a_period_of_the_log_is_compared_with_the_periods_before(tmp_path: Path) -> None:
    """`modelvane report` compares a period with as many before it, from the same log."""
    _reference().save(tmp_path / "ref.mv")
    config = _config(
        tmp_path,
        {"store": "sqlite:///log.db"},
        reference_period="moving",
        reference_windows=WINDOWS,
        column_mapping={"target": "target", "datetime": "time"},
        drift={"categorical": "jensen_shannon"},
    )
    rows = _trips(4 * ROWS, 12)
    log = open_log(config.store_url)
    log.open("taxi", _reference().schema)
    log.append("taxi", Table.of(rows), float(BASE))
    log.close()
    since, until = float(BASE + 10 * 150), float(BASE + 10 * 200)
    job = Job.of_config(config, since=since, until=until)
    judged = judge_period(job, _reference(), count_period(job, _reference()).counted)
    assert judged.findings.compared_with == (float(BASE), float(BASE + 10 * 149))
    assert (
        judged.reference.tally.columns["zone"]
        == _reference().counter.rows(_reference().encode(_part(rows, 0, 150))).columns["zone"]
    )
