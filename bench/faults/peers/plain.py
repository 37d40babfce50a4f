"""The plain baseline: scipy's two-sample tests of every column against the raw rows, with Bonferroni's correction."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from bench.faults.peers.encoding import Encoding
from bench.faults.peers.walk import Watched, main
from numpy.typing import NDArray
from scipy import stats

LEVEL = 0.05


def suspicion(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give how improbable values are: larger is more suspicious."""
    return np.asarray(-np.log(np.maximum(np.asarray(p_values, np.float64), 1e-300)))


class Columns:
    """`ks_2samp` of numbers, `chi2_contingency` of categories."""

    name = "scipy"
    most_runs = 1000
    kinds = ("",)
    undrifted = 1000
    together = 1

    def __init__(self, watched: Watched) -> None:
        self._encoding = Encoding(watched)
        self._reference = self._encoding.matrix(watched.reference)

    def look(self, windows: Sequence[pd.DataFrame]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Test every column."""
        scores = np.stack([self._suspicion(self._encoding.matrix(window)) for window in windows])
        return scores, (scores > -np.log(LEVEL / scores.shape[1])).any(axis=1)

    def _suspicion(self, window: NDArray[np.float32]) -> NDArray[np.float64]:
        found = []
        for at in range(window.shape[1]):
            before, now = self._reference[:, at], window[:, at]
            if at in self._encoding.categories:
                size = int(max(before.max(), now.max())) + 1
                table = np.stack([np.bincount(part.astype(int), minlength=size) for part in (before, now)])
                table = table[:, table.any(axis=0)]
                found.append(stats.chi2_contingency(table, correction=False).pvalue)
            else:
                found.append(stats.ks_2samp(before, now, method="asymp").pvalue)
        return suspicion(np.array(found))


if __name__ == "__main__":
    main(Columns)
