"""How many rows have an id that another row of the same batch watch has: hashes, not ids, are remembered."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from modelvane.casting import canonical
from modelvane.later import compute as pc
from modelvane.raw_column import RawColumn, decoded

MOST_HASHES = 1 << 22
"""Hashes that are remembered, 8 bytes each; with more ids, those with the smaller half of all hashes stand for all."""

Hashes = NDArray[np.uint64]

_FEWEST_MERGED = 1 << 18
_POWERS = np.uint64(1) << np.arange(64, dtype=np.uint64)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FACTORS = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


class IdCount:
    """Counts rows whose id came before.

    Exact, but for a collision of 64-bit hashes (one in two million at 4 million ids), while at most ``most`` ids are
    different. Beyond, only ids whose hash is below a limit are counted, and stand for all; the limit halves whenever
    they are too many. Equal ids have equal hashes, so either all rows of an id are counted or none, and the number
    does not depend on how the rows came in batches.

    Parameters
    ----------
    most
        Hashes that are remembered.
    """

    def __init__(self, most: int = MOST_HASHES) -> None:
        self._most = most
        self._halvings = 0
        self._hashes = np.empty(0, np.uint64)
        self._waiting: list[Hashes] = []
        # repeated rows by the number of bits of their hash, so that those above a limit can be left
        self._repeated = np.zeros(65, np.int64)

    def add(self, ids: RawColumn) -> None:
        """Count a batch's ids; rows without one have nothing to repeat."""
        self._waiting.append(self._below_limit(hashes_of(ids)))
        # merged when they have doubled, so that the work stays in proportion to the rows
        if sum(map(len, self._waiting)) > max(len(self._hashes), _FEWEST_MERGED):
            self._merge()

    def _below_limit(self, hashes: Hashes) -> Hashes:
        return hashes if not self._halvings else hashes[hashes >> np.uint64(64 - self._halvings) == 0]

    def _merge(self) -> None:
        ordered = np.sort(np.concatenate((self._hashes, *self._waiting)))
        self._waiting = []
        is_repeated = np.zeros(len(ordered), bool)
        np.equal(ordered[1:], ordered[:-1], out=is_repeated[1:])
        bits = np.searchsorted(_POWERS, ordered[is_repeated], "right")
        self._repeated += np.bincount(bits, minlength=65)
        self._hashes = ordered[~is_repeated]
        while len(self._hashes) > self._most:
            self._halvings += 1
            self._hashes = self._below_limit(self._hashes)

    @property
    def duplicates(self) -> int:
        """Rows whose id came before: all but the first of each id."""
        self._merge()
        return int(self._repeated[: 65 - self._halvings].sum()) << self._halvings

    @property
    def exact(self) -> bool:
        """Whether `duplicates` is the number itself."""
        self._merge()
        return self._halvings == 0


def hashes_of(ids: RawColumn) -> Hashes:
    """Give 64-bit hashes of the canonical forms of ids; rows without an id are left out."""
    if isinstance(ids, list):
        ids = pa.chunked_array([pa.array(map(canonical, ids), pa.large_string())])
    ids = decoded(ids).drop_null()
    if pa.types.is_floating(ids.type) or not (
        pa.types.is_integer(ids.type) or pa.types.is_string(ids.type) or pa.types.is_large_string(ids.type)
    ):
        return hashes_of(ids.to_pylist())
    text = pc.cast(ids, pa.large_string())
    return (
        np.concatenate([_of_text(chunk) for chunk in text.chunks])
        if text.num_chunks
        else np.empty(0, np.uint64)
    )


def _of_text(text: Any) -> Hashes:
    _, offsets_buffer, data_buffer = text.buffers()
    offsets = np.frombuffer(offsets_buffer, np.int64)[text.offset : text.offset + len(text) + 1]
    data = np.frombuffer(data_buffer or b"", np.uint8)
    lengths = np.diff(offsets)
    hashes = lengths.astype(np.uint64)
    for length in np.unique(lengths).tolist():
        rows = np.flatnonzero(lengths == length)
        starts = offsets[:-1][rows]
        for at in range(0, length, 8):
            word = np.zeros((len(rows), 8), np.uint8)
            width = min(8, length - at)
            word[:, :width] = data[starts[:, None] + np.arange(at, at + width)]
            hashes[rows] = _mixed(hashes[rows] ^ word.view(np.uint64)[:, 0])
    return _mixed(hashes)


def _mixed(bits: Hashes) -> Hashes:
    # the finaliser of splitmix64: Steele, Lea and Flood, 2014
    bits = bits + _GOLDEN
    bits ^= bits >> np.uint64(30)
    bits *= _FACTORS[0]
    bits ^= bits >> np.uint64(27)
    bits *= _FACTORS[1]
    bits ^= bits >> np.uint64(31)
    return bits
