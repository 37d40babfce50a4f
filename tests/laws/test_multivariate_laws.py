"""Laws of cross moments, of what follows from them, and of their findings."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from modelvane.engines.count import count
from modelvane.engines.source import TableSource
from modelvane.errors import TallyMismatchError
from modelvane.faults import Mispair, inject
from modelvane.findings import Findings, Verdict
from modelvane.monitor import Monitor
from modelvane.multivariate.correlation import correlations, largest_change
from modelvane.multivariate.moments import CrossMoments
from modelvane.multivariate.ruler import NAME, MomentsRuler
from modelvane.multivariate.scores import BLOCK, MOST
from modelvane.reference import Reference
from modelvane.row_rulers import rulers_of, state_of
from modelvane.settings import Settings, Window

Table = NDArray[np.int8]
MEASURES = ("correlation_change", "reconstruction_error")


def tables(rows: int = 40) -> st.SearchStrategy[Table]:
    """Give scores, shape ``(rows, columns)``."""

    def of(columns: int) -> st.SearchStrategy[Table]:
        row = st.lists(st.integers(-MOST, MOST), min_size=columns, max_size=columns)
        return st.lists(row, max_size=rows).map(lambda drawn: np.array(drawn, np.int8).reshape(-1, columns))

    return st.integers(2, 5).flatmap(of)


def moments(table: Table) -> CrossMoments:
    return CrossMoments.of(list(table.T))


@given(tables(), st.lists(st.integers(0, 40), max_size=5))
def test_tallies_of_parts_add_up(table: Table, cuts: list[int]) -> None:
    """Tallies of parts of the rows, in any grouping, are that of all rows, bit for bit."""
    limits = [0, *sorted(min(cut, len(table)) for cut in cuts), len(table)]
    parts = [moments(table[a:b]) for a, b in pairwise(limits)]
    total = CrossMoments.zero(table.shape[1])
    for part in reversed(parts):
        total = part + total
    assert total == moments(table)


@given(tables())
def test_sums_are_what_plain_integers_give(table: Table) -> None:
    """Sums and products are those of Python's own integers."""
    found = moments(table)
    columns = [[int(score) for score in column] for column in table.T]
    assert found.n == len(table)
    assert found.sums.tolist() == [sum(column) for column in columns]
    products = [[sum(x * y for x, y in zip(a, b, strict=True)) for b in columns] for a in columns]
    assert found.products.tolist() == products


@pytest.mark.parametrize("columns", [2, 20, 64])
@pytest.mark.parametrize("rows", [BLOCK - 1, BLOCK + 5])
def test_sums_of_the_largest_scores_are_exact(columns: int, rows: int) -> None:
    """Products are exact where each is as large as can be, in blocks that are full and in one that is not."""
    table = np.full((rows, columns), -MOST, np.int8)
    assert (moments(table).products == rows * MOST**2).all()


def test_tallies_of_other_columns_do_not_add() -> None:
    """Cross moments of two and of three columns are an error."""
    with pytest.raises(TallyMismatchError, match="one reference"):
        CrossMoments.zero(2) + CrossMoments.zero(3)


def rows(seed: int, n: int, *, start: float = 0.0) -> dict[str, list[Any]]:
    """Give rows of which distance and fare belong together, as do zone and distance."""
    rng = np.random.default_rng(seed)
    zone = rng.integers(0, 6, n)
    distance = rng.lognormal(0.3 * np.array([3, 0, 2, 5, 1, 4])[zone] / 2, 0.5)
    fare = 3 + 2.5 * distance + rng.normal(0, 1, n)
    hour = rng.uniform(0, 24, n)
    return {
        "at": (1.6e9 + start + 60.0 * np.arange(n)).tolist(),
        "zone": [f"zone {each}" for each in zone],
        "distance": distance.tolist(),
        "fare": [None if i % 50 == 7 else value for i, value in enumerate(fare.tolist())],
        "hour": hour.tolist(),
    }


@cache
def reference() -> Reference:
    return Reference.of(rows(0, 6000), time="at")


