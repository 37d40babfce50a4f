"""alibi-detect: tests of columns, a domain classifier, and maximum mean discrepancy where TensorFlow is installed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from alibi_detect.cd import ClassifierDrift, MMDDrift, TabularDrift
from alibi_detect.utils.frameworks import has_tensorflow
from bench.faults.peers.encoding import Encoding, Scaled
from bench.faults.peers.plain import suspicion
from bench.faults.peers.walk import Watched, main
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

SAMPLED = 1500
TOGETHER = ("joint",)
"""Faults that a detector of whole rows may see and one of columns may not; it is slow, and sees no others."""
LEVEL = 0.05


class Tabular:
    """Kolmogorov-Smirnov and chi-square per column, Bonferroni's correction: its `TabularDrift`."""

    name = "alibi-tabular"
    most_runs = 3
    kinds = ("",)
    undrifted = 500
    together = 1

    def __init__(self, watched: Watched) -> None:
        self._encoding = Encoding(watched)
        reference = self._encoding.matrix(watched.reference)
        self._detector = TabularDrift(
            reference, p_val=LEVEL, categories_per_feature=dict.fromkeys(self._encoding.categories)
        )

    def look(self, windows: Sequence[pd.DataFrame]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Test every column."""
        found = [self._detector.predict(self._encoding.matrix(window))["data"] for window in windows]
        scores = np.stack([suspicion(one["p_val"]) for one in found])
        return scores, np.array([bool(one["is_drift"]) for one in found])


class Classifier:
    """How well gradient boosting tells the window from reference rows: its `ClassifierDrift`."""

    name = "alibi-classifier"
    most_runs = 3
    kinds = TOGETHER
    undrifted = 200
    together = 1

    def __init__(self, watched: Watched) -> None:
        self._encoding = Encoding(watched)
        reference = self._encoding.matrix(watched.reference.sample(SAMPLED, random_state=0))
        model = HistGradientBoostingClassifier(max_iter=20, max_leaf_nodes=8, random_state=0)
        self._detector = ClassifierDrift(
            reference, model, backend="sklearn", p_val=LEVEL, preds_type="probs", n_folds=2, train_size=None
        )

    def look(self, windows: Sequence[pd.DataFrame]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Fit and judge."""
        found = [self._detector.predict(self._encoding.matrix(window))["data"] for window in windows]
        scores = suspicion(np.array([[one["p_val"]] for one in found]))
        return scores, np.array([bool(one["is_drift"]) for one in found])


class Discrepancy:
    """Maximum mean discrepancy from a sample of the reference, without the permutations: its `MMDDrift`.

    Its own rule, 5 % by a permutation test of each window, would take three seconds a window, and alarms on one
    undrifted window of twenty by construction.
    """

    name = "alibi-mmd"
    most_runs = 3
    kinds = TOGETHER
    undrifted = 100
    together = 1

    def __init__(self, watched: Watched) -> None:
        self._scaled = Scaled(watched)
        reference = self._scaled.matrix(watched.reference.sample(SAMPLED, random_state=0))
        self._detector = MMDDrift(reference, backend="tensorflow", n_permutations=1)

    def look(self, windows: Sequence[pd.DataFrame]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Measure the distance."""
        distances = [float(self._detector.score(self._scaled.matrix(window))[1]) for window in windows]
        return np.array(distances)[:, None], np.ones(len(windows), bool)


if __name__ == "__main__":
    kinds: list[Callable[[Watched], Tabular | Classifier | Discrepancy]] = [Tabular, Classifier]
    main(*kinds, *([Discrepancy] if has_tensorflow else []))
