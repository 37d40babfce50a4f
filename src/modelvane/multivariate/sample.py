"""A bounded sample of rows that does not depend on how they were grouped: those of the smallest hashes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.errors import TallyMismatchError
from modelvane.multivariate.scores import Scores

MOST_ROWS = 2000
"""Rows of a sample; rows that are alike count once."""


class RowSample(Struct, frozen=True, eq=False):
    """Rows with the smallest hashes (a bottom-k sketch: Cohen and Kaplan, 2007); tallies add, bit for bit.

    Rows of one hash are alike, and are held once with how many there are: whatever a part of the
    rows knows of one of the smallest hashes is exact. Of a row there are scores, not values.

    Parameters
    ----------
    n
        All rows.
    hashes
        In ascending order, shape ``(rows,)``, at most `MOST_ROWS`.
    counts
        Rows of each hash.
    scores
        Of each, shape ``(rows, columns)``; see `modelvane.multivariate.scores`.
    """

    n: int
    hashes: NDArray[np.uint64]
    counts: NDArray[np.int64]
    scores: Scores

    @classmethod
    def of(cls, n: int, hashes: NDArray[np.uint64], scores: Scores) -> RowSample:
        """Tally rows, of which those are given whose hash may be among the smallest."""
        kept, first, counts = np.unique(hashes, return_index=True, return_counts=True)
        top = slice(MOST_ROWS)
        return cls(n, kept[top], counts[top].astype(np.int64), scores[first[top]])

    def __add__(self, other: RowSample) -> RowSample:
        if self.scores.shape[1] != other.scores.shape[1]:
            raise TallyMismatchError(
                "Two samples of rows are of different columns",
                received=f"{self.scores.shape[1]} and {other.scores.shape[1]} columns",
                expected="the columns of one reference",
                remedy="Count both with the same reference file",
            )
        hashes = np.concatenate((self.hashes, other.hashes))
        kept, first, at = np.unique(hashes, return_index=True, return_inverse=True)
        counts = np.zeros(len(kept), np.int64)
        np.add.at(counts, at, np.concatenate((self.counts, other.counts)))
        top = slice(MOST_ROWS)
        scores = np.concatenate((self.scores, other.scores))
        return RowSample(self.n + other.n, kept[top], counts[top], scores[first[top]])

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, RowSample)
            and self.n == other.n
            and np.array_equal(self.hashes, other.hashes)
            and np.array_equal(self.counts, other.counts)
            and np.array_equal(self.scores, other.scores)
        )

    __hash__ = None  # type: ignore[assignment] # compared by arrays

    @property
    def weights(self) -> NDArray[np.float64]:
        """Share of the sampled rows that each of them stands for."""
        return np.asarray(self.counts / self.counts.sum())

    @property
    def different(self) -> float:
        """How many rows that are all different would say as much of what sets them apart (Kish, 1965)."""
        return float(1 / (self.weights**2).sum()) if len(self.hashes) else 0.0

    @property
    def size(self) -> float:
        """How many rows would say as much of a mean: all of them, where none is left out.

        ``1 / (1 / n + (1 - f) / d)`` for a share f of the rows, of which d are `different`: what all rows leave unsure,
        and what sampling adds (Cochran, Sampling Techniques, 1977).
        """
        if not self.n:
            return 0.0
        return float(1 / (1 / self.n + (1 - self.counts.sum() / self.n) / self.different))

    def facts(self) -> dict[str, Any]:
        """Give what is no array, as JSON values."""
        return {"n": self.n}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the arrays."""
        return {"hashes": self.hashes, "counts": self.counts, "scores": self.scores}

    @classmethod
    def from_arrays(cls, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> RowSample:
        """Read what `facts` and `arrays` gave."""
        return cls(facts["n"], arrays["hashes"], arrays["counts"], arrays["scores"].astype(np.int8))


def smallest(hashes: NDArray[np.uint64]) -> NDArray[np.intp]:
    """Give the rows whose hashes may be among the `MOST_ROWS` smallest that differ; all where many are alike."""
    for kept in (2 * MOST_ROWS, 64 * MOST_ROWS):
        if len(hashes) <= kept:
            break
        limit = np.partition(hashes, kept)[kept]
        found = np.flatnonzero(hashes <= limit)
        if len(np.unique(hashes[found])) > MOST_ROWS:
            return found
    return np.arange(len(hashes))


def stacked(scores: Sequence[Scores], rows: int) -> Scores:
    """Give the scores of each column as one array, shape ``(rows, columns)``."""
    return np.stack(scores, axis=1) if scores else np.empty((rows, 0), np.int8)
