"""Correlations, components and errors as numpy and scikit-learn have them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from modelvane.block import Block
from modelvane.casting import Numbers
from modelvane.multivariate.correlation import correlations
from modelvane.multivariate.moments import CrossMoments
from modelvane.multivariate.plane import EXPLAINED, Plane
from modelvane.multivariate.quantification import quantified
from modelvane.multivariate.ruler import NAME, MomentsRuler
from modelvane.multivariate.scores import UNIT, NumericalScores
from modelvane.reference import Reference
from modelvane.times import NO_TIME


def table(seed: int, rows: int = 3000, columns: int = 6) -> NDArray[np.int8]:
    rng = np.random.default_rng(seed)
    drawn = rng.normal(size=(rows, 2)) @ rng.normal(size=(2, columns)) + rng.normal(size=(rows, columns))
    return np.clip(np.rint(drawn * UNIT / 2), -31, 31).astype(np.int8)


def moments(scores: NDArray[np.int8]) -> CrossMoments:
    return CrossMoments.of(list(scores.T))


def test_correlations_are_numpys() -> None:
    """Correlations are those of numpy on the scores."""
    scores = table(0)
    assert correlations(moments(scores)) == pytest.approx(np.corrcoef(scores.T.astype(float)), abs=1e-12)


def test_the_plane_is_scikit_learns() -> None:
    """Components and errors are those of PCA on standardised scores, of the rows and of others."""
    scores, others = table(1), table(2)
    plane = Plane.of(moments(scores))
    standardised, beside = ((each - scores.mean(0)) / scores.std(0) for each in (scores, others))
    peer = PCA(plane.axes.shape[1]).fit(standardised)
    assert abs(np.sum(peer.components_ * plane.axes.T, axis=1)) == pytest.approx(1.0)
    held = peer.explained_variance_ratio_.cumsum()
    assert held[-1] >= EXPLAINED
    assert (held[:-1] < EXPLAINED).all()
    for rows, values in ((scores, standardised), (others, beside)):
        rest = values - peer.inverse_transform(peer.transform(values))
        expected = (rest**2).mean(axis=1)
        assert plane.errors(rows) == pytest.approx(expected, abs=1e-10)
        tally = moments(rows)
        assert float(plane.error(float(tally.n), tally.sums, tally.products)) == pytest.approx(
            expected.mean()
        )
        assert plane.error_by_column(tally).sum() == pytest.approx(expected.mean())


def test_scores_are_normal_scores_of_ranks() -> None:
    """The correlation of two columns is near that of what they are monotone functions of, however skewed they are."""
    rng = np.random.default_rng(3)
    first = rng.normal(size=20_000)
    second = first + rng.normal(size=20_000)
    reference = Reference.of({"a": np.exp(first), "b": np.exp(second)})
    ruler = reference.row_rulers[NAME]
    assert isinstance(ruler, MomentsRuler)
    assert ruler.correlations[0, 1] == pytest.approx(np.corrcoef(first, second)[0, 1], abs=0.015)


def test_values_are_scored_by_their_bin() -> None:
    """A value has the score of the first limit that it does not exceed; what is no number has 0."""
    scores = NumericalScores(np.array([1.0, 2.0]), np.array([-9, 1, 7], np.int8))
    values = np.array([-5.0, 1.0, 1.5, 2.0, 2.1, np.nan])
    column = Numbers(values, np.array([0, 0, 0, 0, 0, 1], np.uint8))
    assert scores.of_column(column).tolist() == [-9, -9, 1, 1, 7, 0]


def test_categories_are_placed_by_what_they_tell() -> None:
    """With one other column categories are ordered as its means are, and nothing is told of pure chance."""
    rng = np.random.default_rng(4)
    codes = rng.integers(0, 5, 20_000).astype(np.int32)
    means = np.array([0.3, -1.0, 2.0, 0.0, -2.0])
    other = np.clip(np.rint((means[codes] + rng.normal(size=20_000)) * UNIT / 2), -31, 31).astype(np.int8)
    placed = quantified({"x": other}, {"c": codes}, {"c": 5})["c"].scores
    assert np.argsort(placed).tolist() in (np.argsort(means).tolist(), np.argsort(-means).tolist())
    assert placed.astype(float).std() == pytest.approx(UNIT, rel=0.15)


def test_what_was_learned_does_not_flatter_the_rows_it_was_learned_from() -> None:
    """Categories of pure chance correlate with nothing in the rows that windows are compared with."""
    rng = np.random.default_rng(5)
    data = {"c": [f"c{i}" for i in rng.integers(0, 100, 4000)], "x": rng.normal(size=4000)}
    reference = Reference.of(data)
    ruler = reference.row_rulers[NAME]
    assert isinstance(ruler, MomentsRuler)
    assert abs(ruler.correlations[0, 1]) < 0.06
    block = Block(4000, reference.encode(data).columns, np.full(4000, NO_TIME))
    # in the rows that taught, they do
    teaching = ruler.count(block.take(slice(0, None, 2)))
    assert correlations(teaching)[0, 1] > 0.15
