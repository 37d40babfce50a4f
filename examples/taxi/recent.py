"""The latest labelled trips of the monitor's log, as far as a model can be trained on them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from modelvane.errors import ModelvaneError

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa


class TooFewTripsError(ModelvaneError):
    """There are not enough labelled trips to train and to compare on."""


def recent_trips(
    config_file: Path, dataset: str, *, most: int, least: int, since: float | None = None
) -> pa.Table:
    """Read the latest labelled trips of the log in order of event time.

    Parameters
    ----------
    config_file, dataset
        The monitor's config, and whose trips.
    most, least
        At most so many, and not without so many.
    since
        Those from this event time on (seconds since 1970), if they are `least`.

    Raises
    ------
    TooFewTripsError
        When there are too few even so.
    """
    from contextlib import closing

    from modelvane.config import Config
    from modelvane.store import open_log

    config = Config.load(config_file)
    with closing(open_log(config.store_url, read_only=True)) as log:
        schemas = log.datasets()
        if dataset not in schemas:
            raise TooFewTripsError("The log has no such dataset", received=dataset, available=schemas)
        log.open(dataset, schemas[dataset])
        rows = log.labels_tail(dataset, rows=most)
    trips = _usable(rows)
    if since is not None:
        import pyarrow as pa
        import pyarrow.compute as pc

        begin = pa.scalar(round(since * 1e6), pa.int64()).cast(pa.timestamp("us"))
        late = trips.filter(pc.greater_equal(trips["lpep_pickup_datetime"], begin))
        trips = late if late.num_rows >= least else trips
    if trips.num_rows < least:
        raise TooFewTripsError(
            "There are too few labelled trips to train on",
            received=f"{trips.num_rows} trips with a duration",
            expected=f"{least} (--least)",
            remedy="Wait for more labels",
        )
    return trips


def _usable(rows: Any) -> pa.Table:
    """Give trips that the model can compute with, in order of event time; what is broken in others is left out."""
    import numpy as np
    import pyarrow as pa

    from examples.taxi.trips import FEATURE_COLUMNS, LONGEST, SHORTEST

    whole = ("PULocationID", "DOLocationID")
    columns: dict[str, list[float | int | None]] = {
        name: [_number(value) for value in rows.table.values(name)]
        for name in (*FEATURE_COLUMNS[1:], "target")
        if name in rows.table
    }
    needed = (*whole, "trip_distance", "target")
    kept = [
        row
        for row in np.argsort(rows.times, kind="stable").tolist()
        if all(columns[name][row] is not None for name in needed)
        and SHORTEST <= (columns["target"][row] or 0) <= LONGEST
        and all(columns[name][row] == int(columns[name][row] or 0) for name in whole)
    ]
    times = rows.times[kept] if kept else np.empty(0, np.int64)
    table = pa.table({"lpep_pickup_datetime": pa.array(times).cast(pa.timestamp("us"))})
    for name in FEATURE_COLUMNS[1:]:
        values = [columns[name][row] if name in columns else None for row in kept]
        table = table.append_column(name, pa.array(values, pa.float64()))
    for name in whole:
        table = table.set_column(table.schema.get_field_index(name), name, table[name].cast(pa.int64()))
    return table.append_column("duration", pa.array([columns["target"][row] for row in kept], pa.float64()))


def _number(value: Any) -> float | int | None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    return value if is_number else None
