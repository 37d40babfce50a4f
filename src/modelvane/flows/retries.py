"""Which failures may pass by themselves."""

from __future__ import annotations

import logging
import sqlite3
from typing import Any

from modelvane.errors import StoreError

RETRIES = 3
DELAYS = (10.0, 60.0, 300.0)
"""Seconds before each retry: a restart, a failover, a maintenance window."""

_LASTING_CODES = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_READONLY)
_LASTING = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)


def can_pass(error: BaseException) -> bool:
    """Whether the same step may succeed later: a store or a disk that is away, full or busy, and nothing else.

    An error of ours is judged by its cause where it has one: a report that cannot be written for want of space is
    tried again, one for want of permission is not.

    >>> can_pass(StoreError("The server does not answer")), can_pass(ValueError())
    (True, False)
    """
    cause = error.__cause__
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF not in _LASTING_CODES
    if isinstance(error, StoreError):
        return True
    return any(isinstance(each, OSError) and not isinstance(each, _LASTING) for each in (error, cause))


def retry_condition(_task: Any, _run: Any, state: Any) -> bool:
    """Tell Prefect whether a failed task is worth another attempt."""
    error = state.data
    passing = isinstance(error, BaseException) and can_pass(error)
    if not passing:
        logging.getLogger("modelvane.flows").debug("Not tried again: %r", error)
    return passing
