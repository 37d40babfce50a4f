"""How fast the log keeps rows, as a ratio to a plain ``executemany`` of the same rows into the same table.

Run ``python bench/store_append.py``. Both sides write the same values into tables with the same columns and indexes, in
WAL mode with synchronous NORMAL, one transaction per body. The baseline has its tuples ready; the log starts from
columns. They take turns in one run, and the median of the ratios of the rounds is given. The last lines write beside a
thread that keeps the interpreter busy, as an event loop under load does.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from modelvane.schema import Column, Kind, Role, Schema
from modelvane.store import GroupCommit, SqliteLog
from modelvane.table import Table

NUMBERS = [f"number {i}" for i in range(10)]
WORDS = [f"word {i}" for i in range(10)]
SCHEMA = Schema(
    (
        Column("trip", Role.ID, None, "string"),
        Column("pickup", Role.TIME, None, "double"),
        *(Column(name) for name in NUMBERS),
        *(Column(name, kind=Kind.CATEGORICAL, dtype="string") for name in WORDS),
    )
)


def columns(rows: int, start: int) -> dict[str, list[Any]]:
    """Rows of 10 numbers and 10 words, with ids in order and times nearly so."""
    chance = random.Random(start)  # noqa: S311 - the same rows in every run
    return {
        "trip": [f"client-{start + i:012d}" for i in range(rows)],
        "pickup": [1.6e9 + (start + i) * 0.01 + chance.random() for i in range(rows)],
        **{name: [chance.expovariate(0.1) for _ in range(rows)] for name in NUMBERS},
        **{name: chance.choices(["Card", "Cash", "No charge", "Dispute"], k=rows) for name in WORDS},
    }


def tuples(data: dict[str, list[Any]], start: int) -> list[tuple[Any, ...]]:
    """Give the rows of a plain insert."""
    return [
        (start + i, trip, round(pickup * 1e6), 1.6e9, None, *values)
        for i, (trip, pickup, *values) in enumerate(zip(*data.values(), strict=True), 1)
    ]


def arrow(data: dict[str, list[Any]]) -> pa.Table:
    """Give the columns as an Arrow body has them, with a column of timestamps."""
    pickup = pa.array([round(second * 1e6) for second in data["pickup"]], pa.timestamp("us"))
    return pa.table({**data, "pickup": pickup})


def plain(path: Path) -> sqlite3.Connection:
    """Make an SQLite file with the same table and indexes, without anything else."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    names = ", ".join(f'"{name}"' for name in [*NUMBERS, *WORDS])
    connection.execute(
        "CREATE TABLE predictions (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, event_time INTEGER NOT NULL,"
        f" received REAL NOT NULL, extra TEXT, {names})"
    )
    connection.execute("CREATE INDEX times ON predictions (event_time)")
    return connection


INSERT = f"INSERT OR IGNORE INTO predictions VALUES ({', '.join('?' * 25)})"


def executemany(connection: sqlite3.Connection, rows: list[tuple[Any, ...]]) -> None:
    """One body, one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(INSERT, rows)
    connection.execute("COMMIT")


def timed(work: Callable[[], object]) -> float:
    """Seconds that it takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


@contextmanager
def busy(wanted: bool) -> Iterator[None]:
    """Keep the interpreter lock wanted by a second thread, if so wanted."""
    if not wanted:
        yield
        return
    running = [True]

    def spin() -> None:
        turns = 0
        while running:
            turns += 1

    thread = threading.Thread(target=spin)
    thread.start()
    try:
        yield
    finally:
        running.clear()
        thread.join()


def compare(
    what: str, rows: int, bodies: int, rounds: int, *, kind: str = "list", other_thread: bool = False
) -> None:
    """Print rows/s of both sides and the median ratio."""
    ratios, best = [], [0.0, 0.0]
    with tempfile.TemporaryDirectory() as folder, SqliteLog(Path(folder) / "log.db") as log:
        log.open("taxi", SCHEMA)
        with closing(plain(Path(folder) / "plain.db")) as connection:
            for turn in range(rounds):
                starts = [(turn * bodies + i) * rows for i in range(bodies)]
                data = [columns(rows, start) for start in starts]
                raw = [tuples(body, start) for body, start in zip(data, starts, strict=True)]
                tables = [Table.of(arrow(body) if kind == "arrow" else body) for body in data]
                with busy(other_thread):
                    sides = (
                        lambda raw=raw: [executemany(connection, body) for body in raw],
                        lambda tables=tables: keep(log, tables, kind),
                    )
                    order = (0, 1) if turn % 2 else (1, 0)
                    seconds = [0.0, 0.0]
                    for side in order:
                        seconds[side] = timed(sides[side])
                ratios.append(seconds[0] / seconds[1])
                best = [max(b, rows * bodies / s) for b, s in zip(best, seconds, strict=True)]
    print(f"{what:58} {best[1]:9.0f} rows/s, plain {best[0]:9.0f}, ratio {statistics.median(ratios):5.2f}")


def keep(log: SqliteLog, tables: list[Table], kind: str) -> None:
    """Append as a service does: one commit per table, or through the queue."""
    if kind == "queue":
        with GroupCommit(log) as writer:
            futures = [writer.submit("taxi", table, 1.6e9) for table in tables]
            for future in futures:
                future.result()
        return
    for table in tables:
        log.append("taxi", table, 1.6e9)


def main() -> None:
    """Run all comparisons."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    compare("single rows, a commit each", 1, 2_000, rounds)
    compare("single rows through the queue, against a commit each", 1, 2_000, rounds, kind="queue")
    compare("tables of 1000 rows", 1_000, 20, rounds)
    compare("Arrow tables of 10 000 rows", 10_000, 3, rounds, kind="arrow")
    compare("tables of 1000 rows beside a busy thread", 1_000, 3, 3, other_thread=True)


if __name__ == "__main__":
    main()
