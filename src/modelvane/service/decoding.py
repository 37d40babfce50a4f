"""Request bodies: JSON, NDJSON, Arrow IPC streams and CloudEvents, decoded once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pyarrow as pa

from modelvane.errors import DecodeError
from modelvane.service.problems import HttpError
from modelvane.table import Table

JSON = "application/json"
ARROW = "application/vnd.apache.arrow.stream"

_decoder = msgspec.json.Decoder()
_decode = _decoder.decode


def decode_json(body: bytes) -> Any:
    """Read JSON.

    Raises
    ------
    DecodeError
        With the position of the fault.
    """
    try:
        return _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DecodeError(
            f"The body is not JSON: {error}",
            received=body[:80],
            expected="an object, a list of objects, or an object of column and list",
        ) from None


def _lines(body: bytes) -> list[Any]:
    try:
        return _decoder.decode_lines(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DecodeError(f"The body is not newline-delimited JSON: {error}", received=body[:80]) from None


def _arrow(body: bytes) -> Table:
    try:
        with pa.ipc.open_stream(body) as reader:
            return Table.of(reader.read_all())
    except (pa.ArrowException, OSError) as error:
        raise DecodeError(f"The body is not an Arrow IPC stream: {error}", received=body[:16]) from None


def _event_rows(events: list[Any]) -> list[Any]:
    rows = []
    for i, event in enumerate(events):
        data = event.get("data") if isinstance(event, Mapping) else None
        if not isinstance(data, Mapping):
            raise DecodeError(f"Event {i} has no object as its data", received=event, expected='{"data": {...}}')
        # what the record says of itself goes before what its envelope says
        envelope = {name: event[name] for name in ("id", "time") if name in event}
        rows.append({**envelope, **data})
    return rows


_READERS: dict[str, Callable[[bytes], Table]] = {
    JSON: lambda body: Table.of(decode_json(body)),
    "application/x-ndjson": lambda body: Table.of_rows(_lines(body)),
    "application/jsonl": lambda body: Table.of_rows(_lines(body)),
    ARROW: _arrow,
    "application/cloudevents+json": lambda body: Table.of_rows(_event_rows([decode_json(body)])),
    "application/cloudevents-batch+json": lambda body: Table.of_rows(_event_rows(_list(decode_json(body)))),
}


def _list(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    raise DecodeError("A batch of events is a list", received=value)


def decode_rows(body: bytes, content_type: str, headers: Mapping[bytes, bytes]) -> Table:
    """Read rows.

    Parameters
    ----------
    content_type
        Without parameters.
    headers
        Of the request: a CloudEvent in binary mode has its id and time there.

    Raises
    ------
    HttpError
        415 for a content type that is not known.
    DecodeError
        When the body is not what its type says.
    """
    reader = _READERS.get(content_type)
    if reader is None:
        raise HttpError(
            415,
            "Rows cannot be read from this content type",
            received=content_type or "no Content-Type header",
            available=_READERS,
            remedy=f"Send the header Content-Type: {JSON}",
        )
    if content_type == JSON and b"ce-id" in headers:
        names = {"id": b"ce-id", "time": b"ce-time"}
        event = {name: headers[header].decode() for name, header in names.items() if header in headers}
        return Table.of_rows(_event_rows([{**event, "data": decode_json(body)}]))
    return reader(body)


def decode_labels(
    body: bytes, content_type: str, target: str, time: str
) -> tuple[list[Any], list[Any], list[Any] | None]:
    """Read labels: ids, targets, and when each became known.

    Parameters
    ----------
    target, time
        Names of the target and time columns, which may be said in place of ``target`` and ``time``.

    Raises
    ------
    DecodeError
        When a label has no id or no target.
    """
    table = decode_rows(body, content_type, {})
    if table.rows == 0:
        return [], [], None
    value = "target" if "target" in table or target not in table else target
    for name in ("id", value):
        if name not in table:
            raise DecodeError(
                f"Labels have no {name!r}", received=list(table.names), expected='[{"id": ..., "target": ...}]'
            )
    stamp = next((name for name in ("time", time) if name in table), None)
    return table.values("id"), table.values(value), table.values(stamp) if stamp else None
