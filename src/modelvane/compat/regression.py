"""``regression_performance``: error statistics, their normality, groups of extreme errors, and feature bias.

Error is prediction minus target. Rows where either is missing or infinite are left out, and only those; a
feature's bias also leaves out the rows where that feature is missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from modelvane.compat.columns import Columns, kind_of
from modelvane.compat.distribution import category_counts
from modelvane.compat.sample import Dataset, Sample, sample
from modelvane.later import special

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelvane.compat.facts import Facts
    from modelvane.compat.mapping import Roles

SERIES = "regression_performance"
TAIL = 0.05


def reference(columns: Columns, roles: Roles) -> Iterator[Sample]:
    """Describe the errors of the reference."""
    yield from _describe(columns, roles, "reference")


def current(facts: Facts, window: Columns) -> Iterator[Sample]:
    """Describe the errors of the window."""
    yield from _describe(window, facts.roles, "current")


@dataclass(frozen=True, eq=False)
class Errors:
    """The errors of the usable rows, in order of rows, and which rows are in the lower and the upper tail.

    The lower tail (underestimation) is every error up to the 5 % quantile, the upper (overestimation) every
    error from the 95 % quantile on, both by linear interpolation; the majority is between.
    """

    usable: np.ndarray
    target: np.ndarray
    error: np.ndarray
    under: np.ndarray
    over: np.ndarray

    @classmethod
    def of(cls, target: np.ndarray, prediction: np.ndarray) -> Errors | None:
        """Take the rows where both are finite; ``None`` if there is no such row."""
        usable = np.isfinite(target) & np.isfinite(prediction)
        if not usable.any():
            return None
        target = target[usable]
        error = prediction[usable] - target
        low, high = np.quantile(error, [TAIL, 1 - TAIL])
        return cls(usable, target, error, error <= low, error >= high)


def _describe(columns: Columns, roles: Roles, dataset: Dataset) -> Iterator[Sample]:
    if not isinstance(roles.prediction, str) or roles.target is None:
        return
    target, prediction = columns.get(roles.target), columns.get(roles.prediction)
    if target is None or prediction is None:
        return
    if not kind_of(target) == kind_of(prediction) == "numerical":
        return
    errors = Errors.of(target.astype(np.float64), prediction.astype(np.float64))
    if errors is not None:
        yield from _quality(errors, dataset)
        yield from _normality(errors, dataset)
        yield from _underperformance(errors, dataset)
        yield from _feature_bias(errors, columns, roles, "ref_" if dataset == "reference" else "current_")


def _quality(errors: Errors, dataset: Dataset) -> Iterator[Sample]:
    size = np.abs(errors.error)
    # a target below the smallest step counts as that step, a negative one too
    relative = size / np.maximum(errors.target, np.finfo(np.float64).eps)
    values = {
        "mean_error": errors.error.mean(),
        "mean_abs_error": size.mean(),
        "mean_abs_perc_error": 100 * relative.mean(),
        "error_std": _std(errors.error),
        "abs_error_std": _std(size),
        "abs_perc_error_std": _std(relative),
    }
    for metric, value in values.items():
        yield from sample(f"{SERIES}:quality", value, dataset=dataset, metric=metric)


def _normality(errors: Errors, dataset: Dataset) -> Iterator[Sample]:
    line = normal_line(errors.error)
    if line is not None:
        for metric, value in zip(("slope", "intercept", "r"), line, strict=True):
            yield from sample(f"{SERIES}:error_normality", value, dataset=dataset, metric=metric)


def normal_line(values: np.ndarray) -> tuple[float, float, float] | None:
    """Fit the line of a normal quantile-quantile plot; ``None`` for fewer than two distinct values.

    Returns slope, intercept and correlation of the ordered values against Filliben's order statistic medians
    (Technometrics 17, 1975), by least squares.
    """
    n = values.size
    if n < 2 or np.ptp(values) == 0:
        return None
    medians = (np.arange(1, n + 1) - 0.3175) / (n + 0.365)
    medians[-1] = 0.5 ** (1 / n)
    medians[0] = 1 - medians[-1]
    x = special.ndtri(medians)
    dx, dy = x - x.mean(), np.sort(values) - values.mean()
    xx, xy, yy = np.dot(dx, dx), np.dot(dx, dy), np.dot(dy, dy)
    slope = xy / xx
    return float(slope), float(values.mean() - slope * x.mean()), float(xy / (np.sqrt(xx) * np.sqrt(yy)))


def _underperformance(errors: Errors, dataset: Dataset) -> Iterator[Sample]:
    groups = {
        "majority": errors.error[~(errors.under | errors.over)],
        "underestimation": errors.error[errors.under],
        "overestimation": errors.error[errors.over],
    }
    for group, values in groups.items():
        for metric, value in (("mean_error", _mean(values)), ("std_error", _std(values))):
            yield from sample(f"{SERIES}:underperformance", value, dataset=dataset, metric=metric, type=group)


def _feature_bias(errors: Errors, columns: Columns, roles: Roles, prefix: str) -> Iterator[Sample]:
    for name in roles.numerical:
        if kind_of(columns.get(name)) == "numerical":
            bias = _numerical_bias(columns[name][errors.usable].astype(np.float64), errors)
            yield from _bias_samples(name, "num", prefix, bias)
    for name in roles.categorical:
        if name in columns:
            bias = _categorical_bias(columns[name][errors.usable], errors)
            yield from _bias_samples(name, "cat", prefix, bias)


def _bias_samples(name: str, kind: str, prefix: str, bias: dict[str, object]) -> Iterator[Sample]:
    for group, value in bias.items():
        labels = {"feature": name, "feature_type": kind, "metric": prefix + group}
        yield from sample(f"{SERIES}:feature_error_bias", value, **labels)


def _numerical_bias(values: np.ndarray, errors: Errors) -> dict[str, object]:
    there = np.isfinite(values)
    whole = values[there]
    under, over = _mean(values[there & errors.under]), _mean(values[there & errors.over])
    spread = np.ptp(whole) if whole.size else 0.0
    difference = None if under is None or over is None else abs(over - under)
    if difference is not None:
        difference = 100 * difference / spread if spread else 0.0
    return {"majority": _mean(whole), "under": under, "over": over, "range": difference}


def _categorical_bias(values: np.ndarray, errors: Errors) -> dict[str, object]:
    majority, under, over = (_mode(group) for group in (values, values[errors.under], values[errors.over]))
    differ = None if None in (majority, under, over) else not majority == under == over
    return {"majority": majority, "under": under, "over": over, "range": differ}


def _mode(values: np.ndarray) -> object:
    # of equally common values the one that appears first, as in 2022
    most = category_counts(values).most_common(1)
    return most[0][0] if most else None


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if values.size else None


def _std(values: np.ndarray) -> float | None:
    return float(values.std(ddof=1)) if values.size > 1 else None
