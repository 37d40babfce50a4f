"""A past stream watched again says what a live monitor would have said."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from modelvane.engines.source import Batch, TableSource
from modelvane.errors import ConfigError
from modelvane.faults import Nulls, Shift
from modelvane.findings import Family, Verdict
from modelvane.monitor import Monitor
from modelvane.reference import Reference
from modelvane.replay import FaultySource, detections, replay
from modelvane.schema import Schema
from modelvane.settings import Settings, Window
from modelvane.table import Table
from modelvane.times import as_times

BASE = 1_600_000_000.0
SETTINGS = Settings(window=Window(rows=100), thresholds={"mean_absolute_error": 5.0})


def rows(number: int, seed: int, *, error: float = 1.0, first: float = BASE) -> list[dict[str, Any]]:
    """Give trips, a minute between two of them."""
    draw = random.Random(seed)  # noqa: S311 - made-up trips
    return [
        {
            "id": f"{seed}-{at}",
            "time": first + 60 * at,
            "distance": draw.expovariate(1),
            "prediction": draw.gauss(10, 2),
            "target": draw.gauss(10, 2) + error,
        }
        for at in range(number)
    ]


@pytest.fixture(scope="module")
def reference() -> Reference:
    """Give what trips are compared with."""
    return Reference.of(rows(2000, 1, first=BASE - 86_400 * 10))


class LateSource(TableSource):
    """Rows whose targets became known some seconds after them."""

    delay = 3000.0

    def batches(self, schema: Schema) -> Any:
        """Give all rows, and when each was labelled."""
        for batch in super().batches(schema):
            times = as_times(batch.table["time"])
            yield Batch(batch.table, times=times, labelled=times / 1e6 + self.delay)


def by_hand(trips: Sequence[dict[str, Any]], reference: Reference, every: int) -> list[tuple[int, set[Any]]]:
    """Give what alarmed each time a live monitor was asked."""
    now = 0.0
    monitor = Monitor("taxi", reference, SETTINGS, clock=lambda: now)
    told = []
    for start in range(0, len(trips), every):
        part = trips[start : start + every]
        now = part[-1]["time"]
        monitor.push(part, received=np.array([row["time"] for row in part]))
        alarms = {
            f.key for f in monitor.findings() if f.verdict is Verdict.ALARM and f.family is not Family.DATASET
        }
        told.append((start + len(part), alarms))
    return told


@pytest.mark.parametrize("batch_rows", [64, 1000])
def test_alarms_are_those_of_a_live_monitor(reference: Reference, batch_rows: int) -> None:
    """In each round the episodes that are open are what a monitor that was fed by hand alarms on."""
    trips = rows(300, 2)
    trips[150:] = [{**row, "distance": row["distance"] + 5} for row in trips[150:]]
    found = replay("taxi", TableSource(trips, batch_rows=batch_rows), reference, SETTINGS, every=20)
    told = by_hand(trips, reference, 20)
    assert [{e.finding.key for e in found.episodes if e.covers(row)} for row, _ in told] == [
        a for _, a in told
    ]
    assert (found.rows, found.rounds, found.first, found.last) == (300, 15, BASE, BASE + 299 * 60)
    assert any(alarms for _, alarms in told)


def test_labels_are_known_when_they_became_known(reference: Reference) -> None:
    """A model that errs alarms when its labels come, not when its predictions do."""
    trips = rows(200, 3, error=20.0)
    at_once, late = (
        replay("taxi", source(trips), reference, SETTINGS, every=10) for source in (TableSource, LateSource)
    )
    first = [
        min(e.time for e in found.episodes if e.measure == "mean_absolute_error") for found in (at_once, late)
    ]
    assert first[0] == BASE + 9 * 60
    # the label of the first row is known 50 minutes after it, with the 51st row; then comes the 60th
    assert first[1] == BASE + 59 * 60


def test_an_alarm_ends_when_its_rows_have_left(reference: Reference) -> None:
    """An episode lasts until the window has no row of the fault, and there are as many a week as the stream is long."""
    fault = Nulls(column="distance", start=200, stop=260)
    found = replay("taxi", FaultySource(TableSource(rows(1008, 4)), (fault,)), reference, SETTINGS, every=10)
    (episode,) = [e for e in found.episodes if e.measure == "missing_share"]
    assert 200 < episode.row <= 260
    assert episode.until_row is not None
    assert 300 < episode.until_row <= 360
    assert found.alarms_per_week == pytest.approx(found.alarms * 7 * 24 * 60 / 1007)


def test_what_found_a_fault_was_not_there_without_it(reference: Reference) -> None:
    """An alarm that the clean stream had at the same moment is not what found a fault; the first on top of it is."""
    trips = rows(400, 5)
    trips[190:] = [{**row, "distance": None} for row in trips[190:]]
    source = TableSource(trips)
    faults = (Shift(column="prediction", by=8.0, start=200), Shift(column="target", by=0.001, start=100))
    clean = replay("taxi", source, reference, SETTINGS, every=10)
    faulty = replay("taxi", FaultySource(source, faults), reference, SETTINGS, every=10)
    assert any(e.column == "distance" and e.covers(300) for e in clean.episodes)
    found, _ = detections(faults, faulty, clean)
    assert found.by is not None
    assert found.by.column != "distance"
    assert found.on_column is not None
    assert found.on_column.column == "prediction"
    assert found.delay == found.by.row - 200
    assert detections(faults[1:], clean, clean)[0].delay is None


def test_rows_of_the_last_step_are_seen(reference: Reference) -> None:
    """Rows that do not fill a step are evaluated at the end."""
    found = replay("taxi", TableSource(rows(105, 6)), reference, SETTINGS, every=50)
    assert (found.rows, found.rounds) == (105, 3)


@pytest.mark.parametrize(
    ("data", "every", "says"),
    [
        (rows(0, 1), 10, "nothing to replay"),
        ([{"distance": 1.0}], 10, "no column of event times"),
        ([{"distance": 1.0, "time": None}, *rows(1, 1)], 10, "no time in 1 rows"),
        (rows(5, 1), 0, "1 or more"),
    ],
)
def test_what_cannot_be_replayed_is_refused(
    reference: Reference, data: list[dict[str, Any]], every: int, says: str
) -> None:
    """No rows, rows without a time, and steps of nothing are said, with what is expected."""
    with pytest.raises(ConfigError, match=says):
        replay("taxi", TableSource(Table.of(data)), reference, SETTINGS, every=every)
