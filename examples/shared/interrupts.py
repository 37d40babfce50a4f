"""Ctrl-C that is heeded at any moment, and that leaves nothing half done."""

from __future__ import annotations

import contextlib
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from sys import UnraisableHookArgs
    from types import FrameType


class Interrupts:
    """Turns the first SIGINT or SIGTERM into `KeyboardInterrupt`, and later ones into nothing.

    Later ones would only interrupt the tidying up, which is bounded anyway. While a :meth:`shield` is up the
    interrupt waits for its end: a child that was started but not yet written down would be an orphan.
    """

    def __init__(self) -> None:
        self.struck = False
        self._raised = False
        self._shields = 0

    def install(self) -> None:
        """Take over both signals for the rest of the process."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._handle)
        sys.unraisablehook = self._unraisable

    def check(self) -> None:
        """Raise what could not be raised where it struck.

        Raises
        ------
        KeyboardInterrupt
            A signal came, and no shield is up.
        """
        if self.struck and not self._shields:
            self._raised = True
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def shield(self) -> Iterator[None]:
        """Hold an interrupt back until the end of the block."""
        self._shields += 1
        try:
            yield
        finally:
            self._shields -= 1
        if not self._raised:
            self.check()

    def _handle(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - as signal.signal calls it
        self.struck = True
        if not self._raised:
            self.check()

    def _unraisable(self, lost: UnraisableHookArgs) -> None:
        # Python cannot raise out of a finalizer. The interrupt is not lost: the next check raises it.
        if lost.exc_type is not KeyboardInterrupt:
            sys.__unraisablehook__(lost)
