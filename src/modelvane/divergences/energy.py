"""Energy distance: the squared difference of two distribution functions, integrated."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from modelvane.divergences.base import NUMERICAL, Divergence, in_blocks
from modelvane.divergences.open_cells import OpenCells, areas, rounding, slack_per_row, widths
from modelvane.tallies.sample import Array, Sample


@in_blocks
def energy(reference: Sample, current: Sample) -> NDArray[np.float64]:
    """Give ``sqrt(2 integral (F - G)^2)``, in the root of the column's unit.

    The mean of F - G over an open cell is known; how far it strays from it is known exactly for one row, and taken
    from evenly spread rows for more (exponentially spread ones beyond the outermost edges). Shape ``(...)``.
    """
    # values near the largest float can be further apart than it: no finite distance, and no warning
    with np.errstate(over="ignore", invalid="ignore"):
        cells, width = OpenCells.of(reference, current), widths(reference)
        area = areas(reference, current, cells)
        mean, most = _strays(cells, area, width)
        few = np.maximum(np.asarray(reference.counts + current.counts, np.float64)[..., ::2], 1.0)
        change = (cells.end - cells.start)[..., 1:-1]
        both = ((reference.counts > 0) & (current.counts > 0))[..., 2:-1:2]
        evenly = np.where(both, np.square(change) / 12, most * (1 + 2 / few[..., 1:-1]) / 3)
        inner = (width * (np.square(mean) + np.minimum(evenly, most))).sum(axis=-1)
        step = np.abs(cells.end - cells.start)[..., [0, -1]]
        outer = np.abs(area)[..., [0, -1]] * step * (1 + 1 / few[..., [0, -1]]) / 2
        return np.asarray(np.sqrt(2 * (inner + outer.sum(axis=-1))))


def error_bound(reference: Sample, current: Sample) -> float:
    """Give how far the value of the raw rows can be from this one, on either side."""
    cells, width = OpenCells.of(reference, current), widths(reference)
    area = areas(reference, current, cells)
    mean, most = _strays(cells, area, width)
    change = (cells.end - cells.start)[1:-1]
    a, b = (np.asarray(side.counts, np.float64)[2:-1:2] for side in (reference, current))
    # rows of one side alone change F - G in equal steps, so that it cannot stay at a mean between two of them
    step = np.where((a > 0) & (b > 0), 0.0, change / np.maximum(a + b, 1.0))
    part = np.divide(mean - cells.start[1:-1], step, out=np.zeros_like(step), where=step != 0)
    part -= np.floor(part)
    least = np.minimum(np.square(step) * part * (1 - part), most)
    outer_least, outer_most = _outer(area, reference, current)
    # an area that is off by r moves the integral by at most 2 |F - G| r
    slip = 2 * rounding(reference, current)
    low = float((width * (np.square(mean) + least)).sum()) + outer_least - slip
    high = float((width * (np.square(mean) + most)).sum()) + outer_most + slip
    value = float(energy(reference, current))
    return max(0.0, math.sqrt(2 * high) - value, value - math.sqrt(2 * max(0.0, low)))


def _strays(cells: OpenCells, area: Array, width: Array) -> tuple[Array, Array]:
    """Give the mean of F - G over each bounded cell, and the most that its squared distance from it can average."""
    low, high = cells.lowest[..., 1:-1], cells.highest[..., 1:-1]
    mean = np.clip(area[..., 1:-1] / width, low, high)
    return mean, (high - mean) * (mean - low)


def _outer(area: Array, reference: Sample, current: Sample) -> tuple[float, float]:
    """Give the least and the most that (F - G)^2 can integrate to beyond the outermost edges."""
    least = most = 0.0
    for cell in (0, -1):
        sides = [side for side in (reference, current) if side.counts[cell]]
        if len(sides) == 1:
            # one row as far out as all together, or all of them at one place
            least += abs(float(area[cell])) / float(sides[0].n)
            most += abs(float(area[cell])) * float(sides[0].shares[cell])
        elif sides:
            reach = sum(float(slack_per_row(side)[cell]) for side in sides)
            most += max(float(side.shares[cell]) for side in sides) * reach
    return least, most


ENERGY = Divergence(
    name="energy",
    title="Energy distance",
    kinds=NUMERICAL,
    kernel=energy,
    zero_cells="Over an empty cell both functions are flat: their distance, squared, counts with its width.",
    source="Cramer, 1928; Szekely and Rizzo, 2013",
    undefined="values too far apart for a floating-point number",
    error_bound=error_bound,
)
