"""Everything that is learned from a reference about its own noise and habit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from modelvane.block import Encoded
from modelvane.calibration.habit import Habit, divergence_habit, range_habit, share_habit, unseen_habit
from modelvane.calibration.null import DRAWS, NullMoments, null_moments
from modelvane.calibration.shuffles import Shuffles
from modelvane.calibration.urn import Urn
from modelvane.casting import Fault, Numbers
from modelvane.divergences import DIVERGENCES
from modelvane.divergences.base import Divergence
from modelvane.ruler import Floats, NumericalRuler, Ruler
from modelvane.statistics.tail_share import TAIL_SHARE, Tails
from modelvane.tallies.categorical import CategoricalTally, Codes
from modelvane.tallies.dataset import ColumnTally
from modelvane.tallies.list_column import Lists
from modelvane.tallies.list_tally import ListTally, entries_of
from modelvane.tallies.numerical import NumericalTally

Key: TypeAlias = tuple[str, str, str]
"""Segment (empty for all rows), column, measure."""


class Calibration(Struct, frozen=True, eq=False):
    """Null moments and habits, by segment, column and measure, and how long columns stand still.

    Parameters
    ----------
    nulls
        Of divergences that have no analytic null.
    habits
        Of divergences and of quality shares; empty when the reference has no time column.
    longest_runs
        By segment and column the most rows, one after the other in time, that have one value; empty without times.
    """

    nulls: Mapping[Key, NullMoments] = field(default_factory=dict)
    habits: Mapping[Key, Habit] = field(default_factory=dict)
    longest_runs: Mapping[tuple[str, str], int] = field(default_factory=dict)

    @classmethod
    def of_parts(cls, parts: Iterable[Calibration]) -> Calibration:
        """Put together what was learned of different columns."""
        nulls: dict[Key, NullMoments] = {}
        habits: dict[Key, Habit] = {}
        longest_runs: dict[tuple[str, str], int] = {}
        for part in parts:
            nulls |= part.nulls
            habits |= part.habits
            longest_runs |= part.longest_runs
        return cls(nulls, habits, longest_runs)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give one array for each."""
        held: dict[str, NDArray[Any]] = {}
        for i, moments in enumerate(self.nulls.values()):
            held[f"null{i}"] = moments.to_array()
        for i, habit in enumerate(self.habits.values()):
            held[f"habit{i}"] = habit.to_array()
        return held

    def facts(self) -> dict[str, Any]:
        """Give the rest, as JSON values."""
        runs = [[*key, rows] for key, rows in self.longest_runs.items()]
        return {
            "nulls": [list(key) for key in self.nulls],
            "habits": [list(key) for key in self.habits],
            **({"longest_runs": runs} if runs else {}),
        }

    @classmethod
    def from_arrays(cls, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Calibration:
        """Read what `facts` and `arrays` gave."""
        return cls(
            {_key(key): NullMoments.from_array(arrays[f"null{i}"]) for i, key in enumerate(facts["nulls"])},
            {_key(key): Habit.from_array(arrays[f"habit{i}"]) for i, key in enumerate(facts["habits"])},
            # files of an earlier version have none
            {(segment, column): rows for segment, column, rows in facts.get("longest_runs", ())},
        )


def _key(parts: list[str]) -> Key:
    segment, column, measure = parts
    return segment, column, measure


class Task(Struct, frozen=True, eq=False):
    """One column of one segment, to be calibrated.

    Parameters
    ----------
    rows
        The column's rows, in time order where there is one; ``None`` where only the tally is known.
    in_time_order
        Whether there is a time column.
    """

    segment: str
    column: str
    tally: ColumnTally
    methods: tuple[str, ...]
    rows: Encoded | None
    in_time_order: bool


def calibrate(
    tasks: Iterable[Task], *, draws: int = DRAWS, threads: int = 2, advance: Callable[[], None] = lambda: None
) -> Calibration:
    """Learn noise and habit of many columns.

    Parameters
    ----------
    draws
        Windows drawn per size.
    threads
        Columns calibrated at once; numpy leaves Python's lock for most of the work.
    advance
        Called after each column, for a progress bar.
    """
    shuffles = Shuffles()
    with ThreadPoolExecutor(threads) as pool:
        parts = []
        for found in pool.map(lambda task: calibrate_column(task, shuffles, draws), tasks):
            parts.append(found)
            advance()
    return Calibration.of_parts(parts)


def calibrate_column(task: Task, shuffles: Shuffles, draws: int = DRAWS) -> Calibration:
    """Learn noise and habit of one column.

    Parameters
    ----------
    shuffles
        Those of the columns before.
    draws
        Windows drawn per size.
    """
    nulls: dict[Key, NullMoments] = {}
    habits: dict[Key, Habit] = {}
    longest_runs: dict[tuple[str, str], int] = {}
    divergences = [DIVERGENCES[name] for name in task.methods] if task.tally.n else []
    for divergence in divergences:
        # what is analytic takes values for independent, which entries of one list are not
        is_analytic = divergence.critical is not None and not isinstance(task.tally, ListTally)
        if not is_analytic and not is_constant(task.tally):
            nulls[task.segment, task.column, divergence.name] = _null(task, divergence, draws, shuffles)
    if task.rows is not None and task.in_time_order:
        for measure, habit in _habits(task, task.rows, divergences):
            if habit is not None:
                habits[task.segment, task.column, measure] = habit
        if not isinstance(task.rows, Lists):
            longest_runs[task.segment, task.column] = longest_run(task.rows)
    return Calibration(nulls, habits, longest_runs)


def _null(task: Task, divergence: Divergence, draws: int, shuffles: Shuffles) -> NullMoments:
    tally, rows = task.tally, task.rows
    if not isinstance(tally, ListTally):
        return null_moments(divergence, tally.sample, draws, shuffles=shuffles)
    if not isinstance(rows, Lists) or tally.lists - tally.empty < 2:
        return null_moments(divergence, tally.sample, draws, shuffles=shuffles).inflated(
            tally.entries_per_list
        )
    codes, lengths = cells_of(tally, rows).astype(np.int32), rows.lengths[rows.lengths > 0]
    lists_of = Urn(codes, tally.sample.counts.shape[-1], lengths)
    return null_moments(divergence, tally.sample, draws, lists=lists_of, shuffles=shuffles)


def _habits(
    task: Task, column: Encoded, divergences: Iterable[Divergence]
) -> Iterable[tuple[str, Habit | None]]:
    cells = cells_of(task.tally, column)
    entries = entries_of(task.tally)
    for divergence in divergences:
        yield divergence.name, divergence_habit(divergence, task.tally.sample, cells)
    for measure, flags in quality_flags(task.tally, column).items():
        yield measure, share_habit(flags)
    if isinstance(entries, CategoricalTally):
        yield "unseen_share", unseen_habit(entries.counts, cells)
    if isinstance(column, Numbers):
        yield "out_of_range_share", range_habit(column.values)
        assert isinstance(task.tally, NumericalTally)  # noqa: S101 - numbers are counted on edges
        yield TAIL_SHARE.name, _tail_habit(task.tally, column.values)


def _tail_habit(reference: NumericalTally, values: Floats) -> Habit | None:
    if not reference.n:
        return None
    known, tails, edges = values[~np.isnan(values)], Tails.of(reference), reference.ruler.edges
    return share_habit((known < edges[tails.low]) | (known > edges[tails.high]))


def cells_of(tally: ColumnTally, column: Encoded) -> NDArray[np.intp]:
    """Give the cell of each row on the tally's ruler, of lists that of each entry; -1 where there is no value."""
    if isinstance(column, Lists):
        return cells_of(entries_of(tally), column.values)
    return cells_on(tally.ruler, column)


def cells_on(ruler: Ruler, column: Encoded) -> NDArray[np.intp]:
    """Give the cell of each row on a ruler that is not one of lists; -1 where there is no value."""
    if not isinstance(column, Numbers):
        assert isinstance(column, Codes)  # noqa: S101 - entries of lists have cells, not lists
        return np.maximum(column.codes, -1).astype(np.intp)
    assert isinstance(ruler, NumericalRuler)  # noqa: S101 - numbers are counted on edges
    edges = ruler.edges
    cells = np.searchsorted(edges, column.values, "left") + np.searchsorted(edges, column.values, "right")
    return np.where(np.isnan(column.values), -1, cells)


def quality_flags(tally: ColumnTally, column: Encoded) -> dict[str, NDArray[np.bool_]]:
    """Give for each share of faults which rows it counts."""
    if isinstance(column, Lists):
        faults = column.faults
    elif isinstance(column, Numbers):
        faults = np.zeros(len(column), np.uint8) if column.faults is None else column.faults
    else:
        faults = np.where(column.codes < 0, -column.codes, 0).astype(np.uint8)
    flags = {"missing_share": faults == Fault.MISSING, "wrong_type_share": faults == Fault.WRONG_TYPE}
    if isinstance(tally, NumericalTally):
        infinite = (faults == Fault.POSITIVE_INFINITE) | (faults == Fault.NEGATIVE_INFINITE)
        flags["infinite_share"] = infinite
    return flags


def is_constant(tally: ColumnTally) -> bool:
    """Whether all usable values are one: then any change is beyond noise."""
    tally = entries_of(tally)
    if isinstance(tally, NumericalTally):
        return tally.n > 0 and tally.minimum == tally.maximum
    return tally.n > 0 and int(tally.counts.max()) == tally.n


def longest_run(column: Numbers | Codes) -> int:
    """Give the most rows, one after the other, that have one value; rows without any are passed over.

    >>> longest_run(Numbers(np.array([1.0, 2.0, np.nan, 2.0, 1.0]), None))
    2
    """
    values: NDArray[Any]
    if isinstance(column, Numbers):
        values = column.values[~np.isnan(column.values)]
    else:
        values = column.codes[column.codes >= 0]
    changes = 1 + np.flatnonzero(values[1:] != values[:-1])
    return int(np.diff(changes, prepend=0, append=len(values)).max())


def chance_of_constant(reference: ColumnTally, n: int) -> float:
    """Give the probability that a window of ``n`` values has one only, while nothing changed: at most this.

    All values of another cell than the most frequent are then in the reference, whichever rows are the window's
    (Fisher, 1935). Entries of one list come together.
    """
    counts = np.asarray(reference.sample.counts)
    whole = int(counts.sum())
    together = reference.entries_per_list if isinstance(reference, ListTally) else 1.0
    return float((whole / (whole + n)) ** ((whole - int(counts.max())) / together)) if whole else 1.0
