"""The two lines of windows that are compared with the windows before them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.calibration.calibration import Key, Task, cells_of, is_constant
from modelvane.calibration.habit import Habit, moving_habit
from modelvane.calibration.null import DRAWS, NullMoments, exchanged_moments
from modelvane.divergences import DIVERGENCES
from modelvane.divergences.base import Divergence
from modelvane.schema import Column, Schema
from modelvane.tallies.dataset import ColumnTally, DatasetTally, WindowTally
from modelvane.tallies.list_tally import ListTally
from modelvane.tallies.sample import Sample

# draws are made anew in every round: as many as take some hundredths of a second, and tell three moments
_DRAWN_CELLS = 1 << 16
_FEWEST_DRAWS = 200


class MovingHabits(Struct, frozen=True, eq=False):
    """How far a reference's windows in time order are from those before them.

    Parameters
    ----------
    windows
        How many before each.
    habits
        By segment, column and divergence.
    """

    windows: int
    habits: Mapping[Key, Habit]

    def facts(self) -> dict[str, Any]:
        """Give what is no array, as JSON values."""
        return {"windows": self.windows, "habits": [list(key) for key in self.habits]}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give one array for each."""
        return {f"habit{i}": habit.to_array() for i, habit in enumerate(self.habits.values())}

    @classmethod
    def from_arrays(cls, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> MovingHabits:
        """Read what `facts` and `arrays` gave."""
        keys = [(segment, column, measure) for segment, column, measure in facts["habits"]]
        return cls(
            facts["windows"],
            {key: Habit.from_array(arrays[f"habit{i}"]) for i, key in enumerate(keys)},
        )


def moving_habits(task: Task, windows: int) -> dict[Key, Habit]:
    """Fit the habits of one column's divergences, by its rows in time order."""
    if not task.tally.n or task.rows is None:
        return {}
    cells = cells_of(task.tally, task.rows)
    fitted = {
        (task.segment, task.column, name): moving_habit(DIVERGENCES[name], task.tally.sample, cells, windows)
        for name in task.methods
    }
    return {key: habit for key, habit in fitted.items() if habit is not None}


def moving_nulls(
    schema: Schema,
    divergences: Callable[[Column], Sequence[Divergence]],
    before: DatasetTally,
    window: WindowTally,
) -> dict[Key, NullMoments]:
    """Learn the noise between the windows before and the current one, of divergences that have no analytic null.

    Parameters
    ----------
    divergences
        Of a column.
    before
        Of the windows before: all columns, by segment.
    window
        The current one.
    """
    target = schema.target
    found: dict[Key, NullMoments] = {}
    for column in schema.measured:
        current = window.labelled if target is not None and column.name == target.name else window.rows
        for segment, past, now in _pairs(column, before, current):
            for divergence in divergences(column):
                null = _null(divergence, past, now)
                if null is not None:
                    found[segment, column.name, divergence.name] = null
    return found


def _pairs(
    column: Column, before: DatasetTally, current: DatasetTally
) -> Iterator[tuple[str, ColumnTally, ColumnTally]]:
    parts = {"": current, **current.segments}
    for segment, part in {"": before, **before.segments}.items():
        now = parts.get(segment)
        if now is not None and column.name in now.columns and column.name in part.columns:
            yield segment, part.columns[column.name], now.columns[column.name]


def _null(divergence: Divergence, past: ColumnTally, now: ColumnTally) -> NullMoments | None:
    is_analytic = divergence.critical is not None and not isinstance(past, ListTally)
    if is_analytic or not past.n or not now.n or is_constant(past):
        return None
    counts: NDArray[np.int64] = past.sample.counts.astype(np.int64) + now.sample.counts.astype(np.int64)
    null = _exchanged(divergence, past.sample.with_counts(counts), now.n)
    return null.inflated(past.entries_per_list) if isinstance(past, ListTally) else null


def hourly_nulls(
    divergences: Iterable[tuple[str, Divergence]], past: Mapping[str, Sample], now: Mapping[str, ColumnTally]
) -> dict[Key, NullMoments]:
    """Learn the noise between a window and the rows before it at its hours, of divergences without an analytic null.

    Parameters
    ----------
    divergences
        With the column that each is of.
    past
        What the rows before were at the window's hours, as many as they are worth.
    now
        The window.
    """
    found: dict[Key, NullMoments] = {}
    for column, divergence in divergences:
        worth = np.rint(np.asarray(past[column].counts)).astype(np.int64)
        n = now[column].n
        if divergence.critical is None and n and (worth > 0).sum() > 1:
            counts = worth + np.asarray(now[column].sample.counts, np.int64)
            found["", column, divergence.name] = _exchanged(divergence, past[column].with_counts(counts), n)
    return found


def _exchanged(divergence: Divergence, pooled: Sample, n: int) -> NullMoments:
    draws = min(DRAWS, max(_FEWEST_DRAWS, _DRAWN_CELLS // len(pooled.counts)))
    return exchanged_moments(divergence, pooled, n, draws)
