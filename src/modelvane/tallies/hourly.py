"""What a column is at each hour of the week, and what it would be at the hours of a window."""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.errors import TallyMismatchError
from modelvane.tallies.sample import Array, Sample

Integers = NDArray[np.int64]


class HourlyTally(Struct, frozen=True, eq=False):
    """A column's counts by class of hours.

    Parameters
    ----------
    rows
        Rows of each class, with a value or without, shape ``(classes,)``.
    counts
        Rows of each class by cell, shape ``(classes, cells)``.
    """

    rows: Integers
    counts: Integers

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
        return cls(counts.sum(axis=1), counts[:, 1:])

    def __add__(self, other: HourlyTally) -> HourlyTally:
        if self.counts.shape != other.counts.shape:
            raise TallyMismatchError(
                "Two tallies by hour are of different classes or cells",
                received=f"{self.counts.shape} and {other.counts.shape}",
                expected="one reference",
            )
        return HourlyTally(self.rows + other.rows, self.counts + other.counts)

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
        counts = reweighted(hours[None], self.rows[None], self.counts.sum(axis=1)[None], self.counts)[0]
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
