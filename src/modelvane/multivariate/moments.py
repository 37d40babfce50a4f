"""What is remembered of how columns hang together: sums of scores, and of products of two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.errors import TallyMismatchError
from modelvane.multivariate.scores import BLOCK, Scores

Integers = NDArray[np.int64]


# products of so many numbers at once are shared out among threads, which on a busy machine wait for each other
_SHARED_OUT = 1 << 18


def at_once(columns: int) -> int:
    """Give how many rows are multiplied at once: a power of two, of which `BLOCK` is a multiple."""
    return min(BLOCK, 1 << (_SHARED_OUT // max(columns, 1) ** 2).bit_length() - 1)


class CrossMoments(Struct, frozen=True, eq=False):
    """Cross moments of the scores of some rows; tallies add, bit for bit in any grouping.

    Parameters
    ----------
    n
        Rows.
    sums
        Of each column's scores, shape ``(columns,)``.
    products
        Sums of the products of two columns' scores, shape ``(columns, columns)``.

    Examples
    --------
    >>> one, two = (np.array(scores, np.int8) for scores in ([1, 2, 3], [3, 2, 1]))
    >>> CrossMoments.of([one, two]).products.tolist()
    [[14, 10], [10, 14]]
    """

    n: int
    sums: Integers
    products: Integers

    @classmethod
    def zero(cls, columns: int) -> CrossMoments:
        """Give the tally of no rows."""
        return cls(0, np.zeros(columns, np.int64), np.zeros((columns, columns), np.int64))

    @classmethod
    def of(cls, scores: Sequence[Scores]) -> CrossMoments:
        """Tally rows, given as the scores of each column."""
        columns, rows = len(scores), len(scores[0]) if scores else 0
        sums = np.array([column.sum(dtype=np.int64) for column in scores], np.int64)
        products = np.zeros((columns, columns), np.int64)
        width = at_once(columns)
        held = np.zeros((columns, min(BLOCK, -(-rows // width) * width)), np.float32)
        parts = held.reshape(columns, -1, width).transpose(1, 0, 2)
        for start in range(0, rows, BLOCK):
            block = slice(start, min(start + BLOCK, rows))
            for line, column in zip(held, scores, strict=True):
                line[: block.stop - start] = column[block]
            held[:, block.stop - start :] = 0
            # integers below 2^24, which float32 adds exactly in any order
            products += (parts @ parts.transpose(0, 2, 1)).sum(axis=0).astype(np.int64)
        return cls(rows, sums, products)

    def __add__(self, other: CrossMoments) -> CrossMoments:
        if self.sums.shape != other.sums.shape:
            raise TallyMismatchError(
                "Two tallies of cross moments are of different columns",
                received=f"{len(self.sums)} and {len(other.sums)} columns",
                expected="the columns of one reference",
                remedy="Count both with the same reference file",
            )
        return CrossMoments(self.n + other.n, self.sums + other.sums, self.products + other.products)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, CrossMoments)
            and self.n == other.n
            and np.array_equal(self.sums, other.sums)
            and np.array_equal(self.products, other.products)
        )

    __hash__ = None  # type: ignore[assignment] # compared by arrays

    def facts(self) -> dict[str, Any]:
        """Give what is no array, as JSON values."""
        return {"n": self.n}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the arrays."""
        return {"sums": self.sums, "products": self.products}

    @classmethod
    def from_arrays(cls, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> CrossMoments:
        """Read what `facts` and `arrays` gave."""
        return cls(facts["n"], arrays["sums"], arrays["products"])
