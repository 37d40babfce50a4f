"""``scipy.special``, loaded when it is first used: importing it takes as long as counting a million rows."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOME = "scipy.special"


def __getattr__(name: str) -> Any:
    found = globals()[name] = getattr(import_module(_HOME), name)
    return found
