"""Ground truth that comes late, or never: when a label becomes known, and which are due."""

from __future__ import annotations

import heapq
import math
import threading
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Lateness:
    """When the truth about a prediction becomes known, in the stream's own time.

    The delay after it came true is log-normal; a share of the predictions never gets its label.
    """

    median_hours: float = 2.0
    sigma: float = 0.8
    """Standard deviation of the delay's logarithm: 1 in 40 takes more than 4.8 times the median."""
    never: float = 0.1
    seed: int = 0

    def draw(self, predictions: int) -> npt.NDArray[np.float64]:
        """Draw delays in seconds, NaN for never; the same seed gives the same delays.

        >>> bool(np.array_equal(Lateness(never=0).draw(3), Lateness(never=0).draw(3)))
        True
        """
        random = np.random.default_rng(self.seed)
        delays = random.lognormal(math.log(self.median_hours * 3600), self.sigma, predictions)
        return np.where(random.random(predictions) < self.never, np.nan, delays)


@dataclass(frozen=True, order=True)
class Label:
    """The truth about a prediction, and the second of stream time at which it becomes known."""

    due: float
    id: str
    target: Any = field(compare=False)


class LateLabels:
    """Labels that wait for the stream's clock; several threads may add to them."""

    def __init__(self) -> None:
        self._heap: list[Label] = []
        self._lock = threading.Lock()

    def add(self, label: Label) -> None:
        """Remember a label until it is due."""
        with self._lock:
            heapq.heappush(self._heap, label)

    def take_due(self, now: float) -> list[Label]:
        """Give the labels that are known at a moment of stream time, the earliest first, and forget them.

        >>> late = LateLabels()
        >>> late.add(Label(20.0, "b", 7.5))
        >>> late.add(Label(10.0, "a", 12.0))
        >>> [label.id for label in late.take_due(15.0)]
        ['a']
        """
        due = []
        with self._lock:
            while self._heap and self._heap[0].due <= now:
                due.append(heapq.heappop(self._heap))
        return due
