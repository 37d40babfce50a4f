"""Laws of the scores of rows, and of the tally of outliers."""

from __future__ import annotations

import math
from collections import Counter
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws.regrouping import regrouped, slices
from tests.laws.strategies import CATEGORIES, NUMBERS, RANDOMS

from modelvane import Monitor, Reference
from modelvane.casting import canonical
from modelvane.faults import InjectedFault, Nulls, Scale, Shift, inject
from modelvane.findings import Finding
from modelvane.outliers import OutlierCount, OutlierRuler
from modelvane.outliers.surprisal import FURTHEST
from modelvane.settings import Outliers, Settings, Window
from modelvane.tallies.outliers import TOP, OutlierTally
from modelvane.times import NO_TIME

ROWS = st.lists(
    st.fixed_dictionaries({}, optional={"distance": NUMBERS, "zone": CATEGORIES, "flag": CATEGORIES}),
    max_size=60,
)

CELLS = st.tuples(
    st.none() | st.floats(-5, 20) | st.floats(-1e4, 1e4), st.sampled_from([1, 4, 77, 78, "new", None])
)


@cache
def _data() -> dict[str, list[Any]]:
    rng = np.random.default_rng(5)
    return {
        "distance": [
            None if i % 50 == 0 else value for i, value in enumerate(rng.lognormal(size=400).tolist())
        ],
        "zone": [*rng.integers(1, 5, 397).tolist(), 77, 78, 79],
        "flag": [None if i % 10 else True for i in range(400)],
    }


@cache
def _reference() -> Reference:
    return Reference.of(_data(), categorical=["zone", "flag"], numerical=["distance"])


def _tally(rows: list[dict[str, Any]], times: list[int]) -> OutlierTally:
    counter = _reference().counter
    found = counter.rows(_reference().encode(rows, np.array(times, np.int64))).outliers
    assert found is not None
    return found


def _bits(as_extraordinary: int, rows: int) -> int:
    return math.floor(math.log2((rows + 1) / min(as_extraordinary, rows + 1)))


def _number_bits(values: list[Any], value: float | None) -> int:
    known = [each for each in values if each is not None]
    if value is None:
        return _bits(1 + len(values) - len(known), len(values))
    tail = min(sum(each <= value for each in known), sum(each >= value for each in known))
    away = max(min(known) - value, value - max(known), 0.0) / (max(known) - min(known))
    return _bits(2 * (1 + tail), len(values)) + min(math.floor(math.log2(1 + away)), FURTHEST)


def _category_bits(values: list[Any], value: str | None) -> int:
    names = [canonical(each) for each in values]
    counts = Counter(name for name in names if name is not None)
    if value is None:
        return _bits(1 + names.count(None), len(values))
    as_rare = max(counts[value], 1)
    return _bits(1 + sum(count for count in counts.values() if count <= as_rare), len(values))


def _scores(reference: Reference, rows: Any) -> list[int]:
    ruler = reference.counter.outliers
    assert ruler is not None
    block = reference.encode(rows)
    count = OutlierCount(ruler, reference.rulers, block.rows, least=0)
    for name in count.names:
        count.add(name, block.columns[name])
    return [score for score, _ in count.scores()]


@given(st.lists(CELLS, max_size=30))
def test_a_score_is_what_it_is_defined_to_be(cells: list[tuple[float | None, Any]]) -> None:
    """The score is the sum of the bits of all cells, counted by hand among the rows of the reference."""
    data = _data()
    rows = [{"distance": distance, "zone": zone, "flag": None} for distance, zone in cells]
    expected = [
        _number_bits(data["distance"], distance)
        + _category_bits(data["zone"], canonical(zone) if zone is not None else None)
        + _category_bits(data["flag"], None)
        for distance, zone in cells
    ]
    assert _scores(_reference(), rows) == expected


def test_the_reference_scores_each_row_against_the_others() -> None:
    """Its rows by score are those of each row against a reference that lacks it."""
    data = _data()
    found = Counter[int]()
    for row in range(len(data["zone"])):
        rest = {name: values[:row] + values[row + 1 :] for name, values in data.items()}
        found[
            _number_bits(rest["distance"], data["distance"][row])
            + _category_bits(rest["zone"], canonical(data["zone"][row]))
            + _category_bits(rest["flag"], canonical(data["flag"][row]))
        ] += 1
    outliers = _reference().tally.outliers
    assert outliers is not None
    assert {score: n for score, n in enumerate(outliers.counts.tolist()) if n} == dict(found)


