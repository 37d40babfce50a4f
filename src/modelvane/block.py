"""Rows on their rulers: what windows hold and tallies count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.casting import Fault, Numbers, as_categories, as_numbers
from modelvane.raw_column import RawColumn
from modelvane.ruler import CategoricalRuler, ListRuler, NumericalRuler, Ruler
from modelvane.schema import Schema
from modelvane.table import Table
from modelvane.tallies.categorical import Codes
from modelvane.tallies.list_column import Lists
from modelvane.times import NO_TIME, as_times

Encoded: TypeAlias = Numbers | Codes | Lists


class Block(Struct, frozen=True, eq=False):
    """Some rows, each measured column cast and looked up on its ruler.

    Parameters
    ----------
    rows
        How many.
    columns
        By name; a column that the data lacks is all missing.
    times
        Event times, microseconds since 1970 (int64), `modelvane.times.NO_TIME` where there is none.
    absent
        Names of measured columns that the data lacks altogether.
    """

    rows: int
    columns: Mapping[str, Encoded]
    times: NDArray[np.int64]
    absent: frozenset[str] = frozenset()

    def take(self, index: NDArray[np.intp] | slice) -> Block:
        """Give the rows at ``index``."""
        times = self.times[index]
        picked = {name: column.take(index) for name, column in self.columns.items()}
        return Block(len(times), picked, times, self.absent)


def encode_column(ruler: Ruler, raw: RawColumn | None, rows: int, *, is_plain: bool = False) -> Encoded:
    """Cast one column and look it up on its ruler; ``None`` is a column of missing values.

    ``is_plain`` as of `modelvane.table.Table`.
    """
    if isinstance(ruler, NumericalRuler):
        if raw is None:
            return Numbers(np.full(rows, np.nan), np.full(rows, Fault.MISSING, np.uint8))
        return as_numbers(raw, ruler.dtype)
    if isinstance(ruler, ListRuler):
        return Lists.missing(ruler, rows) if raw is None else Lists.of(ruler, raw)
    if raw is None:
        return Codes(np.full(rows, -Fault.MISSING, np.int32), [])
    return Codes.of(ruler, as_categories(raw, is_plain=is_plain))


def encode(
    table: Table, schema: Schema, rulers: Mapping[str, Ruler], times: NDArray[np.int64] | None = None
) -> Block:
    """Cast the measured columns of a table and look them up on their rulers; ``times`` where they are known."""
    columns = {
        name: encode_column(ruler, table.get(name), table.rows, is_plain=table.is_plain)
        for name, ruler in rulers.items()
    }
    time = schema.time
    if times is None:
        has_times = time is not None and time.name in table
        times = as_times(table[time.name]) if time and has_times else np.full(table.rows, NO_TIME, np.int64)
    absent = frozenset(name for name in rulers if name not in table) if table.rows else frozenset()
    return Block(table.rows, columns, times, absent)


def category_names(ruler: CategoricalRuler, column: Codes) -> list[str | None]:
    """Give the canonical categories of a column; ``None`` for faults."""
    names: list[str | None] = [*ruler.names, *column.unseen, None, None, None, None]
    return [names[code] for code in column.codes.tolist()]
