"""What is done with a posted body, whichever way it came: decoded once, kept in the log, then acknowledged."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelvane.config import Limits
from modelvane.errors import ModelvaneError, UnknownNameError
from modelvane.service.decoding import decode_labels, decode_rows
from modelvane.service.headers import check_coding, check_token, content_type_of
from modelvane.service.pace import Pace
from modelvane.service.problems import CONTENT_TYPE, HttpError, headers_of, problem, status_of, unexpected
from modelvane.service.refusals import reason_of
from modelvane.service.watch import Watch
from modelvane.store.results import Appended
from modelvane.store.writer import GroupCommit
from modelvane.table import Table
from modelvane.times import NO_TIME, microseconds

_log = logging.getLogger("modelvane.service")

_ROUTE = re.compile(
    r"/iterate/(?P<rows2022>[^/]+)/?|/v1/datasets/(?P<name>[^/]+)/(?P<what>predictions|labels)/?"
)
_JSON = b"application/json"
_PROBLEM = CONTENT_TYPE.encode()
# more rows than this are cast and counted off the event loop
_FEW_ROWS = 1024
# seconds between labels of one body: a correction gives a label another number, and their order has to outlast that
_LABELS_APART = 1e-6

_encode = msgspec.json.Encoder().encode


class Route(NamedTuple):
    """The dataset that a path names, and whether its labels are posted there or its rows."""

    dataset: str
    is_labels: bool


class Answer(NamedTuple):
    """What is answered to one request."""

    status: int
    content_type: bytes
    body: bytes
    headers: Mapping[str, str] | None = None


def route_of(path: str) -> Route | None:
    """Give what is posted to a path; ``None`` where that is nothing of ingest's."""
    found = _ROUTE.fullmatch(path)
    return None if found is None else Route(found["rows2022"] or found["name"], found["what"] == "labels")


