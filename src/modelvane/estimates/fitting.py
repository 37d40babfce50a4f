"""Fitting trees: scikit-learn's gradient boosting, of which only the trees are kept."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelvane.estimates.trees import LEAVES, TREES, Floats, Node, Trees
from modelvane.extras import require

_RATE = 0.2
_LEAST_LEAF = 100


def require_scikit_learn() -> None:
    """Check that scikit-learn is there.

    Raises
    ------
    MissingExtraError
        With the extra that brings it.
    """
    require(
        "sklearn",
        "Learning the losses of a regression needs scikit-learn",
        "pip install 'modelvane[scikit-learn]' where references are built; to watch takes nothing more",
    )


def fitted(columns: Floats, errors: Floats) -> tuple[Trees, Floats]:
    """Fit trees to absolute errors, and give their leaves other values that fit squared errors.

    Where errors are large squares are too, and the few largest squares would choose other trees by chance.

    Parameters
    ----------
    columns
        Of shape ``(rows, features)``; NaN is missing.
    errors
        Absolute ones, shape ``(rows,)``.

    Returns
    -------
    trees, values
        And the values of leaves, of absolute and of squared errors: shape ``(2, TREES, LEAVES)``.
    """
    roots = roots_of(boosted(columns, errors))
    trees = Trees.of(roots, columns.shape[1])
    cells = {feature: trees.cells(feature, columns[:, feature]) for feature in trees.used}
    values = np.zeros((2, TREES, LEAVES))
    for tree, root in enumerate(roots):
        found = list(root.leaves())
        values[0, tree, : len(found)] = found
    values[1] = _boosted_again(trees.leaves(cells, slice(0, len(errors))), np.square(errors))
    return trees, values


def _boosted_again(leaves: NDArray[np.uint8], losses: Floats) -> Floats:
    """Give the leaves of given trees the values that boosting gives them: each tree fits what those before leave."""
    values = np.zeros((TREES, LEAVES))
    mean = float(losses.mean())
    left = losses - mean
    for tree, of_rows in enumerate(np.ascontiguousarray(leaves.T)):
        rows = np.bincount(of_rows, minlength=LEAVES)
        values[tree] = _RATE * np.bincount(of_rows, left, LEAVES) / np.maximum(rows, 1)
        left -= values[tree][of_rows]
    values[0] += mean
    return values


def boosted(columns: Floats, loss: Floats) -> Any:
    """Fit scikit-learn's model of one loss."""
    from sklearn.ensemble import HistGradientBoostingRegressor  # noqa: PLC0415 - an extra, for those who learn
    from threadpoolctl import threadpool_limits  # noqa: PLC0415 - what scikit-learn itself limits threads by

    model = HistGradientBoostingRegressor(
        max_iter=TREES,
        max_leaf_nodes=LEAVES,
        learning_rate=_RATE,
        min_samples_leaf=_LEAST_LEAF,
        early_stopping=False,
        random_state=0,
    )
    # it takes a second or two; threads that wait for each other on busy processors take many times that
    with threadpool_limits(1):
        # a column without any value it refuses; one number, missing or not, tells no row from another
        return model.fit(np.where(np.isnan(columns).all(axis=0), 0.0, columns), loss)


def roots_of(model: Any) -> list[Node]:
    """Give the trees of a fitted model; what it begins with is in the leaves of the first."""
    # there is no public way to the nodes of these trees: the tests hold them against `model.predict`
    begins, predictors = model._baseline_prediction, model._predictors  # noqa: SLF001 - as above
    first = float(np.ravel(begins)[0])
    return [_node(predictor.nodes, 0, 0.0 if at else first) for at, (predictor,) in enumerate(predictors)]


def _node(nodes: Any, at: int, begins: float) -> Node:
    node = nodes[at]
    if node["is_leaf"]:
        return Node(float(node["value"]) + begins)
    return Node(
        feature=int(node["feature_idx"]),
        threshold=float(node["num_threshold"]),
        missing_left=bool(node["missing_go_to_left"]),
        left=_node(nodes, int(node["left"]), begins),
        right=_node(nodes, int(node["right"]), begins),
    )
