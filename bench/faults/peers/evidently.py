"""Evidently 0.7: the tests that its drift preset chooses by itself, one per column."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from bench.faults.peers.walk import Watched, main
from evidently import DataDefinition, Dataset, Report
from evidently.legacy.calculations.stattests import get_stattest
from evidently.presets import DataDriftPreset
from numpy.typing import NDArray

SHARE = 0.5


class Preset:
    """Its default: normed Wasserstein or Jensen-Shannon distance of 0.1; drift of half of the columns is drift.

    The preset itself spends most of its time on charts: the first window is given to it, too, and what it says held
    against these tests.
    """

    name = "evidently"
    most_runs = 1000
    kinds = ("",)
    undrifted = 300
    together = 1

    def __init__(self, watched: Watched) -> None:
        self._kinds = dict.fromkeys(watched.numbers, "num") | dict.fromkeys(watched.categories, "cat")
        self._rows = watched.reference
        self._reference = {name: watched.reference[name].dropna() for name in self._kinds}
        self._is_proven = False

    def look(self, windows: Sequence[pd.DataFrame]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Measure every column."""
        if not self._is_proven:
            self._require_like_the_preset(windows[0])
            self._is_proven = True
        found = np.array([[self._drift(name, window[name]) for name in self._kinds] for window in windows])
        return found[..., 0], found[..., 1].mean(axis=1) >= SHARE

    def _drift(self, name: str, column: pd.Series) -> tuple[float, bool]:
        before, now = self._reference[name], column.dropna()
        if not len(now):
            return np.nan, False
        test = get_stattest(before, now, self._kinds[name], None)
        result = test(before, now, self._kinds[name], None)
        return float(result.drift_score), bool(result.drifted)

    def _require_like_the_preset(self, window: pd.DataFrame) -> None:
        definition = DataDefinition(
            numerical_columns=[name for name, kind in self._kinds.items() if kind == "num"],
            categorical_columns=[name for name, kind in self._kinds.items() if kind == "cat"],
        )
        data = [Dataset.from_pandas(rows, data_definition=definition) for rows in (window, self._rows)]
        said = {
            metric["config"]["column"]: float(metric["value"])
            for metric in Report([DataDriftPreset()]).run(*data).dict()["metrics"]
            if "column" in metric.get("config", {})
        }
        own = {name: self._drift(name, window[name])[0] for name in self._kinds}
        assert own.keys() == said.keys()
        assert np.allclose([own[name] for name in said], list(said.values()), rtol=1e-6), (own, said)


if __name__ == "__main__":
    main(Preset)
