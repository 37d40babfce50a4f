"""When windows are looked at, and what a delay is: the same for every detector."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WINDOW = 2000
"""Rows of a window; as many precede the fault."""
LOOKS = (*range(100, 1001, 100), *range(1250, 4001, 250))
"""Rows after the fault's first at which the window is evaluated."""
ROWS = WINDOW + LOOKS[-1]
"""Rows of a run."""


def first_alarms(alarms: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Give the rows until the first alarm of each run, infinite where there was none.

    Parameters
    ----------
    alarms
        Shape ``(runs, looks)``.

    Examples
    --------
    >>> first_alarms(np.array([[False] * 22, [False, True] * 11]))
    array([ inf, 200.])
    """
    looks = np.append(np.array(LOOKS, np.float64), np.inf)
    return np.asarray(looks[np.where(alarms.any(axis=1), alarms.argmax(axis=1), len(LOOKS))])


def next_look(rows: float) -> float:
    """Give the evaluation at which something that happened after so many rows is seen.

    >>> next_look(101), next_look(1100), next_look(9000)
    (200.0, 1250.0, inf)
    """
    return next((float(look) for look in LOOKS if look >= rows), float("inf"))
