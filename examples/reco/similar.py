"""The most similar rows of a sparse 0/1 matrix, by cosine similarity, without a dense matrix of all pairs."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
from scipy import sparse

DIGITS = 12
"""Similarities that are equal to so many digits are ties; the row that comes first wins."""

_ROWS_AT_ONCE = 128
_SLACK = np.float32(1e-5)  # more than single precision loses in one product

Places = npt.NDArray[np.int16 | np.int32]


@dataclass(frozen=True, eq=False, slots=True)
class Neighbours:
    """For each row the rows most similar to it, the most similar first.

    Parameters
    ----------
    starts
        Neighbours of row ``i`` are ``rows[starts[i]:starts[i + 1]]``, with their ``similarities``.
    """

    starts: npt.NDArray[np.int32]
    rows: Places
    similarities: npt.NDArray[np.float32]

    def of(self, row: int) -> tuple[Places, npt.NDArray[np.float32]]:
        """Give the neighbours of a row, and how similar each is."""
        part = slice(self.starts[row], self.starts[row + 1])
        return self.rows[part], self.similarities[part]


def integer(most: int) -> type[np.int16 | np.int32]:
    """Give the narrow type that holds ``0 .. most``: what is half as wide is moved and kept at half the cost."""
    return np.int16 if most <= np.iinfo(np.int16).max else np.int32


def similarities(matrix: sparse.csr_array, row: int) -> npt.NDArray[np.float64]:
    """Give the cosine similarity of a row of a 0/1 matrix to all rows.

    Between rows of 0 and 1 it is the number of common ones over the root of the product of both numbers of ones.
    """
    common = matrix @ matrix[[row]].toarray()[0]
    sizes = _sizes(matrix)
    return _similarity(common, sizes[row], sizes)


def nearest(matrix: sparse.csr_array, most: int) -> Neighbours:
    """Find at most ``most`` rows that share a one with each row."""
    rows, columns = matrix.shape
    counts = matrix.astype(integer(columns))
    blocks = range(0, rows, _ROWS_AT_ONCE)
    # numpy and scipy let go of the interpreter where the work is
    with ThreadPoolExecutor(min(len(blocks), os.cpu_count() or 1)) as pool:
        found = list(pool.map(partial(_nearest_of_block, counts, _sizes(matrix), most), blocks))
    lengths, neighbours, how = (np.concatenate(part) for part in zip(*found, strict=True))
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return Neighbours(starts, neighbours, how)


def _sizes(matrix: sparse.csr_array) -> npt.NDArray[np.float64]:
    sizes: npt.NDArray[np.float64] = np.diff(matrix.indptr).astype(np.float64)
    return np.maximum(sizes, 1)  # a row without a one is like no other


def _similarity(
    common: npt.NDArray[np.float64], of: npt.NDArray[np.float64] | float, to: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    similarity: npt.NDArray[np.float64] = np.round(common / np.sqrt(of * to), DIGITS)
    return similarity


def _nearest_of_block(
    counts: sparse.csr_array, sizes: npt.NDArray[np.float64], most: int, first: int
) -> tuple[npt.NDArray[np.intp], Places, npt.NDArray[np.float32]]:
    """Give for some rows how many neighbours each has, then of all of them the neighbours and similarities."""
    # with a dense block of columns each one of the matrix adds a whole line of the answer
    common = (counts @ counts[first : first + _ROWS_AT_ONCE].toarray().T).T
    own = np.arange(len(common))
    common[own, first + own] = 0
    rows, columns = _candidates(common, sizes, most)
    how = _similarity(common[rows, columns], sizes[first + rows], sizes[columns])
    order = np.lexsort((columns, -how, rows))
    rows = rows[order]
    kept = np.arange(len(rows)) - np.searchsorted(rows, own)[rows] < most
    order = order[kept]
    lengths = np.bincount(rows[kept], minlength=len(common))
    return lengths, columns[order].astype(integer(len(sizes))), how[order].astype(np.float32)


def _candidates(
    common: npt.NDArray[np.int_], sizes: npt.NDArray[np.float64], most: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Give where the largest similarities of each line are, and a few more: those that may tie with the last."""
    # a line's own size does not change its order, and single precision does to leave out nearly all; the largest
    # first, by their sign, for partition takes long over the many zeros that were before them
    rough = np.multiply(common, (-1 / np.sqrt(sizes)).astype(np.float32), order="C")
    width = rough.shape[1]
    limit = np.full(len(rough), -np.finfo(np.float32).tiny)
    if width > most:
        last = np.partition(rough, most - 1, axis=1)[:, most - 1]
        limit = np.minimum(limit, last * (1 - _SLACK))
    rows, columns = np.divmod(np.flatnonzero(rough <= limit[:, None]), width)
    return rows, columns
