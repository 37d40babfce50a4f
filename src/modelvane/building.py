"""Building what a reference is made of, a column at a time: no more than a few columns are in memory at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace
from numpy.typing import NDArray

from modelvane.block import Block, Encoded, encode_column
from modelvane.calibration.calibration import Calibration, Key, Task, calibrate_column
from modelvane.calibration.habit import Habit
from modelvane.calibration.moving import MovingHabits, moving_habits
from modelvane.calibration.shuffles import Shuffles
from modelvane.counting import count_column
from modelvane.estimates.lines import classifier_habits
from modelvane.freezing import catalogue_of, on_ruler, unkept
from modelvane.hourly import HourlyColumn, HourlyReference, RowHours
from modelvane.methods import Methods
from modelvane.outliers.reference import ReferenceScores
from modelvane.performance import PerformanceRuler
from modelvane.recommendation import RecommendationRuler
from modelvane.row_ruler import Learned, RowKind, RowRuler
from modelvane.row_rulers import learn, some_of
from modelvane.ruler import ListRuler, NumericalRuler, Ruler
from modelvane.schema import Column, Role, Schema
from modelvane.segments import SegmentRuler, segment_rulers
from modelvane.table import Table
from modelvane.tallies.dataset import ColumnTally, DatasetTally
from modelvane.tallies.list_column import Lists
from modelvane.tallies.repeats import RepeatTally
from modelvane.times import NO_TIME, as_times


class Built(Struct, frozen=True, eq=False):
    """What was learned of the reference's rows; see `modelvane.reference.Reference`."""

    rulers: Mapping[str, Ruler]
    tally: DatasetTally
    calibration: Calibration
    performance: PerformanceRuler | None
    period: tuple[int, int] | None
    hourly: HourlyReference | None
    row_rulers: Mapping[str, RowRuler]
    breakdowns: tuple[SegmentRuler, ...]
    moving: MovingHabits | None


def build(
    table: Table,
    schema: Schema,
    methods: Methods,
    zone: str | None,
    moving: int | None,
    kinds: Sequence[RowKind],
    *,
    threads: int,
    started: Callable[[int], None],
    advance: Callable[[], None],
) -> Built:
    """Learn rulers, tallies, noise and habit of every measured column.

    Columns that others are broken down by or held against stay in memory; each of the others is read, measured and
    forgotten, and read again for the row rulers that want it. With a time zone columns are also learned by hour of the
    week; with a number of windows before each their distance from these is learned, too.
    """
    times = _times(table, schema)
    known = times[times != NO_TIME]
    moving = moving if len(known) else None
    answers = RecommendationRuler.of(schema)
    first = {
        *schema.segment_columns,
        *(column.name for column in (*schema.predictions, schema.target) if column),
    }
    order = _order(times) if len(known) else None
    by_hour = None if zone is None else RowHours.of(times if order is None else times[order], zone)
    catalogue = catalogue_of(table, schema)
    read = partial(_read, table, order, catalogue)
    early = {column.name: read(column) for column in schema.measured if column.name in first}
    subject = schema.column_of(Role.SUBJECT)
    if answers is not None and subject is not None:
        early[subject.name] = _in_order(unkept(table[subject.name]), order)
    version = schema.column_of(Role.VERSION)
    if version is not None:
        known_versions = table[version.name] if version.name in table else [None] * table.rows
        early[version.name] = _in_order(unkept(known_versions), order)
    encoded = {name: column for name, (_, column) in early.items()}
    block = Block(table.rows, encoded, times)
    performance = PerformanceRuler.of(schema, {name: ruler for name, (ruler, _) in early.items()}, block)
    breakdowns = segment_rulers(schema, {name: ruler for name, (ruler, _) in early.items()}, encoded)
    segments = dict(part for ruler in breakdowns for part in ruler.divide(encoded))
    started(len(schema.measured) * (1 + len(segments)))
    scores = ReferenceScores(schema, table.rows)
    measure = partial(
        _measure,
        read,
        methods,
        segments,
        bool(len(known)),
        by_hour,
        moving,
        early,
        scores,
        Shuffles(),
        advance,
    )
    with ThreadPoolExecutor(threads) as pool:
        measured = dict(zip(schema.measured, pool.map(measure, schema.measured), strict=True))
    rulers = {column.name: found.ruler for column, found in measured.items()}
    if answers is not None and answers.subject is not None:
        rulers[answers.subject] = early[answers.subject][0]
    # what is looked up, and not counted by itself, needs no edges
    rulers |= {column.name: NumericalRuler.of(np.empty(0), column.dtype) for column in schema.contributions}
    if version is not None:
        rulers[version.name] = early[version.name][0]
    if performance is not None:
        performance = performance.on(rulers)
    parts: dict[str, Any] = {"": slice(None), **segments}
    tallies = {
        segment: _dataset(
            schema, measured, segment, block.take(index), performance, partial(_repeats, rulers, answers)
        )
        for segment, index in parts.items()
    }
    habits = (
        dict(_estimate_habits(performance, block, parts, tallies)) | scores.habits() if len(known) else {}
    )
    whole = replace(tallies.pop(""), segments=tallies, outliers=scores.tally())
    some = some_of(table.rows)
    ordered = Block(table.rows, {}, times if order is None else times[order]).take(some)

    def wanted(names: Sequence[str]) -> Block:
        return replace(ordered, columns={name: rows_of(name).take(some) for name in names})

    def rows_of(name: str) -> Encoded:
        if name in early:
            return early[name][1]
        rows = encode_column(rulers[name], table[name], table.rows)
        return rows if order is None else rows.take(order)

    row_rulers, together = learn(
        kinds, wanted, Learned(schema, rulers, whole, ordered, bool(len(known)), breakdowns)
    )
    return Built(
        rulers=rulers,
        tally=replace(whole, together=together),
        calibration=_joined(measured, list(parts), habits),
        performance=performance,
        period=(int(known.min()), int(known.max())) if len(known) else None,
        hourly=by_hour
        and by_hour.reference({column.name: found.hourly for column, found in measured.items()}),
        row_rulers=row_rulers,
        breakdowns=breakdowns,
        moving=None
        if moving is None
        else MovingHabits(moving, {key: h for found in measured.values() for key, h in found.moving.items()}),
    )


