"""The thread that evaluates: one for all datasets, and last in line for the processor."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")

# least urgent of all: ingest goes first wherever both want the processor
_NICE = 19
# seconds; an evaluation rests for as long as the one before it took
_LONGEST_REST = 0.2


def _yield_to_ingest() -> None:
    # Linux has a priority per thread; elsewhere this would slow the whole process down, or be refused
    if hasattr(threading, "get_native_id") and os.uname().sysname == "Linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


class Evaluator:
    """Runs evaluations one after the other, off the event loop."""

    def __init__(self) -> None:
        self._rested_at = 0.0
        self._pool = ThreadPoolExecutor(
            1, thread_name_prefix="modelvane-evaluate", initializer=_yield_to_ingest
        )

    def run(self, work: Callable[[], T]) -> T:
        """Run something, and wait for it."""
        return self._pool.submit(self._after_a_rest, work).result()

    def _after_a_rest(self, work: Callable[[], T]) -> T:
        # many datasets in a row would leave ingest half of a processor for as long as they take
        time.sleep(max(0.0, self._rested_at - time.perf_counter()))
        started = time.perf_counter()
        try:
            return work()
        finally:
            ended = time.perf_counter()
            self._rested_at = ended + min(ended - started, _LONGEST_REST)

    def close(self) -> None:
        """Let the work under way finish."""
        self._pool.shutdown()
