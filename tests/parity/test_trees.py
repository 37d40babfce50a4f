"""Kept trees against scikit-learn's own predictions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelvane.estimates.fitting import boosted, fitted
from modelvane.estimates.trees import LEAVES, TREES, Floats, Trees


def _columns(rows: int, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    columns = rng.normal(size=(rows, 6))
    columns[:, 1] = rng.integers(0, 4, rows)
    columns[:, 2] = 0.0
    columns[rng.random(columns.shape) < 0.1] = np.nan
    return columns


def _errors(columns: Floats, seed: int) -> Floats:
    filled = np.nan_to_num(columns)
    spread = 0.5 + np.abs(filled[:, 0]) + filled[:, 1] * (filled[:, 3] > 0) + np.isnan(columns[:, 4])
    return np.abs(np.random.default_rng(seed).normal(size=len(columns))) * spread


@pytest.mark.parametrize("rows", [300, 5000])
def test_sums_are_what_scikit_learn_predicts(rows: int) -> None:
    """Rows of before and others, with values missing, on thresholds and beyond all, get scikit-learn's prediction."""
    columns = _columns(rows, 1)
    errors = _errors(columns, 2)
    model = boosted(columns, errors)
    trees, values = fitted(columns, errors)
    asked = np.concatenate((columns, 3 * _columns(999, 3), [[-np.inf] * 6, [np.inf] * 6, [np.nan] * 6]))
    for feature in trees.used:
        first = trees.starts[feature]
        asked[: trees.starts[feature + 1] - first, feature] = trees.thresholds[
            first : trees.starts[feature + 1]
        ]
    cells = {feature: trees.cells(feature, asked[:, feature]) for feature in trees.used}
    quanta = np.rint(values[0] * 2.0**36).astype(np.int64)
    (sums,) = trees.sums(cells, len(asked), quanta)
    np.testing.assert_allclose(sums / 2.0**36, model.predict(asked), atol=1e-8)
    assert np.unique(sums).size > 20


def test_leaves_of_squares_are_boosted_as_the_trees_were() -> None:
    """Boosting the leaves again with the same losses gives the values that scikit-learn gave them."""
    columns = _columns(4000, 5)
    errors = np.sqrt(_errors(columns, 6))
    trees, values = fitted(columns, errors)
    cells = {feature: trees.cells(feature, columns[:, feature]) for feature in trees.used}
    again = np.array([np.rint(of * 2.0**30) for of in values]).astype(np.int64)
    absolute, squared = trees.sums(cells, len(columns), *again)
    assert squared.sum() / 2.0**30 == pytest.approx(np.square(errors).sum(), rel=1e-6)
    assert np.corrcoef(squared, np.square(errors))[0, 1] > 0.8 * np.corrcoef(absolute, errors)[0, 1] > 0.3


@given(st.integers(0, 2**32 - 1), st.integers(1, 5000))
def test_a_rows_sum_does_not_depend_on_the_others(seed: int, at: int) -> None:
    """Rows asked in parts give the same integers as rows asked at once."""
    trees, values = _FITTED
    columns = _columns(5000, seed)
    quanta = np.rint(values[0] * 2.0**36).astype(np.int64)

    def sums(rows: Floats) -> list[int]:
        cells = {feature: trees.cells(feature, rows[:, feature]) for feature in trees.used}
        (found,) = trees.sums(cells, len(rows), quanta)
        return found.tolist()

    assert sums(columns[:at]) + sums(columns[at:]) == sums(columns)


def _fit() -> tuple[Trees, Floats]:
    columns = _columns(2000, 8)
    return fitted(columns, _errors(columns, 9))


_FITTED = _fit()


def test_trees_are_no_larger_than_they_may_be() -> None:
    """As many trees and leaves as there are bits for."""
    trees, values = _FITTED
    assert trees.masks.shape[1] * 64 == TREES * LEAVES
    assert values.shape == (2, TREES, LEAVES)
