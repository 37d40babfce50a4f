"""From columns as they came to numbers and categories; what does not fit is counted, never dropped."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import IntEnum
from itertools import count
from typing import Any

import numpy as np
import pyarrow as pa
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.later import compute as pc
from modelvane.python_values import python_values
from modelvane.raw_column import RawColumn, decoded


class Fault(IntEnum):
    """Why a value cannot be counted as what its column is."""

    NONE = 0
    MISSING = 1
    POSITIVE_INFINITE = 2
    NEGATIVE_INFINITE = 3
    WRONG_TYPE = 4


_HUGE = 10**4000
_NUMBER_WORDS = {
    "nan": math.nan,
    "infinity": math.inf,
    "+infinity": math.inf,
    "-infinity": -math.inf,
}


class Numbers(Struct, frozen=True):
    """A numerical column: ``values`` is float64 with NaN wherever ``faults`` (uint8, see `Fault`) is not 0.

    ``faults`` is ``None`` when every value is finite.
    """

    values: NDArray[np.float64]
    faults: NDArray[np.uint8] | None

    def __len__(self) -> int:
        return len(self.values)

    def take(self, index: NDArray[np.intp] | slice) -> Numbers:
        """Give the rows at ``index``."""
        return Numbers(self.values[index], None if self.faults is None else self.faults[index])


class Categories(Struct, frozen=True):
    """A categorical column: ``codes`` (int32) index ``names``; ``-Fault.MISSING`` and ``-Fault.WRONG_TYPE`` else."""

    codes: NDArray[np.int32]
    names: list[str]

    def __len__(self) -> int:
        return len(self.codes)


def canonical(value: object) -> str | None:
    """Give the one form in which a category is known: 74, 74.0 and "74" are the same; NaN is missing.

    ``None`` for what is missing, and for what is no category, such as a list.

    >>> canonical(74), canonical(74.0), canonical("74"), canonical(True), canonical(0.5)
    ('74', '74', '74', 'true', '0.5')
    """
    if isinstance(value, str):
        # numpy's text and enumerations are subclasses, which nothing can write
        value = str.__str__(value)
        # half of a surrogate pair has no bytes in UTF-8, in which categories are hashed and written
        return value if value.isascii() else value.encode(errors="replace").decode()
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, int | np.integer):
        # Python writes no decimal of more than 4300 digits
        return str(value) if abs(int(value)) < _HUGE else hex(value)
    if isinstance(value, float | np.floating | Decimal):
        number = float(value)
        if math.isnan(number):
            return None
        return str(int(number)) if number.is_integer() else repr(number)
    if isinstance(value, datetime | date | time):
        return None if is_missing(value) else value.isoformat()
    return str(value) if isinstance(value, timedelta) else None


def is_missing(value: object) -> bool:
    """Whether a value is none at all: ``None``, NaN, or NaT, numpy's or pandas'."""
    if value is None:
        return True
    # NaN, and NaT, of which pandas' calls itself a datetime, are not equal to themselves
    return isinstance(value, float | np.floating | np.datetime64 | Decimal | datetime) and value != value  # noqa: PLR0124 - true for NaN and NaT


def as_numbers(raw: RawColumn, dtype: str = "double") -> Numbers:
    """Cast a column to float64 by way of the reference's own type.

    Parameters
    ----------
    raw
        Python values or an Arrow array.
    dtype
        Arrow type name of the reference's column; ``"float"`` rounds to 32 bits first, so that the very same rows
        land on the same edges whichever way they came.
    """
    numbers = _numbers_of_list(raw) if isinstance(raw, list) else _numbers_of_arrow(raw)
    if dtype in ("float", "halffloat"):
        narrow = np.float32 if dtype == "float" else np.float16
        with np.errstate(over="ignore"):
            rounded = numbers.values.astype(narrow).astype(np.float64)
        return _with_faults(rounded, numbers.faults)
    return numbers


def _numbers_of_list(raw: list[Any]) -> Numbers:
    types = set(map(type, raw))
    if types <= {float, int, type(None)}:
        try:
            return _with_faults(np.array(raw, np.float64), None)
        except OverflowError:
            # an integer that is too large for a float is infinite: one by one
            pass
    values = np.empty(len(raw), np.float64)
    faults = np.zeros(len(raw), np.uint8)
    for i, value in enumerate(raw):
        values[i], faults[i] = _number(value)
    return _with_faults(values, faults)


def _number(value: object) -> tuple[float, Fault]:
    if is_missing(value):
        return math.nan, Fault.MISSING
    if isinstance(value, str):
        # JSON has no literal for these; clients write them as words
        word = _NUMBER_WORDS.get(value.lower())
        return (math.nan, Fault.WRONG_TYPE) if word is None else (word, Fault.NONE)
    if isinstance(value, bool | np.bool_) or not hasattr(value, "__float__"):
        return math.nan, Fault.WRONG_TYPE
    try:
        return float(value), Fault.NONE
    except OverflowError:
        return math.inf if value > 0 else -math.inf, Fault.NONE  # type: ignore[operator] # an int too large
    except (TypeError, ValueError):
        return math.nan, Fault.WRONG_TYPE


def _numbers_of_arrow(raw: pa.ChunkedArray) -> Numbers:
    kind = raw.type
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if is_number:
        as_double = raw if pa.types.is_float64(kind) else pc.cast(raw, pa.float64(), safe=False)
        return _with_faults(
            array_of(pc.fill_null(as_double, math.nan) if raw.null_count else as_double), None
        )
    if pa.types.is_dictionary(kind):
        return _numbers_of_arrow(decoded(raw))
    if pa.types.is_null(kind):
        return Numbers(np.full(len(raw), np.nan), np.full(len(raw), Fault.MISSING, np.uint8))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_union(kind):
        return _numbers_of_list(python_values(raw))
    nulls = pc.is_null(raw).to_numpy().astype(bool)
    faults = np.where(nulls, Fault.MISSING, Fault.WRONG_TYPE).astype(np.uint8)
    return Numbers(np.full(len(raw), np.nan), faults)


def array_of(numbers: pa.ChunkedArray) -> NDArray[Any]:
    """Give numbers without nulls, a single chunk of them where it is."""
    # by DLPack, since Arrow's own way imports pandas wherever that is installed: more than half a million rows' time
    chunks = [np.from_dlpack(chunk) for chunk in numbers.chunks if len(chunk)]
    if len(chunks) == 1:
        return chunks[0]
    return np.concatenate(chunks) if chunks else np.empty(0)


def _with_faults(values: NDArray[np.float64], faults: NDArray[np.uint8] | None) -> Numbers:
    finite = np.isfinite(values)
    if finite.all():
        return Numbers(values, None)
    found = np.zeros(len(values), np.uint8) if faults is None else faults.copy()
    found[np.isnan(values) & (found == Fault.NONE)] = Fault.MISSING
    found[np.isposinf(values)] = Fault.POSITIVE_INFINITE
    found[np.isneginf(values)] = Fault.NEGATIVE_INFINITE
    return Numbers(np.where(finite, values, np.nan), found)


def as_categories(raw: RawColumn, *, is_plain: bool = False) -> Categories:
    """Cast a column to codes of canonical categories; lists and objects are of the wrong type.

    ``is_plain`` as of `modelvane.table.Table`.
    """
    if not isinstance(raw, list):
        if pa.types.is_nested(raw.type) or len(raw) == 0:
            return as_categories(python_values(raw))
        return _categories_of_array(raw.combine_chunks())
    if not is_plain and {bool, np.bool_} & set(map(type, raw)):
        # True and 1 are one key of a dict but two categories
        return _categories_one_by_one(raw)
    # a value that is new gets the next code; not the dict's own length, which would be a cycle for the collector
    codes: defaultdict[Any, int] = defaultdict(count().__next__)
    try:
        found = np.fromiter(map(codes.__getitem__, raw), np.int32, len(raw))
    except TypeError:
        return _categories_one_by_one(raw)
    return _canonical_codes(found, list(codes))


def _categories_of_array(array: pa.Array) -> Categories:
    encoded = array if pa.types.is_dictionary(array.type) else pc.dictionary_encode(array)
    indices = encoded.indices.fill_null(-1) if encoded.indices.null_count else encoded.indices
    codes = np.from_dlpack(indices).astype(np.int32, copy=False)
    return _canonical_codes(codes, _listed(encoded.dictionary))


def _listed(array: pa.Array) -> list[Any]:
    kind = array.type
    if pa.types.is_string(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind):
        # by way of numpy Arrow would import pandas where that is installed
        values: list[Any] = array.to_pylist()
        return values
    return python_values(pa.chunked_array([array]))


def _canonical_codes(codes: NDArray[np.int32], values: list[Any]) -> Categories:
    names: dict[str, int] = {}
    renamed = np.empty(len(values) + 1, np.int32)
    renamed[-1] = -Fault.MISSING
    for code, value in enumerate(values):
        renamed[code] = _code(value, names)
    if len(names) == len(values) and (len(codes) == 0 or codes.min() >= 0):
        # every value is a category of its own, as in most dictionaries
        return Categories(codes, list(names))
    return Categories(renamed[codes], list(names))


def _categories_one_by_one(raw: Sequence[Any]) -> Categories:
    names: dict[str, int] = {}
    codes = np.fromiter((_code(value, names) for value in raw), np.int32, len(raw))
    return Categories(codes, list(names))


def _code(value: object, names: dict[str, int]) -> int:
    name = canonical(value)
    if name is not None:
        return names.setdefault(name, len(names))
    return -Fault.MISSING if is_missing(value) else -Fault.WRONG_TYPE