@given(ROWS, st.lists(st.integers(0, 3), min_size=60, max_size=60), RANDOMS)
def test_tallies_of_outliers_add(rows: list[dict[str, Any]], times: list[int], random: Any) -> None:
    """In whatever parts rows are counted, the sum is the tally of all, the most outlying rows and their times too."""
    whole = _tally(rows, times[: len(rows)])
    parts = [_tally(rows[part], times[: len(rows)][part]) for part in slices(len(rows), random)]
    found = regrouped(parts, random)
    assert found == whole
    assert [row.time for row in found.top] == [row.time for row in whole.top]


@given(ROWS)
def test_the_top_is_of_the_highest_scores(rows: list[dict[str, Any]]) -> None:
    """The rows that are kept are those with the highest scores among the rows with a rare cell."""
    found = _tally(rows, [NO_TIME] * len(rows))
    scores = sorted(_scores(_reference(), rows), reverse=True)
    kept = [row.score for row in found.top]
    assert len(kept) <= TOP
    assert found.rows == len(rows)
    assert all(row.cells for row in found.top)
    if len(kept) == len(scores[:TOP]):
        assert kept == scores[:TOP]


def _stream(n: int, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {f"x{i}": rng.lognormal(size=n) for i in range(4)} | {"zone": rng.zipf(2.0, n).astype(str)}


@cache
def _of_stream() -> Reference:
    return Reference.of(_stream(20_000, 0), numerical=[f"x{i}" for i in range(4)], categorical=["zone"])


def _share(rows: Any) -> Finding:
    monitor = Monitor("taxi", _of_stream(), Settings(window=Window(rows=2000)))
    monitor.push(rows)
    found = monitor.findings().get("outlier_share")
    assert found is not None
    return found


def test_undrifted_windows_keep_to_the_expected_share() -> None:
    """Of rows like those of the reference as many are outliers as the quantile says, and none of the windows alarms."""
    found = [_share(_stream(2000, seed)) for seed in range(1, 21)]
    assert {each.verdict for each in found} == {"ok"}
    assert np.mean([each.value for each in found if each.value is not None]) == pytest.approx(
        found[0].reference, rel=0.5
    )


@pytest.mark.parametrize(
    ("fault", "share"),
    [
        (Scale(column="x1", factor=1e4, share=0.05), 0.02),
        (Nulls(column="x2", share=0.05), 0.02),
        (Shift(column="x3", by=-1e6, share=0.02, start=1000), 0.005),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_fault_in_part_of_the_traffic_raises_the_share(fault: InjectedFault, share: float) -> None:
    """Rows that a fault hits are outliers, and the finding names its column first."""
    found = _share(inject(_stream(2000, 1), fault))
    assert found.verdict == "alarm"
    assert found.value is not None
    assert found.value > share
    assert f": {fault.column} (10)" in found.cause


def test_any_quantile_can_be_the_threshold() -> None:
    """The quantile is a matter of the settings: one reference serves any, and more rows exceed a lower one."""
    shares = {}
    for quantile in (0.5, 0.9, 0.97, 0.999):
        settings = Settings(window=Window(rows=2000), outliers=Outliers(quantile=quantile))
        monitor = Monitor("taxi", _of_stream(), settings)
        monitor.push(_stream(2000, 1))
        found = monitor.findings().get("outlier_share")
        assert found is not None
        assert found.reference is not None
        assert found.reference <= 1 - quantile
        shares[quantile] = found.value
    assert list(shares.values()) == sorted(shares.values(), reverse=True)


def test_values_of_a_digest_are_told_apart() -> None:
    """Rows of one score that differ in a rare value are different rows, in whatever order they come."""
    rows = [{"distance": 1000.0 + i, "zone": 1} for i in range(3 * TOP)]
    one, other = _tally(rows, [NO_TIME] * len(rows)), _tally(rows[::-1], [NO_TIME] * len(rows))
    assert len({row.digest for row in one.top}) == TOP
    assert one == other


def test_a_window_of_outliers_alarms_and_names_their_columns() -> None:
    """Rows beyond the reference's range are outliers; the finding says which columns make them so."""
    reference = _reference()
    monitor = Monitor("taxi", reference, window=100)
    monitor.push([{"distance": 1.0, "zone": 2}] * 70 + [{"distance": 1e6, "zone": "new"}] * 30)
    found = monitor.findings().get("outlier_share")
    assert found is not None
    assert (found.verdict, found.value) == ("alarm", 0.3)
    assert found.cause == "rare cells in the 10 most outlying rows: distance (10), zone (10)"


def test_the_most_bits_are_enough() -> None:
    """No row has more bits than the tally has room for, whatever is in it."""
    ruler = OutlierRuler.of(_reference().schema, _reference().tally.columns)
    assert ruler is not None
    worst = max(_scores(_reference(), [{"distance": float("inf"), "zone": [1], "flag": "no"}]))
    assert 20 < worst <= ruler.most
