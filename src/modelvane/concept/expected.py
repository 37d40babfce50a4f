"""What the inputs alone make one expect: the reference's mean of a signal, and what each bin of each column adds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from modelvane.ruler import Floats

_SWEEPS = 8
# what a column adds is believed as far as it exceeds this multiple of what chance alone would make it add
_CHANCE = 2.0


def additive(codes: NDArray[np.uint8], values: Floats, widths: list[int]) -> tuple[float, list[Floats]]:
    """Fit an additive model by backfitting (Friedman and Stuetzle, 1981): a mean, and an effect per bin and column.

    Each column's effects are shrunk together by how far they exceed chance (James and Stein, 1961): a column that
    tells nothing adds nothing, however many bins it has.

    Parameters
    ----------
    codes
        Bin of each row in each column, shape ``(columns, rows)``.
    values
        Of the rows, shape ``(rows,)``.
    widths
        Bins of each column.

    Examples
    --------
    >>> codes = np.array([[0, 0, 1, 1] * 100], np.uint8)
    >>> mean, (effects,) = additive(codes, codes[0] * 2.0, [2])
    >>> mean, effects.tolist()
    (1.0, [-1.0, 1.0])
    """
    mean = float(values.mean())
    effects = [np.zeros(width) for width in widths]
    left = values - mean
    places = [column.astype(np.intp) for column in codes]
    rows = [np.bincount(place, minlength=width) for place, width in zip(places, widths, strict=True)]
    for _ in range(_SWEEPS):
        for column, place in enumerate(places):
            # a column that tells nothing need not be looked up
            if effects[column].any():
                left += effects[column].take(place)
            effects[column] = _shrunk_means(left, place, rows[column])
            if effects[column].any():
                left -= effects[column].take(place)
    return mean, effects


def _shrunk_means(values: Floats, place: NDArray[np.intp], rows: NDArray[np.intp]) -> Floats:
    sums = np.bincount(place, values, len(rows))
    means = np.divide(sums, rows, out=np.zeros_like(sums), where=rows > 0)
    # a column moves no mean of all rows
    mean = values.mean()
    means[rows > 0] -= mean
    between = float(rows @ np.square(means))
    free = int(np.count_nonzero(rows)) - 1
    if free < 1 or not between:
        return np.zeros_like(means)
    within = max(float(np.square(values - mean).sum()) - between, 0.0)
    return means * max(0.0, 1.0 - _CHANCE * free * within / len(values) / between)