class Intake:
    """Takes bodies of rows and labels.

    Parameters
    ----------
    watches
        By dataset.
    writer
        Keeps rows and labels; a full queue is answered with 503 and Retry-After.
    limits
        Of bodies.
    pace
        Is told of the connections that post.
    token
        What has to be shown to post, if anything.
    """

    def __init__(
        self,
        watches: Mapping[str, Watch],
        writer: Callable[[], GroupCommit],
        *,
        limits: Limits,
        pace: Pace,
        token: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.limits = limits
        self.watches = watches
        self.pace = pace
        self._writer = writer
        self._token = token
        self._clock = clock

    def admit(self, dataset: str, headers: Mapping[bytes, bytes]) -> Watch:
        """Say whose body this will be, before any of it is read.

        Raises
        ------
        ModelvaneError
            Without the token, for an unknown dataset, and for a body that is compressed or, by what it says of
            itself, too large.
        """
        check_token(headers, self._token)
        watch = self.watches.get(dataset)
        if watch is None:
            raise UnknownNameError.of("dataset", dataset, self.watches)
        check_coding(headers)
        declared = headers.get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self.limits.body_bytes:
            raise self.too_large(f"{int(declared)} bytes")
        return watch

    def too_large(self, received: str) -> HttpError:
        """Give the error for a body of more bytes than are read."""
        return too_large(received, f"{self.limits.body_bytes} bytes")

    def rows(
        self, watch: Watch, body: bytes, headers: Mapping[bytes, bytes], reply: Callable[[Answer], None]
    ) -> None:
        """Take a body of rows; ``reply`` is called once, after their commit, or now with what is wrong."""
        try:
            table = decode_rows(body, content_type_of(headers), headers, watch.names, watch.shapes)
            self._check_rows(table.rows)
            if table.rows == 0:
                reply(Answer(200, _JSON, b'{"accepted":0,"duplicates":0,"ids":[]}'))
                return
            posted = _Posted(self, watch, table, self._clock(), reply)
            self._writer().submit(watch.name, table, posted.received, size=len(body), future=posted)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an answer and the log the cause
            reply(self.refusal(error, watch))

    async def labels(self, watch: Watch, body: bytes, headers: Mapping[bytes, bytes]) -> Answer:
        """Take a body of labels.

        Raises
        ------
        ModelvaneError
            When it cannot be read or kept.
        """
        ids, targets, times = decode_labels(body, content_type_of(headers), watch.target_name, watch.names)
        self._check_rows(len(ids))
        if not ids:
            return Answer(200, _JSON, b'{"matched":0,"waiting":0,"repeated":0,"changed":0}')
        received = np.asarray(self._clock() + _LABELS_APART * np.arange(len(ids)), np.float64)
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        at = None if times is None else _stamps(times, received)
        self._writer().submit_labels(watch.name, ids, targets, at, received, size=len(body), future=future)
        result = await future
        watch.count_labels(result)
        known = (received if at is None else at / 1e6).tolist()
        await loop.run_in_executor(None, watch.labelled, ids, targets, known, result)
        counts = {
            "matched": result.matched,
            "waiting": result.waiting,
            "repeated": result.repeated,
            "changed": result.changed,
        }
        return Answer(200, _JSON, _encode(counts))

    def refusal(self, error: BaseException, watch: Watch | None = None) -> Answer:
        """Give the answer to what cannot be taken, counted with its dataset; the cause of a fault is for the log."""
        refused = error if isinstance(error, ModelvaneError) else unexpected()
        if refused is not error:
            _log.error("A post of %s failed", watch.name if watch else "nobody's", exc_info=error)
        if watch is not None:
            watch.traffic.reject(reason_of(refused))
        return Answer(status_of(refused), _PROBLEM, problem(refused), headers_of(refused))

    def _check_rows(self, rows: int) -> None:
        if rows > self.limits.body_rows:
            raise too_large(f"{rows} rows", f"{self.limits.body_rows} rows")


class _Posted:
    """A table whose commit a client waits for: the log's future, without the event loop's detour.

    A future of asyncio tells who waits in the loop's next turn, by way of a task; this one tells at once.
    """

    __slots__ = ("_intake", "_reply", "_table", "_watch", "received")

    def __init__(
        self, intake: Intake, watch: Watch, table: Table, received: float, reply: Callable[[Answer], None]
    ) -> None:
        self.received = received
        self._intake = intake
        self._watch = watch
        self._table = table
        self._reply = reply

    def done(self) -> bool:
        """Say no: nobody cancels what is posted, and a result comes once."""
        return False

    def set_result(self, appended: Appended) -> None:
        """Count rows that the log has kept, and acknowledge them."""
        watch, table = self._watch, self._table
        try:
            watch.count(appended)
            if table.rows > _FEW_ROWS:
                loop = asyncio.get_running_loop()
                adding = loop.run_in_executor(None, watch.added, table, appended, self.received)
                adding.add_done_callback(lambda done: self._acknowledge(appended, done.exception()))
                return
            watch.added(table, appended, self.received)
        except Exception as error:  # noqa: BLE001 - those who wait for the same commit get their own answers
            self.set_exception(error)
            return
        self._acknowledge(appended)

    def set_exception(self, error: BaseException) -> None:
        """Refuse what the log has not kept."""
        self._reply(self._intake.refusal(error, self._watch))

    def _acknowledge(self, appended: Appended, error: BaseException | None = None) -> None:
        if error is not None:
            self.set_exception(error)
            return
        duplicates = appended.duplicates
        told = {
            "accepted": self._table.rows - duplicates,
            "duplicates": duplicates,
            "ids": appended.ids,
        }
        self._reply(Answer(200, _JSON, _encode(told)))


def _stamps(times: list[Any], received: NDArray[np.float64]) -> NDArray[np.int64]:
    at = np.fromiter(map(microseconds, times), np.int64, len(times))
    return np.where(at == NO_TIME, np.rint(received * 1e6).astype(np.int64), at)


def gone() -> HttpError:
    """Give the error for a client that left: nobody reads it, but it is counted."""
    return HttpError(400, "The client went away before the body was complete")


def too_large(received: str, limit: str) -> HttpError:
    """Give the error for a body of more than is taken."""
    return HttpError(
        413,
        "The body is too large",
        received=received,
        expected=f"at most {limit}",
        remedy="Send it in parts",
    )
