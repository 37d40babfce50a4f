"""Hashes of rows: of what they hold, whatever block they are in and whatever order their columns come in."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from modelvane.block import Block, Encoded
from modelvane.casting import Numbers
from modelvane.ruler import CategoricalRuler, Ruler, name_hash
from modelvane.tallies.categorical import Codes


def row_hashes(block: Block, rulers: Iterable[tuple[str, Ruler]]) -> NDArray[np.uint64]:
    """Give the hash of each row, of its cells in some columns."""
    hashes = np.zeros(block.rows, np.uint64)
    for name, ruler in rulers:
        # a sum, so that the order of columns does not show
        hashes += mixed(contents_of(ruler, block.columns[name]) ^ np.uint64(name_hash(name)))
    return mixed(hashes)


def contents_of(ruler: Ruler, held: Encoded) -> NDArray[np.uint64]:
    """Give what tells cells of a column apart, the same in whatever block they are."""
    if isinstance(held, Numbers):
        # -0.0 is 0.0
        content = np.nan_to_num(held.values + 0.0).view(np.uint64)
        return content if held.faults is None else np.where(held.faults == 0, content, held.faults)
    assert isinstance(ruler, CategoricalRuler)  # noqa: S101 - codes are on the ruler of categories
    assert isinstance(held, Codes)  # noqa: S101 - as above
    used, at = np.unique(held.codes, return_inverse=True)
    hashes = [-code if code < 0 else name_hash(held.name(ruler, code)) for code in used.tolist()]
    return np.array(hashes, np.uint64)[at]


def mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scatter values evenly over 64 bits: the finish of splitmix64 (Steele, Lea and Flood, 2014)."""
    found = values + np.uint64(0x9E3779B97F4A7C15)
    found = (found ^ (found >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    found = (found ^ (found >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return found ^ (found >> np.uint64(31))