class _Measured(Struct, frozen=True, eq=False):
    """One column: its tallies and what was calibrated, by segment (empty for all rows)."""

    ruler: Ruler
    tallies: Mapping[str, ColumnTally]
    calibrations: Mapping[str, Calibration]
    hourly: HourlyColumn | None = None
    moving: Mapping[Key, Habit] = field(default_factory=dict)


def _measure(
    read: Callable[[Column], tuple[Ruler, Encoded]],
    methods: Methods,
    segments: Mapping[str, NDArray[np.intp]],
    has_times: bool,
    by_hour: RowHours | None,
    windows_before: int | None,
    early: Mapping[str, tuple[Ruler, Encoded]],
    scores: ReferenceScores,
    shuffles: Shuffles,
    advance: Callable[[], None],
    column: Column,
) -> _Measured:
    ruler, rows = early.get(column.name) or read(column)
    tallies: dict[str, ColumnTally] = {}
    calibrations: dict[str, Calibration] = {}
    moving: dict[Key, Habit] = {}
    parts: dict[str, Any] = {"": slice(None), **segments}
    for segment, index in parts.items():
        part = rows.take(index)
        tally = tallies[segment] = count_column(ruler, part)
        task = Task(segment, column.name, tally, methods.of(column), part, has_times)
        calibrations[segment] = calibrate_column(task, shuffles)
        if windows_before is not None:
            moving |= moving_habits(task, windows_before)
        advance()
    scores.add(column.name, tallies[""], rows)
    hourly = None
    if by_hour is not None and not isinstance(rows, Lists):
        divergences = methods.divergences(column)
        hourly = by_hour.measured(column.name, tallies[""], rows, divergences, calibrations[""])
    return _Measured(ruler, tallies, calibrations, hourly, moving)


def _times(table: Table, schema: Schema) -> NDArray[np.int64]:
    if schema.time is None or schema.time.name not in table:
        return np.full(table.rows, NO_TIME, np.int64)
    return as_times(table[schema.time.name])


def _order(times: NDArray[np.int64]) -> NDArray[np.intp] | None:
    """Give the rows in order of time; ``None`` when they are."""
    return None if (times[1:] >= times[:-1]).all() else np.argsort(times, kind="stable")


def _read(
    table: Table, order: NDArray[np.intp] | None, catalogue: ListRuler | None, column: Column
) -> tuple[Ruler, Encoded]:
    return _in_order(on_ruler(table[column.name], column, catalogue), order)


def _in_order(found: tuple[Ruler, Encoded], order: NDArray[np.intp] | None) -> tuple[Ruler, Encoded]:
    ruler, rows = found
    return ruler, rows if order is None else rows.take(order)


def _dataset(
    schema: Schema,
    measured: Mapping[Column, _Measured],
    segment: str,
    block: Block,
    performance: PerformanceRuler | None,
    repeats: Callable[[Block], RepeatTally | None],
) -> DatasetTally:
    # the target last: a window counts it apart, over the rows that have one
    ordered = sorted(schema.measured, key=lambda column: column == schema.target)
    columns = {column.name: measured[column].tallies[segment] for column in ordered}
    return DatasetTally(
        block.rows,
        columns,
        {} if performance is None else performance.count(block),
        repeats=repeats(block),
    )


def _estimate_habits(
    performance: PerformanceRuler | None,
    block: Block,
    parts: Mapping[str, Any],
    tallies: Mapping[str, DatasetTally],
) -> Iterator[tuple[Key, Habit]]:
    for segment, index in parts.items() if performance is not None else ():
        outcomes = performance.outcomes(block.take(index)) if performance is not None else None
        if outcomes is not None:
            held = tallies[segment].performance
            yield from classifier_habits(segment, held["confusion"], held["scores"], outcomes)


def _repeats(
    rulers: Mapping[str, Ruler], answers: RecommendationRuler | None, block: Block
) -> RepeatTally | None:
    return None if answers is None else answers.repeats(rulers, block.columns)


def _joined(
    measured: Mapping[Column, _Measured], segments: list[str], of_rows: Mapping[Key, Habit]
) -> Calibration:
    parts = [found.calibrations[segment] for segment in segments for found in measured.values()]
    return Calibration.of_parts([*parts, Calibration(habits=of_rows)])
