"""NDCG as scikit-learn has it; contributions of linear models as they are defined."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LinearRegression
from sklearn.metrics import ndcg_score

from modelvane import Reference
from modelvane.attribution.kinds import LinearAttribution
from modelvane.attribution.ranking import ndcg
from modelvane.attribution.ruler import AttributionRuler

few = st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.5])


@given(st.integers(2, 12).flatmap(lambda n: st.tuples(*[arrays(np.float64, n, elements=few)] * 2)))
def test_ndcg(pair: tuple[np.ndarray, np.ndarray]) -> None:
    """The same as scikit-learn's, with ties in gains and in scores."""
    gains, scores = pair
    if gains.any():
        assert ndcg(gains, scores) == pytest.approx(ndcg_score([gains], [scores]), abs=1e-12)


def test_contributions_explain_a_fitted_pipeline() -> None:
    """Of scikit-learn's regression on one-hot pairs and a number, they add up to its prediction minus the mean one."""
    rng = np.random.default_rng(5)
    rows = {
        "from": rng.integers(1, 6, 500).tolist(),
        "to": rng.integers(1, 6, 500).tolist(),
        "miles": rng.gamma(2, 2, 500).tolist(),
    }
    features = [
        {"pair": f"{start}:{end}", "miles": miles} for start, end, miles in zip(*rows.values(), strict=True)
    ]
    encoder = DictVectorizer()
    matrix = encoder.fit_transform(features)
    model = LinearRegression().fit(matrix, rng.normal(size=500))
    weights = dict(zip(encoder.feature_names_, model.coef_.tolist(), strict=True))
    pairs = {name.removeprefix("pair="): weight for name, weight in weights.items() if name != "miles"}
    reference = Reference.of(
        rows,
        categorical=["from", "to"],
        numerical=["miles"],
        also=[LinearAttribution({"miles": weights["miles"], "from:to": pairs})],
    )
    ruler = reference.row_rulers["attribution"]
    assert isinstance(ruler, AttributionRuler)
    predicted = model.predict(matrix)
    found = ruler.source.contributions(reference.encode(rows)).sum(axis=0)
    assert found == pytest.approx(predicted - predicted.mean())
