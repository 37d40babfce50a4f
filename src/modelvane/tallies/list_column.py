"""A column of lists: items that were served, their scores, what was bought afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.casting import Categories, Fault, Numbers, as_categories, as_numbers, is_missing
from modelvane.later import compute as pc
from modelvane.raw_column import RawColumn
from modelvane.ruler import CategoricalRuler, ListRuler
from modelvane.tallies.categorical import Codes

Values: TypeAlias = Codes | Numbers

_IS_LIST = frozenset({list, tuple, np.ndarray})


class Lists(Struct, frozen=True, eq=False):
    """Lists on their ruler, one behind the other.

    A list with an entry that is no id (or, of scores, no finite number) is of the wrong type as a whole.

    Parameters
    ----------
    values
        Entries of all usable lists, in order: codes without faults, or numbers without faults.
    lengths
        Entries of each row's list (int64); 0 where there is none.
    faults
        One per row (uint8, see `modelvane.casting.Fault`).
    """

    values: Values
    lengths: NDArray[np.int64]
    faults: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def rows(self) -> NDArray[np.int64]:
        """The row of each entry."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    @property
    def places(self) -> NDArray[np.int64]:
        """The place of each entry in its list, from 0 on."""
        starts = np.cumsum(self.lengths) - self.lengths
        return np.arange(int(self.lengths.sum())) - np.repeat(starts, self.lengths)

    def take(self, index: NDArray[np.intp] | slice) -> Lists:
        """Give the rows at ``index``."""
        lengths, faults = self.lengths[index], self.faults[index]
        starts = (np.cumsum(self.lengths) - self.lengths)[index]
        shifts = np.repeat(starts - (np.cumsum(lengths) - lengths), lengths)
        return Lists(self.values.take(np.arange(len(shifts)) + shifts), lengths, faults)

    @classmethod
    def missing(cls, ruler: ListRuler, rows: int) -> Lists:
        """Give rows without a list."""
        return cls(_values_of(ruler, []), np.zeros(rows, np.int64), np.full(rows, Fault.MISSING, np.uint8))

    @classmethod
    def of(cls, ruler: ListRuler, raw: RawColumn) -> Lists:
        """Cast a column of lists, Python's or Arrow's, and look its entries up on the ruler."""
        entries, lengths, faults = _entries(raw)
        values = _values_of(ruler, entries)
        broken = _are_broken(values)
        if not broken.any():
            return cls(values, lengths, faults)
        rows = np.repeat(np.arange(len(lengths)), lengths)
        is_broken = np.zeros(len(lengths), bool)
        is_broken[rows[broken]] = True
        kept = values.take(np.flatnonzero(~is_broken[rows]))
        if isinstance(kept, Numbers):
            kept = Numbers(kept.values, None)
        faults = np.where(is_broken, Fault.WRONG_TYPE, faults).astype(np.uint8)
        return cls(kept, np.where(is_broken, 0, lengths), faults)


def categories_within(*columns: RawColumn) -> Categories:
    """Give the entries of all lists of some columns as categories, to freeze a ruler from."""
    entries: list[Any] = []
    for raw in columns:
        found = _entries(raw)[0]
        entries += found if isinstance(found, list) else found.to_pylist()
    return as_categories(entries)


def numbers_within(raw: RawColumn) -> NDArray[np.float64]:
    """Give the finite numbers of all lists of a column, to freeze a ruler from."""
    numbers = as_numbers(_entries(raw)[0])
    return numbers.values if numbers.faults is None else numbers.values[numbers.faults == Fault.NONE]


def _values_of(ruler: ListRuler, entries: RawColumn) -> Values:
    if isinstance(ruler.values, CategoricalRuler):
        return Codes.of(ruler.values, as_categories(entries))
    return as_numbers(entries, ruler.values.dtype)


def _are_broken(values: Values) -> NDArray[np.bool_]:
    if isinstance(values, Codes):
        return values.codes < 0
    return np.zeros(len(values), bool) if values.faults is None else values.faults != Fault.NONE


def _entries(raw: RawColumn) -> tuple[RawColumn, NDArray[np.int64], NDArray[np.uint8]]:
    """Give the entries of all lists in order, how many each row has, and what rows without a list have."""
    if isinstance(raw, list):
        return _entries_of_list(raw)
    kind = raw.type
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind)):
        return _entries_of_list(raw.to_pylist())
    is_null = pc.is_null(raw).to_numpy().astype(bool)
    lengths = pc.fill_null(pc.list_value_length(raw), 0).to_numpy().astype(np.int64)
    # an entry that is itself nothing stays one; flattening leaves out the entries of null lists only
    entries = pa.chunked_array([pc.list_flatten(chunk) for chunk in raw.chunks], kind.value_type)
    return entries, lengths, np.where(is_null, Fault.MISSING, Fault.NONE).astype(np.uint8)


def _entries_of_list(raw: Sequence[Any]) -> tuple[list[Any], NDArray[np.int64], NDArray[np.uint8]]:
    lengths = np.zeros(len(raw), np.int64)
    faults = np.zeros(len(raw), np.uint8)
    lists: list[Any] = []
    for row, value in enumerate(raw):
        if type(value) in _IS_LIST and getattr(value, "ndim", 1) == 1:
            lengths[row] = len(value)
            lists.append(value)
        else:
            faults[row] = Fault.MISSING if is_missing(value) else Fault.WRONG_TYPE
    return list(chain.from_iterable(lists)), lengths, faults
