"""The labelled trips of the monitor's log that a challenger may learn from."""

from __future__ import annotations

import datetime as dt
import math
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from examples.taxi.trips import FARTHEST, FEATURE_COLUMNS, LONGEST, SHORTEST
from modelvane.config import Config
from modelvane.errors import ModelvaneError
from modelvane.events import Event, Kind
from modelvane.store import open_log

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from modelvane.store import Rows

_LOOK_SECONDS = 5.0
_WHOLE = ("PULocationID", "DOLocationID")


class NotYetError(ModelvaneError):
    """There is nothing to learn from, or not enough of it."""


def recent_trips(
    config: Path, dataset: str, *, alert: str = "", most: int, least: int, wait: float = 0.0
) -> pa.Table:
    """Read the latest labelled trips of the log, in order of event time.

    For an alert, those that arrived since it fires: what came before is of the world that is no more. A model that
    learned from both knows neither, and beside a reference of both no drift is seen, nor its end.

    Parameters
    ----------
    config
        The monitor's.
    dataset
        Its name there.
    alert
        Name of the alert that asks; without one, or if the log has not heard of it, the latest trips of all.
    most, least
        At most so many trips, and not without so many.
    wait
        Seconds to wait for so many.

    Raises
    ------
    NotYetError
        When there are too few, or the alert is over.
    """
    deadline = time.monotonic() + wait
    while True:
        try:
            return _read(config, dataset, alert, most, least)
        except NotYetError:
            left = deadline - time.monotonic()
            if left <= 0:
                raise
        time.sleep(min(_LOOK_SECONDS, left))


def fires_since(events: Iterable[Event], alert: str) -> float | None:
    """Give the moment since which an alert fires against the reference in use, in seconds since 1970.

    Parameters
    ----------
    events
        Of one dataset, the oldest first.
    alert
        Its name.

    Returns
    -------
    float or None
        ``None`` where it has never fired; infinity where it is over.
    """
    since: float | None = None
    for event in events:
        if event.kind is Kind.REFERENCE_SWITCHED and since is not None:
            # what it goes on firing about differs from another reference
            since = max(since, event.at)
        elif event.details.get("labels", {}).get("alertname") != alert:
            continue
        elif event.kind is Kind.ALERT_RESOLVED:
            since = math.inf
        elif since in (None, math.inf):
            since = _begin(event)
    return since


def _begin(event: Event) -> float:
    try:
        return dt.datetime.fromisoformat(event.details["startsAt"]).timestamp()
    except (KeyError, TypeError, ValueError):
        return event.at


def _read(config: Path, dataset: str, alert: str, most: int, least: int) -> pa.Table:
    with closing(open_log(Config.load(config).store_url, read_only=True)) as log:
        schemas = log.datasets()
        if dataset not in schemas:
            raise NotYetError("The log has no such dataset yet", received=dataset, available=schemas)
        log.open(dataset, schemas[dataset])
        kinds = (Kind.ALERT_FIRING, Kind.ALERT_RESOLVED, Kind.REFERENCE_SWITCHED)
        since = fires_since(log.read_events(dataset, kinds=kinds), alert) if alert else None
        if since == math.inf:
            raise NotYetError(
                "The alert is over: the latest trips are not of the drift that it told of", received=alert
            )
        rows = log.labels_tail(dataset, rows=most)
    trips = _usable(rows, -math.inf if since is None else since)
    if trips.num_rows < least:
        of = "" if since is None else f" of those since {alert} fires ({_told(since)})"
        raise NotYetError(
            "Not yet: there are too few labelled trips to train on",
            received=f"{trips.num_rows} trips with a duration{of}",
            expected=f"{least} (--least)",
            remedy="Wait for more labels (--wait)",
        )
    return trips


def _told(moment: float) -> str:
    return dt.datetime.fromtimestamp(moment, dt.UTC).isoformat(timespec="seconds")


def _usable(rows: Rows, since: float) -> pa.Table:
    """Give trips that the model can compute with, in order of event time; what is broken in others is left out."""
    columns: dict[str, list[float | int | None]] = {
        name: [_number(value) for value in rows.table.values(name)]
        for name in (*FEATURE_COLUMNS[1:], "target")
        if name in rows.table
    }
    needed = (*_WHOLE, "trip_distance", "target")
    kept = [
        row
        for row in np.argsort(rows.times, kind="stable").tolist()
        if rows.received[row] >= since
        and all(columns[name][row] is not None for name in needed)
        and SHORTEST <= (columns["target"][row] or 0) <= LONGEST
        and (columns["trip_distance"][row] or 0) <= FARTHEST
        and all(columns[name][row] == int(columns[name][row] or 0) for name in _WHOLE)
    ]
    times = rows.times[kept] if kept else np.empty(0, np.int64)
    table = pa.table({"lpep_pickup_datetime": pa.array(times).cast(pa.timestamp("us"))})
    for name in FEATURE_COLUMNS[1:]:
        values = [columns[name][row] if name in columns else None for row in kept]
        table = table.append_column(name, pa.array(values, pa.float64()))
    for name in _WHOLE:
        table = table.set_column(table.schema.get_field_index(name), name, table[name].cast(pa.int64()))
    return table.append_column("duration", pa.array([columns["target"][row] for row in kept], pa.float64()))


def _number(value: Any) -> float | int | None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    return value if is_number else None
