"""How often windows in time order alarm: by the noise line alone, and by both lines.

The reference is January 2021. Windows of the months after it move on by a quarter of their length, and an alarm lasts
until the value has come clearly below its line, as in a monitor. Twenty columns (see `bench.trips`), the default
divergences and budget; and the eight columns of the taxi example with the duration in place of prediction and target.
Beside alarms of the dataset's drift are those of anything that is judged: the quality of columns, and rows as wholes.
April 2020 (the lockdown) and January 2022 are beside them: months that a monitor should call different.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
from bench.figures import Row, show
from bench.trips import CATEGORICAL, NUMERICAL, TIME, month_of_trips
from bench.windows import Windows, any_of, in_time_order, told

from modelvane import Reference
from modelvane.calibration.lines import Alarm

REFERENCE = "2021-01"
LATER = ("2021-02", "2021-03")
DIFFERENT = ("2020-04", "2022-01")
SIZES = (100, 200, 1000, 5000)
LARGEST_SHARE = 0.01
PROVEN = 3
DEMO = {
    "numerical": ("trip_distance", "passenger_count", "fare_amount", "total_amount", "duration"),
    "categorical": ("PULocationID", "DOLocationID", "payment_type"),
}
ALL = {"numerical": NUMERICAL, "categorical": CATEGORICAL}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="twenty columns, February and January 2022 alone"
    )
    show("Windows in time order that alarm", run(quick=parser.parse_args().quick))


def run(*, quick: bool = False) -> list[Row]:
    """Judge the windows of every month; needs ``MODELVANE_DATA``."""
    rows = _watch("20 columns", ALL, (LATER[0], DIFFERENT[-1]) if quick else (*LATER, *DIFFERENT))
    if not quick:
        rows += _watch("taxi columns", DEMO, (*LATER, *DIFFERENT))
    return rows


def _watch(name: str, columns: dict[str, tuple[str, ...]], months: Sequence[str]) -> list[Row]:
    numerical, categorical = columns["numerical"], columns["categorical"]
    reference = Reference.of(
        month_of_trips(REFERENCE), time=TIME, numerical=numerical, categorical=categorical, threads=1
    )
    rows = []
    for month in months:
        trips = month_of_trips(month)
        windows = Windows.of(reference, trips)
        for n in SIZES:
            index = in_time_order(trips.num_rows, n, n // 4)
            some = index[:: max(1, len(index) // PROVEN)]
            windows.require_like_a_monitor(trips, some, Alarm.USUAL)
            for alarm in Alarm:
                alarmed = windows.verdicts(index, alarm, in_order=True)
                share = float(any_of(alarmed).mean())
                asked = month == LATER[0] and alarm is Alarm.USUAL
                what = f"{name}, {month}, windows of {n}, alarm: {alarm}"
                rows.append(
                    Row(
                        what,
                        f"{share:.2%} of {len(index)}{_most(alarmed)}",
                        f"<= {LARGEST_SHARE:.0%}" if asked else "",
                        share <= LARGEST_SHARE if asked else None,
                    )
                )
            everything = windows.alarms(index, Alarm.USUAL, in_order=True)
            total = sum(map(bool, everything)) / len(index)
            of_all = f"{name}, {month}, windows of {n}, alarm: {Alarm.USUAL}, anything that is judged"
            rows.append(Row(of_all, f"{total:.2%}{told(everything)}"))
    return rows


def _most(alarmed: dict[str, np.ndarray]) -> str:
    """Name the columns that alarm most."""
    ranked = sorted(
        ((float(found.mean()), name) for name, found in alarmed.items() if found.any()), reverse=True
    )
    return f" ({', '.join(name for _, name in ranked[:4])})" if ranked else ""


if __name__ == "__main__":
    main()
