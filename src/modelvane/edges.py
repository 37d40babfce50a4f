"""Which edges the ruler of a numerical column has, chosen from the distinct values of the reference."""

from __future__ import annotations

import heapq
import itertools
import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from modelvane import fixed

BINS = 20

Floats: TypeAlias = NDArray[np.float64]


def mean_of(distinct: Floats, counts: NDArray[np.intp]) -> float:
    """Give the mean of values that occur so often."""
    # scaled, so that the sum of values near the largest float is one too
    rows = int(counts.sum())
    bits = rows.bit_length()
    return math.ldexp(fixed.rounded_sum(distinct * 2.0**-bits, counts) / rows, bits)


def chosen_edges(distinct: Floats, counts: NDArray[np.intp], budget: int) -> Floats:
    """Give edges: half of the budget quantiles, the rest splits of the open cell with the largest rows x width."""
    positions = np.linspace(0, counts.sum() - 1, budget // 2)
    chosen = set(np.searchsorted(np.cumsum(counts), positions, side="right").tolist())
    chosen |= {0, len(distinct) - 1}
    before = np.concatenate(([0], np.cumsum(counts)))
    order = sorted(chosen)
    heap: list[tuple[float, int, int]] = []

    def offer(left: int, right: int) -> None:
        if right - left > 1:
            rows = before[right] - before[left + 1]
            width = float(distinct[right]) - float(distinct[left])
            heapq.heappush(heap, (-float(rows) * width, left, right))

    for left, right in itertools.pairwise(order):
        offer(left, right)
    while heap and len(chosen) < budget:
        _, left, right = heapq.heappop(heap)
        middle = distinct[left] / 2 + distinct[right] / 2
        split = int(distinct.searchsorted(middle))
        split = min(max(split, left + 1), right - 1)
        chosen.add(split)
        offer(left, split)
        offer(split, right)
    return distinct[sorted(chosen)]


def closing_edges(
    edges: Floats, distinct: Floats, counts: NDArray[np.intp], bins: int = BINS
) -> NDArray[np.intp]:
    """Give which edges close a bin, so that about ``bins`` bins have about as many rows each."""
    below = np.concatenate(([0], np.cumsum(counts)))
    up_to = below[np.searchsorted(distinct, edges, side="right")]
    at_edge = up_to - below[np.searchsorted(distinct, edges, side="left")]
    rows = below[-1]
    closing: list[int] = []
    closed = 0
    for i in range(len(edges) - 1):
        # a value with a bin's worth of rows gets a bin of its own, so it must not join what lies below it
        next_is_heavy = at_edge[i + 1] * bins >= rows
        if (up_to[i] - closed) * bins >= rows or (next_is_heavy and up_to[i] > closed):
            closing.append(i)
            closed = up_to[i]
    return np.array(closing, np.intp)
