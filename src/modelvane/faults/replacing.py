"""Some values of a column replaced by others, in whatever form the column came."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from modelvane.faults.fault import Hit
from modelvane.raw_column import RawColumn


def replaced(column: RawColumn, hit: Hit, numbers: NDArray[np.float64]) -> RawColumn:
    """Give the column with the numbers where it is hit."""
    if isinstance(column, list):
        return [new if one else old for one, new, old in zip(hit, numbers.tolist(), column, strict=True)]
    if not hit.any():
        return column
    return pc.if_else(pa.array(hit), pa.array(numbers), column.cast(pa.float64()))


def replaced_by_value(column: RawColumn, hit: Hit, value: object) -> RawColumn:
    """Give the column with one value where it is hit; ``None`` makes it missing."""
    if isinstance(column, list):
        return [value if one else old for one, old in zip(hit, column, strict=True)]
    if value is not None and not pa.types.is_nested(column.type):
        try:
            value = pa.scalar(value).cast(column.type)
        except pa.ArrowInvalid:
            # a name among whole numbers: what a renamed code is
            column = column.cast(pa.string())
    return pc.if_else(pa.array(hit), pa.scalar(value, column.type) if value is None else value, column)
