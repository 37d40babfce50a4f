"""The most similar rows of a sparse 0/1 matrix, by cosine similarity, without a dense matrix of all pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

DIGITS = 12
"""Similarities that are equal to so many digits are ties; the row that comes first wins."""

_ROWS_AT_ONCE = 256


@dataclass(frozen=True, eq=False, slots=True)
class Neighbours:
    """For each row the rows most similar to it, the most similar first.

    Parameters
    ----------
    starts
        Neighbours of row ``i`` are ``rows[starts[i]:starts[i + 1]]``, with their ``similarities``.
    """

    starts: npt.NDArray[np.int32]
    rows: npt.NDArray[np.int16]
    similarities: npt.NDArray[np.float32]

    def of(self, row: int) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.float32]]:
        """Give the neighbours of a row, and how similar each is."""
        part = slice(self.starts[row], self.starts[row + 1])
        return self.rows[part], self.similarities[part]


def similarities(matrix: sparse.csr_array, rows: slice) -> npt.NDArray[np.float64]:
    """Give the cosine similarity of some rows of a 0/1 matrix to all rows.

    Between rows of 0 and 1 it is the number of common ones over the root of the product of both numbers of ones.
    """
    sizes = np.diff(matrix.indptr).astype(np.float64)
    # with a dense block of columns each one of the matrix adds a whole line of the answer
    common = (matrix @ matrix[rows].toarray().T).T
    return np.round(common / np.sqrt(np.outer(sizes[rows], sizes)), DIGITS)


def nearest(matrix: sparse.csr_array, most: int) -> Neighbours:
    """Find at most ``most`` rows that share a one with each row."""
    counts, found, how = [np.zeros(1, np.int64)], [], []
    for first in range(0, matrix.shape[0], _ROWS_AT_ONCE):
        block = similarities(matrix, slice(first, first + _ROWS_AT_ONCE))
        own = np.arange(len(block))
        block[own, first + own] = 0.0
        rows, columns = _largest(block, most)
        counts.append(np.bincount(rows, minlength=len(block)))
        found.append(columns.astype(np.int16))
        how.append(block[rows, columns].astype(np.float32))
    starts = np.cumsum(np.concatenate(counts))
    return Neighbours(starts.astype(np.int32), np.concatenate(found), np.concatenate(how))


def _largest(block: npt.NDArray[np.float64], most: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Give where the largest positive values of each line are: the largest first, of equal ones the first."""
    lines, width = block.shape
    least = np.partition(block, width - most, axis=1)[:, width - most] if width > most else np.zeros(lines)
    # all that tie with the last one, so that the tie is broken by position and not by chance
    rows, columns = np.nonzero((block >= least[:, None]) & (block > 0))
    order = np.lexsort((columns, -block[rows, columns], rows))
    rows, columns = rows[order], columns[order]
    starts = np.searchsorted(rows, np.arange(lines))
    kept = np.arange(len(rows)) - starts[rows] < most
    return rows[kept], columns[kept]
