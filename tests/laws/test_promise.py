"""The promise of the noise line: on data in which nothing changes it alarms no more often than the budget allows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from bench.windows import Windows, any_of, draw, in_time_order
from numpy.typing import NDArray
from scipy import stats

from modelvane import Reference
from modelvane.calibration.lines import OVERLAP, Alarm, divergence_lines
from modelvane.calibration.null import null_moments
from modelvane.divergences import DIVERGENCES
from modelvane.methods import Methods
from modelvane.ruler import CategoricalRuler
from modelvane.tallies.sample import Sample

ROWS = 6000
NUMERICAL = ("amount", "distance", "passengers", "some")
CATEGORICAL = ("switch", "few", "many", "rare")
METHODS = Methods(
    numerical=("kolmogorov_smirnov", "jensen_shannon"), categorical=("jensen_shannon", "g_test")
)


def _stream(rows: int, seed: int) -> pa.Table:
    """Give rows of one distribution: heavy tails, ties, gaps; few categories, many, and rare ones."""
    rng = np.random.default_rng(seed)
    distance = rng.lognormal(0.5, 0.8, rows).round(2)
    some = np.where(rng.random(rows) < 0.3, np.nan, rng.exponential(size=rows))
    return pa.table(
        {
            "amount": rng.normal(10, 3, rows),
            "distance": distance,
            "passengers": np.minimum(rng.geometric(0.6, rows), 40) * 0.5,
            "some": pa.array(some, from_pandas=True),
            "switch": rng.random(rows) < 0.35,
            "few": rng.choice(["card", "cash", "dispute"], rows, p=[0.6, 0.35, 0.05]),
            "many": np.minimum(rng.zipf(1.6, rows), 60),
            "rare": rng.choice(["usual", "seldom", "once"], rows, p=[0.979, 0.02, 0.001]),
        }
    )


@pytest.fixture(scope="module")
def reference() -> Reference:
    """Give a reference of rows in which nothing changes."""
    return Reference.of(_stream(ROWS, 1), numerical=NUMERICAL, categorical=CATEGORICAL, methods=METHODS)


def _above(windows: Windows, index: NDArray[np.int64], lower: float) -> int:
    """Count over all columns the windows that are above their noise floor, or above a share of it."""
    count = 0
    for column in windows.columns:
        values, usable = windows.values(column, index)
        floors = {n: windows.lines(column, n).noise_floor for n in np.unique(usable).tolist()}
        assert None not in floors.values()
        lines = np.array([floors[n] for n in usable.tolist()], np.float64)
        count += int((values > lower * lines).sum())
    return count


@pytest.mark.parametrize("rank", [0, 1])
@pytest.mark.parametrize("n", [60, 400])
def test_undrifted_windows_are_above_the_line_as_often_as_its_level(
    reference: Reference, n: int, rank: int
) -> None:
    """Fresh rows of the same distribution exceed the noise floor at its level; a floor 10 % lower would be noticed."""
    level, count = 0.001, 4000
    windows = Windows.of(reference, _stream(80_000, 2 + n))
    methods = Methods(numerical=METHODS.numerical[rank:], categorical=METHODS.categorical[rank:])
    windows = replace(windows, methods=methods, budget=level * OVERLAP * len(windows.columns))
    index = draw(80_000, n, count, np.random.default_rng(n))
    expected = level * count * len(windows.columns)
    allowed = 1.8 * expected
    assert _above(windows, index, 1.0) <= allowed < _above(windows, index, 0.9)


@pytest.mark.parametrize("n", [300, 1000])
@pytest.mark.parametrize("method", ["chi_square", "g_test"])
def test_the_line_of_few_categories_is_chi_squares(method: str, n: int) -> None:
    """Far out in the tail the drawn line is the analytic one: fitted to roots it would be 11 % too high."""
    divergence, rows = DIVERGENCES[method], 20_000
    sample = Sample(CategoricalRuler(("a", "b", "c")), np.array([8000, 7000, 5000, 0]))
    nulls = [null_moments(divergence, sample, seed=seed) for seed in range(6)]
    lines = [
        divergence_lines(divergence, 5e-6, n, rows, null, None, constant=False).noise_floor for null in nulls
    ]
    assert np.mean(np.array(lines)) == pytest.approx(
        np.sqrt(stats.chi2.isf(5e-6, 2) * (1 / n + 1 / rows)), rel=0.05
    )


def test_alarm_episodes_of_an_unchanging_stream_stay_within_the_budget(reference: Reference) -> None:
    """Windows evaluated every fiftieth of their length start no more alarms than the budget per window-length."""
    n, lengths, budget = 200, 400, 0.1
    rows = n * lengths
    windows = replace(Windows.of(reference, _stream(rows, 3)), budget=budget)
    alarmed = any_of(windows.verdicts(in_time_order(rows, n, n // 50), Alarm.NOISE, in_order=True))
    episodes = int((alarmed[1:] & ~alarmed[:-1]).sum())
    assert episodes <= budget * lengths


def test_many_windows_are_judged_as_a_monitor_judges_one(reference: Reference) -> None:
    """Values, lines and verdicts of windows judged at once are those of a monitor that is given their rows."""
    rows = _stream(3000, 4)
    windows = Windows.of(reference, rows)
    windows.require_like_a_monitor(rows, in_time_order(3000, 300, 900), Alarm.NOISE)
