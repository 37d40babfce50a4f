"""Late labels of a file, joined to the rows of a source as they are read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec.structs import replace
from numpy.typing import NDArray

from modelvane.casting import canonical
from modelvane.engines.counted import Unread
from modelvane.engines.source import AroundSource, Batch, Source
from modelvane.errors import DecodeError, SchemaError, UnknownNameError
from modelvane.raw_column import RawColumn
from modelvane.schema import Schema
from modelvane.times import NO_TIME
from modelvane.transfer.label_files import LabelColumns, LabelFile
from modelvane.transfer.label_values import LabelFault, Labelling, LabelReader


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
    left_out
        Sentences about rows of the file that are no labels.
    """

    matched: int = 0
    changed: int = 0
    unknown: int = 0
    repeated: int = 0
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Labels:
    """Targets by canonical id, each id once.

    Parameters
    ----------
    ids, targets
        Of equal length.
    times
        When each became known, seconds since 1970; NaN where that is not said.
    repeated, left_out
        What is not here; see `LabelUse`.
    """

    ids: pa.Array
    targets: pa.Array
    times: NDArray[np.float64]
    repeated: int = 0
    left_out: tuple[str, ...] = ()

    @classmethod
    def read(cls, path: Path, schema: Schema) -> Labels:
        """Read a file of labels as `modelvane labels import` does; of several for one id the last counts.

        Raises
        ------
        DecodeError
            When it is not there, is damaged, or lacks a column.
        SchemaError
            When the reference has no target, so that labels say nothing.
        """
        if schema.target is None:
            raise SchemaError(
                "The reference has no target, so labels cannot be judged",
                remedy="Build the reference from rows that have their targets",
            )
        reader = LabelReader(schema.target)
        try:
            file = LabelFile(path, LabelColumns.of(schema, None, None, None))
            parts = [reader.read(batch) for batch in file.batches()]
        except DecodeError as error:
            # the remedy of an import, which goes on where it ended, is none here
            raise DecodeError(
                error.what,
                available=error.available,
                remedy="Labels are CSV, Parquet or Arrow, with columns `id` and `target` or the dataset's own",
            ) from error
        reader.faults.add(LabelFault.TORN, file.torn)
        ids = pa.array((id_ for part in parts for id_ in part.ids), pa.large_string())
        last = _last_of_each(ids)
        kept = pa.array(last)
        return cls(
            ids.take(kept),
            _array([target for part in parts for target in part.targets]).take(kept),
            np.concatenate([np.empty(0), *map(_known, parts)])[last],
            len(ids) - len(last),
            tuple(reader.faults.describe()),
        )


class LabelledSource(AroundSource):
    """A source whose rows have targets from a file of labels, where it has their ids.

    Parameters
    ----------
    source
        Where the rows are from.
    labels
        What is known of them beside.
    """

    def __init__(self, source: Source, labels: Labels) -> None:
        super().__init__(source)
        self._labels = labels
        self._used = np.zeros(len(labels.ids), bool)
        self._matched = self._changed = 0

    @property
    def name(self) -> str:
        """What a report calls it."""
        return f"{super().name}, with labels of a file"

    @property
    def use(self) -> LabelUse:
        """What became of the labels, once all rows were given."""
        return LabelUse(
            matched=self._matched,
            changed=self._changed,
            unknown=int(np.count_nonzero(~self._used)),
            repeated=self._labels.repeated,
            left_out=self._labels.left_out,
        )

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


def _known(part: Labelling) -> NDArray[np.float64]:
    if part.times is None:
        return np.full(len(part.ids), np.nan)
    return np.where(part.times == NO_TIME, np.nan, part.times / 1e6)


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
