"""The contract of a store: findings, snapshots and retention."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from msgspec.structs import replace

from modelvane.findings import Family, Finding, Findings, Verdict
from modelvane.schema import Column, Schema
from modelvane.store import Log, Snapshot
from modelvane.table import Table


def round_at(moment: float, value: float | None = 0.25) -> Findings:
    found = (
        Finding(
            family=Family.DRIFT,
            measure="kolmogorov_smirnov",
            column="distance",
            value=value,
            unit="ratio",
            n=100,
            noise_floor=0.1,
            p_value=1e-9,
            verdict=Verdict.ALARM,
            cause="more mass above 3",
        ),
        Finding(
            family=Family.QUALITY, measure="mean", segment="zone=1", verdict=Verdict.UNDEFINED, why="no rows"
        ),
    )
    return Findings("taxi", moment, 100, 10, found)


def test_findings_come_back_as_they_were(log: Log) -> None:
    """A round of findings comes back equal, field by field."""
    log.append_findings(round_at(1.0))
    assert log.read_findings("taxi") == [round_at(1.0)]


def test_findings_are_read_by_period_and_number(log: Log) -> None:
    """Rounds come by their time, the oldest first; a limit keeps the newest."""
    for moment in (3.0, 1.0, 2.0):
        log.append_findings(round_at(moment))
    assert [r.computed_at for r in log.read_findings("taxi")] == [1.0, 2.0, 3.0]
    assert [r.computed_at for r in log.read_findings("taxi", since=1.0, until=3.0)] == [1.0, 2.0]
    assert [r.computed_at for r in log.read_findings("taxi", limit=2)] == [2.0, 3.0]
    assert log.read_findings("taxi", since=9.0) == []


def test_a_round_replaces_that_of_the_same_time(log: Log) -> None:
    """Findings computed again for the same time replace those before; an empty round is a round."""
    log.append_findings(round_at(1.0))
    log.append_findings(round_at(1.0, None))
    log.append_findings(Findings("taxi", 2.0, 0, 0, ()))
    assert log.read_findings("taxi") == [round_at(1.0, None), Findings("taxi", 2.0, 0, 0, ())]


def test_a_batch_replaces_that_of_the_same_period(log: Log) -> None:
    """A round of a batch replaces one of the same period, whenever it was computed; other periods stay."""
    night = replace(round_at(9.0), period=(0.0, 5.0))
    log.append_findings(night)
    log.append_findings(replace(round_at(9.0), period=(1.0, 5.0)))
    again = replace(round_at(11.0, None), period=(0.0, 5.0))
    log.append_findings(again)
    found = log.read_findings("taxi", batches=True)
    assert {r.period for r in found} == {(0.0, 5.0), (1.0, 5.0)}
    assert again in found
    assert night not in found


def test_batches_are_apart_from_live_rounds(log: Log) -> None:
    """Rounds of batches come by the end of their periods, and never among those of live windows."""
    log.append_findings(round_at(5.0))
    for end in (7.0, 3.0):
        log.append_findings(replace(round_at(5.0), period=(0.0, end)))
    assert log.read_findings("taxi") == [round_at(5.0)]
    assert [r.period for r in log.read_findings("taxi", batches=True)] == [(0.0, 3.0), (0.0, 7.0)]
    assert [r.period for r in log.read_findings("taxi", until=7.0, batches=True)] == [(0.0, 3.0)]
    assert [r.period for r in log.read_findings("taxi", limit=1, batches=True)] == [(0.0, 7.0)]


def test_the_last_snapshot_is_kept(opener: Callable[[], Log], schema: Schema) -> None:
    """A monitor's state is replaced by the next one and survives a restart."""
    log = opener()
    log.open("taxi", schema)
    assert log.load_snapshot("taxi") is None
    log.save_snapshot("taxi", Snapshot(b"one", 1, 2))
    log.save_snapshot("taxi", Snapshot(b"\0two", 3, 4))
    log.close()
    again = opener()
    again.open("taxi", schema)
    assert again.load_snapshot("taxi") == Snapshot(b"\0two", 3, 4)


