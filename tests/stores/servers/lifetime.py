"""Servers that end with the tests, also when these are killed, and that stand still when they are told to."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

_PATIENCE = 30.0


def ended_by(name: str) -> list[str]:
    """Give what, before a command, has Linux end it by a signal when this process ends; nothing on other systems."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", name] if setpriv else []


def suspend(process: int) -> None:
    """Let a process stand still, and wait until all of its threads do: until then one may still answer."""
    os.kill(process, signal.SIGSTOP)
    end = time.monotonic() + _PATIENCE
    for thread in Path(f"/proc/{process}/task").iterdir():
        while (thread / "stat").read_text().rpartition(")")[2].split()[0] != "T":
            assert time.monotonic() < end
            time.sleep(0.005)
