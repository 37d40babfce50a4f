"""Tells of failures without ever becoming one: last error, callback, and a log line a minute."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_INTERVAL = 60.0


def said(error: Exception) -> str:
    """Give the class of an error and its text, which it may fail to give."""
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001 - its own method may raise anything
        return type(error).__name__


class Reporter:
    """Keeps the last error, hands every one to a callback, and logs at most one warning per minute.

    Only the sender's thread reports, since a log handler or a callback may be slow.

    Parameters
    ----------
    on_error : callable or None
        Called with the text of each failure. What it raises is logged, never passed on.
    """

    def __init__(self, on_error: Callable[[str], object] | None) -> None:
        self.last_error: str | None = None
        self._on_error = on_error
        self._warned = float("-inf")
        self._unsaid = 0

    def report(self, message: str) -> None:
        """Make one failure known."""
        self.last_error = message
        try:
            if self._on_error is not None:
                self._on_error(message)
        except Exception as error:  # noqa: BLE001 - a user's callback must not stop the sender
            message = f"{message} (and on_error raised {said(error)})"
        self._warn(message)

    def _warn(self, message: str) -> None:
        if monotonic() - self._warned < _INTERVAL:
            self._unsaid += 1
            return
        import logging  # noqa: PLC0415 - 10 ms that a client without trouble never pays

        more = f" ({self._unsaid} more since the last warning)" if self._unsaid else ""
        self._warned, self._unsaid = monotonic(), 0
        logging.getLogger("modelvane.client").warning("%s%s", message, more)
