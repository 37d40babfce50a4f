"""Retention: the oldest rows leave with their labels, by age and by size."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Collection

from modelvane.store.results import Removed
from modelvane.store.sqlite.layout import Layout
from modelvane.store.sqlite.rounds import remove_rounds

CHUNK = 5_000
"""Rows per transaction, so that a writer never waits long."""


def bytes_used(connection: sqlite3.Connection) -> int:
    """Give the size of the file without its free pages."""
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def give_back(connection: sqlite3.Connection) -> None:
    """Cut free pages off the end of the file."""
    # sqlite3 steps a statement without columns once, and each step frees one page
    for _ in range(connection.execute("PRAGMA freelist_count").fetchone()[0]):
        connection.execute("PRAGMA incremental_vacuum")


def remove_before(connection: sqlite3.Connection, layout: Layout, moment: float) -> Removed:
    """Remove up to a chunk of rows that arrived before a moment, and labels that waited since before.

    Rows of another log may stand behind later ones: they leave when those before them are few, and no other with them.
    """
    last = connection.execute(
        f"SELECT max(seq) FROM (SELECT seq, received FROM {layout.predictions} ORDER BY seq LIMIT ?)"  # noqa: S608 - quoted
        " WHERE received < ?",
        (CHUNK, moment),
    ).fetchone()[0]
    removed = Removed() if last is None else _remove_up_to(connection, layout, last, moment)
    waited = connection.execute(
        f"DELETE FROM {layout.labels} WHERE seq IN (SELECT seq FROM {layout.labels}"  # noqa: S608 - quoted
        " WHERE waiting AND received < ? LIMIT ?)",
        (moment, CHUNK),
    ).rowcount
    rounds = remove_rounds(connection, "dataset = ? AND computed_at < ?", (layout.dataset, moment))
    return Removed(removed.rows, removed.labels + waited, rounds, more=removed.rows > 0 or waited > 0)


def remove_oldest(connection: sqlite3.Connection, layouts: Collection[Layout]) -> Removed:
    """Remove a chunk of rows of the dataset that has the oldest row, and the rounds of that time."""
    oldest: list[tuple[float, int, Layout]] = []
    for number, layout in enumerate(layouts):
        found = connection.execute(
            f"SELECT received FROM {layout.predictions} ORDER BY seq LIMIT 1"  # noqa: S608 - quoted
        ).fetchone()
        if found:
            oldest.append((found[0], number, layout))
    if not oldest:
        # findings are all that is left
        rounds = remove_rounds(
            connection, "round IN (SELECT round FROM modelvane_rounds ORDER BY computed_at LIMIT ?)", (100,)
        )
        return Removed(rounds=rounds, more=rounds > 0)
    layout = min(oldest)[2]
    last, moment = connection.execute(
        f"SELECT max(seq), max(received) FROM (SELECT seq, received FROM {layout.predictions}"  # noqa: S608 - quoted
        " ORDER BY seq LIMIT ?)",
        (_share(connection, layout),),
    ).fetchone()
    removed = _remove_up_to(connection, layout, last)
    rounds = remove_rounds(connection, "dataset = ? AND computed_at < ?", (layout.dataset, moment))
    return Removed(removed.rows, removed.labels, rounds, more=True)


def _share(connection: sqlite3.Connection, layout: Layout) -> int:
    # a small log must not lose everything for being a page too large
    rows: int = connection.execute(
        f"SELECT max(seq) - min(seq) + 1 FROM {layout.predictions}"  # noqa: S608 - quoted
    ).fetchone()[0]
    return max(1, min(CHUNK, rows // 20))


def _remove_up_to(
    connection: sqlite3.Connection, layout: Layout, last: int, before: float = math.inf
) -> Removed:
    labels = connection.execute(
        f"DELETE FROM {layout.labels} WHERE id IN"  # noqa: S608 - quoted
        f" (SELECT id FROM {layout.predictions} WHERE seq <= ? AND received < ?)",
        (last, before),
    ).rowcount
    rows = connection.execute(
        f"DELETE FROM {layout.predictions} WHERE seq <= ? AND received < ?",  # noqa: S608 - quoted
        (last, before),
    ).rowcount
    return Removed(rows, labels)
