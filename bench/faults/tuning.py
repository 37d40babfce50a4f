"""Thresholds at which a detector alarms as seldom as another one, from its scores of undrifted windows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special


def thresholds(scores: NDArray[np.float64], rate: float) -> NDArray[np.float64]:
    """Give the threshold of each score, so that windows without a fault exceed any of them at a given rate.

    Each score is held to its part of the rate (the union bound that our budget is split by, too). The rate is far
    rarer than the windows are many, so that the tail is a Pearson III of their mean, deviation and skewness, as ours
    are. Where less than one of the windows may alarm none does: a threshold is no less than the largest of the scores
    that it was taken from. A score that never varied may not exceed its largest value.

    Parameters
    ----------
    scores
        Shape ``(windows, scores)``; larger is more suspicious. Windows without a value (NaN) are left out.
    rate
        Windows that may alarm, of one.

    Examples
    --------
    >>> scores = -np.log(np.random.default_rng(0).random((20_000, 1)))
    >>> bool(abs(thresholds(scores, 0.001)[0] - np.log(1000)) < 0.3)
    True
    """
    level = rate / scores.shape[1]
    found = np.empty(scores.shape[1])
    for at, column in enumerate(scores.T):
        values = column[np.isfinite(column)]
        found[at] = _exceeded(values, level) if len(values) else np.inf
        if len(values) and rate * len(values) < 1:
            found[at] = max(found[at], float(values.max()))
    return found


def _exceeded(values: NDArray[np.float64], level: float) -> float:
    mean, deviation = float(values.mean()), float(values.std())
    # the same number, summed in another order, is not another one
    if deviation <= 1e-9 * max(1.0, abs(mean)):
        return float(values.max()) + 1e-9 * max(1.0, abs(mean))
    skewness = float((((values - mean) / deviation) ** 3).mean())
    if skewness < 1e-3:
        return mean - deviation * float(special.ndtri(level))
    shape = 4 / skewness**2
    point = float(special.gammainccinv(shape, level))
    return mean + deviation * (point * skewness / 2 - 2 / skewness)


def exceeding(scores: NDArray[np.float64], limits: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say which windows alarm: those of which any score is above its threshold."""
    with np.errstate(invalid="ignore"):
        return np.asarray((scores > limits).any(axis=-1))
