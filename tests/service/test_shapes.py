"""Bodies like the ones before them are decoded another way, to the same rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient
from tests.service.serving import served, settings, trip, watch_of

from modelvane.schema import Column, Schema
from modelvane.service.decoding import decode_rows
from modelvane.service.shapes import Shapes
from modelvane.store import SqliteLog
from modelvane.table import Table

JSON = "application/json"
LINES = "application/x-ndjson"
ROWS = [{"a": number, "b": number / 7, "c": str(number), "d": None} for number in range(300)]


def body(rows: list[dict[str, Any]], kind: str = JSON) -> bytes:
    return b"\n".join(map(msgspec.json.encode, rows)) if kind == LINES else msgspec.json.encode(rows)


def learned(rows: list[dict[str, Any]] = ROWS) -> Shapes:
    shapes = Shapes()
    decode_rows(body(rows), JSON, {}, shapes=shapes)
    return shapes


def same(one: Table, other: Table) -> None:
    assert one.rows == other.rows
    assert set(one.names) == set(other.names)
    for name in one.names:
        pairs = list(zip(one.values(name), other.values(name), strict=True))
        assert all(type(a) is type(b) and a == b for a, b in pairs), name


@pytest.mark.parametrize("kind", [JSON, LINES])
def test_the_second_body_is_decoded_by_its_shape(kind: str) -> None:
    """Once one body of many rows was seen, the next like it is decoded to columns that are known to be plain."""
    shapes = learned()
    found = decode_rows(body(ROWS[::-1], kind), kind, {}, shapes=shapes)
    assert found.is_plain
    assert found.records is None
    same(found, Table.of(ROWS[::-1]))


odd = st.one_of(
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8")),
    st.none(),
    st.booleans(),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text("ab"), st.integers(), max_size=1),
)


@given(
    st.lists(
        st.one_of(
            st.fixed_dictionaries(dict.fromkeys("abcd", odd)),
            st.dictionaries(st.sampled_from("abcde"), odd, max_size=4),
        ),
        max_size=6,
    ),
    st.sampled_from([JSON, LINES]),
)
def test_both_ways_decode_the_same(others: list[dict[str, Any]], kind: str) -> None:
    """Whatever comes after the rows that were learned, of their shape or not, the rows are those of the other way."""
    rows = [*ROWS, *others]
    found = decode_rows(body(rows, kind), kind, {}, shapes=learned())
    same(found, decode_rows(body(rows, kind), kind, {}))


@pytest.mark.parametrize(
    "text",
    [
        b'{"a": 1',
        b'[{"a": 1}, 2]',
        b'[{"a": 1, "b": 2, "c": 3, "d": 4, "e": 5}]',
        b'[{"a": NaN, "b": 1, "c": "x", "d": 1e999}]',
        b'{"a": [1, 2], "b": [1, 2], "c": [1, 2], "d": [1, 2]}',
        b"[]",
        b"null",
    ],
)
def test_other_bodies_are_none_of_its_business(text: bytes) -> None:
    """What is no list of such rows is read, or refused, as without a shape."""
    padded = text + b" " * 100_000
    outcomes = []
    for shapes in (learned(), None):
        try:
            found = decode_rows(padded, JSON, {}, shapes=shapes)
            outcomes.append(repr({name: found.values(name) for name in found.names}))
        except Exception as error:  # noqa: BLE001 - both are to fail alike
            outcomes.append(repr(error))
    assert outcomes[0] == outcomes[1]


def test_rows_that_never_fit_are_not_tried_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a failure a shape is learned anew, but later each time, so that odd rows cost no double decoding."""
    tried = []
    take = Shapes.table

    def counted(self: Shapes, *given: Any, **named: Any) -> Table | None:
        tried.append(self._shape is not None)
        return take(self, *given, **named)

    monkeypatch.setattr(Shapes, "table", counted)
    flagged = [row | {"d": True} for row in ROWS]
    shapes = Shapes()
    for _ in range(40):
        decode_rows(body(flagged), JSON, {}, shapes=shapes)
    assert sum(tried) == 6
    for _ in range(40):
        found = decode_rows(body(ROWS), JSON, {}, shapes=shapes)
    assert found.is_plain


@pytest.mark.parametrize("name", ['a"b', "a\\b", "", "a\nb", "ä", "self", "__init__", "1"])
def test_any_name(name: str) -> None:
    """Names of any kind come through, whether or not they can be decoded by shape."""
    rows = [{name: number, "z": "x"} for number in range(300)]
    same(decode_rows(body(rows), JSON, {}, shapes=learned(rows)), Table.of(rows))


def test_few_rows_stay_rows() -> None:
    """A body of few rows keeps them as they are, to be cast with others."""
    found = decode_rows(body(ROWS[:20]), JSON, {}, shapes=learned())
    assert found.records == ROWS[:20]


def test_the_log_and_the_windows_see_the_same(reference: Path, tmp_path: Path) -> None:
    """Bodies by shape leave the same log and the same windows as bodies one by one decoded otherwise."""
    rows = [trip(number) | {"id": str(number), "extra": number % 3, "time": number} for number in range(900)]
    kept = []
    for name, size in (("large", 300), ("small", 100)):
        folder = tmp_path / name
        folder.mkdir()
        with served(settings(reference), folder) as client:
            kept.append(posted(client, rows, size))
    for large, small in zip(*kept, strict=True):
        assert large == small


def posted(client: TestClient, rows: list[dict[str, Any]], size: int) -> list[Any]:
    for start in range(0, len(rows), size):
        answer = client.post(
            "/iterate/taxi", content=json.dumps(rows[start : start + size]), headers={"content-type": JSON}
        )
        assert answer.json()["accepted"] == size
    watch = watch_of(client)
    log = watch._log.tail("taxi")
    assert (watch.shapes._shape is not None) == (size >= 300)
    return [log.ids, {name: log.table.values(name) for name in log.table.names}, watch.monitor.tally()]


def test_numbers_in_a_column_of_booleans_stay_numbers(tmp_path: Path) -> None:
    """A plain table may have numbers where the schema has booleans; in the log 1 is not True there."""
    with SqliteLog(tmp_path / "log.db") as log:
        log.open("taxi", Schema((Column("flag", dtype="bool"),)))
        log.append("taxi", Table({"flag": [1, 0, None]}, 3, is_plain=True), 0.0)
        assert [type(value) for value in log.tail("taxi").table.values("flag")] == [int, int, type(None)]
