"""Bytes of tallies, rulers and references: facts as JSON values and arrays, with a format version."""

from __future__ import annotations

import zlib
from bisect import bisect_left
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelvane.errors import ReferenceFileError

FORMAT = 2
_MAGIC = b"mvane"


class _Packed(msgspec.Struct, array_like=True):
    kind: str
    facts: dict[str, Any]
    arrays: dict[str, tuple[str, list[int], bytes]]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Packed).decode


def dumps(kind: str, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> bytes:
    """Write facts and arrays; equal contents give equal bytes.

    Facts are JSON values; integers beyond 64 bits go in as text.
    """
    return _MAGIC + bytes([FORMAT]) + zlib.compress(content(kind, facts, arrays), 6)


def content(kind: str, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> bytes:
    """Give what `dumps` compresses: the same wherever it was written, which compressed bytes need not be."""
    packed = {name: (array.dtype.str, list(array.shape), array.tobytes()) for name, array in arrays.items()}
    return _encode(_Packed(kind, facts, packed))


def loads(data: bytes, kind: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read what `dumps` wrote.

    Raises
    ------
    ReferenceFileError
        When the bytes are of something else, damaged, or of a format newer than this version reads.
    """
    if not data.startswith(_MAGIC) or len(data) <= len(_MAGIC):
        raise ReferenceFileError("These bytes were not written by modelvane", received=data[:16])
    version = data[len(_MAGIC)]
    if version < 1:
        raise ReferenceFileError(f"These bytes are damaged: there is no format {version}")
    if version > FORMAT:
        raise ReferenceFileError(
            "These bytes are of a newer format",
            received=f"format {version}",
            expected=f"at most format {FORMAT}",
            remedy="Upgrade modelvane",
        )
    try:
        packed = _decode(_decompressed(data[len(_MAGIC) + 1 :]))
        arrays: dict[str, NDArray[Any]] = _Arrays(
            (name, np.frombuffer(content, np.dtype(dtype)).reshape(shape).copy())
            for name, (dtype, shape, content) in packed.arrays.items()
        )
    except (zlib.error, msgspec.MsgspecError, ValueError, TypeError) as error:
        raise ReferenceFileError(f"These bytes are damaged: {error}") from error
    if packed.kind != kind:
        raise ReferenceFileError("These bytes hold something else", received=packed.kind, expected=kind)
    return packed.facts, arrays


def _decompressed(data: bytes) -> bytes:
    stream = zlib.decompressobj()
    content = stream.decompress(data)
    if not stream.eof or stream.unused_data:
        raise ValueError("they end too early" if not stream.eof else "there is more behind their end")
    return content


def nested(prefix: str, arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Name the arrays of a part so that many parts fit one file."""
    return {f"{prefix}/{name}": array for name, array in arrays.items()}


def inside(prefix: str, arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Give back the arrays of a part."""
    named = arrays if isinstance(arrays, _Arrays) else _Arrays(arrays)
    ordered, start = named.ordered, len(prefix) + 1
    # what follows "/" in the alphabet ends the names with this prefix
    first, end = bisect_left(ordered, f"{prefix}/"), bisect_left(ordered, f"{prefix}0")
    names = sorted(ordered[first:end], key=named.places.__getitem__)
    return _Arrays((name[start:], named[name]) for name in names)


class _Arrays(dict[str, NDArray[Any]]):
    """Arrays by name, of which parts are found without looking at all."""

    @cached_property
    def ordered(self) -> list[str]:
        return sorted(self)

    @cached_property
    def places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self)}
