"""The seven 2022 monitors by name, and the series they give for a window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from modelvane.compat import classification, data_drift, data_quality, regression, target_drift
from modelvane.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from modelvane.compat.columns import Columns
    from modelvane.compat.facts import Facts
    from modelvane.compat.mapping import ColumnMapping, Roles
    from modelvane.compat.sample import Sample


def _nothing(columns: Columns, roles: Roles) -> Iterator[Sample]:  # noqa: ARG001 - takes what a monitor takes
    return iter(())


@dataclass(frozen=True, slots=True)
class Monitor:
    """What a monitor says of the reference alone, once, and of each window.

    ``prediction`` is the form of prediction that it works with: one column, or class probabilities.
    """

    current: Callable[[Facts, Columns], Iterator[Sample]]
    reference: Callable[[Columns, Roles], Iterator[Sample]] = _nothing
    prediction: Literal["column", "probabilities", "any"] = "any"


MONITORS: Mapping[str, Monitor] = {
    "data_drift": Monitor(data_drift.current),
    "cat_target_drift": Monitor(target_drift.categorical_current),
    "num_target_drift": Monitor(
        target_drift.numerical_current, target_drift.numerical_reference, prediction="column"
    ),
    "data_quality": Monitor(data_quality.current, data_quality.reference),
    "regression_performance": Monitor(regression.current, regression.reference, prediction="column"),
    "classification_performance": Monitor(
        classification.current, classification.reference, prediction="column"
    ),
    "prob_classification_performance": Monitor(
        classification.probability_current, classification.probability_reference, prediction="probabilities"
    ),
}


def check_monitors(mapping: ColumnMapping, monitors: Iterable[str]) -> None:
    """Check that the monitors exist and can work with the mapping's form of prediction.

    Raises
    ------
    ConfigError
        With the available names, or with the form of prediction that the monitor needs.
    """
    for name in monitors:
        if name not in MONITORS:
            raise ConfigError("Unknown monitor in compat: evidently", received=name, available=MONITORS)
        needed = MONITORS[name].prediction
        given = (
            "column" if mapping.prediction is None or isinstance(mapping.prediction, str) else "probabilities"
        )
        if needed not in ("any", given):
            raise ConfigError(
                f"Monitor {name} cannot work with this column_mapping",
                received=mapping.prediction,
                expected="one column name as prediction"
                if needed == "column"
                else "a list of probability columns named after the classes as prediction",
            )


def series(facts: Facts, columns: Columns, mapping: ColumnMapping, monitors: Iterable[str]) -> list[Sample]:
    """Compute every series of the monitors for a window.

    Parameters
    ----------
    facts
        What the reference left behind.
    columns
        The window: float64 arrays for numerical columns (NaN is missing), object arrays for categorical ones
        (``None`` or NaN is missing), datetime64 for times. An absent or empty column loses its own series
        only.
    mapping
        As given to `Facts.of`.
    monitors
        Names from `MONITORS`.

    Raises
    ------
    ConfigError
        For a monitor that does not exist or cannot work with the mapping.
    """
    monitors = list(dict.fromkeys(monitors))
    check_monitors(mapping, monitors)
    window = facts.roles.with_labels(columns)
    samples: list[Sample] = []
    # a value like 1e300 makes a moment of its own column infinite or undefined, nothing to warn of
    with np.errstate(over="ignore", invalid="ignore"):
        for name in monitors:
            samples += facts.samples[name]
            samples += MONITORS[name].current(facts, window)
    return samples
