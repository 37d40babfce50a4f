"""Which column plays which part: the 2022 ``column_mapping`` and what it comes to on a real reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from modelvane.compat.columns import Columns, kind_of
from modelvane.compat.probabilities import predicted_labels, probability_matrix

if TYPE_CHECKING:
    from collections.abc import Sequence

Task: TypeAlias = Literal["regression", "classification"]

PREDICTED_LABELS = "predicted_labels"
"""The column that stands for a prediction given as several probability columns."""

REGRESSION_FROM = 5
"""A numeric target with at least this many distinct reference values is taken for a regression's."""


@dataclass(frozen=True)
class ColumnMapping:
    """The ``column_mapping`` of a 2022 ``config.yaml``, with its defaults.

    A feature list of ``None`` means: guess from the kinds of the reference columns. ``prediction`` is the
    name of one column, or the probability columns, each named after its class. ``pos_label`` is read and
    kept, but none of the 2022 series depends on it: their averages are macro averages.
    """

    target: str | None = "target"
    prediction: str | Sequence[str] | None = "prediction"
    datetime: str | None = None
    id: str | None = None
    numerical_features: Sequence[str] | None = None
    categorical_features: Sequence[str] | None = None
    datetime_features: Sequence[str] | None = None
    target_names: Sequence[str] | None = None
    task: Task | None = None
    pos_label: str | int | float | bool = 1


@dataclass(frozen=True)
class Roles:
    """The mapping as far as the reference has the columns, guesses made."""

    target: str | None
    prediction: str | tuple[str, ...] | None
    datetime: str | None
    numerical: tuple[str, ...]
    categorical: tuple[str, ...]
    datetimes: tuple[str, ...]
    target_names: tuple[str, ...]
    task: Task | None

    @classmethod
    def of(cls, columns: Columns, mapping: ColumnMapping) -> Roles:
        """Resolve the mapping on reference columns; a name that the reference lacks is left out."""
        target = _present(columns, mapping.target, *_COMPARABLE)
        date = _present(columns, mapping.datetime, "datetime")
        prediction = _prediction(columns, mapping.prediction)
        in_use = {
            target,
            date,
            mapping.id,
            *([prediction] if isinstance(prediction, str) else prediction or ()),
        }
        numerical, categorical = mapping.numerical_features, mapping.categorical_features
        datetimes = mapping.datetime_features
        if numerical is None:
            numerical = _of_kind(columns, "numerical", in_use | set(categorical or ()))
        if categorical is None:
            categorical = _of_kind(columns, "categorical", in_use)
        if datetimes is None:
            datetimes = _of_kind(columns, "datetime", in_use)
        return cls(
            target=target,
            prediction=prediction,
            datetime=date,
            numerical=tuple(name for name in numerical if kind_of(columns.get(name)) == "numerical"),
            categorical=tuple(name for name in categorical if kind_of(columns.get(name)) in _COMPARABLE),
            datetimes=tuple(name for name in datetimes if kind_of(columns.get(name)) == "datetime"),
            target_names=tuple(str(name) for name in mapping.target_names or ()),
            task=mapping.task or _guess_task(columns, target),
        )

    @property
    def label_column(self) -> str | None:
        """The one column of predictions: the mapped one, or the labels derived from probabilities."""
        if self.prediction is None or isinstance(self.prediction, str):
            return self.prediction
        return PREDICTED_LABELS

    @property
    def probabilities(self) -> tuple[str, ...]:
        """The probability columns; empty where the prediction is one column."""
        return self.prediction if isinstance(self.prediction, tuple) else ()

    def with_labels(self, columns: Columns) -> Columns:
        """Add the column of predicted labels where the prediction is given as probabilities."""
        probabilities = probability_matrix(columns, self.probabilities)
        if probabilities is None:
            return columns
        return {**columns, PREDICTED_LABELS: predicted_labels(probabilities, self.probabilities)}


_COMPARABLE = ("numerical", "categorical")


def _present(columns: Columns, name: str | None, *kinds: str) -> str | None:
    return name if name is not None and kind_of(columns.get(name)) in kinds else None


def _prediction(columns: Columns, wanted: str | Sequence[str] | None) -> str | tuple[str, ...] | None:
    if wanted is None or isinstance(wanted, str):
        return _present(columns, wanted, *_COMPARABLE)
    return tuple(wanted) if wanted and all(name in columns for name in wanted) else None


def _of_kind(columns: Columns, kind: str, excluded: set[str | None]) -> tuple[str, ...]:
    return tuple(sorted(name for name in columns if kind_of(columns[name]) == kind and name not in excluded))


def _guess_task(columns: Columns, target: str | None) -> Task | None:
    if target is None:
        return None
    column = columns[target]
    if kind_of(column) != "numerical":
        return "classification"
    distinct = np.unique(column[~np.isnan(column)]).size
    return "regression" if distinct >= REGRESSION_FROM else "classification"