def ruler() -> MomentsRuler:
    found = reference().row_rulers[NAME]
    assert isinstance(found, MomentsRuler)
    return found


def findings(data: Any, **more: Any) -> Findings:
    table = data if hasattr(data, "rows") else None
    n = table.rows if table is not None else len(data["distance"])
    monitor = Monitor("trips", reference(), Settings(window=Window(rows=n), **more), clock=lambda: 2e9)
    monitor.push(data)
    return monitor.findings()


def verdicts(found: Findings) -> list[Verdict | None]:
    return [one.verdict if (one := found.get(name)) is not None else None for name in MEASURES]


def test_a_joint_swap_is_found_that_no_column_shows() -> None:
    """Fares of other rows leave every column as it was: no column drifts, and columns together alarm, by name."""
    for seed in range(3):
        found = findings(inject(rows(10 + seed, 600), Mispair(column="fare", lag=3)))
        drifted = found.get("dataset_drift")
        assert drifted is not None
        assert drifted.verdict is not Verdict.ALARM
        assert verdicts(found) == [Verdict.ALARM, Verdict.ALARM]
        change = found.get("correlation_change")
        assert change is not None
        assert change.cause.startswith("correlation of distance and fare 0.8")


def test_a_joint_swap_of_categories_is_found() -> None:
    """Zones of other rows have nothing to do with the distances any more."""
    found = findings(inject(rows(20, 1000), Mispair(column="zone", lag=3)))
    change = found.get("correlation_change")
    assert change is not None
    assert change.verdict is Verdict.ALARM
    assert "zone and distance" in change.cause


def test_undrifted_rows_raise_no_alarm() -> None:
    """On rows like the reference's, neither measure alarms in 200 windows of any size at the default budget."""
    alarms = 0
    for seed in range(50):
        for n in (30, 100, 400, 1500):
            alarms += verdicts(findings(rows(1000 + seed, n), alarm="noise")).count(Verdict.ALARM)
    assert alarms == 0


def test_the_noise_floor_is_exceeded_as_often_as_it_says() -> None:
    """Of held-out windows 5 % exceed the floor at a level of 5 %, by about as many as chance allows."""
    known, n, windows = ruler(), 300, 400
    floors = known.change.exceeded_with(0.05, n) ** 0.5, known.error.exceeded_with(0.05, n)
    block = reference().encode(rows(77, n * windows))
    above = np.zeros(2)
    for at in range(windows):
        found = known.count(block.take(slice(at * n, (at + 1) * n)))
        above[0] += largest_change(known.correlations, correlations(found)) > floors[0]
        above[1] += known.plane.error(float(n), found.sums, found.products) > floors[1]
    assert (above <= 0.09 * windows).all()
    assert (above >= 0.015 * windows).all()


def test_too_few_rows_have_no_correlation() -> None:
    """Of fewer than 30 rows both are undefined, with the reason; of 30 both are there."""
    found = findings(rows(1, 29))
    assert verdicts(found) == [Verdict.UNDEFINED] * 2
    assert {found.get(name).why for name in MEASURES} == {"29 rows; it takes 30 to tell a correlation"}  # type: ignore[union-attr] # both are there, as verdicts says
    assert all(found.get(name).value is not None for name in MEASURES for found in [findings(rows(1, 30))])  # type: ignore[union-attr] # as above


@pytest.mark.parametrize(
    "data",
    [
        {"only": [float(i) for i in range(500)]},
        {"one": [1.0] * 500, "two": [float(i) for i in range(500)]},
        {"one": [float(i % 7) for i in range(100)], "two": [float(i % 5) for i in range(100)]},
    ],
    ids=["one column", "one that varies", "few rows"],
)
def test_a_reference_that_has_nothing_to_learn_says_so(data: dict[str, list[float]]) -> None:
    """With one column, one that varies, or few rows nothing is learned, and the findings say why."""
    known = Reference.of(data)
    assert NAME not in known.row_rulers
    monitor = Monitor("trips", known, window=100)
    monitor.push(data)
    found = monitor.findings().get("correlation_change")
    assert found is not None
    assert (
        found.why
        == "the reference has not learned it: it takes two columns that vary, in 120 rows, and not left out"
    )


