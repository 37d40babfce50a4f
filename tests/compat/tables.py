"""Columns from lists, and samples as a dictionary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np

from modelvane.compat import ColumnMapping, Facts, Sample, series
from modelvane.compat.columns import object_array

Values: TypeAlias = dict[str, float]


def flat(samples: Iterable[Sample]) -> Values:
    """Key samples as ``series{label=value,...}``, without the prefix; a series given twice is an error."""
    values: Values = {}
    for sample in samples:
        labels = ",".join(f"{key}={value}" for key, value in sample.labels)
        name = sample.name.removeprefix("evidently:") + (f"{{{labels}}}" if labels else "")
        assert name not in values, f"{name} is there twice"
        values[name] = sample.value
    return values


def columns_of(table: dict[str, Sequence[object]]) -> dict[str, np.ndarray]:
    """Make a float64 column of floats, a datetime64 column of those, an object column of anything else."""
    return {name: column_of(values) for name, values in table.items()}


def column_of(values: Sequence[object]) -> np.ndarray:
    """Make one column; see `columns_of`."""
    if isinstance(values, np.ndarray):
        return values
    if all(isinstance(value, float) for value in values):
        return np.array(values, dtype=np.float64)
    return object_array(values)


def compute(
    monitor: str, reference: dict[str, object], window: dict[str, object], **mapping: object
) -> Values:
    """Compute the series of one monitor for a reference and a window given as dictionaries of lists."""
    column_mapping = ColumnMapping(**mapping)
    facts = Facts.of(columns_of(reference), column_mapping)
    return flat(series(facts, columns_of(window), column_mapping, [monitor]))
