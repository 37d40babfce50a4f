"""A retrain as a program: started, waited for, ended when it takes too long."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from modelvane.retraining.order import Order
from modelvane.retraining.outcome import Ended
from modelvane.retraining.output import Output, end_of

_LOOK_SECONDS = 0.1
_GRACE_SECONDS = 5.0


def run_command(
    command: Sequence[str],
    order: Order,
    *,
    folder: Path,
    env: Mapping[str, str],
    timeout: float,
    stop: threading.Event,
) -> Ended:
    """Run a program, and wait for its end.

    Parameters
    ----------
    command
        The program and its arguments; ``python`` is the Python of this process.
    order
        What it is told, in its environment.
    folder
        Where it runs.
    env
        Added to its environment.
    timeout
        Seconds after which it is ended, with every process that it started.
    stop
        Set when it is to be ended at once.
    """
    program = [sys.executable, *command[1:]] if command[0] == "python" else list(command)
    with Output(order.output) as output:
        try:
            process = subprocess.Popen(  # noqa: S603 - the config's own command
                program,
                cwd=folder,
                env={**os.environ, **env, **order.environment()},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                # a group of its own, so that what it started ends with it, and Ctrl-C is for the service alone
                start_new_session=True,
            )
        except OSError as error:
            return Ended(f"it cannot be started: {error}")
        assert process.stdout is not None  # noqa: S101 - as asked for above
        assert process.stderr is not None  # noqa: S101 - as asked for above
        output.collect(process.stdout, is_answer=True)
        output.collect(process.stderr, is_answer=False)
        fault = _awaited(process, timeout, stop)
        _end(process)
        output.wait(_GRACE_SECONDS)
        answer = output.last_line
    return Ended(fault, end_of(order.output), answer)


def _awaited(process: subprocess.Popen[bytes], timeout: float, stop: threading.Event) -> str | None:
    """Say why the program did not end well, if it did not."""
    deadline = time.monotonic() + timeout
    while process.poll() is None:
        if stop.wait(_LOOK_SECONDS):
            return "the service was stopped"
        if time.monotonic() > deadline:
            return f"it took longer than {timeout:g} s"
    if process.returncode < 0:
        return f"it was ended by signal {-process.returncode}"
    return None if process.returncode == 0 else f"it ended with exit code {process.returncode}"


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what is still there of the program and its children: asked first, then not."""
    if process.poll() is None:
        _signal(process, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)
    _signal(process, getattr(signal, "SIGKILL", signal.SIGTERM))
    process.wait()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, number)
        elif process.poll() is None:
            process.send_signal(number)
