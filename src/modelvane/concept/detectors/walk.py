"""What a detector is: steps that lead down while nothing changes, and how high they lead up where something does."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
from msgspec import Struct

from modelvane.ruler import Floats

Steps: TypeAlias = Callable[[Floats, Floats], Floats]


class Rise(NamedTuple):
    """The highest rise of a walk.

    Parameters
    ----------
    height
        In standard deviations of the error.
    since
        The first bucket after the walk was last at its lowest: when the change began.
    upward
        Whether it is one of larger values.
    """

    height: float
    since: int
    upward: bool


class Detector(Struct, frozen=True):
    """Adds up what is not as before, and forgets it while it may be chance.

    Parameters
    ----------
    name, title, source
        As of a measure.
    steps
        ``steps(rows, sums)``, both of shape ``(..., buckets)``, gives the steps of the walk. ``sums`` are of values
        whose mean is 0 and whose deviation is 1 in the reference. Steps of the same sums with their signs turned are
        those of the walk for smaller values.
    """

    name: str
    title: str
    source: str
    steps: Steps

    def heights(self, rows: Floats, sums: Floats) -> Floats:
        """Give the highest rise in either direction, shape ``(...)``."""
        up, down = self._rises(rows, sums), self._rises(rows, -sums)
        return np.asarray(np.maximum(up.max(axis=-1), down.max(axis=-1)), np.float64)

    def rise(self, rows: Floats, sums: Floats) -> Rise:
        """Give the highest rise of one walk, of shape ``(buckets,)``, with where it began.

        >>> from modelvane.concept.detectors import OWN
        >>> OWN["cusum"].rise(np.ones(6), np.array([0.0, -1.0, 0.0, 3.0, 3.0, 3.0])).since
        3
        """
        up, down = self._rises(rows, sums), self._rises(rows, -sums)
        upward = bool(up.max() >= down.max())
        rises = up if upward else down
        top = int(rises.argmax())
        lowest = np.flatnonzero(rises[: top + 1] == 0)
        return Rise(float(rises[top]), int(lowest[-1]) + 1 if len(lowest) else 0, upward)

    def _rises(self, rows: Floats, sums: Floats) -> Floats:
        path = np.cumsum(self.steps(rows, sums), axis=-1)
        # the walk begins at 0
        return np.asarray(path - np.minimum(np.minimum.accumulate(path, axis=-1), 0.0), np.float64)
