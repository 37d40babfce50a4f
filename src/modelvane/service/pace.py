"""When single posts are committed: together with others, as far as nobody waits long for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Protocol

_APART_SECONDS = 0.002


class Connection(Protocol):
    """What posts; ``turn`` is kept here, and begins with 0."""

    turn: int


class Pace:
    """Says when a turn of small commits is due.

    A commit costs as much as ten rows, and writes whole pages however few its rows are: many small ones fill the
    write-ahead log, whose end holds commits up. So a turn waits for those who posted in the turn before, who have
    their answers and will be back, but for no longer than two milliseconds after that turn. Where posts are fewer,
    each is committed at once.
    """

    def __init__(self) -> None:
        # not the one after that of a connection which has never posted
        self._turn = 2
        self._away = 0
        self._here = 0
        self._seen = 0
        self._began_at = self._ended_at = 0.0
        self._commit: Callable[[], None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def came(self, connection: Connection) -> None:
        """Note that a connection has posted and waits."""
        if connection.turn == self._turn - 1:
            self._away -= 1
        connection.turn = self._turn
        self._here += 1
        if self._timer is not None and self._away <= 0:
            self._timer.cancel()
            self._timer = None
            asyncio.get_running_loop().call_soon(self._look)

    def soon(self, commit: Callable[[], None]) -> None:
        """Call a function when the turn is complete."""
        self._commit = commit
        self._began_at = monotonic()
        asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        now = monotonic()
        if self._seen < self._here and now < self._began_at + _APART_SECONDS:
            # the loop has brought more of them, so it pays to let it turn once more
            self._seen = self._here
            loop.call_soon(self._look)
            return
        rest = self._ended_at + _APART_SECONDS - now
        if self._away > 0 and rest > 0:
            self._timer = loop.call_later(rest, self._end)
        else:
            self._end()

    def _end(self) -> None:
        self._timer = None
        self._turn += 1
        self._away, self._here, self._seen = self._here, 0, 0
        self._ended_at = monotonic()
        commit, self._commit = self._commit, None
        if commit is not None:
            commit()
