"""Sums of regression trees over columns, asked for many rows at once.

The leaves of a tree are the bits of a number: each feature strikes out those that a row cannot reach by it, and of
those that stay the first is its own (QuickScorer; Lucchese et al., 2015). What a feature strikes out in all trees
together follows from the cell of its value between the trees' thresholds: a row costs one lookup per feature, and one
per tree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LEAVES = 16
"""Most leaves of a tree: one bit each."""
TREES = 64
"""Most trees."""
_FEW = 64
_ALL = (1 << LEAVES) - 1
# rows whose words stay in a processor's second-level cache
_BLOCK = 1 << 11


class Node(Struct, frozen=True):
    """A node of a tree that is yet to be laid out; a leaf has a value, any other node the rest.

    Parameters
    ----------
    value
        Of a leaf.
    feature, threshold, missing_left
        Rows go left whose value of the feature is at most the threshold, and maybe those where it is missing.
    left, right
        Where they go.
    """

    value: float = 0.0
    feature: int = -1
    threshold: float = 0.0
    missing_left: bool = False
    left: Node | None = None
    right: Node | None = None

    def leaves(self) -> Iterator[float]:
        """Give the values of its leaves, from left to right."""
        if self.left is None or self.right is None:
            yield self.value
        else:
            yield from self.left.leaves()
            yield from self.right.leaves()

    def struck(self, before: int = 0) -> Iterator[tuple[Node, int]]:
        """Give each inner node with the leaves that rows may still reach that go right there: all but its left ones.

        Parameters
        ----------
        before
            Leaves of the tree to the left of this node.
        """
        if self.left is None or self.right is None:
            return
        left = sum(1 for _ in self.left.leaves())
        yield self, _ALL & ~(((1 << left) - 1) << before)
        yield from self.left.struck(before)
        yield from self.right.struck(before + left)


class Trees(Struct, frozen=True, eq=False, dict=True):
    """`TREES` trees, without what fitted them.

    Parameters
    ----------
    thresholds
        Of all features, ascending within each.
    starts
        Where those of a feature begin, shape ``(features + 1,)``.
    masks
        The leaves that stay of each tree, shape ``(cells, words)``. A feature has a cell below each of its thresholds,
        one above them, and one for missing values.
    """

    thresholds: Floats
    starts: Integers
    masks: NDArray[np.uint64]

    @classmethod
    def of(cls, roots: Sequence[Node], features: int) -> Trees:
        """Lay trees out; they have at most `LEAVES` leaves."""
        nodes = [(tree, node, stays) for tree, root in enumerate(roots) for node, stays in root.struck()]
        known = [sorted({n.threshold for _, n, _ in nodes if n.feature == f}) for f in range(features)]
        thresholds = np.array([each for of_feature in known for each in of_feature], np.float64)
        starts = np.cumsum([0, *map(len, known)]).astype(np.int64)
        masks = np.full((len(thresholds) + 2 * features, TREES), _ALL, np.uint16)
        found = cls(thresholds, starts, masks.view(np.uint64))
        for tree, node, stays in nodes:
            first, of_feature = found.first_cell(node.feature), known[node.feature]
            missing = first + len(of_feature) + 1
            masks[first + of_feature.index(node.threshold) + 1 : missing, tree] &= np.uint16(stays)
            if not node.missing_left:
                masks[missing, tree] &= np.uint16(stays)
        return found

    @property
    def features(self) -> int:
        """How many columns they were fitted on."""
        return len(self.starts) - 1

    @cached_property
    def used(self) -> list[int]:
        """The features that any tree asks about."""
        found: list[int] = np.flatnonzero(np.diff(self.starts)).tolist()
        return found

    def first_cell(self, feature: int) -> int:
        """Give the first cell of a feature."""
        return int(self.starts[feature]) + 2 * feature

    def cells(self, feature: int, values: Floats) -> NDArray[np.intp]:
        """Give the cells of a feature's values; NaN is missing."""
        thresholds = self.thresholds[self.starts[feature] : self.starts[feature + 1]]
        found = _below(thresholds, values)
        found[np.isnan(values)] = len(thresholds) + 1
        found += self.first_cell(feature)
        return found

    def leaves(self, cells: Mapping[int, NDArray[np.intp]], rows: slice) -> NDArray[np.uint8]:
        """Give the leaf of some rows in each tree, shape ``(rows, TREES)``.

        Parameters
        ----------
        cells
            By feature, of those that are `used`.
        """
        stays = np.full((rows.stop - rows.start, self.masks.shape[1]), ~np.uint64(0))
        for feature in self.used:
            stays &= self.masks.take(cells[feature][rows], axis=0)
        words = stays.view(np.uint16)
        # below the lowest bit, as many are set as there are leaves before
        return np.bitwise_count((words & (~words + np.uint16(1))) - np.uint16(1))

    def sums(
        self, cells: Mapping[int, NDArray[np.intp]], rows: int, *values: Integers
    ) -> tuple[Integers, ...]:
        """Give the sum over trees of each row's leaves, for each of ``values`` of shape ``(TREES, LEAVES)``."""
        found = tuple(np.empty(rows, np.int64) for _ in values)
        first = LEAVES * np.arange(TREES)
        for start in range(0, rows, _BLOCK):
            part = slice(start, min(start + _BLOCK, rows))
            places = self.leaves(cells, part) + first
            for total, of_leaves in zip(found, values, strict=True):
                of_leaves.take(places).sum(axis=1, out=total[part])
        return found


def _below(thresholds: Floats, values: Floats) -> NDArray[np.intp]:
    if len(thresholds) > _FEW:
        return np.searchsorted(thresholds, values, "left")
    # comparing with each of a few is quicker than searching among them
    found = np.zeros(len(values), np.uint8)
    for threshold in thresholds:
        found += values > threshold
    return found.astype(np.intp)
