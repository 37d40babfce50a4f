"""An isolation forest, fitted once on the reference: how few splits set a row apart from the others.

Liu, Ting and Zhou, 2008. scikit-learn fits it; what is kept are its trees as arrays, so that scoring needs neither
scikit-learn nor a pickle.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.extras import require

TREES, ROWS = 100, 256
UNITS = 1000
"""Scores are whole thousandths."""

Floats = NDArray[np.float64]
# rows that are walked together, so that what they read stays in the cache
_BLOCK = 4096


def require_scikit_learn() -> None:
    """Check that scikit-learn is there.

    Raises
    ------
    MissingExtraError
        With the extra that brings it.
    """
    require(
        "sklearn",
        "outliers.method: isolation_forest is fitted by scikit-learn",
        "pip install 'modelvane[scikit-learn]'; without it, `method: surprisal` scores rows",
    )


class Forest(Struct, frozen=True, eq=False):
    """Trees one behind the other, by node.

    Parameters
    ----------
    feature, threshold
        A row goes left where its feature is at most the threshold; always, at a leaf.
    left
        The left child, the right one behind it; of a leaf itself.
    size
        Rows of the tree's sample that came to the node.
    length
        Of the path to a leaf, with what is usual for its rows beyond.
    roots
        First node of each tree.
    depth
        Steps from a root to the furthest leaf.
    usual
        Length of the path of a usual row.
    """

    feature: NDArray[np.int32]
    threshold: Floats
    left: NDArray[np.int32]
    size: NDArray[np.int32]
    length: Floats
    roots: NDArray[np.int32]
    depth: int
    usual: float

    @classmethod
    def fit(cls, rows: Floats, seed: int = 0) -> Forest:
        """Fit it on rows, shape ``(rows, features)``.

        Raises
        ------
        MissingExtraError
            With the extra that brings scikit-learn.
        """
        require_scikit_learn()
        from sklearn.ensemble import IsolationForest  # noqa: PLC0415 - an extra

        unfitted = IsolationForest(n_estimators=TREES, max_samples=min(ROWS, len(rows)), random_state=seed)
        return cls.of(unfitted.fit(_narrow(rows)))

    @classmethod
    def of(cls, fitted: Any) -> Forest:
        """Take the trees of scikit-learn's forest over; it was fitted on all features."""
        parts: dict[str, list[NDArray[Any]]] = {name: [] for name in _ARRAYS}
        roots, first, deepest = [], 0, 0
        for estimator in fitted.estimators_:
            tree = estimator.tree_
            order, place, depth = _by_pairs(tree.children_left, tree.children_right)
            is_leaf = tree.children_left[order] < 0
            children = np.where(is_leaf, np.arange(len(order)), place[tree.children_left[order]])
            parts["feature"].append(np.where(is_leaf, 0, tree.feature[order]))
            parts["threshold"].append(np.where(is_leaf, np.inf, tree.threshold[order]))
            parts["left"].append(children + first)
            parts["size"].append(tree.n_node_samples[order])
            lengths = depth[order] + usual_length(tree.n_node_samples[order])
            parts["length"].append(np.where(is_leaf, lengths, 0.0))
            roots.append(first)
            first, deepest = first + len(order), max(deepest, int(depth.max()))
        joined = {name: np.concatenate(found) for name, found in parts.items()}
        usual = float(usual_length(np.array([fitted.max_samples_]))[0])
        return cls.read({"depth": deepest, "usual": usual.hex()}, joined | {"roots": np.array(roots)})

    def scores(self, rows: Floats) -> NDArray[np.int64]:
        """Give ``2 ^ -(mean path / usual path)`` of each row in thousandths: 500 is usual, more is outlying.

        Parameters
        ----------
        rows
            Shape ``(features, rows)``; compared in 32 bits, as scikit-learn does.
        """
        return np.rint(UNITS * self.exact_scores(rows)).astype(np.int64)

    def exact_scores(self, rows: Floats) -> Floats:
        """Give the same before it is rounded; scikit-learn's ``score_samples`` is its negative."""
        narrow = _narrow(rows)
        lengths = np.zeros(rows.shape[1])
        for start in range(0, rows.shape[1], _BLOCK):
            block = np.ascontiguousarray(narrow[:, start : start + _BLOCK].T)
            flat, width = block.ravel(), block.shape[1]
            at = np.arange(0, block.size, width, dtype=np.int32)
            for root in self.roots.tolist():
                node = np.full(len(block), root, np.int32)
                for _ in range(self.depth):
                    values = flat.take(self.feature.take(node) + at)
                    node = self.left.take(node) + (values > self.threshold.take(node))
                lengths[start : start + len(block)] += self.length.take(node)
        return np.asarray(2.0 ** -(lengths / (len(self.roots) * (self.usual or 1.0))), np.float64)

    def parts(self, rows: Floats) -> Floats:
        """Give what each feature has in setting a row apart, shape ``(features, rows)``; of a row they add up to 1.

        A split that leaves k of n rows beside a row tells ``log2(n / k)`` bits of it, one for a row in the middle. What
        the splits on a feature tell on average beyond that is the feature's.
        """
        narrow, at = _narrow(rows), np.arange(rows.shape[1])
        told, splits = np.zeros((2, *rows.shape))
        for root in self.roots.tolist():
            node = np.full(rows.shape[1], root, np.int32)
            for _ in range(self.depth):
                feature = self.feature[node]
                child = self.left[node] + (narrow[feature, at] > self.threshold[node])
                told[feature, at] += np.log2(self.size[node] / self.size[child])
                splits[feature, at] += child != node
                node = child
        beyond = np.maximum(told / np.maximum(splits, 1) - 1, 0.0)
        return np.asarray(beyond / np.maximum(beyond.sum(axis=0), 1e-12))

    def facts(self) -> dict[str, Any]:
        """Give the scalars as JSON values."""
        return {"depth": self.depth, "usual": self.usual.hex()}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the arrays."""
        return {name: getattr(self, name) for name in (*_ARRAYS, "roots")}

    @classmethod
    def read(cls, facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Forest:
        """Read what `facts` and `arrays` gave."""
        return cls(
            **{name: arrays[name].astype(np.int32) for name in ("feature", "left", "size", "roots")},
            threshold=arrays["threshold"].astype(np.float64),
            length=arrays["length"].astype(np.float64),
            depth=facts["depth"],
            usual=float.fromhex(facts["usual"]),
        )


_ARRAYS = ("feature", "threshold", "left", "size", "length")


def usual_length(rows: NDArray[Any]) -> Floats:
    """Give the mean path of an unsuccessful search among so many rows, as the paper has it.

    >>> usual_length(np.array([1, 2, 256])).round(3).tolist()
    [0.0, 1.0, 10.245]
    """
    several = np.maximum(rows.astype(np.float64), 3)
    found = 2.0 * (np.log(several - 1.0) + np.euler_gamma) - 2.0 * (several - 1.0) / several
    return np.where(rows <= 1, 0.0, np.where(rows == 2, 1.0, found))


def _by_pairs(
    left: NDArray[Any], right: NDArray[Any]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.int64]]:
    """Order nodes so that siblings are neighbours; give the order, each node's place in it, and each node's depth."""
    order, depth = [0], np.zeros(len(left), np.int64)
    for node in order:
        if left[node] >= 0:
            depth[left[node]] = depth[right[node]] = depth[node] + 1
            order += [int(left[node]), int(right[node])]
    place = np.empty(len(left), np.intp)
    place[order] = np.arange(len(order))
    return np.array(order, np.intp), place, depth


def _narrow(rows: Floats) -> NDArray[np.float32]:
    limit = np.finfo(np.float32).max
    return np.clip(rows, -limit, limit).astype(np.float32)
