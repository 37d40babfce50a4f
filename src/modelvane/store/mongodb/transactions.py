"""All or nothing without the server's help: what a failed transaction wrote is taken back.

Only replica sets of MongoDB have transactions, so none are asked for. Each write says beforehand how it is taken
back. When the server is gone by then, that waits: the next transaction begins with it, and so no retry meets rows
that nobody was told of. Only a process that dies between a write and its acknowledgement leaves a part behind; a
retry by id completes it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeAlias

from pymongo import errors

from modelvane.errors import StoreError
from modelvane.store.mongodb.connecting import translated

TakeBack: TypeAlias = Callable[[], object]


class Transactions:
    """The one writer among the threads of a process, and what it would have to take back."""

    def __init__(self, shown: str, *, read_only: bool) -> None:
        self._shown = shown
        self._read_only = read_only
        self._lock = threading.RLock()
        self._done: list[TakeBack] = []
        self._depth = 0
        self._left: list[TakeBack] = []

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Make what is written inside all or nothing; inside another, all or nothing with it."""
        if self._read_only:
            raise StoreError(f"The log was opened for reading: {self._shown}", remedy="Open it for writing")
        with self._lock, translated(self._shown):
            if not self._depth:
                self._take_back_the_rest()
            before = len(self._done)
            self._depth += 1
            try:
                yield
            except BaseException:
                self._left = self._done[before:] + self._left
                del self._done[before:]
                # the cause is being raised; what cannot be done now, the next transaction begins with
                with suppress(errors.PyMongoError):
                    self._take_back_the_rest()
                raise
            finally:
                self._depth -= 1
                if not self._depth:
                    self._done.clear()

    def before_write(self, take_back: TakeBack) -> None:
        """Say how the write that follows is taken back; doing so twice, or before it was done, has to be harmless."""
        self._done.append(take_back)

    def _take_back_the_rest(self) -> None:
        while self._left:
            self._left[-1]()
            self._left.pop()
