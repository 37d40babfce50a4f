"""Bytes of references: a round trip, and what is refused."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelvane import Reference
from modelvane.errors import ReferenceFileError
from modelvane.tallies import codec

FACTS = {"text": "é", "number": 1.5, "list": [1, None, True], "inside": {"a": -3}}
ARRAYS = {
    "floats": np.array([[0.5, -0.0], [np.inf, np.nan]]),
    "integers": np.arange(5),
    "bits": np.array([2**64 - 1], np.uint64),
    "nothing": np.empty((0, 3), np.int32),
}
WRITTEN = codec.dumps("thing", FACTS, ARRAYS)


def test_facts_and_arrays_come_back() -> None:
    """What was written is read with its types and shapes, and is written the same again."""
    facts, arrays = codec.loads(WRITTEN, "thing")
    assert facts == FACTS
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(arrays[name], array)
    assert codec.dumps("thing", facts, arrays) == WRITTEN


def test_parts_are_named_apart() -> None:
    """Arrays of parts are found under their own prefix and no other."""
    both = codec.nested("a", {"x": np.zeros(1)}) | codec.nested("ab", {"x": np.ones(1)})
    assert codec.inside("a", both)["x"][0] == 0
    assert codec.inside("ab", both)["x"][0] == 1
    assert codec.inside("b", both) == {}


@pytest.mark.parametrize("change", [0x01, 0x80, 0xC2, 0xFF])
def test_no_flipped_byte_changes_what_is_read(change: int) -> None:
    """Bytes with any one of them changed are refused, unless it is one that carries nothing."""
    accepted = 0
    for at in range(len(WRITTEN)):
        damaged = bytearray(WRITTEN)
        damaged[at] ^= change
        try:
            facts, arrays = codec.loads(bytes(damaged), "thing")
        except ReferenceFileError:
            continue
        accepted += 1
        assert codec.dumps("thing", facts, arrays) == WRITTEN
    # the level of compression, and the padding behind the last bit
    assert accepted <= 2


@given(st.integers(0, len(WRITTEN) - 1))
def test_no_missing_end_goes_unnoticed(length: int) -> None:
    """Bytes that end early are refused."""
    with pytest.raises(ReferenceFileError):
        codec.loads(WRITTEN[:length], "thing")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "not written by modelvane"),
        (b"PK\x03\x04 something else", "not written by modelvane"),
        (WRITTEN + b"more", "damaged"),
        (codec.dumps("other", {}, {}), "something else.*'other'.*thing"),
        (b"mvane\xff" + WRITTEN[6:], rf"newer format.*format 255.*at most format {codec.FORMAT}.*Upgrade"),
        (b"mvane\x00" + WRITTEN[6:], "damaged"),
        (b"mvane\x01" + zlib.compress(b"\x01"), "damaged"),
    ],
)
def test_other_bytes_are_refused_with_a_reason(data: bytes, what: str) -> None:
    """Bytes of something else, of a newer format, or with something behind them say what they are."""
    with pytest.raises(ReferenceFileError, match=what):
        codec.loads(data, "thing")


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.text(max_size=3)), min_size=1, max_size=40))
def test_a_reference_survives_its_file(rows: list[tuple[float, str]]) -> None:
    """A reference read from its bytes has the same tally and gives the same bytes."""
    reference = Reference.of({"x": [x for x, _ in rows], "word": [word for _, word in rows]})
    read = Reference.from_bytes(reference.to_bytes())
    assert read.tally == reference.tally
    assert read.schema == reference.schema
    assert read.to_bytes() == reference.to_bytes()
