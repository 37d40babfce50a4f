"""Late labels of a file, joined to the rows of a source as they are read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from modelvane.casting import NO_TIME, as_times, canonical
from modelvane.engines.counted import Unread
from modelvane.engines.source import Batch, Source
from modelvane.errors import SchemaError, UnknownNameError
from modelvane.schema import Schema
from modelvane.table import RawColumn, Table


@dataclass(frozen=True, slots=True)
class LabelUse:
    """What became of a file of labels.

    Parameters
    ----------
    matched
        Rows that have their target from it.
    changed
        Of these, how many had another target before.
    unknown
        Ids in it that no row of the batch has: of other periods, or wrong.
    repeated
        Labels that a later one of the same id replaced.
    without_id, without_target
        Labels that say nothing.
    """

    matched: int = 0
    changed: int = 0
    unknown: int = 0
    repeated: int = 0
    without_id: int = 0
    without_target: int = 0


@dataclass(frozen=True, eq=False)
class Labels:
    """Targets by canonical id; of several for one id the last.

    Parameters
    ----------
    ids
        Each once.
    targets
        Of the same length.
    times
        When each became known, seconds since 1970; NaN where that is not said.
    lost
        Counts of those that are not here.
    """

    ids: pa.Array
    targets: pa.Array
    times: NDArray[np.float64]
    lost: LabelUse

    @classmethod
    def of(cls, data: object, schema: Schema) -> Labels:
        """Read labels: a column of ids, one of targets, and, if there is one, ``time``.

        Parameters
        ----------
        data
            Whatever `Table.of` reads.
        schema
            Whose names of id and target are looked for; ``id`` and ``target`` do too.

        Raises
        ------
        UnknownNameError
            When there is no such column, with the nearest that there is.
        SchemaError
            When the schema has no target, so that labels say nothing.
        """
        table = Table.of(data)
        if schema.target is None:
            raise SchemaError(
                "The reference has no target, so labels cannot be judged",
                remedy="Build the reference from rows that have their targets",
            )
        ids = canonical_ids(table[_named(table, schema.id.name if schema.id else "id", "id")])
        targets = _array(table[_named(table, schema.target.name, "target")])
        has_id, has_target = ids.is_valid(), targets.is_valid()
        if pa.types.is_floating(targets.type):
            has_target = pc.and_(has_target, pc.invert(pc.fill_null(pc.is_nan(targets), False)))
        usable = np.flatnonzero(_bools(pc.and_(has_id, has_target)))
        last = _last_of_each(ids.take(pa.array(usable)))
        kept = pa.array(usable[last])
        return cls(
            ids.take(kept),
            targets.take(kept),
            _known(table).take(usable[last]),
            LabelUse(
                repeated=len(usable) - len(last),
                without_id=int(np.count_nonzero(~_bools(has_id))),
                without_target=int(np.count_nonzero(_bools(has_id) & ~_bools(has_target))),
            ),
        )


class LabelledSource:
    """A source whose rows have targets from a file of labels, where it has their ids.

    Parameters
    ----------
    source
        Where the rows are from.
    labels
        What is known of them beside.
    """

    def __init__(self, source: Source, labels: Labels) -> None:
        self._source = source
        self._labels = labels
        self._used = np.zeros(len(labels.ids), bool)
        self._matched = self._changed = 0

    @property
    def name(self) -> str:
        """What a report calls it."""
        return f"{self._source.name}, with labels of a file"

    @property
    def rows(self) -> int | None:
        """How many rows it has."""
        return self._source.rows

    @property
    def use(self) -> LabelUse:
        """What became of the labels, once all rows were given."""
        return replace(
            self._labels.lost,
            matched=self._matched,
            changed=self._changed,
            unknown=int(np.count_nonzero(~self._used)),
        )

    def period(self, schema: Schema) -> tuple[int, int] | None:
        """Give the first and the last event time."""
        return self._source.period(schema)

    def batches(self, schema: Schema) -> Iterator[Batch | Unread]:
        """Give all rows, with their targets."""
        self._used[:] = False
        self._matched = self._changed = 0
        for batch in self._source.batches(schema):
            yield self._joined(batch, schema) if isinstance(batch, Batch) else batch

    def _joined(self, batch: Batch, schema: Schema) -> Batch:
        target, table = schema.target, batch.table
        ids = _ids(batch, schema)
        if target is None or ids is None:
            return batch
        places = pc.index_in(ids, value_set=self._labels.ids)
        found = _bools(places.is_valid())
        at = np.asarray(pc.fill_null(places, 0)).astype(np.intp)
        self._used[at[found]] = True
        self._matched += int(np.count_nonzero(found))
        told = self._labels.targets.take(places)
        before = table.get(target.name)
        if before is not None:
            self._changed += _different(_array(before), told, found)
            told = _merged(before, told, found)
        times = np.where(found, self._labels.times[at] if len(self._labels.times) else np.nan, np.nan)
        known = times if batch.labelled is None else np.where(np.isnan(times), batch.labelled, times)
        return replace(batch, table=table.with_column(target.name, _column(told)), labelled=known)


def canonical_ids(column: RawColumn) -> pa.Array:
    """Give ids in the form in which they are joined; null for what is none."""
    values = _array(column) if isinstance(column, pa.ChunkedArray) else None
    if values is not None and (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
        return values.cast(pa.large_string())
    if values is not None and pa.types.is_integer(values.type):
        return values.cast(pa.large_string())
    plain = column if isinstance(column, list) else column.to_pylist()
    return pa.array([canonical(value) for value in plain], pa.large_string())


def _ids(batch: Batch, schema: Schema) -> pa.Array | None:
    if batch.ids is not None:
        return canonical_ids(list(batch.ids))
    name = schema.id.name if schema.id is not None else "id"
    if name not in batch.table:
        raise UnknownNameError.of("id column, which labels are joined by", name, batch.table.names)
    return canonical_ids(batch.table[name])


def _named(table: Table, name: str, usual: str) -> str:
    if name in table or usual not in table:
        if name not in table:
            raise UnknownNameError.of("column of the labels", name, table.names)
        return name
    return usual


def _known(table: Table) -> NDArray[np.float64]:
    if "time" not in table:
        return np.full(table.rows, np.nan)
    times = as_times(table["time"])
    return np.where(times == NO_TIME, np.nan, times / 1e6)


def _last_of_each(ids: pa.Array) -> NDArray[np.int64]:
    """Give the positions of each id's last label, in order."""
    codes = np.asarray(ids.dictionary_encode().indices)
    last = np.full(int(codes.max()) + 1 if len(codes) else 0, -1, np.int64)
    # where an index is given twice numpy keeps the last
    last[codes] = np.arange(len(codes))
    return np.sort(last)


