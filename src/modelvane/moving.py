"""A reference that moves: the windows before the current one, on the rulers of the reference that was built."""

from __future__ import annotations

from msgspec.structs import replace

from modelvane.calibration.calibration import Calibration
from modelvane.calibration.moving import moving_nulls
from modelvane.counting import no_rows
from modelvane.divergences import DIVERGENCES
from modelvane.reference import Reference
from modelvane.settings import Settings
from modelvane.tallies.dataset import Before, DatasetTally, WindowTally


def moved(reference: Reference, window: WindowTally, settings: Settings) -> Reference:
    """Give a reference on the same rulers, of the rows before a window.

    Its noise is that between both tallies, at their sizes. Its habit is what the built reference learned of its own
    windows and those before them (``Reference.of(..., moving=windows)``). Where too few rows came before, or the
    settings ask for no moving reference, it is the one that was built.
    """
    moving, tally = settings.moving, tally_compared_with(reference, window, settings)
    if moving is None or window.before is None or tally is reference.tally:
        return reference
    habits = {key: habit for key, habit in reference.calibration.habits.items() if key[2] not in DIVERGENCES}
    if reference.moving is not None and reference.moving.windows == moving.windows:
        habits |= reference.moving.habits
    nulls = moving_nulls(reference.schema, settings.methods.divergences, tally, window)
    return reference.of_other_rows(tally, Calibration(nulls, habits), window.before.period)


def tally_compared_with(reference: Reference, window: WindowTally, settings: Settings) -> DatasetTally:
    """Give the tally of the rows that a window is compared with."""
    moving, before = settings.moving, window.before
    if moving is None or before is None or before.rows.rows < moving.least_rows:
        return reference.tally
    return _joined(before, reference)


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
