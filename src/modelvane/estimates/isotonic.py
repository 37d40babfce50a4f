"""The nearest sequence that never falls."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def isotonic(values: Floats, weights: Floats) -> Floats:
    """Give the nondecreasing sequence of least weighted squares: neighbours that fall are pooled.

    Ayer et al., 1955. Both of shape ``(n,)``; weights are positive.

    >>> isotonic(np.array([1.0, 3.0, 2.0, 4.0]), np.ones(4)).tolist()
    [1.0, 2.5, 2.5, 4.0]
    """
    means: list[float] = []
    masses: list[float] = []
    lengths: list[int] = []
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        mean, mass, length = value, weight, 1
        while means and means[-1] >= mean:
            pooled = masses.pop()
            mean = (means.pop() * pooled + mean * mass) / (pooled + mass)
            mass += pooled
            length += lengths.pop()
        means.append(mean)
        masses.append(mass)
        lengths.append(length)
    return np.repeat(np.array(means, np.float64), np.array(lengths, np.intp))
