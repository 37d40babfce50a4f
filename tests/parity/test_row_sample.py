"""Discrepancies and areas against plain loops and scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from msgspec.structs import replace
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from modelvane import Reference
from modelvane.multivariate.classifier import _area, _Rows
from modelvane.multivariate.embedding import Embedding, discrepancy, noise_of
from modelvane.multivariate.learning import RowSampleKind
from modelvane.multivariate.sample_ruler import SampleRuler
from modelvane.multivariate.scores import UNIT
from modelvane.multivariate.squares import squares_point


def scores(seed: int, rows: int, columns: int = 4, shift: int = 0) -> NDArray[np.int8]:
    rng = np.random.default_rng(seed)
    drawn = rng.normal(size=(rows, 2)) @ rng.normal(size=(2, columns)) + rng.normal(size=(rows, columns))
    return np.clip(np.rint(drawn * UNIT / 2) + shift, -31, 31).astype(np.int8)


def test_the_discrepancy_is_that_of_its_kernel() -> None:
    """The squared discrepancy is the mean kernel within both samples less twice that between them, by plain loops."""
    one, other = scores(0, 30), scores(1, 20, shift=4)
    embedding = Embedding.of(one)
    frequencies = embedding.frequencies.astype(float).T

    def kernel(x: NDArray[np.int8], y: NDArray[np.int8]) -> float:
        apart = (x.astype(float) - y) / UNIT
        return sum(math.cos(float(w @ apart)) for w in frequencies) / len(frequencies)

    def mean(a: NDArray[np.int8], b: NDArray[np.int8]) -> float:
        return sum(kernel(x, y) for x in a for y in b) / (len(a) * len(b))

    expected = mean(one, one) + mean(other, other) - 2 * mean(one, other)
    means = (embedding.features(each).mean(axis=0, dtype=float) for each in (one, other))
    assert float(discrepancy(*means)) ** 2 == pytest.approx(expected, abs=1e-6)


def test_the_kernel_is_nearly_gaussian() -> None:
    """The kernel is exp(-d^2 / 2 s^2) of the median distance s, as closely as so many frequencies allow."""
    rows = scores(2, 400)
    embedding = Embedding.of(rows)
    points = rows / UNIT
    distances = np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2))
    width = np.median(distances[np.triu_indices(len(rows), 1)])
    features = embedding.features(rows)
    error = features @ features.T - np.exp(-(distances**2) / (2 * width**2))
    assert np.sqrt((error**2).mean()) < 0.1


def test_noise_is_that_of_permutations() -> None:
    """Mean, spread and points of the squared discrepancy are those of two samples drawn by permutation."""
    rows, n = scores(3, 8000), 400
    features = Embedding.of(rows).features(rows)
    rng, found = np.random.default_rng(0), []
    for _ in range(1500):
        order = rng.permutation(len(rows))[: 2 * n]
        means = (features[half].mean(axis=0, dtype=float) for half in (order[:n], order[n:]))
        found.append(float(discrepancy(*means)) ** 2)
    weights, squares = np.array(noise_of(features)) * 2 / n, np.array(found)
    assert weights.sum() == pytest.approx(squares.mean(), rel=0.08)
    assert (2 * (weights**2).sum()) ** 0.5 == pytest.approx(squares.std(), rel=0.08)
    for level, about in ((0.1, 0.03), (0.01, 0.01)):
        point = squares_point(tuple(weights.tolist()), level)
        assert (squares > point).mean() == pytest.approx(level, abs=about)


def test_the_area_is_scikit_learns() -> None:
    """The weighted area, with ties, is roc_auc_score's."""
    rng = np.random.default_rng(4)
    values = rng.normal(size=300).round(1)
    is_current = rng.random(300) < 0.4
    shares = rng.integers(1, 5, 300).astype(float)
    rows = _Rows(np.empty((300, 0), np.int8), np.empty((300, 0)), is_current, shares)
    assert _area(values, rows) == pytest.approx(roc_auc_score(is_current, values, sample_weight=shares))


def test_of_a_file_with_moments_the_rows_that_are_kept_tell_the_noise() -> None:
    """A reference whose file has three moments of the noise has nearly the floor of one that has its weights."""
    rng = np.random.default_rng(6)
    rows = {"a": rng.normal(size=6000), "b": rng.normal(size=6000)}
    reference = Reference.of(rows, also=[RowSampleKind(classifier=True)])
    ruler = reference.row_rulers["row_sample"]
    assert isinstance(ruler, SampleRuler)
    of_before = replace(ruler, noise=(1.0, 1.0, 1.0))
    assert of_before.noise_floor(1e-5, 500) == pytest.approx(ruler.noise_floor(1e-5, 500), rel=0.1)
