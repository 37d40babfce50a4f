"""The cumulative sum against the reference's mean."""

from __future__ import annotations

import numpy as np

from modelvane.concept.detectors.walk import Detector
from modelvane.ruler import Floats

ALLOWANCES = (0.1, 0.25, 0.5)
"""Half of the changes, in standard deviations, that it is quickest to find."""

_CELLS = 1024
_MOST = 10.0
_HALVINGS = 40


def _steps(rows: Floats, sums: Floats, allowance: float) -> Floats:
    return sums - allowance * rows


def adjustment(values: Floats, allowance: float) -> float:
    """Give Lundberg's adjustment coefficient (1903): the w at which the mean of ``exp(w (x - allowance))`` is 1.

    Without any change a walk of steps ``x - allowance`` rises by h with a probability of about ``exp(-w h)`` (Cramér,
    1930), however skewed x is: rises of walks with other allowances, times their w, are of one scale. Of a normal x
    it is twice the allowance.

    Parameters
    ----------
    values
        With mean 0; taken in a thousand cells. A walk that hardly ever rises has the largest coefficient there is, 10.

    Examples
    --------
    >>> round(adjustment(np.random.default_rng(0).normal(size=100_000), 0.25), 1)
    0.5
    """
    counts, edges = np.histogram(values, _CELLS)
    is_filled = counts > 0
    shares, steps = counts[is_filled] / len(values), ((edges[1:] + edges[:-1]) / 2)[is_filled] - allowance
    low, high = 0.0, _MOST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        with np.errstate(over="ignore"):
            is_less = float(shares @ np.exp(middle * steps)) < 1
        low, high = (middle, high) if is_less else (low, middle)
    return high


CUSUM = Detector(
    name="cusum",
    title="CUSUM",
    source=f"max over t and k of w S, S = max(0, S + (x - m) / s - k), k of {', '.join(map(str, ALLOWANCES))}, w by "
    "which chance makes all alike, in either direction: Page, 1954; Lundberg, 1903; Sparks, 2000",
    steps=_steps,
    allowances=ALLOWANCES,
    weight=adjustment,
)
"""Finds that errors are not what they were in the reference, however long ago they changed."""
