"""The background thread: takes rows from the outbox, encodes them, and posts them until they are settled."""

from __future__ import annotations

import atexit
from threading import Event, Lock, Thread, current_thread
from time import monotonic, sleep
from typing import TYPE_CHECKING, NamedTuple

from modelvane.client.connection import NO_ANSWER, Connection, Reply
from modelvane.client.encoding import PLAIN, encode, merge, quick_encoder
from modelvane.client.outbox import LABELS, PREDICTIONS, Item, Outbox, Row
from modelvane.client.reporter import Reporter, said

if TYPE_CHECKING:
    from collections.abc import Callable

AWAY = frozenset({NO_ANSWER, 408, 425, 429, 502, 503, 504})
"""Statuses that say nothing about the rows: the service is away or busy, and is waited for without end."""

_LONGEST_RETRY_AFTER = 300.0
_TURN = 0.0001
_PAUSE = 0.001
_QUICK = PLAIN | {dict}


class Policy(NamedTuple):
    """How rows are sent; see `modelvane.client.Client` for the meaning and units of each."""

    id_field: str
    time_field: str
    target_field: str
    prediction_field: str | tuple[str, ...]
    queue_size: int
    batch_size: int
    linger: float
    timeout: float
    retries: int
    backoff: float
    backoff_max: float


