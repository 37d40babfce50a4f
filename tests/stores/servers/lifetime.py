"""Servers that end with the tests, also when these are killed."""

from __future__ import annotations

import shutil


def ended_by(signal: str) -> list[str]:
    """Give what, before a command, has Linux end it by a signal when this process ends; nothing on other systems."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", signal] if setpriv else []