def test_a_column_that_is_stuck_has_lost_its_relations() -> None:
    """A window in which a column has one value only has a correlation of 0, and no error."""
    data = rows(3, 400)
    found = findings({**data, "fare": [5.0] * 400}).get("correlation_change")
    assert found is not None
    assert "distance and fare" in found.cause
    assert found.cause.partition("->")[2].startswith(" 0.00")


@pytest.mark.parametrize("window", [Window(rows=900), Window(seconds=1e7, panes=7)])
def test_live_batch_and_parts_are_one(window: Window) -> None:
    """A live window, a batch, its slices and parts counted apart have one tally, bit for bit, and its findings."""
    data = rows(5, 900)
    monitor = Monitor("trips", reference(), Settings(window=window), clock=lambda: 1.6e9 + 60 * 900)
    for part in (slice(0, 100), slice(100, 101), slice(101, 900)):
        monitor.push({name: column[part] for name, column in data.items()})
    live = monitor.tally().rows.together[NAME]
    batch = count(TableSource(data), reference(), slices=5, now=0.0)
    assert live == batch.window.rows.together[NAME]
    first, *others = (one.rows.together[NAME] for one in batch.slices)
    for other in others:
        first += other
    assert first == live


def test_trips_of_other_rows_are_found(taxi_data: Path) -> None:
    """On real trips fares of other trips are found a month later, in time order; trips as they were raise no alarm."""
    names = ["lpep_pickup_datetime", "PULocationID", "trip_distance", "fare_amount", "passenger_count"]
    january, february = (
        pq.read_table(taxi_data / f"green_tripdata_2021-0{month}.parquet", columns=names).sort_by(names[0])
        for month in (1, 2)
    )
    known = Reference.of(
        january, time=names[0], categorical=["PULocationID"], numerical=["trip_distance", "fare_amount"]
    )
    for start in (5_000, 30_000):
        window = february.slice(start, 1000)
        for data, expected in (
            (window, False),
            (inject(window, Mispair(column="fare_amount", lag=7)), True),
        ):
            monitor = Monitor("trips", known, window=1000)
            monitor.push(data)
            found = monitor.findings()
            assert [verdict is Verdict.ALARM for verdict in verdicts(found)] == [expected] * 2


def test_it_is_kept_in_the_file() -> None:
    """What was learned comes back from the file: the same findings, and the same bytes."""
    read = Reference.from_bytes(reference().to_bytes())
    assert read.tally == reference().tally
    assert read.to_bytes() == reference().to_bytes()
    facts, arrays = state_of(read.row_rulers)
    again = rulers_of(read.schema, read.rulers, facts, arrays)[NAME]
    data = reference().encode(rows(9, 500))
    assert again.count(data) == ruler().count(data)
    one, other = (Monitor("trips", each, window=500, clock=lambda: 2e9) for each in (reference(), read))
    for monitor in (one, other):
        monitor.push(rows(9, 500))
    assert one.findings() == other.findings()


def test_habits_need_times() -> None:
    """Without a time column there is no usual range, and the finding says so."""
    data = {name: column for name, column in rows(0, 3000).items() if name != "at"}
    monitor = Monitor("trips", Reference.of(data), window=200)
    monitor.push(data)
    found = monitor.findings().get("correlation_change")
    assert found is not None
    assert found.usual_range is None
    assert found.why.startswith("no usual range")
    timed = findings(rows(2, 200)).get("correlation_change")
    assert timed is not None
    assert timed.usual_range is not None


def test_a_limit_takes_the_place_of_what_was_learned() -> None:
    """A limit of the config is the only line; left out, neither is measured."""
    found = findings(rows(2, 200), thresholds={"correlation_change": 1e-6}).get("correlation_change")
    assert found is not None
    assert (found.verdict, found.threshold, found.noise_floor) == (Verdict.ALARM, 1e-6, None)
    lean = Monitor("trips", reference().leaving_out([NAME]), window=200)
    lean.push(rows(2, 200))
    assert lean.findings().get("correlation_change") is None
