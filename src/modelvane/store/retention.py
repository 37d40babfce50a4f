"""Retention turn by turn, each of a chunk that a writer may wait for."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from modelvane.store.results import Removed


def retained(turn: Callable[[], Removed], limit: int | None) -> Removed:
    """Take turns until nothing is left to remove, or about ``limit`` rows are gone."""
    total = Removed()
    while True:
        removed = turn()
        total = replace(total + removed, more=removed.more)
        if not removed.more or (limit is not None and total.rows + total.labels >= limit):
            return total
