"""What a detector is: steps that lead down while nothing changes, and how high they lead up where something does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

import numpy as np
from msgspec import Struct

from modelvane.ruler import Floats

Steps: TypeAlias = Callable[[Floats, Floats, float], Floats]

UNWEIGHTED = np.ones((2, 1))
"""A rise of the first allowance counts as it is, that of any other not at all."""


class Rise(NamedTuple):
    """The highest rise of a walk.

    Parameters
    ----------
    height
        In what the weights count: standard deviations of the error where they are 1.
    since
        The first bucket after the walk was last at its lowest: when the change began.
    upward
        Whether it is one of larger values.
    """

    height: float
    since: int
    upward: bool


def _unweighted(values: Floats, allowance: float) -> float:  # noqa: ARG001 - called by name of what weighs
    return 1.0


class Detector(Struct, frozen=True):
    """Adds up what is not as before, and forgets it while it may be chance.

    Parameters
    ----------
    name, title, source
        As of a measure.
    steps
        ``steps(rows, sums, allowance)``, the first two of shape ``(buckets, ...)``, gives the steps of walks. ``sums``
        are of values whose mean is 0 and whose deviation is 1 in the reference. Steps of the same sums with their
        signs turned are those of the walk for smaller values.
    allowances
        What each walk takes off a row, in standard deviations; a detector walks with all of them at once.
    weight
        ``weight(values, allowance)`` gives what a rise counts, from the reference's values: a high rise with a large
        allowance is less of a chance than one with a small.
    """

    name: str
    title: str
    source: str
    steps: Steps
    allowances: tuple[float, ...]
    weight: Callable[[Floats, float], float] = _unweighted

    def weights(self, values: Floats) -> Floats:
        """Give what rises count, larger values first, then smaller ones; shape ``(2, allowances)``."""
        return np.array([[self.weight(way * values, each) for each in self.allowances] for way in (1, -1)])

    def heights(self, rows: Floats, sums: Floats, weights: Floats = UNWEIGHTED) -> Floats:
        """Give the highest rise of each stream in either direction.

        Parameters
        ----------
        rows
            Of each bucket, shape ``(buckets,)``.
        sums
            Shape ``(streams, buckets)``; of one stream also ``(buckets,)``.
        """
        walks = list(self._walks(rows[:, None], np.ascontiguousarray(np.atleast_2d(sums).T), weights))
        # a step of all walks at once: along one of them numpy would add number by number
        steps = np.stack([each for each, _, _ in walks], axis=1)
        path, lowest, highest, rise = np.zeros((4, *steps.shape[1:]))
        for step in steps:
            path += step
            np.minimum(lowest, path, out=lowest)
            np.maximum(highest, np.subtract(path, lowest, out=rise), out=highest)
        weight = np.array([[weight] for _, weight, _ in walks])
        return np.asarray((weight * highest).max(axis=0), np.float64)

    def rise(self, rows: Floats, sums: Floats, weights: Floats = UNWEIGHTED) -> Rise:
        """Give the highest rise of one walk, of shape ``(buckets,)``, with where it began.

        >>> from modelvane.concept.detectors import OWN
        >>> OWN["cusum"].rise(np.ones(6), np.array([0.0, -1.0, 0.0, 3.0, 3.0, 3.0])).since
        3
        """
        found = []
        for steps, weight, upward in self._walks(rows, sums, weights):
            path = np.cumsum(steps)
            # the walk begins at 0
            lowest = np.minimum(np.minimum.accumulate(path), 0.0)
            found.append((weight * (path - lowest), upward))
        rises, upward = max(found, key=lambda each: float(each[0].max()))
        top = int(rises.argmax())
        lowest = np.flatnonzero(rises[: top + 1] == 0)
        return Rise(float(rises[top]), int(lowest[-1]) + 1 if len(lowest) else 0, upward)

    def _walks(self, rows: Floats, sums: Floats, weights: Floats) -> Iterator[tuple[Floats, float, bool]]:
        """Give the steps of each walk, what its rises count, and whether it is one of larger values."""
        for upward, way in ((True, weights[0]), (False, weights[1])):
            turned = sums if upward else -sums
            for allowance, weight in zip(self.allowances, way.tolist(), strict=False):
                yield self.steps(rows, turned, allowance), weight, upward
