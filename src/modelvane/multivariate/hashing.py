"""The hash of a row: of what its columns hold, the same in whatever block it comes, and whenever it happened."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from modelvane.block import Encoded
from modelvane.casting import Numbers
from modelvane.multivariate.scores import BLOCK
from modelvane.ruler import CategoricalRuler, Ruler, name_hash, name_hashes
from modelvane.tallies.categorical import Codes

Hashes = NDArray[np.uint64]
# faults are negative codes, which index from the end
_FAULTS = np.array([4, 3, 2, 1], np.uint64)
_HALF = np.uint64(32)


def row_hashes(columns: Mapping[str, Encoded], rulers: Mapping[str, Ruler], rows: int) -> Hashes:
    """Give a hash of each row: a sum of contents times odd numbers (Dietzfelbinger, 1996), scattered at the end.

    Parameters
    ----------
    columns, rulers
        By name; single values.
    """
    hashes = np.zeros(rows, np.uint64)
    for name, column in columns.items():
        _add(hashes, _contents(rulers[name], column), np.uint64(name_hash(name) | 1))
    return scattered(hashes)


def _contents(ruler: Ruler, column: Encoded) -> Hashes:
    if isinstance(column, Numbers):
        # -0.0 is 0.0
        bits = (column.values + 0.0).view(np.uint64)
        return bits if column.faults is None else np.where(column.faults == 0, bits, column.faults)
    assert isinstance(ruler, CategoricalRuler)  # noqa: S101 - codes are on the ruler of categories
    assert isinstance(column, Codes)  # noqa: S101 - as above
    return np.concatenate((ruler.hashes, name_hashes(column.unseen), _FAULTS))[column.codes]


def _add(hashes: Hashes, contents: Hashes, factor: np.uint64) -> None:
    held = np.empty(min(len(hashes), BLOCK), np.uint64)
    for start in range(0, len(hashes), BLOCK):
        part = contents[start : start + BLOCK]
        mixed = held[: len(part)]
        # whole numbers have all their bits in the upper half, which a product does not bring down
        np.right_shift(part, _HALF, out=mixed)
        np.bitwise_xor(mixed, part, out=mixed)
        np.multiply(mixed, factor, out=mixed)
        hashes[start : start + BLOCK] += mixed


def scattered(values: Hashes) -> Hashes:
    """Scatter values evenly over 64 bits: the finish of splitmix64 (Steele, Lea and Flood, 2014)."""
    mixed = values + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
