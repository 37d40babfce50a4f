"""Labels to the service that has the log open, over HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Self

import msgspec
import pyarrow as pa

from modelvane.client.settings import split_url
from modelvane.errors import ConfigError, OverloadedError, StoreError
from modelvane.times import NO_TIME
from modelvane.transfer.label_values import Labelling

_TIMEOUT_SECONDS = 60.0
_AWAY = frozenset({408, 425, 429, 502, 503, 504})
"""Statuses that say nothing about the labels: the service is away or busy."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
_ARROW, _JSON = "application/vnd.apache.arrow.stream", "application/json"
_OUTCOMES = ("matched", "waiting", "repeated", "changed")


@dataclass
class ServiceSink:
    """Posts labels to a service's ``/v1/datasets/{dataset}/labels``.

    An answer that says later (``Retry-After``), or none at all, is waited for and tried again: the same labels again
    change nothing.

    Parameters
    ----------
    url
        The service's address.
    token
        Its token for posting, if it asks for one.
    patience
        Seconds of waiting, in a row, after which it is given up.
    sleep
        Waits for so many seconds.

    Raises
    ------
    ConfigError
        For an address that is none.
    """

    url: str
    dataset: str
    token: str | None = None
    patience: float = 300.0
    sleep: Callable[[float], object] = time.sleep
    _http: HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        try:
            (scheme, host, port), root = split_url(self.url, self.dataset)
        except ValueError as error:
            raise ConfigError(
                "This is no address of a service", received=self.url, remedy=str(error)
            ) from None
        self._path = f"{root}/labels"
        kind = HTTPSConnection if scheme == "https" else HTTPConnection
        self._http = kind(host, port or kind.default_port, timeout=_TIMEOUT_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the next labels open a new one."""
        self._http.close()

    def send(self, labels: Labelling) -> dict[str, int]:
        """Post labels until they are taken.

        Raises
        ------
        StoreError
            When the service refuses them, or did not take them for as long as ``patience`` says.
        """
        kind, body = _body(labels)
        waited, pause = 0.0, _FIRST_PAUSE
        while True:
            status, retry_after, answer = self._post(kind, body)
            if status == 200:
                return self._counts(answer)
            if status is not None and status not in _AWAY:
                raise self._refused(status, answer)
            # 0 s later, again and again, would be no waiting
            wait = pause if retry_after is None else max(retry_after, _FIRST_PAUSE)
            if waited + wait > self.patience:
                raise OverloadedError(
                    f"The service at {self.url} did not take the labels for {waited:.0f} s",
                    received=f"HTTP {status}" if status else answer.decode(errors="replace"),
                    remedy="Look whether it runs, then run the same again: labels that it has stay",
                )
            self.sleep(wait)
            waited += wait
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _counts(self, answer: bytes) -> dict[str, int]:
        try:
            counts = msgspec.json.decode(answer, type=dict[str, Any])
            return {outcome: counts[outcome] for outcome in _OUTCOMES}
        except (msgspec.DecodeError, KeyError):
            raise StoreError(
                f"What answers at {self.url} is no modelvane",
                received=answer[:100].decode(errors="replace"),
                remedy="Check the address",
            ) from None

    def _post(self, kind: str, body: bytes) -> tuple[int | None, float | None, bytes]:
        headers = {"Content-Type": kind}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        try:
            self._http.request("POST", self._path, body, headers)
            response = self._http.getresponse()
            text = (response.getheader("Retry-After") or "").strip()
            return response.status, float(text) if text.isdecimal() else None, response.read()
        except (OSError, HTTPException) as error:
            # a connection that failed is opened anew
            self._http.close()
            return None, None, str(error).encode()

    def _refused(self, status: int, answer: bytes) -> StoreError:
        try:
            problem: Any = msgspec.json.decode(answer)
        except msgspec.DecodeError:
            problem = None
        said = problem if isinstance(problem, dict) else {}
        return StoreError(
            f"The service at {self.url} refuses the labels: {said.get('detail') or f'HTTP {status}'}",
            received=said.get("received"),
            expected=str(said.get("expected") or ""),
            available=said.get("available") or (),
            remedy=str(said.get("remedy") or ""),
        )


def _body(labels: Labelling) -> tuple[str, bytes]:
    """Give content type and body: Arrow, or JSON where targets of several types need it."""
    try:
        targets = pa.array(labels.targets)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return _JSON, _as_json(labels)
    columns: dict[str, Any] = {"id": pa.array(labels.ids, pa.string()), "target": targets}
    if labels.times is not None:
        columns["time"] = pa.array(labels.times, pa.timestamp("us", "UTC"), mask=labels.times == NO_TIME)
    table = pa.table(columns)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return _ARROW, bytes(sink.getvalue())


def _as_json(labels: Labelling) -> bytes:
    columns: dict[str, Any] = {"id": labels.ids, "target": labels.targets}
    if labels.times is not None:
        columns["time"] = [None if at == NO_TIME else at / 1e6 for at in labels.times.tolist()]
    return msgspec.json.encode(columns)
