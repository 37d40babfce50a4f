"""Champion against challenger on the same held-out trips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Comparison:
    """Mean absolute errors of both, in minutes, and how much smaller the challenger's is.

    Parameters
    ----------
    champion, challenger
        Mean absolute error over the same trips.
    better_by
        Mean of the paired differences; above 0 the challenger is better.
    at_least
        Lower end of its one-sided confidence interval.
    trips
        How many.
    """

    champion: float
    challenger: float
    better_by: float
    at_least: float
    trips: int

    @property
    def is_better(self) -> bool:
        """Whether the challenger is better by more than chance."""
        return self.at_least > 0

    @property
    def why(self) -> str:
        """What decided, in a sentence."""
        return (
            f"{'better' if self.is_better else 'not better'} by {self.better_by:.3f} min, at least "
            f"{self.at_least:.3f} at {CONFIDENCE:.0%}, on {self.trips} held-out trips"
        )


def compare(
    target: npt.NDArray[np.float64],
    champion: npt.NDArray[np.float64],
    challenger: npt.NDArray[np.float64],
) -> Comparison:
    """Compare predictions of the same trips by a paired t-test of their absolute errors (Student, 1908).

    Pairs, since most of an error is the trip's own: the spread of differences is far smaller than that of errors.

    Examples
    --------
    >>> target = np.array([10.0, 20.0, 30.0, 40.0])
    >>> compare(target, target + 5, target + np.array([1, 2, 1, 2])).is_better
    True
    >>> compare(target, target + 5, target + np.array([1, 20, 1, 2])).is_better
    False
    """
    from scipy import stats

    before, after = np.abs(champion - target), np.abs(challenger - target)
    difference = before - after
    n, mean = len(difference), float(difference.mean()) if len(difference) else 0.0
    if n < 2 or not np.ptp(difference):
        # the same difference everywhere needs no test; a single trip proves nothing
        least = mean if n > 1 else -np.inf
    else:
        least = float(
            stats.ttest_rel(before, after, alternative="greater").confidence_interval(CONFIDENCE).low
        )
    champion_error = float(before.mean()) if n else float("nan")
    return Comparison(champion_error, float(after.mean()) if n else float("nan"), mean, float(least), n)
