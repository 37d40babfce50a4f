"""NannyML: drift of columns, reconstruction error, missing and unseen values, and performance once labels are there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import nannyml as nml
import numpy as np
import pandas as pd
from bench.faults.looks import WINDOW
from bench.faults.peers.walk import Watched, main
from numpy.typing import NDArray

# it tells its makers of each calculation otherwise
nml.disable_usage_logging()


class _Calculators:
    """Windows laid one after the other are NannyML's chunks."""

    most_runs = 1000
    kinds = ("",)
    undrifted = 500
    together = 6

    def __init__(self, watched: Watched) -> None:
        self._calculators = self._made(watched)
        self._usual = []
        for calculator in self._calculators:
            fitted = calculator.fit(self._prepared(watched.reference))
            self._usual.append(_values(fitted.result).mean(axis=0))

    def _made(self, watched: Watched) -> list[Any]:
        raise NotImplementedError

    def _prepared(self, rows: pd.DataFrame) -> pd.DataFrame:
        return rows

    def look(self, windows: Sequence[pd.DataFrame]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Give how far each measure is from the reference's chunks, and whether any alerts."""
        rows = self._prepared(pd.concat(windows, ignore_index=True))
        scores, alerts = [], np.zeros(len(windows), bool)
        for calculator, usual in zip(self._calculators, self._usual, strict=True):
            result = calculator.calculate(rows).filter(period="analysis")
            scores.append(np.abs(_values(result) - usual))
            alerts |= _part(result, "alert").astype(bool).any(axis=1)
        return np.concatenate(scores, axis=1), alerts


class Univariate(_Calculators):
    """Jensen-Shannon distance per column, three deviations of the reference's chunks."""

    name = "nannyml-univariate"

    def _made(self, watched: Watched) -> list[Any]:
        columns = [*watched.numbers, *watched.categories]
        return [
            nml.UnivariateDriftCalculator(columns, treat_as_categorical=watched.categories, chunk_size=WINDOW)
        ]


class Reconstruction(_Calculators):
    """Error of rows rebuilt from their principal components."""

    name = "nannyml-pca"

    def _made(self, watched: Watched) -> list[Any]:
        features = [*watched.numerical, *watched.categorical, "prediction"]
        return [nml.DataReconstructionDriftCalculator(features, chunk_size=WINDOW)]


class Quality(_Calculators):
    """Shares of missing values, and of categories that the reference lacks."""

    name = "nannyml-quality"

    def _made(self, watched: Watched) -> list[Any]:
        columns = [*watched.numbers, *watched.categories]
        return [
            nml.MissingValuesCalculator(columns, chunk_size=WINDOW),
            nml.UnseenValuesCalculator(list(watched.categorical), chunk_size=WINDOW),
        ]


class Performance(_Calculators):
    """Error, or area under the ROC curve, of the labelled rows."""

    name = "nannyml-performance"

    def __init__(self, watched: Watched) -> None:
        self._classes, self._target = watched.classes, watched.target
        super().__init__(watched)

    def _prepared(self, rows: pd.DataFrame) -> pd.DataFrame:
        if not self._classes:
            return rows
        truth = rows[self._target].astype(int)
        return rows.assign(**{self._target: truth, "class": (rows["prediction"] >= 0.5).astype(int)})

    def _made(self, watched: Watched) -> list[Any]:
        columns: dict[str, Any] = {"y_true": watched.target, "chunk_size": WINDOW}
        if watched.classes:
            columns |= {"y_pred": "class", "y_pred_proba": "prediction"}
            return [
                nml.PerformanceCalculator(
                    metrics=["roc_auc", "f1", "accuracy"], problem_type="classification_binary", **columns
                )
            ]
        columns |= {"y_pred": "prediction", "problem_type": "regression"}
        return [nml.PerformanceCalculator(metrics=["mae", "rmse"], **columns)]


def _values(result: Any) -> NDArray[np.float64]:
    return _part(result, "value").astype(np.float64)


def _part(result: Any, part: str) -> NDArray[Any]:
    frame = result.to_df()
    return np.asarray(frame[[column for column in frame.columns if column[-1] == part]])


if __name__ == "__main__":
    main(Univariate, Reconstruction, Quality, Performance)
