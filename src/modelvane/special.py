"""``scipy.special``, loaded when it is first used: importing it takes as long as counting a million rows."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    from scipy import special  # noqa: PLC0415 - the purpose of this module

    found = globals()[name] = getattr(special, name)
    return found
