"""Wasserstein: the area between two distribution functions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from modelvane.divergences.base import NUMERICAL, Divergence, in_blocks
from modelvane.divergences.open_cells import OpenCells, areas, rounding, slack_per_row, widths
from modelvane.tallies.sample import Sample


@in_blocks
def wasserstein(reference: Sample, current: Sample) -> NDArray[np.float64]:
    """Give the first Wasserstein distance, ``integral |F - G|``, in the column's unit.

    The area between F and G over an open cell is known from counts and sums, so the value is exact wherever
    the two do not cross inside one; else it is too small by at most `error_bound`. Shape ``(...)``.
    """
    # values near the largest float can be further apart than it: no finite distance, and no warning
    with np.errstate(over="ignore", invalid="ignore"):
        area = areas(reference, current, OpenCells.of(reference, current))
        return np.asarray(np.abs(area).sum(axis=-1))


def error_bound(reference: Sample, current: Sample) -> float:
    """Give how much larger the distance of the raw rows can be.

    Where F - G can be on both sides of 0, its integral is at most that of a function which is nowhere but at
    its highest and its lowest and has the known area.
    """
    cells = OpenCells.of(reference, current)
    area = areas(reference, current, cells)
    crossing = (cells.lowest < 0) & (cells.highest > 0)
    most = np.abs(area)
    most[[0, -1]] = np.where(
        crossing[[0, -1]], (slack_per_row(reference) + slack_per_row(current))[[0, -1]], most[[0, -1]]
    )
    inner = np.flatnonzero(crossing[1:-1]) + 1
    width, low, high = widths(reference)[inner - 1], cells.lowest[inner], cells.highest[inner]
    at_highest = np.clip((area[inner] / width - low) / (high - low), 0.0, 1.0)
    most[inner] = np.maximum(most[inner], width * (at_highest * high - (1 - at_highest) * low))
    return float((most - np.abs(area)).sum()) + rounding(reference, current)


WASSERSTEIN = Divergence(
    name="wasserstein",
    title="Wasserstein distance",
    kinds=NUMERICAL,
    kernel=wasserstein,
    zero_cells="Over an empty cell both functions are flat, and their distance counts with the cell's width.",
    source="Vaserstein, 1969; as the area between distribution functions: Vallender, 1974",
    unit="column",
    undefined="values too far apart for a floating-point number",
    error_bound=error_bound,
)
