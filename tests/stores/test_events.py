"""Events in every store."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from modelvane.errors import StoreError
from modelvane.events import Event, Kind
from modelvane.store import Log


def firing(at: float, dataset: str | None = "taxi", what: str = "DatasetDrift fires") -> Event:
    """Give an alert."""
    return Event(
        Kind.ALERT_FIRING, at, dataset, what, {"labels": {"alertname": "DatasetDrift"}, "n": [1, None]}
    )


def test_events_come_back_as_they_were(opener: Callable[[], Log]) -> None:
    """Every event comes back in order after a restart, those of no dataset and odd characters too."""
    events = [firing(2.0), firing(2.0, None, "ünïcode \ud800 %s"), firing(3.0, "not open")]
    log = opener()
    log.append_events(events)
    log.close()
    found = opener().read_events()
    assert [event.to_dict() for event in found] == [
        event.to_dict() | {"what": event.what.replace("\ud800", "\\ud800")} for event in events
    ]


def test_events_are_read_by_dataset_kind_moment_and_number(log: Log) -> None:
    """What is asked for comes back, and no more; with a limit, the newest."""
    started = Event(Kind.RETRAIN_STARTED, 3.0, "taxi", "A retrain was started")
    log.append_events([firing(1.0), firing(2.0, "reco"), started, firing(4.0)])
    assert [event.at for event in log.read_events("taxi")] == [1.0, 3.0, 4.0]
    assert log.read_events(kinds=[Kind.RETRAIN_STARTED]) == [started]
    assert [event.at for event in log.read_events(since=2.0)] == [2.0, 3.0, 4.0]
    assert [event.at for event in log.read_events(limit=2)] == [3.0, 4.0]
    assert log.read_events(limit=0) == []


def test_the_order_of_events_is_that_in_which_they_came(opener: Callable[[], Log]) -> None:
    """A clock that is set back changes no order: the last reference is the one that was taken last."""
    first = opener()
    first.append_events([firing(9.0), firing(8.0, what="second")])
    first.close()
    log = opener()
    log.append_events([firing(1.0, what="third")])
    assert [event.at for event in log.read_events()] == [9.0, 8.0, 1.0]
    assert [event.what for event in log.read_events("taxi", limit=1)] == ["third"]


def test_events_are_kept_with_their_transaction_or_not_at_all(log: Log) -> None:
    """A transaction that fails keeps none of its events."""

    def fail() -> None:
        with log.transaction():
            log.append_events([firing(1.0)])
            raise StoreError("No")

    with pytest.raises(StoreError):
        fail()
    assert log.read_events() == []


def test_retention_by_age_removes_events_but_for_references(log: Log) -> None:
    """An old alert leaves; which reference was taken when is kept."""
    switched = Event(Kind.REFERENCE_SWITCHED, 1.0, "taxi", "Another reference", {"digest": "ab"})
    begun = Event(Kind.REFERENCE_BEGUN, 0.5, "taxi", "A reference", {"digest": "cd"})
    log.append_events([begun, firing(1.0), switched, firing(100.0)])
    log.retain(max_age_seconds=50.0, now=110.0)
    assert log.read_events() == [begun, switched, firing(100.0)]
