"""Hashes of rows: of what they hold, whatever block they are in, whatever order their columns come in, and whenever."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from modelvane.block import Encoded
from modelvane.casting import Numbers
from modelvane.ruler import CategoricalRuler, Ruler, name_hash, name_hashes
from modelvane.tallies.categorical import Codes

Hashes = NDArray[np.uint64]
# faults are negative codes, which index from the end
_FAULTS = np.array([4, 3, 2, 1], np.uint64)
_HALF = np.uint64(32)
# a block of this many values stays in the processor's cache
_BLOCK = 1 << 14


def row_hashes(columns: Mapping[str, Encoded], rulers: Mapping[str, Ruler], rows: int) -> Hashes:
    """Give a hash of each row: a sum of contents times odd numbers (Dietzfelbinger, 1996), scattered at the end.

    Parameters
    ----------
    columns
        By name; single values. There may be more than are hashed.
    rulers
        Of the columns that are hashed.
    """
    hashes = np.zeros(rows, np.uint64)
    for name, ruler in rulers.items():
        # a sum, so that the order of columns does not show
        _add(hashes, contents_of(ruler, columns[name]), np.uint64(name_hash(name) | 1))
    return mixed(hashes)


def contents_of(ruler: Ruler, held: Encoded) -> Hashes:
    """Give what tells cells of a column apart, the same in whatever block they are."""
    if isinstance(held, Numbers):
        # -0.0 is 0.0
        bits = (held.values + 0.0).view(np.uint64)
        return bits if held.faults is None else np.where(held.faults == 0, bits, held.faults)
    assert isinstance(ruler, CategoricalRuler)  # noqa: S101 - codes are on the ruler of categories
    assert isinstance(held, Codes)  # noqa: S101 - as above
    return np.concatenate((ruler.hashes, name_hashes(held.unseen), _FAULTS))[held.codes]


def mixed(values: Hashes) -> Hashes:
    """Scatter values evenly over 64 bits: the finish of splitmix64 (Steele, Lea and Flood, 2014)."""
    found = values + np.uint64(0x9E3779B97F4A7C15)
    found = (found ^ (found >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    found = (found ^ (found >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return found ^ (found >> np.uint64(31))


def _add(hashes: Hashes, contents: Hashes, factor: np.uint64) -> None:
    held = np.empty(min(len(hashes), _BLOCK), np.uint64)
    for start in range(0, len(hashes), _BLOCK):
        part = contents[start : start + _BLOCK]
        mixing = held[: len(part)]
        # whole numbers have all their bits in the upper half, which a product does not bring down
        np.right_shift(part, _HALF, out=mixing)
        np.bitwise_xor(mixing, part, out=mixing)
        np.multiply(mixing, factor, out=mixing)
        hashes[start : start + _BLOCK] += mixing
