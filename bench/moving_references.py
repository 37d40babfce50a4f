"""What references by hour of the week are worth: false alarms a month, and the delay until a change is found.

The reference is January 2021, the eight columns of the taxi example (see `bench.real_time`). February and March are
replayed in time order, once as they were (every alarm counts as false, though trips did change) and with
``trip_distance`` times 1.15 from three places in each month on; the delay is that of the first alarm of that column.

Three references: the whole; at the window's hours of the week; and at these hours of as many windows before the current
one as January has, which begin with the rows before the month or the change.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
from bench.figures import Row, show
from bench.real_time import DEMO, LATER, REFERENCE
from bench.trips import TIME, month_of_trips

from modelvane import Reference
from modelvane.engines.source import TableSource
from modelvane.faults import Scale, inject
from modelvane.replay import replay
from modelvane.settings import BUDGET, Moving, Settings, Window

WHOLE, HOURLY, MOVING = KINDS = ("the whole", "hour of the week", "moving, hour of the week")
SIZES = (1000, 2500, 5000)
# one false alarm a month of the taxis is a budget of 0.08 for windows of 5000, and of 0.016 for windows of 1000
BUDGETS = (0.00001, BUDGET, 0.05, 0.1)
EVERY, EVERY_OF_A_MONTH = 100, 250
COLUMN, FACTOR = "trip_distance", 1.15
PARTS = (0.25, 0.5, 0.75)
# rows after the change; what has not alarmed by then counts as never
LONGEST = 5_000
DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class _Delay:
    """Rows and seconds from the change to the alarm."""

    rows: int
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="February, windows of 5000, one place")
    parser.add_argument("--only", choices=KINDS, help="one kind of reference")
    parser.add_argument("--rows", type=int, choices=SIZES, help="one size of windows")
    parser.add_argument("--budget", type=float, choices=BUDGETS, help="one budget")
    args = parser.parse_args()
    kinds = (args.only,) if args.only else KINDS
    sizes = (args.rows,) if args.rows else SIZES[-1:] if args.quick else SIZES
    budgets = (args.budget,) if args.budget else BUDGETS
    show("References by hour of the week", run(quick=args.quick, kinds=kinds, sizes=sizes, budgets=budgets))


def run(
    *,
    quick: bool = False,
    kinds: Sequence[str] = KINDS,
    sizes: Sequence[int] = SIZES,
    budgets: Sequence[float] = BUDGETS,
) -> list[Row]:
    """Replay the months against each kind of reference; needs ``MODELVANE_DATA``."""
    months = LATER[:1] if quick else LATER
    stream = _Stream.of(months)
    rows: list[Row] = []
    for kind in kinds:
        for size in sizes:
            before = stream.first[months[0]] // size if kind == MOVING else None
            reference = _reference(kind, before)
            rows.append(
                Row(
                    f"{kind}, windows of {size}: size of the reference",
                    f"{len(reference.to_bytes()):,} bytes",
                )
            )
            for budget in budgets:
                moving = None if before is None else Moving(before)
                settings = Settings(window=Window(rows=size), budget=budget, moving=moving)
                what = f"{kind}, windows of {size}, budget {budget:g}"
                rows += [_false(f"{what}, {month}", reference, settings, stream, month) for month in months]
                found = list(_delays(reference, settings, stream, PARTS[:1] if quick else PARTS))
                rows.append(_detected(f"{what}, {COLUMN} x {FACTOR}", found))
    return rows


@dataclass(frozen=True)
class _Stream:
    """January and the months after it, one behind the other, and where each of these begins."""

    trips: pa.Table
    first: Mapping[str, int]

    @classmethod
    def of(cls, months: Sequence[str]) -> _Stream:
        parts = [month_of_trips(month) for month in (REFERENCE, *months)]
        ends = np.cumsum([part.num_rows for part in parts]).tolist()
        return cls(pa.concat_tables(parts), dict(zip(months, ends, strict=False)))

    def rows_of(self, month: str) -> int:
        """Give how many rows a month has."""
        later = [first for first in self.first.values() if first > self.first[month]]
        return min([*later, self.trips.num_rows]) - self.first[month]


@cache
def _reference(kind: str, before: int | None) -> Reference:
    # the taxis' times are New York's clock without a zone: UTC leaves them as they are
    hours = None if kind == WHOLE else "UTC"
    return Reference.of(month_of_trips(REFERENCE), time=TIME, hours=hours, moving=before, threads=1, **DEMO)


def _warm(settings: Settings) -> int:
    """Give how many rows come before the first that is judged: a reference that moves is of these."""
    return 0 if settings.moving is None else settings.moving.windows * settings.window.rows


def _false(what: str, reference: Reference, settings: Settings, stream: _Stream, month: str) -> Row:
    first, warm = stream.first[month], _warm(settings)
    trips = stream.trips.slice(first - warm, warm + stream.rows_of(month))
    found = replay("taxi", TableSource(trips), reference, settings, every=EVERY_OF_A_MONTH, unseen=warm)
    by_column = Counter(episode.column or episode.measure for episode in found.episodes)
    columns = ", ".join(f"{column} {count}" for column, count in by_column.most_common())
    return Row(
        f"{what}: alarms in the month",
        f"{found.alarms}" + (f" ({columns})" if columns else ""),
    )


def _delays(
    reference: Reference, settings: Settings, stream: _Stream, parts: Sequence[float]
) -> Iterator[_Delay | None]:
    for month, first in stream.first.items():
        for part in parts:
            window = settings.window.rows
            start, before = first + int(part * stream.rows_of(month)), window + _warm(settings)
            # to begin before January is to begin with it
            trips = stream.trips.slice(max(0, start - before), min(start, before) + LONGEST)
            before = min(start, before)
            changed = inject(trips, Scale(column=COLUMN, factor=FACTOR, start=before))
            unseen = before - window if settings.moving is not None else 0
            found = replay("taxi", TableSource(changed), reference, settings, every=EVERY, unseen=unseen)
            times = np.asarray(trips[TIME]).astype("datetime64[us]").astype(np.int64) / 1e6
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
