"""Servers that end with the tests, also when these are killed, and that stand still when they are told to."""

from __future__ import annotations

import os
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

_PATIENCE = 300.0
# stopped, or ended and not yet taken note of by its parent, which may stand still itself
_STILL = frozenset("TtZXx")


def ended_by(name: str) -> list[str]:
    """Give what, before a command, has Linux end it by a signal when this process ends; nothing on other systems."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", name] if setpriv else []


def suspend(process: int) -> None:
    """Let a process stand still, and wait until all of its threads do: until then one may still answer."""
    end = time.monotonic() + _PATIENCE
    # one that ends meanwhile answers nobody either
    with suppress(FileNotFoundError, ProcessLookupError):
        os.kill(process, signal.SIGSTOP)
        for thread in Path(f"/proc/{process}/task").iterdir():
            while (state := _state(thread)) not in _STILL:
                assert time.monotonic() < end, f"process {process} is in state {state}"
                time.sleep(0.005)


def _state(thread: Path) -> str:
    return (thread / "stat").read_text().rpartition(")")[2].split()[0]
