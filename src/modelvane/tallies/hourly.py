"""What a column is at each hour of the week, and what it would be at the hours of a window."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.errors import TallyMismatchError
from modelvane.tallies.sample import Array, Sample

Integers = NDArray[np.int64]

# a count that is named takes two words in place of one, and is slower to add
_SPARSE = 8


class HourlyTally(Struct, frozen=True, eq=False):
    """A column's counts by class of hours; tallies of one ruler add.

    While rows are few the cells that have some are named: those of a day are in a few of some ten thousand. Whether
    they are named follows from the counts alone.

    Parameters
    ----------
    rows
        Rows of each class, with a value or without, shape ``(classes,)``.
    cells
        Cells of the column.
    index
        Which of the ``classes x cells`` counts are held; ``None`` for all.
    held
        These counts.
    """

    rows: Integers
    cells: int
    index: NDArray[np.int64] | None
    held: Integers

    @classmethod
    def of(cls, classes: Integers, cells: NDArray[np.intp], shape: tuple[int, int]) -> HourlyTally:
        """Count rows.

        Parameters
        ----------
        classes, cells
            One for each row; -1 where it has no time, or no value.
        shape
            Number of classes and of cells.
        """
        width = shape[1] + 1
        timed = classes >= 0
        keys = classes[timed] * width + cells[timed] + 1
        counts = np.bincount(keys, minlength=shape[0] * width).reshape(shape[0], width).astype(np.int64)
        return cls.of_counts(counts.sum(axis=1), counts[:, 1:])

    @classmethod
    def of_counts(cls, rows: Integers, counts: Integers) -> HourlyTally:
        """Hold the rows of each class, and those of each by cell, shape ``(classes, cells)``."""
        flat, width = counts.ravel(), counts.shape[1]
        if _SPARSE * int(rows.sum()) >= flat.size:
            return cls(rows, width, None, flat)
        index = np.flatnonzero(flat)
        return cls(rows, width, index, flat[index])

    @property
    def shape(self) -> tuple[int, int]:
        """Number of classes and of cells."""
        return len(self.rows), self.cells

    @property
    def n(self) -> int:
        """Rows that have a time."""
        return int(self.rows.sum())

    @property
    def counts(self) -> Integers:
        """Rows of each class by cell, shape ``(classes, cells)``."""
        if self.index is None:
            return self.held.reshape(self.shape)
        flat = np.zeros(len(self.rows) * self.cells, np.int64)
        flat[self.index] = self.held
        return flat.reshape(self.shape)

    def __add__(self, other: HourlyTally) -> HourlyTally:
        if self.shape != other.shape:
            raise TallyMismatchError(
                "Two tallies by hour are of different classes or cells",
                received=f"{self.shape} and {other.shape}",
                expected="one reference",
            )
        large, small = (self, other) if self.index is None else (other, self)
        flat = large.counts.ravel().copy()
        flat[slice(None) if small.index is None else small.index] += small.held
        return HourlyTally.of_counts(self.rows + other.rows, flat.reshape(self.shape))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, HourlyTally)
            and np.array_equal(self.rows, other.rows)
            and np.array_equal(self.counts, other.counts)
        )

    __hash__ = None  # type: ignore[assignment] # compared by arrays

    def facts(self) -> dict[str, Any]:
        """Give what is no array."""
        return {"cells": self.cells}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the arrays."""
        held = {"rows": self.rows, "held": self.held}
        return held if self.index is None else {**held, "index": self.index}

    @classmethod
    def from_arrays(cls, facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> HourlyTally:
        """Read what `facts` and `arrays` gave."""
        return cls(arrays["rows"], facts["cells"], arrays.get("index"), arrays["held"])

    def at(self, hours: Integers, whole: Sample) -> Sample | None:
        """Give the sample as it would be had its rows come at other hours; ``None`` where it has no row at any of them.

        Each class counts as often as the window has rows of it: with ``n_c`` of the window, ``N_c`` rows of the
        reference and its counts ``k_c``, the shares are those of ``sum n_c k_c / N_c`` (direct standardisation). Its
        number of rows is the effective one, ``(sum w_c)^2 / sum w_c^2 / v_c`` with ``v_c`` values and
        ``w_c = n_c v_c / N_c`` (Kish, 1965): the fewer there are at the window's hours, the noisier it is.

        Parameters
        ----------
        hours
            Rows of the window by class, shape ``(classes,)``.
        whole
            The sample of all its rows.
        """
        known = self.counts
        counts = reweighted(hours[None], self.rows[None], known.sum(axis=1)[None], known)[0]
        return whole.with_counts(counts) if np.isfinite(counts).all() else None


def reweighted(
    hours: Integers, rows: Integers, values: Integers, counts: Integers, without: Array | float = 0.0
) -> Array:
    """Give the counts by cell at the hours of many windows, see `HourlyTally.at`; NaN where there are none.

    Parameters
    ----------
    hours, rows, values
        Rows of the windows, rows of the reference and those with a value, by class; shape ``(windows, classes)``.
    counts
        Of the reference, shape ``(classes, cells)``.
    without
        What to take from the weighted counts, shape ``(windows, cells)``.
    """
    weights = np.divide(hours, rows, out=np.zeros(hours.shape), where=rows > 0)
    expected = weights * values
    total = expected.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        # w^2 / v, with w = weight * v
        scale = total / (weights * expected).sum(axis=-1)
    # what is left of a cell may be less than nothing, by rounding
    return np.asarray(np.maximum(weights @ counts - without, 0.0) * scale[:, None])
