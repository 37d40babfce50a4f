"""Functions that give contributions of rows: somebody's own, or SHAP values of trees."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from modelvane.extras import require
from modelvane.functions import ModelError, load_function

Function: TypeAlias = Callable[[pa.Table], Any]
"""Takes rows, and returns their contributions: shape ``(rows, features)``, or an array for each feature."""


def require_shap() -> None:
    """Check that shap is there.

    Raises
    ------
    MissingExtraError
        With the extra that brings it.
    """
    require(
        "shap",
        "attribution.trees needs shap",
        "pip install 'modelvane[shap]'; without it, attribution.function takes any function of yours",
    )


def load(kind: str, name: str, folder: Path = Path()) -> Function:
    """Import the function of a config, or the model for whose trees one is made.

    Parameters
    ----------
    kind
        ``"function"`` or ``"trees"``.
    name
        As ``package.module:function``; of trees a function without arguments that returns the model.
    folder
        Where modules are looked for too.

    Raises
    ------
    ModelError
        When it cannot be imported or called.
    MissingExtraError
        When trees need what is not there.
    """
    found = load_function(
        name, folder, "function", "a function that returns contributions, or a model of trees"
    )
    if kind == "function":
        return found
    require_shap()
    try:
        return of_trees(found())
    except Exception as error:
        raise ModelError(
            f"The trees of {name!r} cannot be explained: {type(error).__name__}: {error}",
            expected="a function without arguments that returns a fitted model of trees with one output",
        ) from error


def of_trees(model: Any) -> Function:
    """Give what computes SHAP values of a model of trees (Lundberg et al., 2020).

    Rows are given to it as numbers, its own features where it names them. Of two classes the values are those of the
    second.
    """
    import shap  # noqa: PLC0415 - an extra, and slow to load

    explainer = shap.TreeExplainer(model)
    names = getattr(model, "feature_names_in_", None)

    def contributions(rows: pa.Table) -> Mapping[str, NDArray[np.float64]]:
        used = rows.column_names if names is None else [str(name) for name in names]
        matrix = np.column_stack([_numbers(rows, name) for name in used])
        values = np.asarray(explainer.shap_values(matrix, check_additivity=False))
        if values.ndim == 3 and values.shape[2] == 2:
            values = values[:, :, 1]
        if values.ndim != 2:
            raise ValueError(f"the model has {values.shape[-1]} outputs; expected one, or two classes")
        return dict(zip(used, values.T, strict=True))

    return contributions


def _numbers(rows: pa.Table, name: str) -> NDArray[np.float64]:
    found: NDArray[np.float64] = rows[name].cast(pa.float64()).to_numpy(zero_copy_only=False)
    return found


def as_matrix(found: Any, features: Sequence[str], rows: int) -> NDArray[np.float64]:
    """Give what a function returned as shape ``(features, rows)``.

    Raises
    ------
    ValueError
        When it is of another shape, or lacks a feature.
    """
    if isinstance(found, Mapping):
        lacking = [name for name in features if name not in found]
        if lacking:
            raise ValueError(f"it returned no contributions of {', '.join(lacking)}")
        matrix = np.array([np.asarray(found[name], np.float64) for name in features])
    else:
        matrix = np.asarray(found, np.float64).T
    if matrix.shape != (len(features), rows):
        raise ValueError(
            f"it returned contributions of shape {matrix.T.shape}; expected {(rows, len(features))},"
            f" for {', '.join(features)}"
        )
    return matrix