def _array(column: RawColumn) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        return column.combine_chunks()
    try:
        return pa.array(column)
    except (pa.ArrowException, ValueError, TypeError):
        # of several types: as text, in the form in which values are compared
        return pa.array([canonical(value) for value in column], pa.large_string())


def _merged(before: RawColumn, told: pa.Array, found: NDArray[np.bool_]) -> RawColumn:
    own = _array(before) if isinstance(before, pa.ChunkedArray) else None
    if own is not None:
        try:
            return _column(pc.if_else(pa.array(found), told.cast(own.type), own))
        except pa.ArrowException:
            # a target of another type stays what it is, and is counted as that
            pass
    plain = before if isinstance(before, list) else before.to_pylist()
    return [
        new if is_told else old
        for new, old, is_told in zip(told.to_pylist(), plain, found.tolist(), strict=True)
    ]


def _different(before: pa.Array, told: pa.Array, found: NDArray[np.bool_]) -> int:
    both = pa.array(np.flatnonzero(found & _bools(before.is_valid())))
    one, other = before.take(both), told.take(both)
    try:
        return int(np.count_nonzero(_bools(pc.not_equal(one, other))))
    except pa.ArrowException:
        pairs = zip(one.to_pylist(), other.to_pylist(), strict=True)
        return sum(canonical(old) != canonical(new) for old, new in pairs)


def _column(values: pa.Array | RawColumn) -> RawColumn:
    return values if isinstance(values, list | pa.ChunkedArray) else pa.chunked_array([values])


def _bools(values: pa.Array) -> NDArray[np.bool_]:
    return np.asarray(values.to_numpy(zero_copy_only=False), bool)


def read_labels(path: Path, schema: Schema) -> Labels:
    """Read a file of labels; see `Labels.of`."""
    return Labels.of(path, schema)
