"""What a reference by hour of the week is worth: false alarms a month, and the delay until a change is found.

The reference is January 2021, the eight columns of the taxi example (see `bench.real_time`). February and March are
replayed in time order, once as they were (every alarm counts as false, though trips did change) and with
``trip_distance`` times 1.15 from three places in each month on; the delay is that of the first alarm of that column.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from bench.figures import Row, show
from bench.real_time import DEMO, LATER, REFERENCE
from bench.trips import TIME, month_of_trips

from modelvane import Reference
from modelvane.engines.source import TableSource
from modelvane.faults import Scale, inject
from modelvane.replay import replay
from modelvane.settings import BUDGET, Settings, Window

SIZES = (1000, 2500, 5000)
# one false alarm a month of the taxis is a budget of 0.08 for windows of 5000, and of 0.016 for windows of 1000
BUDGETS = (BUDGET, 0.05)
EVERY = 100
COLUMN, FACTOR = "trip_distance", 1.15
PARTS = (0.25, 0.5, 0.75)
# rows after the change; what has not alarmed by then counts as never
LONGEST = 10_000
DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class _Delay:
    """Rows and seconds from the change to the alarm."""

    rows: int
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="February, windows of 5000, one place")
    show("References by hour of the week", run(quick=parser.parse_args().quick))


def run(*, quick: bool = False) -> list[Row]:
    """Replay the months against both references; needs ``MODELVANE_DATA``."""
    months = {month: month_of_trips(month) for month in (LATER[:1] if quick else LATER)}
    rows: list[Row] = []
    for name, hours in (("the whole", None), ("hour of the week", "UTC")):
        # the taxis' times are New York's clock without a zone: UTC leaves them as they are
        reference = Reference.of(month_of_trips(REFERENCE), time=TIME, hours=hours, threads=1, **DEMO)
        rows.append(Row(f"{name}: size of the reference", f"{len(reference.to_bytes()):,} bytes"))
        for size in SIZES[-1:] if quick else SIZES:
            for budget in BUDGETS:
                settings = Settings(window=Window(rows=size), budget=budget)
                what = f"{name}, windows of {size}, budget {budget:g}"
                for month, trips in months.items():
                    rows.append(_false(f"{what}, {month}", reference, settings, trips))
                found = [
                    delay
                    for trips in months.values()
                    for delay in _delays(reference, settings, trips, PARTS[:1] if quick else PARTS)
                ]
                rows.append(_detected(f"{what}, {COLUMN} x {FACTOR}", found))
    return rows


def _false(what: str, reference: Reference, settings: Settings, trips: pa.Table) -> Row:
    found = replay("taxi", TableSource(trips), reference, settings, every=EVERY)
    by_column = Counter(episode.column or episode.measure for episode in found.episodes)
    columns = ", ".join(f"{column} {count}" for column, count in by_column.most_common())
    return Row(
        f"{what}: alarms in the month",
        f"{found.alarms}" + (f" ({columns})" if columns else ""),
    )


def _delays(
    reference: Reference, settings: Settings, trips: pa.Table, parts: tuple[float, ...]
) -> Iterator[_Delay | None]:
    for part in parts:
        before = settings.window.rows
        start = int(part * trips.num_rows)
        stream = trips.slice(start - before, before + LONGEST)
        changed = inject(stream, Scale(column=COLUMN, factor=FACTOR, start=before))
        found = replay("taxi", TableSource(changed), reference, settings, every=EVERY)
        times = np.asarray(stream[TIME]).astype("datetime64[us]").astype(np.int64) / 1e6
        own = (one for one in found.episodes if one.column == COLUMN and one.row > before)
        yield next((_Delay(one.row - before, one.time - float(times[before])) for one in own), None)


def _detected(what: str, delays: list[_Delay | None]) -> Row:
    known = [delay for delay in delays if delay is not None]
    rows = ", ".join("never" if delay is None else f"{delay.rows}" for delay in delays)
    of_day = sum(delay.seconds <= DAY for delay in known)
    return Row(
        f"{what}: rows until the alarm", f"{rows}; {of_day} of {len(delays)} within a day", "within a day"
    )


if __name__ == "__main__":
    main()
