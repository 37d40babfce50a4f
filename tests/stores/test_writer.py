"""Group commit: many submit, one writes, nothing acknowledged is lost."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager

import pytest

from modelvane.errors import SchemaError, StoreError, UnknownNameError
from modelvane.findings import Findings
from modelvane.schema import Column, Schema
from modelvane.store import Appended, GroupCommit, Log, QueueFullError, Snapshot
from modelvane.table import Table


@contextmanager
def held(writer: GroupCommit) -> Iterator[None]:
    """Keep the writer busy, so that what is submitted meanwhile waits in the queue."""
    entered, release = threading.Event(), threading.Event()

    def wait(_: Log) -> None:
        entered.set()
        release.wait()

    done = writer.call(wait, rows=0)
    entered.wait()
    try:
        yield
    finally:
        release.set()
        done.result()


def test_all_that_many_threads_submit_is_kept(log: Log) -> None:
    """Rows, labels and tables from many threads are all there once their futures are done."""

    def work(name: int) -> None:
        for i in range(50):
            futures.append(writer.submit("taxi", Table.of({"trip": [f"{name}-{i}"], "zone": [i]}), 1.0))
            if i % 10 == 0:
                many = Table.of({"trip": [f"{name}-{i}-{j}" for j in range(7)]})
                futures.append(writer.submit("taxi", many, 1.0))
                writer.submit_labels("taxi", [f"{name}-{i}"], [1.0], None, 2.0)

    futures: list[Future[Appended]] = []
    with GroupCommit(log) as writer:
        threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        acknowledged = [name for future in futures for name in future.result().ids]
    assert len(acknowledged) == 8 * (50 + 5 * 7)
    assert sorted(log.tail("taxi").ids) == sorted(acknowledged)
    assert len(log.labels_tail("taxi")) == 40


def test_queued_submissions_share_a_transaction(log: Log) -> None:
    """All that waits when a turn begins is one commit, each submission with a result of its own."""
    log.open("other", Schema((Column("a"),)))
    with GroupCommit(log) as writer:
        with held(writer):
            futures = [writer.submit("taxi", Table.of({"trip": [f"t{i % 90}"]}), 1.0) for i in range(100)]
            futures.append(writer.submit("other", Table.of({"id": ["x", "y"]}), 1.0))
            labels = writer.submit_labels("taxi", ["t1", "t2"], [1.0, 2.0], None, 2.0)
            assert writer.counters.queued_rows == 104
        results = [future.result() for future in futures]
        assert labels.result().matched == 2
        counters = writer.counters
    assert counters.transactions == 2
    assert (counters.rows, counters.queued_rows, counters.failures) == (104, 0, 0)
    assert counters.commit_seconds >= counters.last_commit_seconds > 0
    assert [result.duplicates for result in results] == [0] * 90 + [1] * 10 + [0]
    assert (log.count("taxi"), log.count("other")) == (90, 2)


def test_a_future_is_done_only_after_the_commit(log: Log) -> None:
    """Whoever is told that a row is kept finds it in the log."""
    with GroupCommit(log) as writer:
        for i in range(20):
            writer.submit("taxi", Table.of({"trip": [f"t{i}"]}), 1.0).result()
            assert log.count("taxi") == i + 1


def test_one_bad_submission_fails_alone(log: Log) -> None:
    """An unknown dataset, bad labels and a failing task get their errors; their neighbours are kept."""

    def fail(_: Log) -> None:
        raise ZeroDivisionError

    with GroupCommit(log) as writer:
        with held(writer):
            good = [writer.submit("taxi", Table.of({"trip": ["a"]}), 1.0)]
            unknown = writer.submit("taxy", Table.of({"trip": ["b"]}), 1.0)
            labels = writer.submit_labels("taxi", [None], [1.0], None, 1.0)
            good.append(writer.submit("taxi", Table.of({"trip": ["c"], "zone": [2**70]}), 1.0))
            failing = writer.call(fail)
            good.append(writer.submit("taxi", Table.of({"trip": ["d"]}), 1.0))
        assert [future.result().ids for future in good] == [["a"], ["c"], ["d"]]
        assert isinstance(unknown.exception(), UnknownNameError)
        assert isinstance(labels.exception(), SchemaError)
        assert isinstance(failing.exception(), ZeroDivisionError)
        assert writer.counters.failures == 3
    assert log.tail("taxi").ids == ["a", "c", "d"]


def test_values_beyond_sqlite_do_not_disturb_a_shared_transaction(log: Log) -> None:
    """A huge integer among other rows is kept with them in the same commit."""
    with GroupCommit(log) as writer:
        with held(writer):
            futures = [
                writer.submit("taxi", Table.of({"zone": [2**70 if i == 50 else i]}), 1.0) for i in range(300)
            ]
        assert all(future.result().new is None for future in futures)
        assert writer.counters.transactions == 2
    assert log.tail("taxi").table.values("zone") == [2**70 if i == 50 else i for i in range(300)]


@pytest.mark.parametrize("bound", [{"max_rows": 10}, {"max_bytes": 1000}])
def test_a_full_queue_refuses(log: Log, bound: dict[str, int]) -> None:
    """Beyond its rows or bytes the queue refuses with a time to wait, and takes again once it drained."""
    table = Table.of({"zone": [1] * 5})
    with GroupCommit(log, **bound) as writer:
        with held(writer):
            kept = [writer.submit("taxi", table, 1.0, size=500) for _ in range(2)]
            with pytest.raises(QueueFullError, match="queue before the log is full") as caught:
                writer.submit("taxi", table, 1.0, size=500)
            assert caught.value.retry_after >= 1
        assert [future.result().new for future in kept] == [None, None]
        writer.submit("taxi", table, 1.0, size=500).result()
    assert log.count("taxi") == 15


def test_what_is_larger_than_the_queue_passes_alone(log: Log) -> None:
    """A table with more rows than the bound is kept when nothing else waits."""
    with GroupCommit(log, max_rows=10, turn_rows=10) as writer:
        writer.submit("taxi", Table.of({"zone": [1] * 50}), 1.0).result()
    assert log.count("taxi") == 50


def test_a_turn_is_bounded(log: Log) -> None:
    """A long queue is written in several transactions, in order."""
    with GroupCommit(log, turn_rows=10) as writer:
        with held(writer):
            futures = [writer.submit("taxi", Table.of({"zone": [i, i]}), 1.0) for i in range(20)]
        for future in futures:
            future.result()
        assert writer.counters.transactions == 5
    assert log.tail("taxi").table.values("zone") == [i for i in range(20) for _ in range(2)]


def test_closing_drains(log: Log) -> None:
    """What was accepted before closing is kept; afterwards nothing is accepted."""
    writer = GroupCommit(log)
    futures = [writer.submit("taxi", Table.of({"zone": [i]}), 1.0) for i in range(200)]
    writer.close()
    writer.close()
    assert all(future.done() for future in futures)
    assert log.count("taxi") == 200
    with pytest.raises(StoreError, match="closing"):
        writer.submit("taxi", Table.of({"zone": [1]}), 1.0)


def test_all_writes_go_through_one_queue(log: Log) -> None:
    """Findings, snapshots and retention take their turn after what was submitted before."""
    with GroupCommit(log) as writer:
        with held(writer):
            row = writer.submit("taxi", Table.of({"zone": [1]}), 1.0)
            found = writer.submit_findings(Findings("taxi", 1e12, 1, 0, ()))
            state = writer.submit_snapshot("taxi", Snapshot(b"state", 1, 0))
            removed = writer.submit_retention(max_age_seconds=1.0)
            after = writer.submit("taxi", Table.of({"zone": [2]}), 1e12)
        assert row.result().first_seq == 1
        assert (found.result(), state.result()) == (None, None)
        assert removed.result().rows == 1
        assert after.result().first_seq == 2
    assert len(log.read_findings("taxi")) == 1
    assert log.load_snapshot("taxi") == Snapshot(b"state", 1, 0)


def test_futures_of_asyncio_are_resolved_in_their_loop(log: Log) -> None:
    """With a loop's own way in, its futures are resolved there, many by one call; cancelled ones are left alone."""
    calls = []

    async def serve() -> list[Appended]:
        loop = asyncio.get_running_loop()

        def deliver(function: object) -> None:
            calls.append(function)
            loop.call_soon_threadsafe(function)  # type: ignore[arg-type] # what the writer gives

        writer = GroupCommit(log, deliver=deliver)
        futures: list[asyncio.Future[Appended]] = [loop.create_future() for _ in range(50)]
        with writer._queue._changed:
            for i, future in enumerate(futures):
                writer.submit("taxi", Table.of({"trip": [f"t{i}"]}), 1.0, future=future)
            futures[7].cancel()
        results = await asyncio.gather(*futures[:7], *futures[8:])
        await asyncio.to_thread(writer.close)
        return results

    results = asyncio.run(serve())
    assert [result.ids for result in results] == [[f"t{i}"] for i in range(50) if i != 7]
    assert len(calls) == 1
    assert log.count("taxi") == 50
