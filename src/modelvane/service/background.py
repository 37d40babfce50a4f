"""Work beside ingest: a thread that evaluates, last in line for the processor, and long answers written in pieces."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from modelvane.findings import Findings
from modelvane.monitor import Monitor
from modelvane.service.apart import EvaluationProcess
from modelvane.tallies.dataset import WindowTally

T = TypeVar("T")

# least urgent of all: ingest goes first wherever both want the processor
_NICE = 19
# seconds; an evaluation rests for as long as this thread computed for the one before it
_LONGEST_REST = 0.2
# seconds of computing after which a thread that shares Python's lock with the event loop rests
_PIECE = 0.001


def _yield_to_ingest() -> None:
    # Linux has a priority per thread; elsewhere this would slow the whole process down, or be refused
    if hasattr(threading, "get_native_id") and os.uname().sysname == "Linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


def in_pieces(items: Iterable[T]) -> Iterator[T]:
    """Give items, resting between them for as long as this thread has computed since it rested last.

    A thread that computes takes Python's lock in turn with the event loop, whatever their priorities; what posts are
    waiting meanwhile is answered in the rests. Time in which the thread waited itself is no reason to rest.
    """
    began = time.thread_time()
    for item in items:
        yield item
        worked = time.thread_time() - began
        if worked >= _PIECE:
            time.sleep(min(worked, _LONGEST_REST))
            began = time.thread_time()


class Evaluator:
    """Runs evaluations one after the other, off the event loop.

    Parameters
    ----------
    process
        Where windows are measured; in this process by default.
    """

    def __init__(self, process: EvaluationProcess | None = None) -> None:
        self._process = process
        self._rested_at = 0.0
        self._pool = ThreadPoolExecutor(
            1,
            thread_name_prefix="modelvane-evaluate",
            initializer=_yield_to_ingest if process is None else None,
        )

    def run(self, work: Callable[[], T]) -> T:
        """Run something, and wait for it."""
        return self._pool.submit(self._after_a_rest, work).result()

    def measure(self, monitor: Monitor) -> tuple[Findings, WindowTally]:
        """Measure a monitor's current window; to be called by what is run here."""
        return monitor.measure() if self._process is None else self._process.measure(monitor)

    def _after_a_rest(self, work: Callable[[], T]) -> T:
        # many datasets in a row would leave the event loop half of Python's lock for as long as they take
        time.sleep(max(0.0, self._rested_at - time.perf_counter()))
        began = time.thread_time()
        try:
            return work()
        finally:
            worked = time.thread_time() - began
            self._rested_at = time.perf_counter() + min(worked, _LONGEST_REST)

    def close(self) -> None:
        """Let the work under way finish."""
        self._pool.shutdown()
        if self._process is not None:
            self._process.close()
