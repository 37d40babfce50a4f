"""Noise of divergences that a reference was not built for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from modelvane.calibration.calibration import Calibration, Task, calibrate
from modelvane.schema import Column
from modelvane.tallies.dataset import DatasetTally


def lacking_noise(
    known: Calibration,
    columns: Iterable[Column],
    parts: Mapping[str, DatasetTally],
    methods_of: Callable[[Column], tuple[str, ...]],
) -> Calibration:
    """Give what is known and, where they lack, the nulls of divergences, for which tallies are enough.

    Parameters
    ----------
    parts
        The reference's tally, by segment; empty for all rows.
    methods_of
        Gives the names of a column's divergences.

    Returns
    -------
    Calibration
        ``known`` itself where nothing lacks.
    """
    columns = list(columns)
    tasks = [
        Task(segment, column.name, part.columns[column.name], lacking, None, in_time_order=False)
        for segment, part in parts.items()
        for column in columns
        if (
            lacking := tuple(
                name for name in methods_of(column) if (segment, column.name, name) not in known.nulls
            )
        )
    ]
    found = calibrate(tasks).nulls
    return Calibration.of_parts([known, Calibration(found)]) if found else known