def test_retention_by_age_removes_rows_with_their_labels(log: Log) -> None:
    """Rows that arrived before the age leave with their labels and findings; ids may then come again."""
    for i in range(10):
        log.append("taxi", Table.of({"trip": [str(i)]}), float(i))
        log.label("taxi", [str(i), f"unknown {i}"], [1.0, 1.0], None, float(i))
        log.append_findings(round_at(float(i)))
    removed = log.retain(max_age_seconds=10.0, now=16.0)
    assert (removed.rows, removed.labels, removed.rounds, removed.more) == (6, 12, 6, False)
    assert log.tail("taxi").ids == ["6", "7", "8", "9"]
    assert [r.computed_at for r in log.read_findings("taxi")] == [6.0, 7.0, 8.0, 9.0]
    assert log.append("taxi", Table.of({"trip": ["0", "unknown 0", "unknown 9"]}), 20.0).early == {2: 1.0}


def test_retention_by_age_spares_later_rows_before_restored_ones(log: Log) -> None:
    """Rows of another log that are too old leave; rows that arrived later but stand before them stay, labels too."""
    log.append("taxi", Table.of({"trip": ["new", "newer"], "distance": [1.0, 2.0]}), 100.0)
    log.label("taxi", ["new"], [7.0], None, 100.0)
    old = log.find("taxi", ["newer"])
    log.restore("taxi", replace(old, ids=["old"], received=np.array([5.0])))
    log.label("taxi", ["old"], [8.0], None, 100.0)
    removed = log.retain(max_age_seconds=50.0, now=110.0)
    assert (removed.rows, removed.labels) == (1, 1)
    assert log.tail("taxi").ids == ["new", "newer"]
    assert log.find("taxi", ["new"]).table.values("duration") == [7.0]


def test_retention_by_size_removes_the_oldest(log: Log) -> None:
    """A log that is too large loses its oldest rows, of whichever dataset, until it fits."""
    log.open("other", Schema((Column("distance"),)))
    text = "x" * 1000
    for i in range(20):
        name = "taxi" if i < 10 else "other"
        log.append(name, Table.of({"payment": [text] * 100}), float(i))
    removed = log.retain(max_bytes=1_000_000)
    assert removed.rows == 2000 - log.count("taxi") - log.count("other")
    assert (log.count("taxi"), 300 < log.count("other") < 1000) == (0, True)
    assert log.tail("other", rows=1).received.tolist() == [19.0]
    assert log.retain(max_bytes=1_000_000).rows == 0


def test_retention_stops_at_its_limit(log: Log) -> None:
    """A limit ends a long removal early and says that there is more."""
    log.append("taxi", Table.of({"zone": [1] * 6_000}), 0.0)
    first = log.retain(max_age_seconds=1.0, now=10.0, limit=1000)
    assert first.more
    assert 1000 <= first.rows < 6_000
    rest = log.retain(max_age_seconds=1.0, now=10.0)
    assert (first.rows + rest.rows, rest.more, log.count("taxi")) == (6_000, False, 0)


def test_numbers_are_not_used_twice(opener: Callable[[], Log], schema: Schema) -> None:
    """After everything was removed and the log reopened, rows and labels go on with new numbers."""
    log = opener()
    log.open("taxi", schema)
    log.append("taxi", Table.of({"trip": ["a", "b"]}), 1.0)
    log.label("taxi", ["a", "b"], [1.0, 2.0], None, 1.0)
    log.retain(max_age_seconds=1.0, now=10.0)
    log.close()
    again = opener()
    again.open("taxi", schema)
    assert again.append("taxi", Table.of({"trip": ["c"]}), 2.0).first_seq == 3
    again.label("taxi", ["c"], [1.0], None, 2.0)
    assert again.last("taxi") == (3, 3)


def test_a_closed_log_says_so(log: Log) -> None:
    """Closing twice is fine; writing and reading afterwards is an error."""
    log.close()
    log.close()
    with pytest.raises(Exception, match="closed"):
        log.append("taxi", Table.of({"zone": 1}), 1.0)
    with pytest.raises(Exception, match="closed"):
        log.count("taxi")