class Sender:
    """The outbox, its thread and its connection: all that one process needs to send for one client.

    The thread starts with the first row. A fork leaves it behind in the parent, so a child makes a new sender
    and calls `disown` on the inherited one.

    Parameters
    ----------
    connect : callable
        Makes the connection.
    root : str
        Path of the dataset, to which the route of an item is appended.
    policy : Policy
    on_error : callable or None
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        root: str,
        policy: Policy,
        on_error: Callable[[str], object] | None,
    ) -> None:
        self.outbox = Outbox(policy.queue_size, self._wake)
        self.reporter = Reporter(on_error)
        self._connection = connect()
        self._root = root
        self._policy = policy
        self._thread: Thread | None = None
        self._starting = Lock()
        self._stop = Event()
        self._drops_told = 0
        self._quickly: Callable[[dict[str, object]], bytes | None] = _not_yet

    def written(self, row: Row) -> Item:
        """Write a row of plain values, or give it back as it is.

        For a caller that answers requests: with the row at hand this takes some microseconds, and later on the
        sender's thread, in turns with requests, many times that. Rows that could take long or run code of their own,
        and those that come before the encoder is loaded, are left to that thread.
        """
        if type(row[4]) not in _QUICK:
            return row
        try:
            return self._quickly(self._complete(row)) or row
        except Exception:  # noqa: BLE001 - met again by the sender's thread, which tells of it
            return row

    def flush(self, timeout: float | None) -> bool:
        """Wait until all rows put so far are settled; see `Client.flush`."""
        if current_thread() is self._thread:
            return False  # on_error runs on this thread, which cannot wait for itself
        return self.outbox.flush(timeout)

    def close(self, timeout: float | None) -> bool:
        """Take no more rows, send what is there within `timeout` seconds, drop the rest."""
        atexit.unregister(self._at_exit)
        self.outbox.close()
        self.outbox.nudge()
        done = self.flush(timeout)
        self._stop.set()
        self.outbox.abandon()
        if self._thread is not None and self._thread is not current_thread():
            # Done or waiting to retry, it ends at once; a request under way is not waited for.
            self._thread.join(timeout=1.0 if done else 0.1)
        return done

    def disown(self) -> None:
        """Forget, in a forked child, what belongs to the parent."""
        atexit.unregister(self._at_exit)
        self._connection.disown()

    def _wake(self) -> None:
        # Not waiting for the lock: who holds it is starting the thread, or was interrupted doing so.
        if self._thread is None and self._starting.acquire(blocking=False):
            try:
                if self._thread is None:
                    self._start()
            finally:
                self._starting.release()
        self.outbox.nudge()

    def _start(self) -> None:
        thread = Thread(target=self._run, name="modelvane-client", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # no more threads, or the interpreter is ending
            self.reporter.last_error = f"the sender's thread did not start: {error}"
            self.outbox.expect()
            return
        self._thread = thread
        # Here and not in the constructor: multiprocessing clears what a child has inherited.
        atexit.register(self._at_exit)

    def _at_exit(self) -> None:
        self.close(self._policy.timeout)

    def _run(self) -> None:
        from random import Random  # noqa: PLC0415 - kept out of the caller's import

        self._jitter = Random()  # noqa: S311 - spreads retries, guards nothing
        self._quickly = quick_encoder()
        while items := self.outbox.take(self._policy.batch_size, self._policy.linger):
            try:
                self._send(items)
            except Exception as error:  # noqa: BLE001 - nobody is above this thread; the next batch must go out
                self.reporter.report(f"a batch was given up: {said(error)}")
                self.outbox.settle(rejected=self.outbox.in_flight)
        self._tell_drops()
        self._connection.close()

    def _send(self, items: list[Item]) -> None:
        self._tell_drops()
        bodies: dict[str, list[bytes]] = {}
        began = monotonic()
        for item in items:
            if isinstance(item, bytes):
                bodies.setdefault(PREDICTIONS, []).append(item)
                continue
            if monotonic() - began > _TURN:
                # A thread that computes keeps the interpreter for 5 ms, and requests would wait for a whole batch.
                sleep(0.0 if self.outbox.is_pressed(self._policy.batch_size) else _PAUSE)
                began = monotonic()
            route = item[0]
            try:
                columns = self._complete(item)
                text = self._quickly(columns) or encode(columns)
            except Exception as error:  # noqa: BLE001 - a value's own methods may raise anything
                self.reporter.report(f"a row for {route} was rejected: {said(error)}")
                self.outbox.settle(rejected=1)
            else:
                bodies.setdefault(route, []).append(text)
        # Predictions first, in whatever order they were met, so that labels find them.
        for route in sorted(bodies, reverse=True):
            self._deliver(f"{self._root}/{route}", bodies[route])

    def _complete(self, row: Row) -> dict[str, object]:
        route, columns, name, time, value = row
        if isinstance(columns, Exception):
            raise columns
        columns[self._policy.id_field] = name
        columns[self._policy.time_field] = time
        if route == LABELS:
            columns[self._policy.target_field] = value
            return columns
        return merge(columns, value, self._policy.prediction_field)

    def _deliver(self, path: str, rows: list[bytes]) -> None:
        body = b"[" + b",".join(rows) + b"]"
        attempt = 0
        while not 200 <= (reply := self._connection.post(path, body)).status < 300:
            if reply.status == 413 and len(rows) > 1:
                half = len(rows) // 2
                self._deliver(path, rows[:half])
                self._deliver(path, rows[half:])
                return
            self.reporter.report(f"POST {path} of {len(rows)} rows: {reply.detail}")
            if not self._worth_repeating(reply, attempt):
                self.outbox.settle(rejected=len(rows))
                return
            self._tell_drops()
            if self._stop.wait(self._delay(reply, attempt)):
                self.outbox.settle(dropped=len(rows))
                return
            attempt += 1
            self.outbox.retry()
        self.outbox.settle(sent=len(rows))

    def _worth_repeating(self, reply: Reply, attempt: int) -> bool:
        if reply.status in AWAY:
            return True
        # Any other fault of the server may be the doing of these very rows, which must not block the rest.
        return reply.status >= 500 and attempt < self._policy.retries

    def _delay(self, reply: Reply, attempt: int) -> float:
        # Exponential backoff with full jitter. Brooker, Exponential backoff and jitter, 2015.
        ceiling = min(self._policy.backoff_max, self._policy.backoff * 2.0 ** min(attempt, 32))
        jitter = self._jitter.uniform(0.0, ceiling)
        if reply.retry_after is None:
            return jitter
        return min(reply.retry_after, _LONGEST_RETRY_AFTER) + min(jitter, self._policy.backoff)

    def _tell_drops(self) -> None:
        dropped = self.outbox.dropped
        if dropped > self._drops_told:
            self.reporter.report(
                f"{dropped - self._drops_told} rows were dropped: the queue of {self._policy.queue_size} was "
                "full, or the client closed. Raise queue_size, or find out why the service is slow or away."
            )
            self._drops_told = dropped


def _not_yet(_: dict[str, object]) -> bytes | None:
    return None
