"""The isotonic fit against scikit-learn's."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression
from tests.estimates.scored import scored

from modelvane.estimates.isotonic import isotonic
from modelvane.estimates.scores import calibrated, labelled_rows, middles


@given(st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_the_fit_is_that_of_scikit_learn(n: int, seed: int) -> None:
    """Pooled values are scikit-learn's, ties and weights of any size included."""
    rng = np.random.default_rng(seed)
    values, weights = rng.integers(0, 8, n) / 4, rng.integers(1, 1000, n).astype(float)
    expected = IsotonicRegression().fit_transform(np.arange(n), values, sample_weight=weights)
    np.testing.assert_allclose(isotonic(values, weights), expected, atol=1e-12)


def test_calibrated_shares_are_those_of_scikit_learn() -> None:
    """Cells without rows of their own lie on scikit-learn's straight lines between those that have some."""
    tally = scored(3000, seed=4).tally.performance["scores"]
    rows = labelled_rows(tally)[0]
    held = rows > 0
    fit = IsotonicRegression(out_of_bounds="clip").fit(
        middles()[held], (tally.by_class[0][0] / np.maximum(rows, 1))[held], sample_weight=rows[held]
    )
    assert 0 < held.sum() < len(rows)
    np.testing.assert_allclose(calibrated(tally)[0], fit.predict(middles()), atol=1e-9)
