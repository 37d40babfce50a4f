"""The service's side: the process is started when it is first needed, and again whenever it has ended."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any

from modelvane.errors import ModelvaneError
from modelvane.findings import Findings
from modelvane.measuring import NOTHING, Known, Pending
from modelvane.monitor import Monitor
from modelvane.service.apart.messages import Begin, Failed, Measure, Measured
from modelvane.tallies.dataset import WindowTally

_STOP_SECONDS = 5.0
# ingest goes first, and on a machine that others keep busy findings still come
_NICE = 10


class ProcessEndedError(ModelvaneError):
    """The process that evaluates has ended, twice in a row."""


class EvaluationProcess:
    """Measures windows in a process of its own, one after the other; safe to use from several threads.

    What it is sent are the rows of a window where they have changed, which is little beside counting them. It has
    references of its own, sent once; when it ends, for want of memory most likely, another is started and sent all.

    Parameters
    ----------
    modules, folder
        With measures of your own, as `modelvane.own.load` takes them.
    """

    def __init__(self, modules: Sequence[str] = (), folder: Path = Path()) -> None:
        self._modules = tuple(modules)
        self._folder = folder
        self._lock = threading.Lock()
        self._running: tuple[subprocess.Popen[bytes], Connection] | None = None
        self._known: dict[int, Known] = {}
        self._forgotten: list[int] = []
        self._numbers = count(1)
        self._measurers: weakref.WeakKeyDictionary[Monitor, _Measurer] = weakref.WeakKeyDictionary()

    @property
    def pid(self) -> int | None:
        """Its number in the system; ``None`` while none runs."""
        return None if self._running is None else self._running[0].pid

    @property
    def remembered(self) -> int:
        """How many datasets it has references of, those among them that are gone until it is told."""
        return len(self._known)

    def measure(self, monitor: Monitor) -> tuple[Findings, WindowTally]:
        """Measure a monitor's current window.

        Raises
        ------
        ProcessEndedError
            When it ended meanwhile, and once more.
        Exception
            Whatever the evaluation raises.
        """
        measurer = self._measurers.get(monitor)
        if measurer is None:
            measurer = self._measurers[monitor] = _Measurer(self, next(self._numbers), monitor)
            weakref.finalize(monitor, self._forgotten.append, measurer.number)
        return monitor.measure(measurer)

    def ask(self, begin: Begin, read: Callable[[Known], Pending]) -> tuple[Findings, WindowTally]:
        """Have a round measured; ``begin`` is said to a process that does not know the dataset."""
        with self._lock:
            for is_last in (False, True):
                connection = self._connection()
                try:
                    answer = self._asked(connection, begin, read)
                    break
                except (EOFError, OSError):
                    code = self._end()
                    if is_last:
                        raise ProcessEndedError(
                            "The process that evaluates ended",
                            received=f"{begin.dataset}, exit code {code}",
                            remedy="Look whether the machine has memory left",
                        ) from None
        # not above, where an error of the evaluation would pass for one of the connection
        if isinstance(answer, Failed):
            answer.error.add_note(answer.traceback)
            raise answer.error
        return answer.findings, answer.window

    def _asked(
        self, connection: Connection, begin: Begin, read: Callable[[Known], Pending]
    ) -> Measured | Failed:
        number = begin.number
        if number not in self._known:
            _send(connection, begin)
            self._known[number] = NOTHING
        pending = read(self._known[number])
        forgotten = [self._forgotten.pop() for _ in range(len(self._forgotten))]
        for gone in forgotten:
            self._known.pop(gone, None)
        _send(connection, Measure(number, pending, forgotten))
        answer: Measured | Failed = pickle.loads(connection.recv_bytes())  # noqa: S301 - from a process of our own
        if isinstance(answer, Measured):
            self._known[number] = pending.known
        return answer

    def _connection(self) -> Connection:
        if self._running is None:
            ours, theirs = Pipe()
            with theirs:
                command = [
                    sys.executable,
                    "-P",
                    "-m",
                    "modelvane.service.apart.evaluating",
                    str(theirs.fileno()),
                ]
                process = subprocess.Popen(  # noqa: S603 - our own module
                    command, pass_fds=[theirs.fileno()], env=_environment()
                )
            # not by itself: what it imports before it could is a second of work
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, process.pid, max(_NICE, os.getpriority(os.PRIO_PROCESS, 0)))
            _send(ours, (self._modules, self._folder))
            self._running, self._known = (process, ours), {}
        return self._running[1]

    def _end(self) -> int | None:
        if self._running is None:
            return None
        process, connection = self._running
        self._running = None
        connection.close()
        with suppress(subprocess.TimeoutExpired):
            return process.wait(_STOP_SECONDS)
        process.kill()
        return process.wait()

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._end()


class _Measurer:
    """What a monitor knows of the process."""

    def __init__(self, process: EvaluationProcess, number: int, monitor: Monitor) -> None:
        self.number = number
        self._process = process
        self._begin = Begin(number, monitor.dataset, monitor.reference, monitor.settings)

    def measure(self, read: Callable[[Known], Pending]) -> tuple[Findings, WindowTally]:
        """Have a round measured."""
        return self._process.ask(self._begin, read)


def _environment() -> dict[str, str]:
    # what this process can import
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def _send(connection: Connection, message: Any) -> None:
    connection.send_bytes(pickle.dumps(message, pickle.HIGHEST_PROTOCOL))
