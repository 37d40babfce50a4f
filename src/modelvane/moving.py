"""A reference that moves: the windows before the current one, on the rulers of the reference that was built."""

from __future__ import annotations

from msgspec.structs import replace

from modelvane.calibration.calibration import Calibration
from modelvane.calibration.moving import hourly_nulls, moving_nulls
from modelvane.counting import no_rows
from modelvane.divergences import DIVERGENCES
from modelvane.divergences.base import Divergence
from modelvane.hourly import HourlyReference, hours_of
from modelvane.hours import LEAST_ROWS
from modelvane.reference import Reference
from modelvane.settings import Settings
from modelvane.tallies.dataset import Before, ColumnTally, DatasetTally, WindowTally
from modelvane.tallies.hourly import HourlyTally
from modelvane.tallies.sample import Sample

LEAST_BEFORE = LEAST_ROWS // 2
"""Rows at each class of hours before a window is compared with those before it: half of what a reference has."""


def moved(reference: Reference, window: WindowTally, settings: Settings) -> Reference:
    """Give a reference on the same rulers, of the rows before a window.

    Its noise is that between both tallies, at their sizes. Its habit is what the built reference learned of its own
    windows and those before them (``Reference.of(..., moving=windows)``); at hours of the week, where it knows them, of
    its windows and all its others. Where too few rows came before, or the settings ask for no moving reference, it is
    the one that was built.
    """
    moving, tally = settings.moving, tally_compared_with(reference, window, settings)
    if moving is None or window.before is None or tally is reference.tally:
        return reference
    habits = {key: habit for key, habit in reference.calibration.habits.items() if key[2] not in DIVERGENCES}
    if reference.moving is not None and reference.moving.windows == moving.windows:
        habits |= reference.moving.habits
    nulls = moving_nulls(reference.schema, settings.methods.divergences, tally, window)
    hourly = _hourly(reference, window, window.before, settings)
    return reference.of_other_rows(tally, Calibration(nulls, habits), window.before.period, hourly)


def tally_compared_with(reference: Reference, window: WindowTally, settings: Settings) -> DatasetTally:
    """Give the tally of the rows that a window is compared with."""
    moving, before = settings.moving, window.before
    if moving is None or before is None or before.rows.rows < moving.least_rows:
        return reference.tally
    if reference.moves_by_hour and before.rows.hours is not None and before.rows.hours.min() < LEAST_BEFORE:
        return reference.tally
    return _joined(before, reference)


def _hourly(
    reference: Reference, window: WindowTally, before: Before, settings: Settings
) -> HourlyReference | None:
    """Give what the rows before were by hour; ``None`` where that is not counted."""
    built, target = reference.hourly, reference.schema.target
    if built is None or not reference.moves_by_hour:
        return None
    tallies: dict[str, HourlyTally] = {}
    past: dict[str, Sample] = {}
    now: dict[str, ColumnTally] = {}
    judged: list[tuple[str, Divergence]] = []
    for name in built.tallies:
        is_target = target is not None and name == target.name
        rows, current = (before.labelled, window.labelled) if is_target else (before.rows, window.rows)
        counted = rows.together[hours_of(name)]
        hours = current.hours
        at_hours = None if hours is None else counted.at(hours, rows.columns[name].sample)
        if at_hours is None:
            continue
        tallies[name], past[name], now[name] = counted, at_hours, current.columns[name]
        asked = settings.methods.divergences(reference.schema[name])
        judged += [(name, each) for each in asked if built.judges(name, each.name)]
    habits = {key: habit for key, habit in built.calibration.habits.items() if key[1] in tallies}
    return HourlyReference(built.hours, tallies, Calibration(hourly_nulls(judged, past, now), habits))


def _joined(before: Before, built: Reference) -> DatasetTally:
    """Put columns and truth together, as a reference has them; a segment that one of them lacks has no rows there."""
    rows, labelled = before.rows, before.labelled
    nothing = DatasetTally(0, {name: no_rows(built.rulers[name]) for name in rows.columns})
    no_truth = DatasetTally(0, {name: no_rows(built.rulers[name]) for name in labelled.columns})
    segments = {
        name: _both(rows.segments.get(name, nothing), labelled.segments.get(name, no_truth))
        for name in dict.fromkeys([*rows.segments, *labelled.segments])
    }
    whole = _both(rows, labelled)
    # what looks at several columns at once has learned its lines for the rows that it was built from
    together = built.tally.together
    return replace(
        whole, segments=segments, outliers=rows.outliers or built.tally.outliers, together=together
    )


def _both(rows: DatasetTally, labelled: DatasetTally) -> DatasetTally:
    columns = {**rows.columns, **labelled.columns}
    return DatasetTally(rows.rows, columns, labelled.performance, repeats=rows.repeats)
