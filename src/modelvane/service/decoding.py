"""Request bodies: JSON, NDJSON, Arrow IPC streams and CloudEvents, decoded once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec
import pyarrow as pa

from modelvane.casting import is_missing
from modelvane.errors import DecodeError
from modelvane.service.problems import HttpError
from modelvane.service.shapes import Shapes
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
    except _NOT_JSON as error:
        return _lenient(body, error)


_NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def _lenient(body: bytes, strict: Exception) -> Any:
    """Read JSON with NaN, Infinity and numbers too large for a float, as Python writes and reads it."""
    try:
        if isinstance(strict, RecursionError):
            raise strict
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        # the strict reader knows the position, save where it stopped at what the other can read
        said = error if isinstance(error, json.JSONDecodeError) else strict
        raise DecodeError(
            f"The body is not JSON: {said}",
            received=body[:80],
            expected="an object, a list of objects, or an object of column and list",
        ) from None


def _lines(body: bytes) -> list[Any]:
    try:
        return _decoder.decode_lines(body)
    except _NOT_JSON:
        lines = [line for line in body.split(b"\n") if line.strip()]
        return [_line(number, line) for number, line in enumerate(lines, 1)]


def _line(number: int, line: bytes) -> Any:
    try:
        return decode_json(line)
    except DecodeError as error:
        raise DecodeError(f"Row {number} of the body: {error.what}", received=line[:80]) from None


def _arrow(body: bytes) -> Table:
    try:
        with pa.ipc.open_stream(body) as reader:
            return Table.of(reader.read_all())
    except (pa.ArrowException, OSError) as error:
        raise DecodeError(f"The body is not an Arrow IPC stream: {error}", received=body[:16]) from None


@dataclass(frozen=True, slots=True)
class Names:
    """Under which names a dataset's rows have their id and the time of their event."""

    id: str = "id"
    time: str = "time"


def _event_rows(events: list[Any], names: Names) -> Table:
    rows = []
    for i, event in enumerate(events):
        data = event.get("data") if isinstance(event, Mapping) else None
        if not isinstance(data, Mapping):
            raise DecodeError(
                f"Event {i} has no object as its data", received=event, expected='{"data": {...}}'
            )
        # what the record says of itself goes before what its envelope says
        envelope = {
            own: event[name] for name, own in (("id", names.id), ("time", names.time)) if name in event
        }
        rows.append({**envelope, **data})
    return Table.of_rows(rows)


_READERS: dict[str, Callable[[bytes, Names], Table]] = {
    JSON: lambda body, _: Table.of(_object_or_list(decode_json(body))),
    "application/x-ndjson": lambda body, _: Table.of_rows(_lines(body)),
    "application/jsonl": lambda body, _: Table.of_rows(_lines(body)),
    ARROW: lambda body, _: _arrow(body),
    "application/cloudevents+json": lambda body, names: _event_rows([decode_json(body)], names),
    "application/cloudevents-batch+json": lambda body, names: _event_rows(_list(decode_json(body)), names),
}


# whose rows may be decoded by their shape
_SHAPED = frozenset({JSON, "application/x-ndjson", "application/jsonl"})


def _object_or_list(value: Any) -> Any:
    if isinstance(value, dict | list):
        return value
    # a text would be taken as the path of a file
    raise DecodeError("The body has no rows", received=value, expected="an object or a list of objects")


def _list(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    raise DecodeError("A batch of events is a list", received=value)


def decode_rows(
    body: bytes,
    content_type: str,
    headers: Mapping[bytes, bytes],
    names: Names = Names(),
    shapes: Shapes | None = None,
) -> Table:
    """Read rows.

    Parameters
    ----------
    content_type
        Without parameters.
    headers
        Of the request: a CloudEvent in binary mode has its id and time there.
    names
        What id and time of a CloudEvent are called in the rows.
    shapes
        What the dataset's rows looked like, for bodies of many.

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
        stated = {"id": headers[b"ce-id"], "time": headers.get(b"ce-time", b"")}
        event = {
            name: unquote_to_bytes(value).decode(errors="replace") for name, value in stated.items() if value
        }
        return _event_rows([{**event, "data": decode_json(body)}], names)
    if shapes is None or content_type not in _SHAPED:
        return reader(body, names)
    table = shapes.table(body, lines=content_type != JSON)
    if table is None:
        table = reader(body, names)
        shapes.learn(table, body)
    return table


def decode_labels(
    body: bytes, content_type: str, target: str, names: Names
) -> tuple[list[Any], list[Any], list[Any] | None]:
    """Read labels: ids, targets, and when each became known; those without a target say nothing, and are left out.

    Parameters
    ----------
    target, names
        What the dataset's own columns are called, which may be said in place of ``target``, ``id`` and ``time``.

    Raises
    ------
    DecodeError
        When a label has no id or no target.
    """
    table = decode_rows(body, content_type, {})
    if table.rows == 0:
        return [], [], None
    own = {"id": names.id, "target": target, "time": names.time}
    found = {part: next((name for name in (part, own[part]) if name in table), None) for part in own}
    for part in ("id", "target"):
        if found[part] is None:
            raise DecodeError(
                f"Labels have no {part!r}",
                received=list(table.names),
                expected='[{"id": ..., "target": ...}]',
            )
    ids, targets, times = (None if name is None else table.values(name) for name in found.values())
    told = [at for at, target in enumerate(targets or []) if not is_missing(target)]
    if ids is None or targets is None or len(told) == len(targets):
        return ids or [], targets or [], times
    known = None if times is None else [times[at] for at in told]
    return [ids[at] for at in told], [targets[at] for at in told], known
