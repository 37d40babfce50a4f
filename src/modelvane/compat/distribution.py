"""The distinct values of one column with their counts: what drift is computed from, on both sides."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from modelvane.compat.columns import Category, is_missing, kind_of, object_array


@dataclass(frozen=True, eq=False)
class Distribution:
    """Distinct values and how many rows have each.

    Attributes
    ----------
    kind
        ``numerical``: ``values`` are ascending finite floats. ``categorical``: ``values`` are scalars as they
        came, in order of first appearance.
    values, counts
        Parallel, one entry per distinct value.
    missing
        Rows without a value. Infinite values are neither missing nor counted here: no test can use them.
    """

    kind: Literal["numerical", "categorical"]
    values: np.ndarray
    counts: np.ndarray
    missing: int

    @classmethod
    def of(cls, column: np.ndarray) -> Distribution:
        """Count a column: float64 (NaN is missing) or scalars (``None`` and NaN are missing)."""
        if kind_of(column) == "numerical":
            values, counts = np.unique(column[np.isfinite(column)].astype(np.float64), return_counts=True)
            return cls("numerical", values, counts, int(np.isnan(column).sum()))
        categories = category_counts(column)
        counts = np.fromiter(categories.values(), np.int64, len(categories))
        return cls("categorical", object_array(categories), counts, column.size - int(counts.sum()))

    @property
    def rows(self) -> int:
        """Rows with a usable value."""
        return int(self.counts.sum())

    @property
    def frequencies(self) -> dict[Category, int]:
        """Count by value; 74, 74.0 and ``numpy.float64(74)`` are the same key, "74" is another."""
        return dict(zip(self.values.tolist(), self.counts.tolist(), strict=True))

    def expanded(self) -> np.ndarray:
        """Return the sample that the counts stand for, ascending; numerical only."""
        return np.repeat(self.values, self.counts)

    def std(self) -> float:
        """Return the population standard deviation; numerical only."""
        mean = np.dot(self.values, self.counts) / self.rows
        return float(np.sqrt(np.dot(self.counts, (self.values - mean) ** 2) / self.rows))


def category_counts(column: np.ndarray) -> Counter[Category]:
    """Count the values that are there, in order of first appearance."""
    counts: Counter[Any] = Counter()
    for value, count in Counter(column.tolist()).items():
        if not is_missing(value):
            counts[value.item() if isinstance(value, np.generic) else value] += count
    return counts
