"""The client: logs predictions and labels without ever standing in the caller's way."""

from __future__ import annotations

import os
from contextlib import suppress
from itertools import count
from time import time as now
from typing import TYPE_CHECKING
from weakref import WeakSet

from modelvane.client.connection import Connection
from modelvane.client.outbox import LABELS, PREDICTIONS
from modelvane.client.reporter import said
from modelvane.client.sender import Policy, Sender
from modelvane.client.settings import check_settings, split_url

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from modelvane.client.outbox import Counters, Outbox

_COPIED = frozenset({dict, list})

_clients: WeakSet[Client] = WeakSet()


class Client:
    """Logs predictions and late ground truth to one dataset of a modelvane service.

    `log` and `label` never block and never raise; what becomes of the rows is told by `counters`,
    `last_error`, `on_error` and the logger ``modelvane.client`` (at most one warning a minute). A client may
    be shared by threads. After a fork, parent and child each have their own queue, thread and connection;
    rows that wait at the fork are the parent's to send.

    Parameters
    ----------
    url : str
        Where the service is, for example ``"http://127.0.0.1:8085"``.
    dataset : str
        The dataset's name in the service's config.
    token : str, optional
        Sent as a bearer token.
    id_field, time_field, target_field : str
        Columns of the row's id, event time and ground truth.
    prediction_field : str or sequence of str
        Column of the prediction; several (class names) if a prediction is a sequence of probabilities.
    queue_size : int
        Rows kept while the service is slow or away. When they are that many, the newest are dropped.
    batch_size : int
        Most rows per request.
    linger : float
        Seconds to wait for a batch to fill.
    timeout : float
        Seconds to wait for a connection and for each answer, and for the flush at exit.
    retries : int
        How often a batch that meets an error of the server (5xx) is sent again. A service that is away or
        busy (no connection, 408, 425, 429, 502, 503, 504) is waited for without end, since the queue is
        bounded.
    backoff, backoff_max : float
        Seconds: before the n-th retry, wait a random part of ``min(backoff_max, backoff * 2**n)``, or what
        ``Retry-After`` says.
    on_error : callable, optional
        Called with the text of each failure, on the background thread.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> with Client("http://127.0.0.1:8085", "taxi") as client:
    ...     pass  # trip_id = client.log({"trip_distance": 2.5}, 11.3), later client.label(trip_id, 12.0)
    >>> client.counters.logged
    0
    """

    def __init__(
        self,
        url: str,
        dataset: str,
        *,
        token: str | None = None,
        id_field: str = "id",
        time_field: str = "time",
        prediction_field: str | Sequence[str] = "prediction",
        target_field: str = "target",
        queue_size: int = 10_000,
        batch_size: int = 500,
        linger: float = 0.2,
        timeout: float = 5.0,
        retries: int = 5,
        backoff: float = 0.1,
        backoff_max: float = 30.0,
        on_error: Callable[[str], object] | None = None,
    ) -> None:
        self._policy = Policy(
            id_field,
            time_field,
            target_field,
            prediction_field if isinstance(prediction_field, str) else tuple(prediction_field),
            queue_size,
            batch_size,
            linger,
            timeout,
            retries,
            backoff,
            backoff_max,
        )
        check_settings(self._policy, dataset, token, on_error)
        self._place, self._root = split_url(url, dataset)
        self._dataset = dataset
        self._headers = {"Content-Type": "application/json", "User-Agent": "modelvane-client"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"
        self._id_field = id_field
        self._time_field = time_field
        self._on_error = on_error
        self._closed = False
        self._begin()
        _clients.add(self)

    def log(
        self,
        record: Mapping[str, object],
        prediction: object = None,
        *,
        id: object = None,  # noqa: A002 - the column's own name
        time: object = None,
    ) -> str:
        """Log one prediction: append it to the queue and return at once, whatever is given.

        The record is copied one level deep (as are a dict or list of predictions): the caller may change it
        afterwards, but not lists or arrays inside it, which are read by the background thread.

        Parameters
        ----------
        record : mapping
            Column names and values: what the model was given. A record that is no mapping is counted as
            rejected.
        prediction : object, optional
            A value; a mapping of class to probability, which becomes a column per class; or, if
            `prediction_field` names several columns, a sequence of as many values.
        id : object, optional
            Any value that can be written as text; by default the record's own `id_field`, else a new id,
            unique across processes. It is set before the first send, so that retries never count twice.
        time : float, datetime or str, optional
            Event time, epoch seconds or ISO 8601; by default the record's own `time_field`, else now.

        Returns
        -------
        str
            The id, to be given to `label`.
        """
        # writing the row here would take most of the call's time
        return self._log(record, prediction, id, time, write=False)

    def _log(
        self,
        record: Mapping[str, object],
        prediction: object,
        id: object,  # noqa: A002 - as in log
        time: object,
        *,
        write: bool,
    ) -> str:
        try:
            # Nothing is set in the copy here, since that may make it grow: the sender completes the row.
            row = dict(record)
            if id is None:
                id = row.get(self._id_field)  # noqa: A001 - as in log
            if id is None:
                name = f"{self._prefix}{next(self._serial)}"
            else:
                name = id if id.__class__ is str else self._name(id)
            if time is None:
                time = row.get(self._time_field)
                if time is None:
                    time = now()
            if prediction.__class__ in _COPIED:
                prediction = prediction.copy()
            item = (PREDICTIONS, row, name, time, prediction)
            self._put(self._sender.written(item) if write else item)
        except Exception:  # noqa: BLE001 - never into the caller; the background thread reports it
            return self._refuse(PREDICTIONS, record, id)
        return name

    def label(self, id: object, target: object, time: object = None) -> str:  # noqa: A002 - as in log
        """Log the ground truth of a prediction, with the same guarantees as `log`.

        Parameters
        ----------
        id : object
            What `log` returned, or was given.
        target : object
            The true value.
        time : float, datetime or str, optional
            When it became known; now by default.

        Returns
        -------
        str
            The id.
        """
        try:
            if id is None:
                return self._refuse(LABELS, id, id)
            name = self._name(id)
            self._put((LABELS, {}, name, now() if time is None else time, target))
        except Exception:  # noqa: BLE001 - as in log
            return self._refuse(LABELS, id, id)
        return name

    @property
    def counters(self) -> Counters:
        """What became of the rows so far (in this process, if it was forked)."""
        return self._sender.outbox.counters

    @property
    def last_error(self) -> str | None:
        """The latest failure in words, or None."""
        return self._sender.reporter.last_error

    def flush(self, timeout: float | None = 5.0) -> bool:
        """Send at once what waits, and wait up to `timeout` seconds (for ever if None) until it is settled.

        Returns
        -------
        bool
            Whether every row logged before this call has been sent or rejected.
        """
        return self._sender.flush(timeout)

    def close(self, timeout: float | None = 5.0) -> bool:
        """Send what waits within `timeout` seconds, drop and count the rest, and end the background thread.

        Rows logged afterwards count as dropped. Closing again does nothing.

        Returns
        -------
        bool
            Whether every row had been sent or rejected in time.
        """
        self._closed = True
        return self._sender.close(timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        scheme, host, port = self._place
        return f"<Client {scheme}://{host}{f':{port}' if port else ''}{self._root}>"

    def _begin(self) -> None:
        timeout = self._policy.timeout
        self._sender = Sender(
            lambda: Connection(*self._place, timeout, self._headers), self._root, self._policy, self._on_error
        )
        if self._closed:
            self._sender.close(0.0)
        self._put = self._sender.outbox.put
        # A random prefix per process and client, then a counter: unique, and cheaper than a UUID per row.
        self._prefix = f"{os.urandom(8).hex()}-"
        self._serial = count(1)

    def _name(self, id: object) -> str:  # noqa: A002 - as in log
        # None and NaN are missing values, and would unite all rows that have them under one id. What cannot
        # be compared or written as text is no id either.
        with suppress(Exception):
            if id is not None and id == id:  # noqa: PLR0124 - false for NaN
                return str(id)
        return f"{self._prefix}{next(self._serial)}"

    def _refuse(self, route: str, given: object, id: object) -> str:  # noqa: A002 - as in log
        name = self._name(id)
        what = "an id and a target" if route == LABELS else "a mapping of column names to values"
        self._put((route, TypeError(f"received {type(given).__name__}, expected {what}"), name, None, None))
        return name

    def _reject(self, what: str, error: Exception) -> None:
        """Count a prediction that could not be taken from a route, and let the background thread tell of it."""
        told = RuntimeError(f"{what} was not logged: {said(error)}")
        self._put((PREDICTIONS, told, self._name(None), None, None))

    def _after_fork(self) -> None:
        self._sender.disown()
        self._begin()


def outboxes() -> list[tuple[str, Outbox]]:
    """Give the dataset and the outbox of every client of this process."""
    while True:
        with suppress(RuntimeError):  # another thread made a client meanwhile
            return [(client._dataset, client._sender.outbox) for client in _clients]  # noqa: SLF001 - its own module


def _after_fork_in_child() -> None:
    for client in list(_clients):
        client._after_fork()  # noqa: SLF001 - its own module


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
