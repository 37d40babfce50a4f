"""Retention: the oldest rows leave with their labels, by age and by size."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from modelvane.store.postgresql.layout import Layout, escaped
from modelvane.store.postgresql.rounds import remove_rounds
from modelvane.store.postgresql.session import Session
from modelvane.store.results import Removed

CHUNK = 5_000
"""Rows per transaction, so that a writer never waits long."""

_SAMPLE = 300
_STRETCHES, _STRETCH = 16, 500
"""Where rows are counted in a table that has more numbers than these together, and how many numbers each time."""

_ROW_BYTES, _LABEL_BYTES = 120, 70
"""What a row costs beside itself: its pointer and its entries in the indexes."""


@dataclass(slots=True)
class Size:
    """What a dataset takes, from the number of its rows and the size of the latest: removed rows count no more.

    PostgreSQL uses the space of removed rows again but seldom gives it back, so that files say how much there was.
    """

    rows: float
    labels: float
    row_bytes: float
    label_bytes: float

    @property
    def bytes(self) -> float:
        """Rows and labels with their indexes."""
        return self.rows * self.row_bytes + self.labels * self.label_bytes

    def without(self, removed: Removed) -> Size:
        """Give what is left."""
        return Size(self.rows - removed.rows, self.labels - removed.labels, self.row_bytes, self.label_bytes)


def size_of(session: Session, layout: Layout) -> Size:
    """Estimate a dataset's rows and labels, and look at the latest: the writer must not wait for a count of all."""
    (rows, row_bytes), (labels, label_bytes) = (
        (_rows(session, table), _row_bytes(session, table)) for table in (layout.predictions, layout.labels)
    )
    return Size(rows, labels, row_bytes + _ROW_BYTES, label_bytes + _LABEL_BYTES)


def _rows(session: Session, table: str) -> float:
    """Give the number of rows: of a long table, that of its numbers times the share of those in use."""
    [(first, last)] = session.execute(f"SELECT min(seq), max(seq) FROM {table}").fetchall()  # noqa: S608 - quoted
    numbers = 0 if first is None else last - first + 1
    if numbers <= _STRETCHES * _STRETCH:
        [(rows,)] = session.execute(f"SELECT count(*) FROM {table}").fetchall()  # noqa: S608 - quoted
        return float(rows)
    starts = np.linspace(first, last + 1 - _STRETCH, _STRETCHES).astype(np.int64).tolist()
    # each a look into the index
    stretch = f"(SELECT count(*) FROM {table} WHERE seq >= %s AND seq < %s)"  # noqa: S608 - quoted
    [(found,)] = session.execute(
        f"SELECT {' + '.join([stretch] * _STRETCHES)}",
        [bound for start in starts for bound in (start, start + _STRETCH)],
    ).fetchall()
    return float(numbers * found / (_STRETCHES * _STRETCH))


def _row_bytes(session: Session, table: str) -> float:
    [(size,)] = session.execute(
        "SELECT avg(pg_column_size(t.*))::float8"  # noqa: S608 - quoted
        f" FROM (SELECT * FROM {table} ORDER BY seq DESC LIMIT {_SAMPLE}) t"
    ).fetchall()
    return size or 0.0


def remove_before(session: Session, layout: Layout, moment: float) -> Removed:
    """Remove up to a chunk of rows that arrived before a moment, and labels that waited since before.

    Rows of another log may stand behind later ones: they leave when those before them are few, and no other with them.
    """
    [(last,)] = session.execute(
        f"SELECT max(seq) FROM (SELECT seq, received FROM {layout.predictions} ORDER BY seq LIMIT {CHUNK}) t"  # noqa: S608 - quoted
        " WHERE received < %s",
        (moment,),
    ).fetchall()
    removed = Removed() if last is None else _remove_up_to(session, layout, last, moment)
    waited = session.execute(
        f"DELETE FROM {layout.labels} WHERE seq IN (SELECT seq FROM {layout.labels}"  # noqa: S608 - quoted
        f" WHERE waiting AND received < %s LIMIT {CHUNK})",
        (moment,),
    ).rowcount
    rounds = remove_rounds(session, "dataset = %s AND computed_at < %s", (escaped(layout.dataset), moment))
    return Removed(removed.rows, removed.labels + waited, rounds, more=removed.rows > 0 or waited > 0)


def remove_oldest(session: Session, layouts: Collection[Layout]) -> tuple[Layout | None, Removed]:
    """Remove a chunk of rows of the dataset that has the oldest row, and the rounds of that time."""
    oldest: list[tuple[float, int, Layout]] = []
    for number, layout in enumerate(layouts):
        found = session.execute(
            f"SELECT received FROM {layout.predictions} ORDER BY seq LIMIT 1"  # noqa: S608 - quoted
        ).fetchone()
        if found:
            oldest.append((found[0], number, layout))
    if not oldest:
        return None, Removed()
    layout = min(oldest)[2]
    # a small log must not lose everything for being a little too large
    [(first, end)] = session.execute(f"SELECT min(seq), max(seq) + 1 FROM {layout.predictions}").fetchall()  # noqa: S608 - quoted
    share = max(1, min(CHUNK, (end - first) // 20))
    [(last, moment)] = session.execute(
        f"SELECT max(seq), max(received) FROM (SELECT seq, received FROM {layout.predictions}"  # noqa: S608 - quoted
        f" ORDER BY seq LIMIT {share}) t"
    ).fetchall()
    removed = _remove_up_to(session, layout, last)
    rounds = remove_rounds(session, "dataset = %s AND computed_at < %s", (escaped(layout.dataset), moment))
    return layout, Removed(removed.rows, removed.labels, rounds, more=True)


def _remove_up_to(session: Session, layout: Layout, last: int, before: float = math.inf) -> Removed:
    labels = session.execute(
        f"DELETE FROM {layout.labels} l USING {layout.predictions} p"  # noqa: S608 - quoted
        " WHERE p.id = l.id AND p.seq <= %s AND p.received < %s",
        (last, before),
    ).rowcount
    rows = session.execute(
        f"DELETE FROM {layout.predictions} WHERE seq <= %s AND received < %s",  # noqa: S608 - quoted
        (last, before),
    ).rowcount
    return Removed(rows, labels)
