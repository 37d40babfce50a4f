"""The promise of the noise line where there are more current rows than reference rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from bench.trips import CATEGORICAL, NUMERICAL, month_of_trips
from numpy.typing import NDArray

from modelvane.batch import Judged, judge
from modelvane.calibration.lines import divergence_lines
from modelvane.calibration.null import null_moments
from modelvane.calibration.redrawing import shares_of_all
from modelvane.divergences import DIVERGENCES
from modelvane.engines.count import count
from modelvane.engines.source import TableSource
from modelvane.findings import Verdict
from modelvane.reference import Reference
from modelvane.ruler import CategoricalRuler
from modelvane.tallies.sample import Sample

REFERENCE_ROWS, ROWS = 2000, 50_000


def _zipf(categories: int, power: float) -> NDArray[np.float64]:
    weights = 1 / np.arange(1.0, categories + 1) ** power
    return weights / weights.sum()


SHARES = {
    "few": np.array([0.6, 0.35, 0.05]),
    "many": _zipf(200, 1.3),
    "a long tail": _zipf(20_000, 1.5),
}


def _values_and_floor(
    shares: NDArray[np.float64], method: str, level: float, rng: np.random.Generator
) -> tuple[NDArray[np.float64], float]:
    """Draw a reference and windows from the same shares, on the ruler that the reference gives."""
    past = rng.multinomial(REFERENCE_ROWS, shares)
    seen = np.flatnonzero(past)
    reference = Sample(CategoricalRuler(tuple(map(str, seen))), np.append(past[seen], 0))
    current = rng.multinomial(ROWS, shares, 20)
    known = current[:, seen]
    windows = Sample(reference.ruler, np.column_stack((known, ROWS - known.sum(axis=1))))
    divergence = DIVERGENCES[method]
    null = null_moments(divergence, reference, draws=200)
    lines = divergence_lines(divergence, level, ROWS, REFERENCE_ROWS, null, None, constant=False)
    assert lines.noise_floor is not None
    beside = Sample(reference.ruler, np.broadcast_to(reference.counts, windows.counts.shape))
    return divergence.kernel(beside, windows), lines.noise_floor


@pytest.mark.parametrize("method", ["g_test", "jensen_shannon"])
@pytest.mark.parametrize("column", SHARES)
def test_categories_that_the_reference_could_not_show_are_no_drift(column: str, method: str) -> None:
    """Of windows 25 times as long as their reference few are above the line, however long the tail of categories."""
    rng = np.random.default_rng(7)
    above, near = [], []
    for _ in range(12):
        values, floor = _values_and_floor(SHARES[column], method, 0.002, rng)
        above.append((values > floor).mean())
        near.append(np.median(values) / floor)
    # windows beside one reference are above the line together: one of twelve may be
    assert np.mean(above) <= 1 / 12
    assert np.mean(near) > 0.25


def test_shares_make_room_for_what_was_not_seen() -> None:
    """Unseen categories have the share of rows that are alone in theirs, and common ones keep theirs."""
    found = shares_of_all(np.array([900, 90, 1, 1, 1, 1, 1, 1, 1, 1, 2]))
    assert found.sum() == pytest.approx(1)
    assert found[-1] == pytest.approx(8 / 1000, rel=0.01)
    assert found[:2] == pytest.approx([0.9, 0.09], rel=1e-6)
    assert (found[2:10] < 0.001).all()
    everything_once = shares_of_all(np.ones(50, np.int64))
    assert everything_once[-1] == pytest.approx(1)
    assert not np.isnan(everything_once).any()


def _stream(rows: int, seed: int) -> pa.Table:
    rng = np.random.default_rng(seed)
    columns: dict[str, object] = {}
    for i in range(5):
        columns[f"measured {i}"] = rng.lognormal(1, 0.3 + 0.1 * i, rows)
        columns[f"rounded {i}"] = np.round(rng.normal(10, 3, rows), i % 3)
    for i, categories in enumerate((2, 3, 5, 8, 12, 20, 40, 100, 500, 5000)):
        columns[f"category {i}"] = rng.choice(categories, rows, p=_zipf(categories, 1.0 + 0.08 * i)).astype(
            str
        )
    return pa.table(columns)


def _judged(reference: Reference, rows: pa.Table) -> Judged:
    return judge("taxi", reference, count(TableSource(rows), reference, now=0.0))


def _alarms(judged: Judged) -> list[tuple[str, str | None]]:
    return [(f.measure, f.column) for f in judged.findings if f.verdict in (Verdict.ALARM, Verdict.CHANGED)]


def test_a_batch_larger_than_its_reference_does_not_cry_wolf() -> None:
    """Twenty columns, 50 000 rows beside 2000, default budget: no alarm without a change, one with."""
    for seed in range(2):
        reference = Reference.of(_stream(REFERENCE_ROWS, seed))
        for held_out in range(3):
            assert _alarms(_judged(reference, _stream(ROWS, 100 + 10 * seed + held_out))) == []
    drifted = _stream(ROWS, 200)
    shifted = pa.array(drifted["measured 0"].to_numpy() * 1.2)
    alarms = _alarms(_judged(reference, drifted.set_column(0, "measured 0", shifted)))
    assert ("kolmogorov_smirnov", "measured 0") in alarms


def test_the_rest_of_a_month_beside_a_few_of_its_trips(taxi_data: Path) -> None:
    """Real trips, 2000 of a month as the reference and all others as the batch: no alarm, whatever is held out."""
    assert taxi_data.is_dir()
    trips = month_of_trips("2021-01").select([*NUMERICAL, *CATEGORICAL])
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(trips.num_rows)
        reference = Reference.of(
            trips.take(order[:REFERENCE_ROWS]), numerical=NUMERICAL, categorical=CATEGORICAL
        )
        assert _alarms(_judged(reference, trips.take(order[REFERENCE_ROWS:]))) == []
