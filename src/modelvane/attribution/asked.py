"""Rows that a function is asked about, which is too slow to be asked about all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.block import Block, Encoded
from modelvane.casting import Numbers
from modelvane.hashing import row_hashes
from modelvane.ruler import CategoricalRuler, Ruler
from modelvane.tallies.categorical import Codes

Row: TypeAlias = tuple[float | str | None, ...]


class AskedRows(Struct, frozen=True):
    """The distinct rows with the smallest hashes, each with how often it came; samples add, exactly in any grouping.

    Which rows are taken follows from what they hold, so that windows that overlap have most of them in common. One that
    is not among the smallest of a part is not among the smallest of the whole, so that what is counted of the others is
    exact.

    Parameters
    ----------
    most
        Distinct rows that are kept.
    n
        All rows.
    rows
        By hash: how many there are, and what they hold.
    """

    most: int
    n: int
    rows: Mapping[int, tuple[int, Row]]

    @classmethod
    def of(cls, block: Block, rulers: Mapping[str, Ruler], most: int) -> AskedRows:
        """Take the sample of a block, of the columns that have a ruler here."""
        hashes = row_hashes(block.columns, rulers, block.rows)
        distinct, first, counts = np.unique(hashes, return_index=True, return_counts=True)
        some = block.take(first[:most])
        columns = [_values(ruler, some.columns[name]) for name, ruler in rulers.items()]
        held = zip(distinct[:most].tolist(), counts[:most].tolist(), zip(*columns, strict=True), strict=False)
        return cls(most, block.rows, {digest: (count, row) for digest, count, row in held})

    def __add__(self, other: AskedRows) -> AskedRows:
        rows = dict(self.rows)
        for digest, (count, row) in other.rows.items():
            rows[digest] = (rows.get(digest, (0, row))[0] + count, row)
        kept = sorted(rows)[: self.most]
        return AskedRows(self.most, self.n + other.n, {digest: rows[digest] for digest in kept})

    @property
    def counts(self) -> NDArray[np.int64]:
        """How often each row came."""
        return np.array([count for count, _ in self.rows.values()], np.int64)

    def facts(self) -> dict[str, Any]:
        """Give how many rows there were: rows themselves are in no file."""
        return {"most": self.most, "n": self.n}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give nothing, for the same reason."""
        return {}


def table_of(rows: Sequence[Row], dtypes: Mapping[str, str]) -> pa.Table:
    """Give rows as a table, each column of the type that it has in the reference where its values allow for it."""
    columns = {}
    for at, (name, dtype) in enumerate(dtypes.items()):
        values = pa.array([row[at] for row in rows], from_pandas=True)
        try:
            columns[name] = values.cast(_type_of(dtype))
        except (pa.ArrowException, ValueError):
            # an unseen category need not be of the reference's type
            columns[name] = values
    return pa.table(columns)


def _type_of(dtype: str) -> pa.DataType:
    return pa.float64() if dtype.startswith("decimal") else pa.type_for_alias(dtype)


def _values(ruler: Ruler, held: Encoded) -> list[float | str | None]:
    if isinstance(held, Numbers):
        return [None if np.isnan(value) else value for value in held.values.tolist()]
    assert isinstance(ruler, CategoricalRuler)  # noqa: S101 - lists are not among the columns
    assert isinstance(held, Codes)  # noqa: S101 - as its ruler says
    return [None if code < 0 else held.name(ruler, code) for code in held.codes.tolist()]
