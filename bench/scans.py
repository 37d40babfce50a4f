"""How fast the log is read, as a ratio to the driver's plain fetch followed by a plain conversion to Arrow.

Both sides read the same rows in the same order (10 numbers, 10 words, an id, an event time, each labelled row with its
target) within one run, by turns; the median ratio of the rounds is given. The log gives batches of Arrow columns with
targets, arrivals and labels; the plain side fetches all rows and makes one table of them.
"""

from __future__ import annotations

import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pyarrow as pa
from bench.figures import Row
from bench.store_append import SCHEMA, columns
from pymongo import MongoClient
from tests.stores.servers import mongodb

from modelvane.store import Log, open_log
from modelvane.store.mongodb.values import OWN
from modelvane.table import Table

ROWS, QUICK_ROWS, ROUNDS = 1_000_000, 50_000, 3
REACH = 0.9
_TABLE_ROWS = 10_000
_LABELLED_SHARE = 0.5


def run(*, quick: bool = False) -> Iterator[Row]:
    """Scan every store whose server is there."""
    rows = QUICK_ROWS if quick else ROWS
    for part in (_sqlite, _postgresql, _mongodb):
        yield from part(rows)


def fill(log: Log, rows: int) -> None:
    """Log rows, half of them labelled."""
    log.open("taxi", SCHEMA)
    chance = random.Random(0)  # noqa: S311 - the same rows in every run
    for start in range(0, rows, _TABLE_ROWS):
        table = Table.of(pa.table(columns(min(_TABLE_ROWS, rows - start), start)))
        appended = log.append("taxi", table, 1.6e9 + start)
        ids = [id_ for id_ in appended.ids if chance.random() < _LABELLED_SHARE]
        log.label("taxi", ids, [chance.random() for _ in ids], None, 1.6e9 + start)


def scanned(log: Log) -> int:
    """Read everything, batch by batch."""
    return sum(map(len, log.scan("taxi")))


def compared(what: str, log: Log, plain: Callable[[], pa.Table], rows: int) -> Iterator[Row]:
    """Give the rates of both sides."""
    best, ratios = [0.0, 0.0], []
    for turn in range(ROUNDS):
        seconds = [0.0, 0.0]
        for side in (0, 1) if turn % 2 else (1, 0):
            started = time.perf_counter()
            found = scanned(log) if side else plain().num_rows
            seconds[side] = time.perf_counter() - started
            assert found == rows
        ratios.append(seconds[0] / seconds[1])
        best = [max(rate, rows / spent) for rate, spent in zip(best, seconds, strict=True)]
    ratio = statistics.median(ratios)
    yield Row(
        f"{what}: scan of {rows} rows x 20 against a plain fetch",
        f"{ratio:.2f}x ({best[1]:.0f} rows/s, plain {best[0]:.0f})",
        f">= {REACH}x",
        ratio >= REACH,
    )


def _sqlite(rows: int) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.db"
        with closing(open_log(f"sqlite:///{path}")) as log, closing(sqlite3.connect(path)) as connection:
            fill(log, rows)

            def plain() -> pa.Table:
                cursor = connection.execute(
                    "SELECT p.*, l.target FROM predictions_taxi p LEFT JOIN labels_taxi l ON l.id = p.id"
                    " ORDER BY p.event_time, p.seq"
                )
                names = [name for name, *_ in cursor.description]
                return pa.table(dict(zip(names, zip(*cursor.fetchall(), strict=True), strict=False)))

            yield from compared("SQLite", log, plain, rows)


def _postgresql(rows: int) -> Iterator[Row]:
    import psycopg
    from tests.stores.servers import postgresql

    given = os.environ.get(postgresql.URL)
    if given is None and postgresql.programs() is None:
        yield Row(f"PostgreSQL: no server; name one in {postgresql.URL}", "")
        return
    server = None if given else postgresql.Server()
    url = postgresql.in_own_schema(given or server.url)  # type: ignore[union-attr] # one of the two is there
    try:
        with closing(open_log(url)) as log, psycopg.connect(url, autocommit=True) as connection:
            fill(log, rows)
            # as autovacuum does before long
            connection.execute("VACUUM ANALYZE predictions_taxi, labels_taxi")

            def plain() -> pa.Table:
                cursor = connection.execute(
                    "SELECT p.*, l.target FROM predictions_taxi p LEFT JOIN labels_taxi l ON l.id = p.id"
                    " ORDER BY p.event_time, p.seq"
                )
                names = [column.name for column in cursor.description or ()]
                return pa.table(dict(zip(names, zip(*cursor.fetchall(), strict=True), strict=False)))

            yield from compared("PostgreSQL", log, plain, rows)
    finally:
        postgresql.drop_schema(url)
        if server is not None:
            server.remove()


def _mongodb(rows: int) -> Iterator[Row]:
    with _mongodb_url(rows) as (what, url), closing(open_log(url)) as log, MongoClient(url) as client:
        if "own" in what:
            log.open("taxi", SCHEMA)
        else:
            fill(log, rows)
        data = client.get_default_database()["data"]

        def plain(shown: dict[str, int] | None) -> pa.Table:
            order = [("_modelvane.time", 1), ("_modelvane.seq", 1)]
            return pa.Table.from_pylist(list(data.find({}, shown).sort(order)))

        yield from compared(f"MongoDB, {what}", log, lambda: plain(None), rows)
        bare = f"MongoDB, {what}, the log's own field left out by the plain fetch"
        for row in compared(bare, log, lambda: plain({"_id": 0, OWN: 0}), rows):
            yield Row(row.what, row.value)


@contextmanager
def _mongodb_url(rows: int) -> Iterator[tuple[str, str]]:
    """Give the user's server, or one whose answers cost nothing, so that only this side is measured."""
    given = os.environ.get(mongodb.URL)
    if given:
        with mongodb.own_database(given) as url:
            yield "your server", url
        return
    command = [sys.executable, "-m", "bench.replies", str(rows)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield "our own answers ready", f"mongodb://127.0.0.1:{int(server.stdout.readline())}/bench"
        finally:
            server.kill()
