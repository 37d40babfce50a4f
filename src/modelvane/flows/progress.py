"""A job's progress as lines of a run's log."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from modelvane.formatting import share_text

_EVERY = 10.0  # seconds


class Logged:
    """Logs what begins, and how far it is every ten seconds.

    Parameters
    ----------
    logger
        Of the task run.
    clock
        Seconds that only grow.
    """

    def __init__(
        self,
        logger: logging.Logger | logging.LoggerAdapter[logging.Logger],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._logger = logger
        self._clock = clock
        self._what = self._unit = ""
        self._total: int | None = None
        self._done = 0
        self._last = 0.0

    def begin(self, what: str, unit: str, total: int | None) -> None:
        """Log what begins."""
        self._what, self._unit, self._total = what, unit, total
        self._done, self._last = 0, self._clock()
        self._logger.info("%s", what if total is None else f"{what}: {total:,} {unit}")

    def advance(self, done: int, share: float | None = None) -> None:
        """Log how far it is, now and then."""
        self._done += done
        if self._clock() - self._last < _EVERY:
            return
        self._last = self._clock()
        if self._total:
            share = self._done / self._total
        reached = "" if share is None else f" ({share_text(share, 0)})"
        self._logger.info("%s: %s %s%s", self._what, f"{self._done:,}", self._unit, reached)
