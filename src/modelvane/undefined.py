"""A value that does not exist, with the reason."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct


class Undefined(Struct, frozen=True):
    """What a statistic returns when it has no value: never 0.0, never infinity, never a crash.

    >>> Undefined("one class only in the window")
    Undefined(why='one class only in the window')
    """

    why: str

    def __bool__(self) -> bool:
        return False


Value: TypeAlias = float | Undefined
